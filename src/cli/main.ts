/** The command line: arguments in, exit status out. */
import yargs, { type Argv, type CommandModule } from 'yargs';
import { InputError, OutputError } from '../memory/node/errors.js';
import { budgetLines, forgetBudgets } from './budgets.js';
import { checkAbiCommand } from './check-abi.js';
import { message, STATUS } from './common.js';
import { diffCommand } from './diff.js';
import { dumpCommand } from './dump.js';
import { encodeCommand } from './encode.js';
import { explainCommand } from './explain.js';
import { fuzzCommand } from './fuzz.js';
import { infoCommand } from './info.js';
import { UsageError } from './numbers.js';
import { commandOf, refusalText } from './refusal.js';
import { reportCommand } from './report.js';
import { synthCommand } from './synth.js';
import { trimCommand } from './trim.js';
import { validateCommand } from './validate.js';
import { packageVersion } from './version.js';
import { walkCommand } from './walk.js';

/** Stands for `-` while yargs parses, which drops a lone dash among positionals. */
const STREAM = '\u0000standard-stream';

function restoreDash(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(restoreDash);
  return value === STREAM ? '-' : value;
}

/** In the order of the help. */
const COMMANDS = [
  infoCommand,
  dumpCommand,
  encodeCommand,
  validateCommand,
  diffCommand,
  trimCommand,
  reportCommand,
  synthCommand,
  fuzzCommand,
  checkAbiCommand,
  explainCommand,
  walkCommand,
] as const;

const FORMS = COMMANDS.map(({ command }) => String(command));

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
  const status = await run(argv);
  const lines = budgetLines();
  for (const line of lines) message({ quiet: argv.includes('--quiet') }, `kho: ${line}`);
  // What was left out may be what was asked for.
  return lines.length > 0 ? Math.max(status, STATUS.unusable) : status;
}

async function run(argv: readonly string[]): Promise<number> {
  process.exitCode = STATUS.clean;
  try {
    await parser(argv).parseAsync();
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

function parser(argv: readonly string[]) {
  const instance = yargs(argv.map((argument) => (argument === '-' ? STREAM : argument)));
  return instance
    .scriptName('kho')
    .usage(
      '$0 <command> [options]\n\nReads, checks and writes what one Linux kernel hands to the next across kexec.',
    )
    .command([...COMMANDS] as CommandModule[])
    .example('kho dump kho.dtb', 'what the old kernel handed over')
    .middleware((args) => {
      for (const [key, value] of Object.entries(args)) args[key] = restoreDash(value);
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
    .wrap(Math.min(110, process.stdout.columns ?? 110));
}
