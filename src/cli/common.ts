/** What every command shares: options, standard streams, and how a result becomes an exit status. */
import type { Argv } from 'yargs';
import { FORMS, GENERATIONS, type Handover } from '../abi/model.js';
import { writeFileAtomic } from '../memory/node/output.js';
import { tellMessage } from '../memory/node/telling.js';
import type { Paint } from '../report/paint.js';
import { wrapped } from '../report/wrap.js';
import { escapeText } from '../schema/escape.js';
import { withinBudget } from './budgets.js';
import { paintFor } from './colour.js';
import type { LoadOptions } from './load.js';
import { lastValue, oneOf, parseList, parseNumber, UsageError } from './numbers.js';
import { type Given, IN_AND_OUT, OUTPUT_OPTION, QUIET, withOptions } from './options.js';

/** Exit statuses of every command (design section 4). */
export const STATUS = { clean: 0, findings: 1, unusable: 2, internal: 3 } as const;

const ASSUMPTIONS = [...GENERATIONS, ...FORMS];

/** Options that every command on a dump takes. */
const COMMON = {
  memory: 'memory of a devicetree blob: an ELF core, compressed or not',
  'fdt-addr': 'physical address of the root tree',
  tree: 'which tree, if a dump holds several: incoming or outgoing',
  base: 'physical address of the first byte of a raw memory image',
  'page-size': '4k, 16k or 64k, if the dump does not show it',
  assume: `what the dump does not show: ${ASSUMPTIONS.join(', ')}; repeatable`,
  spool: "folder for unpacked input (default: the system's temporary folder)",
  'max-unpacked': 'maximum size of an unpacked input (default: 64G)',
  budget: 'multiply the limits on the cost of an input by this factor (default: 1)',
  jobs: 'threads that search a large dump (default: one for each processor)',
  color: { describe: 'auto, always or never', default: 'auto' },
  quiet: QUIET,
  output: OUTPUT_OPTION,
} as const;

export type CommonArguments = Given<typeof COMMON>;

export function commonOptions<T>(yargs: Argv<T>): Argv<T & CommonArguments> {
  // Groups are printed in the order in which they are named: a command's own options first.
  return withOptions(yargs.group([], 'Positionals:').group([], 'Options:'), COMMON, IN_AND_OUT);
}

/** The options that say how a dump is opened and read. */
export function loadOptions(args: CommonArguments): LoadOptions {
  const memory = lastValue(args.memory);
  const fdtAddress = lastValue(args['fdt-addr']);
  const spool = lastValue(args.spool);
  const assume = parseList(args.assume).map((text) => oneOf(text, 'assume', ASSUMPTIONS));
  const maxUnpacked = lastValue(args['max-unpacked']);
  const budget = lastValue(args.budget);
  const jobs = lastValue(args.jobs);
  const generation = GENERATIONS.find((name) => assume.includes(name));
  const form = FORMS.find((name) => assume.includes(name));
  const pageSize = lastValue(args['page-size']);
  const tree = args.tree === undefined ? undefined : oneOf(args.tree, 'tree', ['incoming', 'outgoing']);
  const base = lastValue(args.base);
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(fdtAddress === undefined ? {} : { fdtAddress: parseNumber(fdtAddress, 'fdt-addr') }),
    ...(base === undefined ? {} : { base: parseNumber(base, 'base') }),
    ...(tree === undefined ? {} : { tree }),
    ...(spool === undefined ? {} : { spool }),
    ...(generation === undefined ? {} : { assume: generation }),
    ...(form === undefined ? {} : { form }),
    ...(maxUnpacked === undefined ? {} : { maxUnpacked: Number(parseNumber(maxUnpacked, 'max-unpacked')) }),
    ...(pageSize === undefined ? {} : { pageSize: pageSizeOf(pageSize) }),
    ...(budget === undefined ? {} : { budget: budgetFactor(budget) }),
    ...(jobs === undefined ? {} : { jobs: jobCount(jobs) }),
  };
}

/** More threads than this only wait for each other. */
const MOST_JOBS = 64;

function jobCount(text: string): number {
  const count = parseNumber(text, 'jobs');
  if (count < 1n) throw new UsageError(`--jobs: ${text} is not a number of threads`);
  return count > BigInt(MOST_JOBS) ? MOST_JOBS : Number(count);
}

function budgetFactor(text: string): number {
  const factor = Number(text);
  if (/^[0-9]+(\.[0-9]+)?$/.test(text) && factor > 0) return factor;
  throw new UsageError(`--budget: "${text}" is not a positive number`);
}

function pageSizeOf(text: string): number {
  const size = Number(parseNumber(text, 'page-size'));
  if (size !== 4096 && size !== 16384 && size !== 65536) {
    throw new UsageError(`--page-size: ${text} is not 4k, 16k or 64k`);
  }
  return size;
}

/** Colours for what goes to standard output or, with `-o`, to a file (which is not a terminal). */
export function paint(args: CommonArguments): Paint {
  const toTerminal = process.stdout.isTTY === true && lastValue(args.output) === undefined;
  return paintFor(lastValue(args.color) ?? 'auto', toTerminal);
}

/** Columns of the terminal that a result goes to; undefined where it goes to none. */
export function terminalWidth(args: Pick<CommonArguments, 'output'>): number | undefined {
  return process.stdout.isTTY === true && lastValue(args.output) === undefined
    ? process.stdout.columns
    : undefined;
}

/** Lines for people, broken at words where they go to a terminal. */
export function forPeople(args: Pick<CommonArguments, 'output'>, lines: Iterable<string>): Generator<string> {
  return joined(wrapped(lines, terminalWidth(args)));
}

/** Writes a result to standard output or, whole or not at all, to the file of `-o`. */
export async function write(
  args: Pick<CommonArguments, 'output'>,
  chunks: Iterable<Uint8Array | string>,
): Promise<void> {
  await writeFileAtomic(lastValue(args.output) ?? '-', withinBudget(chunks));
}

/** Lines as chunks of text. */
export function* joined(lines: Iterable<string>): Generator<string> {
  let buffer = '';
  for (const line of lines) {
    buffer += `${line}\n`;
    if (buffer.length >= 1 << 16) {
      yield buffer;
      buffer = '';
    }
  }
  yield buffer;
}

/** One line on standard error, with whatever it quotes from a dump made harmless. */
export function message(args: { quiet?: boolean | undefined }, text: string): void {
  if (args.quiet === true) return;
  tellMessage();
  process.stderr.write(`${escapeText(text)}\n`);
}

/** What decoding noticed, a line each on standard error. */
export function listDiagnostics(
  args: { quiet?: boolean | undefined },
  { path, handover }: { readonly path: string; readonly handover: Handover },
): void {
  for (const { code, message: text } of handover.diagnostics) message(args, `${path}: ${text} [${code}]`);
}
