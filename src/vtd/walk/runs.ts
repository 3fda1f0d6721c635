import {
  accessesOf,
  appendRow,
  createLeafBatch,
  iovasOf,
  type LeafBatch,
  leavesOfRow,
  pagesOf,
  ROW_HI,
  ROW_LO,
  ROW_WORDS,
  targetsOf,
} from './batch.js';
import type { EntryFormat } from './format.js';

/** A stretch of IOVAs that maps to a stretch of physical memory with the same permissions throughout. */
export interface MappedRun {
  /** First IOVA and first target, as page frame numbers. */
  readonly iova: number;
  readonly target: number;
  /** Length in 4 KiB pages. */
  readonly pages: number;
  /** Leaves that make it up. */
  readonly leaves: number;
  /** Level of the leaves, 1..3; 0 when sizes differ (`anySize`). */
  readonly level: number;
  /** ACCESS_READ, ACCESS_WRITE. */
  readonly access: number;
  /** Bits of the first entry that its attributes are read from, as unsigned halves. */
  readonly lo: number;
  readonly hi: number;
}

/** How runs are merged. */
export interface MergeOptions {
  /** Merge leaves of different sizes too; the run's level is then 0. */
  readonly anySize?: boolean;
}

const ROWS = 4096;
/** The address in the low half of an entry. */
const ADDRESS_LO = 0xfffff000 | 0;

/** Merged runs, where rows had to be joined. */
interface Merging {
  readonly out: LeafBatch;
  /** Leaves of each row: they do not follow from pages where sizes differ. */
  readonly leaves: Float64Array;
  readonly anySize: boolean;
  /** What the last row would continue with; -1 before the first. */
  iovaEnd: number;
  targetEnd: number;
}

/** Whether two entries differ in nothing but address, size and bits that nothing looks at. */
function alike(
  { attributesLo, attributesHi, permissionLo, permissionHi }: EntryFormat,
  lo: number,
  hi: number,
): boolean {
  return ((lo & (attributesLo | permissionLo)) | (hi & (attributesHi | permissionHi))) === 0;
}

/**
 * Whether no row of the batch can continue another one: the walk has joined rows of equal bits, so only rows
 * that differ in bits that do not count could be left.
 */
function isMerged(
  batch: LeafBatch,
  seen: { orLo: number; orHi: number; andLo: number; andHi: number },
): boolean {
  seen.orLo |= batch.orLo;
  seen.orHi |= batch.orHi;
  seen.andLo &= batch.andLo;
  seen.andHi &= batch.andHi;
  const { attributesLo, attributesHi, permissionLo, permissionHi, addressHi } = batch.format;
  const freeLo = ~(attributesLo | permissionLo | ADDRESS_LO);
  const freeHi = ~(attributesHi | permissionHi | addressHi);
  return batch.maximal && (((seen.orLo ^ seen.andLo) & freeLo) | ((seen.orHi ^ seen.andHi) & freeHi)) === 0;
}

/** Takes a row of a batch: to the last run if it continues it, else as a new one, for which there must be room. */
function takeRow(m: Merging, batch: LeafBatch, row: number): void {
  const { out, leaves } = m;
  const { rows } = out;
  const iova = iovasOf(batch)[row] as number;
  const pages = pagesOf(batch)[row] as number;
  const target = targetsOf(batch)[row] as number;
  const level = batch.level[row] as number;
  const lo = batch.rows[row * ROW_WORDS + ROW_LO] as number;
  const hi = batch.rows[row * ROW_WORDS + ROW_HI] as number;
  const count = leavesOfRow(pages, level);
  const last = out.length - 1;
  const at = last * ROW_WORDS;
  if (
    iova === m.iovaEnd &&
    target === m.targetEnd &&
    alike(batch.format, lo ^ (rows[at + ROW_LO] as number), hi ^ (rows[at + ROW_HI] as number)) &&
    (m.anySize || level === out.level[last])
  ) {
    out.derived.pages[last] = (out.derived.pages[last] as number) + pages;
    out.totalPages += pages;
    leaves[last] = (leaves[last] as number) + count;
    if (level !== out.level[last]) out.level[last] = 0;
    if (level !== 1) out.small = false;
  } else {
    leaves[out.length] = count;
    appendRow(out, { iova, pages, level, lo, hi });
  }
  m.iovaEnd = iova + pages;
  m.targetEnd = target + pages;
}

/** Gives the bits of a batch to the one that its rows go into. */
function takeBits(out: LeafBatch, batch: LeafBatch): void {
  out.orLo |= batch.orLo;
  out.orHi |= batch.orHi;
  out.andLo &= batch.andLo;
  out.andHi &= batch.andHi;
}

