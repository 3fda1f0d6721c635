import { ascendingOrder } from './ascending-order.js';
import { firstAfter, firstFrom } from './first-after.js';
import type { MemoryRun } from './physical.js';

/** `offsets` value of a run that reads as zero and is stored nowhere. */
export const ZERO_RUN = -1;

/**
 * Known runs of physical memory in columns: ascending, disjoint, neighbours merged where they continue
 * each other. A core of many thousand segments costs 24 bytes a run and no object.
 */
export interface RunTable {
  readonly count: number;
  /** First physical byte address of each run. */
  readonly starts: Float64Array;
  /** Physical byte address after each run. */
  readonly ends: Float64Array;
  /** Byte offset of each run in what backs it, or `ZERO_RUN`. */
  readonly offsets: Float64Array;
}

/** Pieces on their way into a table: any order, overlaps allowed; of two that overlap the first wins. */
export interface RunPieces {
  starts: Float64Array;
  ends: Float64Array;
  offsets: Float64Array;
  /** How many entries of the columns count. */
  count: number;
}

const COLUMNS = ['starts', 'ends', 'offsets'] as const;

/**
 * Columns for pieces.
 *
 * @param capacity how many there is room for at first, already checked against the input's size
 */
export function createPieces(capacity: number): RunPieces {
  const column = () => new Float64Array(capacity);
  return { starts: column(), ends: column(), offsets: column(), count: 0 };
}

/** Adds a piece; an empty one is left out. */
export function addPiece(pieces: RunPieces, start: number, end: number, offset: number): void {
  if (!(start < end)) return;
  if (pieces.count === pieces.starts.length) grow(pieces);
  const at = pieces.count++;
  pieces.starts[at] = start;
  pieces.ends[at] = end;
  pieces.offsets[at] = offset;
}

function grow(pieces: RunPieces): void {
  const length = Math.max(64, 2 * pieces.count);
  for (const key of COLUMNS) {
    const column = pieces[key];
    pieces[key] = new Float64Array(length);
    pieces[key].set(column);
  }
}

/**
 * Sorts pieces into a table in O(n log n), whatever overlaps.
 *
 * @param pieces become the table where none overlap: there may be millions
 * @returns the table, and how many bytes were claimed by more than one piece
 */
export function buildRunTable(pieces: RunPieces): { table: RunTable; overlapped: number } {
  const order = ascendingOrder(pieces.starts, pieces.count);
  if (isDisjoint(pieces, order)) {
    for (const key of COLUMNS) pieces[key] = inOrder(pieces[key], order);
    return { table: mergeRuns(pieces), overlapped: 0 };
  }
  const claimed = totalBytes(pieces);
  const painted = paint(pieces);
  return { overlapped: claimed - totalBytes(painted), table: mergeRuns(painted) };
}

/**
 * The first run that ends after `address`, by binary search.
 *
 * @param address physical byte address
 * @returns index of the run that holds the address or else is after it; `count` if there is none
 */
export function findRun(table: RunTable, address: number): number {
  return firstAfter(table.ends, address, table.count);
}

/**
 * One run of the table as an object.
 *
 * @param inFile whether the offsets are offsets in the input file, and so worth telling
 */
function runAt(table: RunTable, index: number, inFile: boolean): MemoryRun {
  return clipRun(table, index, table.starts[index] ?? 0, table.ends[index] ?? 0, inFile);
}

/** The runs that cover [start, end) without holes; see `PhysicalMemory.runs`. */
export function* runsBetween(
  table: RunTable,
  start: number,
  end: number,
  inFile: boolean,
): Generator<MemoryRun> {
  let at = start;
  for (let index = findRun(table, start); at < end; index++) {
    const runStart = index < table.count ? (table.starts[index] ?? 0) : end;
    if (runStart > at) {
      const stop = Math.min(runStart, end);
      yield { start: at, end: stop, state: 'absent' };
      at = stop;
      if (at >= end) return;
    }
    const stop = Math.min(table.ends[index] ?? 0, end);
    yield clipRun(table, index, at, stop, inFile);
    at = stop;
  }
}

/** Every run of the table, ascending. */
export function* knownRuns(table: RunTable, inFile: boolean): Generator<MemoryRun> {
  for (let index = 0; index < table.count; index++) yield runAt(table, index, inFile);
}

