/** VT-d settings on the command line. */
import type { Argv } from 'yargs';
import { DEFAULT_SETTINGS, type VtdSettings } from '../schema/settings.js';
import { lastValue, parseNumber, parseSmall, UsageError } from './numbers.js';

type Text = string | string[] | undefined;

export interface VtdArguments {
  cap: Text;
  ecap: Text;
  haw: Text;
  rev: Text;
}

export function vtdOptions<T>(yargs: Argv<T>): Argv<T & VtdArguments> {
  const text = { type: 'string', requiresArg: true, group: 'VT-d settings:' } as const;
  return yargs
    .option('cap', { ...text, describe: 'value of CAP_REG (default: every capability there)' })
    .option('ecap', { ...text, describe: 'value of ECAP_REG (default: every capability there)' })
    .option('haw', { ...text, describe: 'host address width in bits (default: 52)' })
    .option('rev', { ...text, describe: 'specification revision: 2, 3 (and 4) or 5 (default: 5)' });
}

/** @throws UsageError for a value that no unit can have */
export function vtdSettings(args: VtdArguments): VtdSettings {
  const cap = lastValue(args.cap);
  const ecap = lastValue(args.ecap);
  const haw = lastValue(args.haw);
  const rev = lastValue(args.rev);
  return {
    ...DEFAULT_SETTINGS,
    ...(cap === undefined ? {} : { cap: parseNumber(cap, 'cap') }),
    ...(ecap === undefined ? {} : { ecap: parseNumber(ecap, 'ecap') }),
    ...(haw === undefined ? {} : { haw: parseSmall(haw, 'haw', 32, 52) }),
    ...(rev === undefined ? {} : { rev: revision(rev) }),
  };
}

function revision(text: string): VtdSettings['rev'] {
  if (text === '2') return 2;
  if (text === '3' || text === '4') return 3;
  if (text === '5') return 5;
  throw new UsageError(`--rev: "${text}" is not 2, 3, 4 or 5`);
}
