/** What this run's inputs were allowed to cost, and whether that was enough. */
import type { Budget } from '../memory/budget.js';
import { InputError } from '../memory/node/errors.js';
import type { OpenedMemory } from '../memory/node/open-memory.js';

let opened: { readonly path: string; readonly budgeted: { readonly budget?: Budget } }[] = [];
/** Lines that a verdict takes into account. */
let judged: ReadonlySet<string> = new Set();

/** Forgets the inputs of an earlier run in the same process. */
export function forgetBudgets(): void {
  opened = [];
  judged = new Set();
}

/** A verdict has just been made that counts the limits reached by now: the exit status follows from it. */
export function judgeBudgets(): void {
  judged = new Set([...judged, ...budgetLines()]);
}

/** Whether a limit was reached that no verdict speaks of: what was left out may be what was asked for. */
export function budgetsFail(lines: readonly string[]): boolean {
  return lines.some((line) => !judged.has(line));
}

/** Remembers an input until the run ends. */
export function watchBudget<T extends OpenedMemory>(path: string, memory: T): T {
  opened.push({ path, budgeted: memory.memory });
  return memory;
}

/** Remembers what an input that is no memory, such as a document, may cost. */
export function watchOther(path: string, budget: Budget): Budget {
  opened.push({ path, budgeted: { budget } });
  return budget;
}

/**
 * Passes on what is written about the inputs, as long as it is in proportion to them.
 *
 * @param free bytes that are not about the inputs
 * @throws InputError for more: what was written so far is not a whole result
 */
export function* withinBudget<T extends Uint8Array | string>(chunks: Iterable<T>, free = 0): Generator<T> {
  let left = free;
  for (const chunk of chunks) {
    const counted = Math.max(0, chunk.length - left);
    left = Math.max(0, left - chunk.length);
    const largest = counted === 0 ? undefined : largestInput();
    if (largest?.budget.take('output', counted) === false) {
      throw new InputError(largest.path, 'budget-output', 'the output is out of proportion to it');
    }
    yield chunk;
  }
}

/** Bytes that the largest input has, times the factor of its limits; undefined where none is limited. */
export function inputSize(): number | undefined {
  return largestInput()?.budget.real;
}

/** Of several inputs the largest one counts; without one that is limited there is no limit. */
function largestInput() {
  const budgets = opened.flatMap(({ path, budgeted: { budget } }) =>
    budget === undefined ? [] : [{ path, budget }],
  );
  return budgets.sort((a, b) => b.budget.limit('output') - a.budget.limit('output'))[0];
}

/** A line for each limit that was reached, by whatever part of the run: its results are not whole then. */
export function budgetLines(): string[] {
  return opened.flatMap(({ path, budgeted: { budget } }) =>
    (budget?.problems() ?? []).map(({ code, message }) => `${path}: ${message} [${code}]`),
  );
}
