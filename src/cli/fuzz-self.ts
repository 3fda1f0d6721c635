/** `kho fuzz --self`: our own decoder, validator, printers and encoder on each case, in this process. */
import type { FuzzCase } from '../fuzz/generate.js';
import { SELF_BUDGET, type SelfResult, type SelfRunner, selfRunner } from '../fuzz/self.js';
import { shrink } from '../fuzz/shrink.js';
import type { FuzzTarget } from '../fuzz/target.js';
import { escapeText } from '../schema/escape.js';
import type { CaseSource } from './fuzz-targets.js';
import type { Progress } from './progress.js';

export interface SelfSummary {
  readonly cases: number;
  readonly verdicts: Readonly<Record<SelfResult['verdict'], number>>;
  /** Cases of which the mutation decides the verdict. */
  readonly decided: number;
  /** For people, with the shrunk case; at most some of each kind. */
  readonly problems: readonly string[];
  /** Cases with a problem. */
  readonly failing: number;
  /** Milliseconds. */
  readonly time: number;
  readonly slowest: number;
  /** Bytes of heap: the least in the second and in the last quarter of the run. */
  readonly heap: { readonly early: number; readonly late: number };
}

/** Cases between two looks at the heap. */
const SAMPLE = 16;
/** Windows that the run is parted into; of each the least heap counts, which is what a collection has left. */
const WINDOWS = 16;
/** Growth from the second to the last quarter that is not noise. */
const HEAP_GROWTH = 64 << 20;
/** Problems of one kind that are told. */
const TOLD = 3;

/** Runs the cases [first, first + count). */
export async function selfCases(
  source: CaseSource,
  { first, count }: { readonly first: number; readonly count: number },
  progress: Progress,
): Promise<SelfSummary> {
  const runners = new Map<FuzzTarget, SelfRunner>();
  const verdicts: Record<SelfResult['verdict'], number> = { accepted: 0, rejected: 0, refused: 0 };
  const told = new Map<string, number>();
  const problems: string[] = [];
  const heaps = new Float64Array(WINDOWS).fill(Number.POSITIVE_INFINITY);
  let decided = 0;
  let failing = 0;
  let slowest = 0;
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const fuzzCase = source.make(first + i);
    const target = source.targetOf(first + i);
    const runner = runners.get(target) ?? selfRunner(target, SELF_BUDGET, processorTime);
    runners.set(target, runner);
    const result = runner.run(fuzzCase);
    verdicts[result.verdict]++;
    if (fuzzCase.expect.kind !== 'unknown') decided++;
    slowest = Math.max(slowest, result.time);
    if (result.problems.length > 0) {
      failing++;
      problems.push(...(await describe(target, runner, fuzzCase, result, told)));
    }
    if (i % SAMPLE === 0) {
      const window = Math.floor((i / count) * WINDOWS);
      heaps[window] = Math.min(heaps[window] ?? 0, process.memoryUsage().heapUsed);
      progress.show(() => `${i + 1} of ${count} cases, ${failing} with a problem`);
    }
  }
  progress.end();
  const least = (from: number, to: number): number => Math.min(...heaps.subarray(from, to));
  const heap = { early: least(WINDOWS / 4, WINDOWS / 2), late: least((WINDOWS * 3) / 4, WINDOWS) };
  if (Number.isFinite(heap.early) && heap.late - heap.early > HEAP_GROWTH) {
    problems.push(`memory grew from ${heap.early} to ${heap.late} bytes of heap over the run`);
  }
  return {
    cases: count,
    verdicts,
    decided,
    problems,
    failing,
    time: performance.now() - start,
    slowest,
    heap,
  };
}

/** Numbers and names make no other kind of problem. */
function kindOf(problem: string): string {
  return problem.replace(/0x[0-9a-f]+|\d+/g, '#');
}

async function describe(
  target: FuzzTarget,
  runner: SelfRunner,
  { number, mutations, expect }: FuzzCase,
  { problems }: SelfResult,
  told: Map<string, number>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const problem of problems) {
    const kind = kindOf(problem);
    const before = told.get(kind) ?? 0;
    told.set(kind, before + 1);
    if (before >= TOLD) continue;
    // Less of what was done has another verdict: only what must never happen is worth shrinking.
    const small = /did not fire|was to be accepted/.test(problem)
      ? { mutations }
      : await shrink(
          target,
          mutations,
          // Fewer mutations of a case whose verdict was decided by one would decide nothing.
          (candidate) =>
            runner
              .run({
                number,
                mutations: candidate,
                expect: candidate.length === 1 ? expect : { kind: 'unknown' },
              })
              .problems.some((each) => kindOf(each) === kind),
          100,
        );
    lines.push(
      `case ${number}: ${escapeText(problem)}: ${small.mutations.map(({ words }) => escapeText(words)).join('; ')}`,
    );
  }
  return lines;
}

/** Milliseconds of processor time of this process: other work on the machine hardly changes them. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
