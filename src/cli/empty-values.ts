/** An option that is given with nothing in it, as a shell's unset variable gives it, must not count as left out. */
import { UsageError } from './numbers.js';

/** Options that take a list, of which commas alone are nothing. */
const LISTS: ReadonlySet<string> = new Set(['rule', 'skip', 'require', 'assume', 'domain', 'with']);

/** 7.1 makes sessions with an empty name. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['session']);

/**
 * @param argv as given
 * @param args what became of it: flags and arguments without a name are no options with a value
 * @throws UsageError naming the option
 */
export function checkEmptyValues(argv: readonly string[], args: Readonly<Record<string, unknown>>): void {
  const end = argv.indexOf('--');
  for (const [name, value] of optionValues(end < 0 ? argv : argv.slice(0, end))) {
    if (MAY_BE_EMPTY.has(name) || typeof args[name] === 'boolean') continue;
    if (value === '' || (LISTS.has(name) && /^,*$/.test(value)))
      throw new UsageError(
        `${name === 'output' ? '-o' : `--${name}`}: "${value}" names nothing; leave it out`,
      );
  }
}

function* optionValues(argv: readonly string[]): Generator<readonly [name: string, value: string]> {
  for (const [i, word] of argv.entries()) {
    const match = /^(?:--([a-z0-9-]+)|-(o))(?:=(.*))?$/s.exec(word);
    if (match === null) continue;
    const value = match[3] ?? argv[i + 1];
    if (value !== undefined) yield [match[1] ?? 'output', value];
  }
}
