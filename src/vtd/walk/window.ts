import { LITTLE_ENDIAN_HOST } from '../../memory/host-order.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { ENTRIES_PER_TABLE } from './batch.js';

/** Bytes of a table page. */
export const TABLE_BYTES = 4096;
/** Most table pages that are read in one go: 64 KiB, the fastest size measured for reading files. */
export const WINDOW_PAGES = 16;
/** 32-bit words of a table page. */
export const TABLE_WORDS = ENTRIES_PER_TABLE * 2;

/** Whole table pages of one level, as they are next to each other in memory. */
export interface TableWindow {
  readonly bytes: Uint8Array;
  /** The same bytes as little-endian 32-bit words, low half of each entry first. */
  readonly words: Int32Array;
  /** The same bytes as doubles, an entry each, where the host is little-endian. */
  readonly entries: Float64Array;
  /** Physical byte address of the first page. */
  start: number;
  /** Pages that are wholly known. */
  pages: number;
}

/** A half-open range of entries (0..512) of a table page that the dump does not hold. */
export interface UnknownEntries {
  readonly from: number;
  readonly to: number;
}

/**
 * @param pages most that will be read into it in one go
 * @returns an empty window
 */
export function createTableWindow(pages = WINDOW_PAGES): TableWindow {
  const bytes = new Uint8Array(TABLE_BYTES * pages);
  const { buffer } = bytes;
  return { bytes, words: new Int32Array(buffer), entries: new Float64Array(buffer), start: 0, pages: 0 };
}

/** @returns index in `words` of the table page at `address`, or -1 when the window does not hold it */
export function wordsOfTable(window: TableWindow, address: number): number {
  const offset = address - window.start;
  return offset >= 0 && offset < window.pages * TABLE_BYTES ? offset / 4 : -1;
}

/** Typed arrays have the host's byte order; tables are little-endian. */
function toHostOrder(window: TableWindow, pages: number): void {
  if (LITTLE_ENDIAN_HOST) return;
  const view = new DataView(window.bytes.buffer);
  for (let i = 0; i < pages * TABLE_WORDS; i++) window.words[i] = view.getInt32(i * 4, true);
}

/**
 * Reads adjacent table pages.
 *
 * @param start physical byte address of the first page
 * @param pages 1..WINDOW_PAGES
 * @returns how many leading pages are wholly known and now in the window
 */
export function readTables(
  window: TableWindow,
  memory: PhysicalMemory,
  start: number,
  pages: number,
): number {
  const known = memory.read(start, pages * TABLE_BYTES, window.bytes);
  window.start = start;
  window.pages = Math.floor(known / TABLE_BYTES);
  toHostOrder(window, window.pages);
  return window.pages;
}

/**
 * Reads one table page of which the dump may hold only parts. Entries that are not wholly known read as 0.
 *
 * @returns the entries that are unknown; the window is left empty when the whole page is
 */
export function readPartialTable(
  window: TableWindow,
  memory: PhysicalMemory,
  address: number,
): UnknownEntries[] {
  const unknown: UnknownEntries[] = [];
  const { bytes } = window;
  window.pages = 0;
  bytes.fill(0, 0, TABLE_BYTES);
  const piece = new Uint8Array(TABLE_BYTES);
  for (const run of memory.runs(address, address + TABLE_BYTES)) {
    const from = Math.max(run.start, address) - address;
    const to = Math.min(run.end, address + TABLE_BYTES) - address;
    if (to <= from) continue;
    if (run.state === 'absent') unknown.push({ from: Math.floor(from / 8), to: Math.ceil(to / 8) });
    else if (memory.read(address + from, to - from, piece) === to - from) {
      bytes.set(piece.subarray(0, to - from), from);
    } else {
      unknown.push({ from: Math.floor(from / 8), to: Math.ceil(to / 8) });
    }
  }
  const [first] = unknown;
  if (first !== undefined && first.from === 0 && first.to === ENTRIES_PER_TABLE) return unknown;
  for (const { from, to } of unknown) bytes.fill(0, from * 8, to * 8);
  window.start = address;
  window.pages = 1;
  toHostOrder(window, 1);
  return unknown;
}
