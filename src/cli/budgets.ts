/** What this run's inputs were allowed to cost, and whether that was enough. */
import type { OpenedMemory } from '../memory/node/open-memory.js';

let opened: { readonly path: string; readonly memory: OpenedMemory }[] = [];

/** Forgets the inputs of an earlier run in the same process. */
export function forgetBudgets(): void {
  opened = [];
}

/** Remembers an input until the run ends. */
export function watchBudget<T extends OpenedMemory>(path: string, memory: T): T {
  opened.push({ path, memory });
  return memory;
}

/** A line for each limit that was reached, by whatever part of the run: its results are not whole then. */
export function budgetLines(): string[] {
  return opened.flatMap(({ path, memory }) =>
    (memory.memory.budget?.problems() ?? []).map(({ code, message }) => `${path}: ${message} [${code}]`),
  );
}
