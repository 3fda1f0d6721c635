/** What the commands take: names, options and examples as plain data, for completion and the manual page. */
import type { Argv } from 'yargs';
import type { Command } from './command.js';

export interface OptionInfo {
  /** Without dashes. */
  readonly name: string;
  /** One letter. */
  readonly alias?: string;
  /** Whether a value goes with it. */
  readonly value: boolean;
  readonly describe: string;
  readonly default?: string;
  /** Heading in the help, with its colon; absent for the command's own. */
  readonly group?: string;
}

export interface PositionalInfo {
  readonly name: string;
  readonly describe: string;
  /** The only values, where they are few. */
  readonly choices?: readonly string[];
}

export interface CommandInfo {
  readonly name: string;
  /** Name and arguments, e.g. `diff <a> [b]`. */
  readonly form: string;
  readonly describe: string;
  readonly options: readonly OptionInfo[];
  readonly positionals: readonly PositionalInfo[];
  /** Command lines, and what each is for. */
  readonly examples: readonly (readonly [line: string, describe: string])[];
}

interface Spec {
  readonly type?: string;
  readonly describe?: string;
  readonly alias?: string;
  readonly default?: unknown;
  readonly group?: string;
  readonly choices?: readonly string[];
  readonly hidden?: boolean;
}

/** Options of every command, which yargs adds. */
export const EVERYWHERE: readonly OptionInfo[] = [
  { name: 'help', alias: 'h', value: false, describe: 'show help' },
  { name: 'version', value: false, describe: 'show the version number' },
];

/**
 * Every command with what its builder declares, in the order of the help. A builder only declares, so it is run on a
 * recorder instead of yargs.
 */
export async function commandTable(commands: readonly Command[]): Promise<readonly CommandInfo[]> {
  return Promise.all(
    commands.map(async ({ form, describe, load }) => {
      const { builder } = await load();
      const name = form.split(' ')[0] ?? form;
      const recorded = record(typeof builder === 'function' ? builder : (yargs) => yargs);
      return { name, form, describe, ...recorded };
    }),
  );
}

function record(
  builder: (yargs: Argv) => unknown,
): Pick<CommandInfo, 'options' | 'positionals' | 'examples'> {
  const options = new Map<string, Spec>();
  const positionals = new Map<string, Spec>();
  const examples: (readonly [string, string])[] = [];
  const recorder: Argv = new Proxy({} as Argv, {
    get: (_target, method) => {
      // Not a promise.
      if (method === 'then') return undefined;
      return (...args: readonly unknown[]): Argv => {
        const [first, second] = args;
        const spec = second as Spec;
        // A later declaration adds to an earlier one, as in yargs.
        if (method === 'option') options.set(String(first), { ...options.get(String(first)), ...spec });
        if (method === 'positional') positionals.set(String(first), spec);
        if (method === 'example') examples.push([String(first), String(second)]);
        return recorder;
      };
    },
  });
  builder(recorder);
  return {
    options: [...options]
      .filter(([, { hidden }]) => hidden !== true)
      .map(([name, { type, describe = '', alias, default: value, group }]) => ({
        name,
        describe,
        value: type !== 'boolean',
        ...(alias === undefined ? {} : { alias }),
        ...(value === undefined ? {} : { default: String(value) }),
        ...(group === undefined ? {} : { group }),
      })),
    positionals: [...positionals].map(([name, { describe = '', choices }]) => ({
      name,
      describe,
      ...(choices === undefined ? {} : { choices }),
    })),
    examples,
  };
}