function clipRun(table: RunTable, index: number, start: number, end: number, inFile: boolean): MemoryRun {
  const offset = table.offsets[index] ?? ZERO_RUN;
  if (offset === ZERO_RUN) return { start, end, state: 'zero' };
  if (!inFile) return { start, end, state: 'present' };
  return { start, end, state: 'present', fileOffset: offset + (start - (table.starts[index] ?? 0)) };
}

function inOrder(column: Float64Array, order: Uint32Array): Float64Array {
  const sorted = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) sorted[i] = column[order[i] as number] as number;
  return sorted;
}

function isDisjoint({ starts, ends }: RunPieces, order: Uint32Array): boolean {
  for (let i = 1; i < order.length; i++) {
    if ((ends[order[i - 1] as number] as number) > (starts[order[i] as number] as number)) return false;
  }
  return true;
}

function totalBytes(pieces: RunPieces): number {
  let total = 0;
  for (let i = 0; i < pieces.count; i++) total += (pieces.ends[i] ?? 0) - (pieces.starts[i] ?? 0);
  return total;
}

/**
 * Cuts memory at every piece's start and end, and lets the pieces take the cells in their order. `next`
 * leads from a taken cell towards the first free one after it (paths halved on the way), so that no cell
 * is visited again once taken.
 */
function paint(pieces: RunPieces): RunPieces {
  const { starts, ends, offsets, count } = pieces;
  const cuts = new Float64Array(2 * count);
  cuts.set(starts.subarray(0, count));
  cuts.set(ends.subarray(0, count), count);
  cuts.sort();
  let cells = 0;
  for (let i = 0; i < cuts.length; i++) {
    if (i === 0 || cuts[i] !== cuts[cells - 1]) cuts[cells++] = cuts[i] ?? 0;
  }
  const owner = new Int32Array(cells).fill(-1);
  const next = Uint32Array.from({ length: cells + 1 }, (_, i) => i);
  for (let piece = 0; piece < count; piece++) {
    const end = ends[piece] ?? 0;
    let cell = firstFree(next, cutIndex(cuts, cells, starts[piece] ?? 0));
    while (cell < cells && (cuts[cell] ?? 0) < end) {
      owner[cell] = piece;
      next[cell] = cell + 1;
      cell = firstFree(next, cell + 1);
    }
  }
  const painted = createPieces(cells);
  for (let cell = 0; cell + 1 < cells; cell++) {
    const piece = owner[cell] ?? -1;
    if (piece < 0) continue;
    const start = cuts[cell] ?? 0;
    const offset = offsets[piece] ?? ZERO_RUN;
    const shift = offset === ZERO_RUN ? 0 : start - (starts[piece] ?? 0);
    addPiece(painted, start, cuts[cell + 1] ?? 0, offset + shift);
  }
  return painted;
}

function firstFree(next: Uint32Array, from: number): number {
  let cell = from;
  for (;;) {
    const step = next[cell] ?? cell;
    if (step === cell) return cell;
    const beyond = next[step] ?? step;
    next[cell] = beyond;
    cell = beyond;
  }
}

function cutIndex(cuts: Float64Array, count: number, value: number): number {
  return firstFrom(cuts, value, count);
}

/** Joins neighbours that continue each other, within the columns, and gives back as much of these as is needed. */
function mergeRuns({ starts, ends, offsets, count: most }: RunPieces): RunTable {
  let count = 0;
  for (let i = 0; i < most; i++) {
    const start = starts[i] as number;
    const end = ends[i] as number;
    const offset = offsets[i] as number;
    const last = count - 1;
    if (
      last >= 0 &&
      ends[last] === start &&
      continues(offset, offsets[last] as number, start - (starts[last] as number))
    ) {
      ends[last] = end;
      continue;
    }
    starts[count] = start;
    ends[count] = end;
    offsets[count++] = offset;
  }
  const cut = (column: Float64Array) =>
    count * 2 < column.length ? column.slice(0, count) : column.subarray(0, count);
  return { count, starts: cut(starts), ends: cut(ends), offsets: cut(offsets) };
}

/** Whether an offset is the one so many bytes after another; what is zero is so everywhere. */
function continues(offset: number, before: number, bytes: number): boolean {
  return offset === (before === ZERO_RUN ? ZERO_RUN : before + bytes);
}
