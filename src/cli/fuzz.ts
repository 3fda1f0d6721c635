/** `kho fuzz`: broken dumps by the thousand, each with what was done to it and what has to be said of it. */
import type { CommandModule } from 'yargs';
import { GENERATIONS } from '../abi/model.js';
import type { FuzzTarget } from '../fuzz/target.js';
import type { ProgramLimits } from '../memory/node/run-program.js';
import { hex, size } from '../schema/units.js';
import { NEWEST } from '../versions/written.js';
import { type CommonArguments, commonOptions, message, STATUS } from './common.js';
import { countsText, type ExecPlan, execCases, splitCommand } from './fuzz-exec.js';
import type { RunParameters, RunRecord } from './fuzz-folder.js';
import { selfCases } from './fuzz-self.js';
import { abiTargets, everyForm } from './fuzz-synth.js';
import { type CaseSource, caseSource, dumpTargets, everyTarget, fingerprint } from './fuzz-targets.js';
import { writeCases } from './fuzz-write.js';
import { lastValue, parseNumber, parseSmall, UsageError } from './numbers.js';
import { flag, type Given, IN_AND_OUT, withOptions } from './options.js';
import { createProgress, terminalOf } from './progress.js';
import { packageVersion } from './version.js';
import { type VtdArguments, vtdOptions, vtdUnits } from './vtd-settings.js';

/** Seconds. */
const DEFAULT_TIMEOUT = '10';

const OPTIONS = {
  output: {
    group: IN_AND_OUT,
    describe:
      'folder for the cases, run.json, manifest.ndjson (with --exec results.ndjson) and kho.dict; an existing run is continued',
  },
  abi: `mutate a synthesised dump: ${GENERATIONS.join(', ')}`,
  seed: { default: '1', describe: 'same seed and version: the same cases' },
  count: 'how many cases (default: 100, with --self 1000)',
  first: { default: '0', describe: 'number of the first case' },
  blobs: flag('devicetree blobs instead of cores: a corpus for AFL++ or libFuzzer'),
  exec: 'run this on each case: @@ is replaced by the file (without @@ it is the last argument), which is also its standard input; keep only cases that make it crash or hang',
  timeout: `seconds after which a run of --exec counts as hung (default: ${DEFAULT_TIMEOUT})`,
  'memory-limit': 'address space of a run of --exec, e.g. 512M',
  self: flag('check this program: no exception, no hang, no growth, the same bytes back'),
} as const;

type FuzzArguments = CommonArguments & VtdArguments & Given<typeof OPTIONS> & { dumps: string[] | undefined };

const MAX_CASE = 2 ** 40;

export const fuzzCommand: CommandModule<object, FuzzArguments> = {
  builder: (yargs) =>
    withOptions(vtdOptions(commonOptions(yargs)), OPTIONS)
      .positional('dumps', {
        type: 'string',
        array: true,
        describe: 'a memory dump, a blob, or a folder with its memory; with --self any number',
      })
      .example('kho fuzz vmcore --count 1000 -o cases', 'files, and a manifest of what must be found in each')
      .example('kho fuzz kho.dtb --blobs -o corpus', 'a corpus, and a dictionary for afl-fuzz -x')
      .example("kho fuzz kho.dtb --exec './reader @@' --timeout 2 -o found", 'crashes and hangs, shrunk')
      .example(`kho fuzz --abi ${NEWEST} --seed 7 -o cases`, 'from a synthesised dump')
      .example('kho fuzz --self --count 20000', 'this program itself, with dumps of every generation')
      .example(
        'kho fuzz core.elf.gz --regset iommu_regset -o cases',
        'root, context and PASID entries too; the manifest has the value for --root',
      )
      .example('kho fuzz vmcore --first 42 --count 1 -o one', 'case 42 alone'),
  handler: async (args) => {
    const seed = parseNumber(lastValue(args.seed) ?? '1', 'seed');
    const self = args.self === true;
    const command = lastValue(args.exec);
    const first = parseSmall(lastValue(args.first) ?? '0', 'first', 0, MAX_CASE);
    const count = parseSmall(lastValue(args.count) ?? (self ? '1000' : '100'), 'count', 1, MAX_CASE);
    const folder = lastValue(args.output);
    if (self && command !== undefined) throw new UsageError('--self and --exec cannot be used together');
    if (!self && command === undefined && folder === undefined) {
      throw new UsageError('-o DIR, --exec CMD or --self is missing');
    }
    if (self && folder !== undefined) throw new UsageError('--self writes no cases: leave out -o');
    const limit = (['timeout', 'memory-limit'] as const).find((name) => args[name] !== undefined);
    if (limit !== undefined && command === undefined)
      throw new UsageError(`--${limit} is for the program of --exec`);
    const words = command === undefined ? undefined : splitCommand(command);
    const source = await sourceOf(args, seed);
    const range = { first, count };
    if (self) await runSelf(args, source, range);
    else {
      const limits = words === undefined ? undefined : programLimits(args);
      const parameters: RunParameters = {
        tool: 'kho fuzz',
        version: packageVersion(),
        seed: hex(seed),
        first,
        fingerprint: fingerprint(source.targets),
        blobs: args.blobs === true,
        ...(words === undefined ? {} : { exec: words }),
        ...(limits === undefined ? {} : { timeout: limits.timeout / 1000 }),
        ...(limits?.memory === undefined ? {} : { memoryLimit: limits.memory }),
      };
      const run = { parameters, record: runRecord(args, seed, range) };
      if (words === undefined || limits === undefined)
        await runWrite(args, source, folder ?? '', run, seed, range);
      else await runExec(args, source, { words, limits, seed, ...range, ...run });
    }
  },
};

