/** One thread of a search: takes slices that nobody has taken, until there are none. */
import { backedMemory } from '../backed.js';
import type { PhysicalMemory } from '../physical.js';
import type { RisingPages } from '../rising-pages.js';
import type { RunTable } from '../run-table.js';
import { type Pattern, type SearchSlice, type SliceHits, searchSlice } from '../search.js';
import { InputError } from './errors.js';
import { windowedFile } from './windowed-file.js';

/** What is searched: plain data, so that it can be given to a worker; file descriptors are the whole process's. */
export interface SearchTask {
  readonly fd: number;
  readonly size: number;
  readonly path: string;
  readonly table: RunTable;
  readonly patterns: readonly Pattern[];
  readonly slices: readonly SearchSlice[];
  /** The next slice, and how many hits were found; shared. */
  readonly shared: Int32Array<SharedArrayBuffer>;
}

const NEXT = 0;
const FOUND = 1;
/** Hits that are kept of all slices; with more of them, as hostile memory may have, a slice is searched when it is its turn. */
const MOST_HITS = 1 << 17;

/** What a thread tells of a slice: the hits where that can be told, and the pages that rise. */
export interface FoundInSlice {
  readonly index: number;
  readonly hits?: SliceHits;
  readonly rising?: RisingPages;
}

/** The memory of a task, without a budget. */
export function memoryOfTask({ fd, size, path, table }: SearchTask): PhysicalMemory {
  return backedMemory(windowedFile(fd, size, path), table, path);
}

/**
 * Takes the next slice and searches it.
 *
 * @returns undefined when no slice is left
 */
export function searchNext(
  { patterns, slices, shared }: SearchTask,
  memory: PhysicalMemory,
): FoundInSlice | undefined {
  const index = Atomics.add(shared, NEXT, 1);
  const slice = slices[index];
  if (slice === undefined) return undefined;
  try {
    const room = MOST_HITS - Atomics.load(shared, FOUND);
    const rising: RisingPages = new Map();
    const hits = searchSlice(memory, patterns, slice, Math.max(0, room), rising);
    if (hits === undefined) return { index, rising };
    Atomics.add(shared, FOUND, hits.length / 2);
    return { index, hits, rising };
  } catch (error) {
    // Who searches it when it is its turn meets the same error, and tells it in its place.
    if (error instanceof InputError) return { index };
    throw error;
  }
}

/** All that a worker does: tells of slices one by one, then that it is done. */
export function searchAsWorker(
  task: SearchTask,
  parent: { postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void },
): void {
  const memory = memoryOfTask(task);
  for (let found = searchNext(task, memory); found !== undefined; found = searchNext(task, memory))
    parent.postMessage(found, found.hits === undefined ? [] : [found.hits.buffer as ArrayBuffer]);
  parent.postMessage('done', []);
}
