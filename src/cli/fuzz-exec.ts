/** `kho fuzz --exec`: a program on each case; what makes it crash or hang is kept, and shrunk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caseBytes, registersOf } from '../fuzz/apply.js';
import type { FuzzCase } from '../fuzz/generate.js';
import { caseName, manifestLine, type Outcome, type ResultLine } from '../fuzz/manifest.js';
import type { Mutation } from '../fuzz/mutation.js';
import { shrink } from '../fuzz/shrink.js';
import type { FuzzTarget } from '../fuzz/target.js';
import { removeAtExit } from '../memory/node/cleanup.js';
import { writeFileAtomic } from '../memory/node/output.js';
import {
  NOT_EXECUTABLE,
  NOT_FOUND,
  type ProgramEnd,
  type ProgramLimits,
  runProgram,
} from '../memory/node/run-program.js';
import { escapeJson, escapeText } from '../schema/escape.js';
import { openRunFolder, type RunFolder, type RunParameters, type RunRecord } from './fuzz-folder.js';
import type { CaseSource } from './fuzz-targets.js';
import { UsageError } from './numbers.js';
import type { Progress } from './progress.js';

/** Where the results are. */
export const RESULTS = 'results.ndjson';
/** Stands for the file's path among the words. */
export const PLACEHOLDER = '@@';

export interface ExecPlan {
  readonly words: readonly string[];
  readonly limits: ProgramLimits;
  readonly seed: bigint;
  readonly first: number;
  readonly count: number;
  /** Where failing cases are kept. */
  readonly folder?: string;
  readonly parameters: RunParameters;
  readonly record: RunRecord;
}

export interface ExecSummary {
  readonly counts: Readonly<Record<Outcome, number>>;
  /** Crashes and hangs, for people; the shrunk case's words. */
  readonly failures: readonly string[];
  /** Cases whose results were there already. */
  readonly before: number;
}

/**
 * Words of a command as typed, parted at blanks; a part in quotes is one word. No shell reads them. Where the case's
 * file is not among them it is the last.
 */
export function splitCommand(command: string): string[] {
  const words = [...command.matchAll(/"([^"]*)"|'([^']*)'|[^\s"']+/g)].map(
    ([all, double, single]) => double ?? single ?? all,
  );
  if (words.length === 0) throw new UsageError('--exec: the command is empty');
  return words.some((word) => word.includes(PLACEHOLDER)) ? words : [...words, PLACEHOLDER];
}

/** Signals that a shell reports of a program it ran: 128 and the number. ILL, TRAP, ABRT, BUS, FPE, SEGV. */
const CRASH_STATUSES: ReadonlyMap<number, string> = new Map([
  [132, 'SIGILL'],
  [133, 'SIGTRAP'],
  [134, 'SIGABRT'],
  [135, 'SIGBUS'],
  [136, 'SIGFPE'],
  [139, 'SIGSEGV'],
]);

function outcomeOf({ timedOut, signal, status }: ProgramEnd): { outcome: Outcome; signal?: string } {
  if (timedOut) return { outcome: 'hang' };
  if (signal !== undefined) return { outcome: 'crash', signal };
  const reported = CRASH_STATUSES.get(status ?? 0);
  if (reported !== undefined) return { outcome: 'crash', signal: reported };
  return { outcome: status === 0 ? 'accepted' : 'rejected' };
}

/**
 * Runs the program on the unchanged dump, then on each case.
 *
 * @throws UsageError when the program cannot be run, or fails on the unchanged dump already
 */