async function sourceOf(args: FuzzArguments, seed: bigint): Promise<CaseSource> {
  const abi = lastValue(args.abi);
  const [dump, ...more] = args.dumps ?? [];
  const blobs = args.blobs === true;
  if (abi !== undefined && dump !== undefined)
    throw new UsageError('--abi and a dump cannot be used together');
  const units = await vtdUnits(args);
  if (units.length > 0 && (abi !== undefined || blobs || dump === undefined))
    throw new UsageError('--root and --regset go with a dump in memory');
  if (abi !== undefined) return caseSource(abiTargets(abi, seed, blobs), seed);
  if (args.self === true && dump === undefined) return caseSource(everyForm(seed), seed, true);
  if (dump === undefined) throw new UsageError('a dump to mutate is missing, or --abi NAME');
  if (args.self !== true) {
    if (more.length > 0) throw new UsageError('only --self takes several dumps');
    return caseSource(await dumpTargets(args, dump, blobs, units), seed);
  }
  const targets: FuzzTarget[] = [];
  for (const path of [dump, ...more]) targets.push(...(await everyTarget(args, path, blobs, units)));
  return caseSource(targets, seed, true);
}

interface Range {
  readonly first: number;
  readonly count: number;
}

async function runWrite(
  args: FuzzArguments,
  source: CaseSource,
  folder: string,
  run: { readonly parameters: RunParameters; readonly record: RunRecord },
  seed: bigint,
  range: Range,
): Promise<void> {
  const { written, before } = await writeCases(
    source,
    folder,
    run,
    seed,
    range,
    createProgress(terminalOf(args.quiet)),
  );
  message(args, `${folder}: ${written} cases written${before > 0 ? `, ${before} already existed` : ''}`);
}

/** @throws UsageError for a time that is none */
function programLimits(args: FuzzArguments): ProgramLimits {
  const memory = lastValue(args['memory-limit']);
  const timeout = Number(lastValue(args.timeout) ?? DEFAULT_TIMEOUT);
  if (!(timeout > 0 && timeout <= 86_400))
    throw new UsageError(`--timeout: ${String(lastValue(args.timeout))} is not a number of seconds`);
  return {
    timeout: timeout * 1000,
    ...(memory === undefined ? {} : { memory: Number(parseNumber(memory, 'memory-limit')) }),
  };
}

/** Options that say what is mutated, and what is done with it; not where results go. */
const REPEATED = [
  'abi',
  'memory',
  'fdt-addr',
  'tree',
  'base',
  'page-size',
  'assume',
  'root',
  'regset',
  'cap',
  'ecap',
  'haw',
  'rev',
  'exec',
  'timeout',
  'memory-limit',
] as const satisfies readonly (keyof FuzzArguments)[];

/** The command that gives the run again, every word as it was given. */
function runRecord(args: FuzzArguments, seed: bigint, { first, count }: Range): RunRecord {
  const words = ['kho', 'fuzz', ...(args.dumps ?? [])];
  for (const key of REPEATED) {
    // Said as it was, should the default be another one day.
    const used = key === 'timeout' && args.exec !== undefined ? DEFAULT_TIMEOUT : [];
    for (const value of [args[key] ?? used].flat()) words.push(`--${key}`, value);
  }
  if (args.blobs === true) words.push('--blobs');
  words.push('--seed', hex(seed), '--first', String(first), '--count', String(count));
  return { count, directory: process.cwd(), command: words };
}

async function runExec(
  args: FuzzArguments,
  source: CaseSource,
  plan: Omit<ExecPlan, 'folder'>,
): Promise<void> {
  const folder = lastValue(args.output);
  const summary = await execCases(
    source,
    { ...plan, ...(folder === undefined ? {} : { folder }) },
    createProgress(terminalOf(args.quiet)),
  );
  for (const text of summary.failures) process.stdout.write(`${text}\n`);
  const { crash, hang } = summary.counts;
  message(
    args,
    `${plan.count} cases: ${countsText(summary.counts)}${summary.before > 0 ? ` (${summary.before} of them from before)` : ''}`,
  );
  if (crash + hang > 0) process.exitCode = STATUS.findings;
}

async function runSelf(args: FuzzArguments, source: CaseSource, range: Range): Promise<void> {
  const summary = await selfCases(source, range, createProgress(terminalOf(args.quiet)));
  const { cases, verdicts, decided, problems, failing, time, slowest, heap } = summary;
  for (const text of problems) process.stdout.write(`${text}\n`);
  const heapText =
    Number.isFinite(heap.late) && Number.isFinite(heap.early)
      ? `, heap ${size(heap.early)} then ${size(heap.late)}`
      : '';
  process.stdout.write(
    `${cases} cases in ${(time / 1000).toFixed(1)} s (slowest ${Math.round(slowest)} ms${heapText}): ` +
      `${verdicts.accepted} accepted, ${verdicts.rejected} rejected, ${verdicts.refused} no handover; ` +
      `${decided} verdicts decided by the mutation; ${failing} with a problem\n`,
  );
  if (problems.length > 0) process.exitCode = STATUS.findings;
}
