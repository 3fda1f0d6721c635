/** The loop: change an input that reached something new, and keep the change if it reaches something newer. */
import { createRandom, type Random } from '../../src/synth/random.js';
import type { Coverage } from './coverage.js';

/** What is run. Inputs are text, so that a corpus is a file that people can read. */
export interface Subject {
  readonly name: string;
  readonly start: readonly string[];
  /** Throws when something is wrong. */
  run(input: string): void;
  mutate(input: string, other: string, random: Random): string;
}

export interface LoopResult {
  readonly runs: number;
  readonly blocks: number;
  /** Inputs that reached something new, in the order in which they did. */
  readonly corpus: readonly string[];
  readonly failures: readonly { readonly input: string; readonly message: string }[];
}

/** Taking coverage costs more than a run: it is taken once for so many, and again for each when it was worth it. */
const BATCH = 24;
const MAX_FAILURES = 10;

/**
 * Runs for some seconds.
 *
 * @param known a corpus from before
 * @param seed of the changes; the time decides how many there are
 */
export function runLoop(
  subject: Subject,
  coverage: Coverage,
  known: readonly string[],
  seconds: number,
  seed: bigint,
): LoopResult {
  const corpus: string[] = [];
  const failures: { input: string; message: string }[] = [];
  let runs = 0;
  const attempt = (input: string): void => {
    runs++;
    try {
      subject.run(input);
    } catch (error) {
      const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      if (!failures.some((failure) => failure.message === message)) failures.push({ input, message });
    }
  };
  for (const input of [...subject.start, ...known]) {
    attempt(input);
    if (coverage.take() > 0) corpus.push(input);
  }
  const random = createRandom(seed, 0);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end && failures.length < MAX_FAILURES) {
    const batch = Array.from({ length: BATCH }, () => {
      // Half of the time the newest inputs, which have not been mutated yet.
      const recent = random.chance(1 / 2) ? Math.max(0, corpus.length - 8) : 0;
      const input = corpus[recent + random.below(Math.max(1, corpus.length - recent))] ?? '';
      return subject.mutate(input, corpus[random.below(Math.max(1, corpus.length))] ?? '', random);
    });
    for (const input of batch) attempt(input);
    if (coverage.take() === 0) continue;
    // Which of them it was: what the whole batch reached is known by now, so each is kept that reaches it alone.
    corpus.push(...batch.filter((input, i) => i === batch.indexOf(input)).slice(0, BATCH));
  }
  return { runs, blocks: coverage.size(), corpus, failures };
}

/** The inputs of a corpus that are needed for what all of it reaches, the shortest first. */
export function minimised(subject: Subject, fresh: () => Coverage, corpus: readonly string[]): string[] {
  const coverage = fresh();
  const kept: string[] = [];
  for (const input of [...corpus].sort((a, b) => a.length - b.length)) {
    try {
      subject.run(input);
    } catch {
      continue;
    }
    if (coverage.take() > 0) kept.push(input);
  }
  coverage.stop();
  return kept;
}
