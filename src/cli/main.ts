/** The command line: arguments in, exit status out. */
import yargs, { type Argv, type CommandModule } from 'yargs';
import { InputError, OutputError } from '../memory/node/errors.js';
import { forgetReads } from '../memory/node/files-read.js';
import { budgetLines, budgetsFail, forgetBudgets } from './budgets.js';
import { COMMANDS } from './commands.js';
import { message, STATUS } from './common.js';
import { checkDistinctFiles } from './distinct-files.js';
import { checkEmptyValues } from './empty-values.js';
import { adjustHelp } from './help.js';
import { UsageError } from './numbers.js';
import { commandOf, refusalText } from './refusal.js';
import { forgetRepeated, repeatedLines } from './repeated.js';
import { packageVersion } from './version.js';

/** Marks a word that yargs must not look into: it drops a lone dash, and what follows `--`, among positionals. */
const LITERAL = '\u0000';

/** Marks arguments that are not options: a lone dash (a standard stream), and all that follows `--`. */
function markLiterals(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const options = end < 0 ? argv : argv.slice(0, end);
  const names = end < 0 ? [] : argv.slice(end + 1);
  return [
    ...options.map((word) => (word === '-' ? LITERAL + word : word)),
    ...names.map((word) => LITERAL + word),
  ];
}

function restoreLiterals(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(restoreLiterals);
  return typeof value === 'string' && value.startsWith(LITERAL) ? value.slice(LITERAL.length) : value;
}

const FORMS = COMMANDS.map(({ form }) => form);

/** What yargs refuses arrives as its message; it becomes a usage error. */
function refuse(argv: readonly string[], text: string | null, error: Error | undefined, parser: Argv): never {
  if (text === null) throw error ?? new UsageError('unusable arguments');
  throw new UsageError(refusalText(text, { argv, commands: FORMS, options: optionNames(parser) }));
}

/** Names of the options that the parser knows by now: those of the command. */
function optionNames(parser: Argv): string[] {
  const { key } = (parser as unknown as { getOptions(): { key: object } }).getOptions();
  return Object.keys(key);
}

/**
 * Runs one command line. Never throws: what went wrong is one line on standard error.
 *
 * @param argv arguments without interpreter and script
 * @returns the exit status: 0 clean, 1 findings, 2 unusable arguments or input, 3 internal error
 */
export async function main(argv: readonly string[]): Promise<number> {
  forgetBudgets();
  forgetRepeated();
  const status = await run(argv);
  const lines = budgetLines();
  for (const line of [...repeatedLines(), ...lines])
    message({ quiet: argv.includes('--quiet') }, `kho: ${line}`);
  return budgetsFail(lines) ? Math.max(status, STATUS.unusable) : status;
}

async function run(argv: readonly string[]): Promise<number> {
  process.exitCode = STATUS.clean;
  forgetReads();
  try {
    if (argv.length === 0) {
      process.stderr.write(`${await parser([], () => {}).getHelp()}\n`);
      return STATUS.unusable;
    }
    let action: Action | undefined;
    await parse(argv, (found) => {
      action = found;
    });
    await action?.();
    return Number(process.exitCode ?? STATUS.clean);
  } catch (error) {
    if (error instanceof UsageError) {
      const command = commandOf(argv, FORMS);
      message({}, `kho: ${error.message} (see kho ${command === undefined ? '' : `${command} `}--help)`);
      return STATUS.unusable;
    }
    if (error instanceof InputError || error instanceof OutputError) {
      message({}, `kho: ${error.message}`);
      return STATUS.unusable;
    }
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    message({}, `kho: internal error: ${text.replaceAll('\n', ' ')}`);
    return STATUS.internal;
  }
}

/** Runs something; on a terminal with a line that says how far it is. */
async function withMeter(quiet: boolean, work: () => unknown): Promise<void> {
  if (quiet || process.stderr.isTTY !== true) await work();
  else await (await import('./meter.js')).metered(work);
}

/** Does what a command line asks for. */
type Action = () => unknown;

/** The commands as yargs takes them: each is loaded when it is its turn. */
function commandModules(found: (action: Action) => void): CommandModule[] {
  return COMMANDS.map(({ form, describe, metered, load }) => {
    let command: CommandModule | undefined;
    return {
      command: form,
      describe,
      builder: async (yargs: Argv) => {
        command = await load();
        return typeof command.builder === 'function' ? command.builder(yargs) : yargs;
      },
      // Not run within yargs, which would add what it throws to its own refusals.
      handler: (args) =>
        found(() => {
          const work = () => command?.handler(args);
          return metered === true ? withMeter(args.quiet === true, work) : work();
        }),
    };
  });
}

function parser(argv: readonly string[], found: (action: Action) => void): Argv {
  const instance = yargs(markLiterals(argv));
  const width = Math.min(110, process.stdout.columns ?? 110);
  adjustHelp(instance, width);
  instance
    .scriptName('kho')
    // Refusals are read by us, in English.
    .detectLocale(false)
    .usage(
      '$0 <command> [options]\n\nReads, checks and writes what one Linux kernel hands to the next across kexec.',
    )
    .command(commandModules(found))
    .example('kho info vmcore', 'what it is, what it holds, whether it is sound')
    .example('kho validate vmcore', 'every rule of its generation; exit status 0, 1 or 2')
    .example('kho dump kho.dtb', 'what the old kernel handed over')
    .example('kho what vmcore 0x740000', 'the owner of this memory, and the devices that reach it')
    .middleware((args) => {
      for (const [key, value] of Object.entries(args)) args[key] = restoreLiterals(value);
      checkEmptyValues(argv, args);
      checkDistinctFiles(args);
    })
    .demandCommand(1, 'a command is missing')
    .strict()
    .version(packageVersion())
    .help()
    .alias('help', 'h')
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'greedy-arrays': false,
      'boolean-negation': false,
    })
    .exitProcess(false)
    .fail((text, error) => refuse(argv, text, error, instance))
    .wrap(width);
  return instance;
}

/** @throws UsageError for what yargs refuses */
async function parse(argv: readonly string[], found: (action: Action) => void): Promise<void> {
  const instance = parser(argv, found);
  try {
    await instance.parseAsync();
  } catch (error) {
    // What is found while the command is loaded does not come through `fail`.
    if (error instanceof Error && error.name === 'YError') refuse(argv, error.message, error, instance);
    throw error;
  }
}