export async function execCases(
  source: CaseSource,
  plan: ExecPlan,
  progress: Progress,
): Promise<ExecSummary> {
  const scratch = mkdtempSync(join(tmpdir(), 'kho-fuzz-'));
  removeAtExit(scratch);
  const folder =
    plan.folder === undefined
      ? undefined
      : await openRunFolder(plan.folder, plan.parameters, plan.record, RESULTS);
  const counts: Record<Outcome, number> = { accepted: 0, rejected: 0, crash: 0, hang: 0 };
  const failures: string[] = [];
  let before = 0;
  try {
    const run = runner(plan, scratch);
    for (const target of source.targets) await checkUnchanged(run, target, plan);
    for (let number = plan.first; number < plan.first + plan.count; number++) {
      const known = folder?.done.get(number);
      if (known !== undefined) {
        before++;
        const outcome = known.outcome as Outcome;
        if (outcome in counts) counts[outcome]++;
        continue;
      }
      const fuzzCase = source.make(number);
      const target = source.targetOf(number);
      const end = await run(target, fuzzCase.mutations);
      const { outcome } = outcomeOf(end);
      counts[outcome]++;
      const line: ResultLine =
        outcome === 'crash' || outcome === 'hang'
          ? await keep(source, fuzzCase, end, { folder, run, failures, progress })
          : { case: number, outcome, ...(end.status === undefined ? {} : { status: end.status }) };
      const registers = registersOf(target, fuzzCase.mutations);
      const said = manifestLine(fuzzCase, plan.seed, line.file, registers);
      await folder?.log.add(escapeJson(JSON.stringify({ ...said, ...line })));
      progress.show(() => `${number - plan.first + 1} of ${plan.count} cases: ${countsText(counts)}`);
    }
  } finally {
    progress.end();
    await folder?.log.close();
    rmSync(scratch, { recursive: true, force: true });
  }
  return { counts, failures, before };
}

/** `12 accepted, 3 rejected, 1 crash, 0 hangs`. */
export function countsText({ accepted, rejected, crash, hang }: Readonly<Record<Outcome, number>>): string {
  return `${accepted} accepted, ${rejected} rejected, ${crash} ${crash === 1 ? 'crash' : 'crashes'}, ${hang} ${hang === 1 ? 'hang' : 'hangs'}`;
}

/** Every try that hangs as well takes all of its time. */
const HANG_TRIES = 24;

type Run = (target: FuzzTarget, mutations: readonly Mutation[]) => Promise<ProgramEnd>;

function runner({ words, limits }: ExecPlan, scratch: string): Run {
  return async (target, mutations) => {
    const file = join(scratch, 'case');
    await writeFileAtomic(file, [caseBytes(target, mutations)]);
    return runProgram(
      words.map((word) => word.replaceAll(PLACEHOLDER, file)),
      file,
      limits,
    );
  };
}

async function checkUnchanged(run: Run, target: FuzzTarget, { words }: ExecPlan): Promise<void> {
  const end = await run(target, []);
  const { outcome, signal } = outcomeOf(end);
  if (end.status === NOT_FOUND || end.status === NOT_EXECUTABLE) {
    throw new UsageError(`--exec: ${words[0] ?? ''} cannot be run (status ${end.status})`);
  }
  if (outcome === 'crash' || outcome === 'hang') {
    throw new UsageError(
      `--exec: the program ${outcome === 'hang' ? 'hangs' : `crashes (${signal})`} on the unchanged dump already`,
    );
  }
}

interface Keeping {
  readonly folder: RunFolder | undefined;
  readonly run: Run;
  readonly failures: string[];
  readonly progress: Progress;
}

/** Shrinks a failing case and writes both. */
async function keep(
  source: CaseSource,
  { number, mutations }: FuzzCase,
  end: ProgramEnd,
  { folder, run, failures, progress }: Keeping,
): Promise<ResultLine> {
  const target = source.targetOf(number);
  const { outcome, signal } = outcomeOf(end);
  progress.show(() => `case ${number}: ${outcome}; shrinking`);
  const fails = async (candidate: readonly Mutation[]): Promise<boolean> => {
    const again = outcomeOf(await run(target, candidate));
    return again.outcome === outcome && again.signal === signal;
  };
  const small = await shrink(target, mutations, fails, outcome === 'hang' ? HANG_TRIES : undefined);
  const words = small.mutations.map((mutation) => escapeText(mutation.words));
  failures.push(
    `case ${number}: ${outcome}${signal === undefined ? '' : ` (${signal})`}: ${words.join('; ')}`,
  );
  const suffix = source.suffix(number);
  const file = caseName(number, suffix);
  const minimal = caseName(number, `.min${suffix}`);
  await folder?.write(file, [caseBytes(target, mutations)]);
  await folder?.write(minimal, [caseBytes(target, small.mutations)]);
  return {
    case: number,
    outcome,
    ...(end.status === undefined ? {} : { status: end.status }),
    ...(signal === undefined ? {} : { signal }),
    ...(folder === undefined ? {} : { file, minimal: { file: minimal, mutations: words } }),
  };
}
