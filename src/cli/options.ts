/** Options of commands, each told once: its name and its line of help, from which the type of what is given follows. */
import type { Argv, Options } from 'yargs';

/** What is given for an option that takes text: numbers are parsed exactly, by us. */
export type Text = string | string[] | undefined;

/** By name the line of help, or more than that; what is not a flag takes text. */
export type OptionTable = Readonly<Record<string, string | Options>>;

/** What a command line gives for the options of a table. */
export type Given<T extends OptionTable> = {
  [K in keyof T]: T[K] extends { readonly type: 'boolean' } ? boolean | undefined : Text;
};

/** An option without a value. */
export function flag(describe: string) {
  return { type: 'boolean', describe } as const;
}

/** An argument that has to be given. */
export function argument(describe: string) {
  return { type: 'string', demandOption: true, describe } as const;
}

/** `--format` of commands for people and for tools. */
export const TEXT_OR_JSON = { default: 'text', describe: 'text or json' } as const;

/** Heading of what most commands take. */
export const IN_AND_OUT = 'Input and output:';

/** `--quiet`. */
export const QUIET = { ...flag('no messages on standard error'), group: IN_AND_OUT } as const;

/** `-o`, of commands with one result. */
export const OUTPUT_OPTION = {
  type: 'string',
  requiresArg: true,
  alias: 'o',
  group: IN_AND_OUT,
  describe: 'write to this file instead of standard output',
} as const;

/** Adds the options of a table in its order, in the help under a heading where one is given. */
export function withOptions<A, T extends OptionTable>(
  yargs: Argv<A>,
  table: T,
  group?: string,
): Argv<A & Given<T>> {
  const under = group === undefined ? {} : { group };
  for (const [name, told] of Object.entries(table)) {
    const own = typeof told === 'string' ? { describe: told } : told;
    const takes = own.type === 'boolean' ? {} : ({ type: 'string', requiresArg: true } as const);
    yargs.option(name, { ...under, ...takes, ...own });
  }
  return yargs as Argv<A & Given<T>>;
}