/** Makes the first `length` runs ready to be given out. */
function complete({ out }: Merging, length: number): void {
  out.length = length;
  out.serial++;
  out.derived.targets = 0;
  out.derived.accesses = 0;
}

/** Empties the batch but for its last run, which may still grow. */
function keepLast({ out, leaves }: Merging): void {
  const last = out.length;
  const { rows, level, derived } = out;
  rows.copyWithin(ROW_LO, last * ROW_WORDS + ROW_LO, (last + 1) * ROW_WORDS + ROW_LO);
  for (const column of [level, derived.iova, derived.pages, leaves]) column[0] = column[last] as number;
  out.length = 1;
  derived.iovas = 1;
  derived.lengths = 1;
  out.totalPages = derived.pages[0] as number;
  out.small = level[0] === 1;
}

function* merging(
  batches: Iterable<LeafBatch>,
  format: EntryFormat,
  anySize: boolean,
): Generator<Merging, void> {
  const m: Merging = {
    out: createLeafBatch(ROWS, format),
    leaves: new Float64Array(ROWS),
    anySize,
    iovaEnd: -1,
    targetEnd: -1,
  };
  const { out } = m;
  for (const batch of batches) {
    takeBits(out, batch);
    for (let row = 0; row < batch.length; row++) {
      if (out.length === ROWS) {
        const kept = out.derived.pages[ROWS - 1] as number;
        out.totalPages -= kept;
        complete(m, ROWS - 1);
        yield m;
        keepLast(m);
      }
      takeRow(m, batch, row);
    }
  }
  complete(m, out.length);
  if (out.length > 0) yield m;
}

/** The batches of `rest`, after one that was already taken from it. */
function* withFirst(first: LeafBatch, rest: Iterator<LeafBatch>): Generator<LeafBatch, void> {
  yield first;
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
}

/**
 * Merges neighbouring leaves into runs, across table pages and batches: IOVA and target contiguous, the same
 * permissions and attributes (snoop, memory type; not accessed and dirty), the same page size.
 * Constant memory; the batch that is given out is reused.
 *
 * A walk's own batches are passed on as they are until two leaves differ in a bit that does not count.
 */
export function* mergeBatches(batches: Iterable<LeafBatch>, format: EntryFormat): Generator<LeafBatch, void> {
  const source = batches[Symbol.iterator]();
  const seen = { orLo: 0, orHi: 0, andLo: -1, andHi: -1 };
  for (let next = source.next(); next.done !== true; next = source.next()) {
    const batch = next.value;
    if (isMerged(batch, seen)) yield batch;
    else {
      for (const { out } of merging(withFirst(batch, source), format, false)) yield out;
      return;
    }
  }
}

/**
 * The same as objects, for output that people read.
 *
 * @example
 * ```ts
 * import { mergeRuns, secondStageFormat, segmentsMemory, walkTable } from 'kho-toolkit';
 *
 * // A page of entries of which the first is given: readable, writable, and where it leads.
 * function entry(value: bigint): Uint8Array {
 *   const bytes = new Uint8Array(4096);
 *   new DataView(bytes.buffer).setBigUint64(0, value, true);
 *   return bytes;
 * }
 *
 * const memory = segmentsMemory(
 *   [
 *     { address: 0x1000, bytes: entry(0x2003n) },
 *     { address: 0x2000, bytes: entry(0x3003n) },
 *     { address: 0x3000, bytes: entry(0xabc003n) },
 *   ],
 *   'three levels',
 * );
 *
 * const format = secondStageFormat();
 * const { batches } = walkTable({ memory, root: 0x1000n, levels: 3, format });
 * // In page frames.
 * for (const { iova, target, pages } of mergeRuns(batches, format)) console.log(iova, target.toString(16), pages);
 * //=> 0 abc 1
 * ```
 */
export function* mergeRuns(
  batches: Iterable<LeafBatch>,
  format: EntryFormat,
  options: MergeOptions = {},
): Generator<MappedRun, void> {
  for (const { out, leaves } of merging(batches, format, options.anySize ?? false)) {
    const iovas = iovasOf(out);
    const pages = pagesOf(out);
    const targets = targetsOf(out);
    const accesses = accessesOf(out);
    for (let i = 0; i < out.length; i++) {
      yield {
        iova: iovas[i] as number,
        target: targets[i] as number,
        pages: pages[i] as number,
        leaves: leaves[i] as number,
        level: out.level[i] as number,
        access: accesses[i] as number,
        lo: (out.rows[i * ROW_WORDS + ROW_LO] as number) >>> 0,
        hi: (out.rows[i * ROW_WORDS + ROW_HI] as number) >>> 0,
      };
    }
  }
}
