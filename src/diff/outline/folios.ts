/** The contents of a preserved file: which of its bytes are populated. */
import type { FolioColumns, PreservedPages } from '../../abi/upstream/model.js';
import type { Place } from '../../references/place.js';
import { flags, hex } from '../../schema/units.js';
import { type CountedFolios, folioSer } from '../../structures/folios.js';
import type { List } from '../entity.js';
import {
  type AspectKind,
  addSpan,
  createSpanColumns,
  MOST_MOVING,
  SPAN_BATCH,
  type SpanColumns,
} from '../span-columns.js';

/** Names of the folio flags, as the schema has them. */
const FLAGS = new Map(folioSer.fields.find(({ id }) => id === 'flags')?.values) as ReadonlyMap<
  number,
  string
>;

/** A file whose contents a list of folios tells. */
export type FolioFile = CountedFolios & { readonly size: bigint };

/** Ends of files are told in pages of this size, whatever the page size of the kernel. */
const SMALLEST_PAGE = 4096;

const flagTexts = new Map<number, string>();

/** Flags of a folio (12 bits) by name. */
function flagText(bits: number): string {
  let text = flagTexts.get(bits);
  if (text === undefined) {
    text = flags(bits, FLAGS);
    flagTexts.set(bits, text);
  }
  return text;
}

/**
 * Which bytes of the file are populated, with the flags of their folios; with `strict` also the page frames.
 * The division of the file into folios is not a property of it: 512 folios of order 0 say what one of order 9 says.
 */
export function folioList(
  file: FolioFile,
  pages: PreservedPages | undefined,
  pageSize: number,
  strict: boolean,
  place: Place,
): List {
  return {
    name: 'folios',
    place,
    spans: {
      spans: () => folioSpans(file, pages, pageSize, strict),
      place: (offset, offsetEnd) => ({ ...place, offset, offsetEnd }),
    },
  };
}

/**
 * The populated bytes of a file, ascending as the list is; most neighbours joined. What the last folio has after
 * the end of the file is not part of it. Where addresses are told, they are the aspect that advances.
 *
 * @returns whether the list is whole
 */
export function* folioSpans(
  { folios, nrFolios, size }: Pick<FolioFile, 'folios' | 'nrFolios' | 'size'>,
  pages: PreservedPages | undefined,
  pageSize: number,
  strict: boolean,
): Generator<SpanColumns, boolean> {
  const batch = createSpanColumns(Math.min(SPAN_BATCH, (folios.length + 2) * MOST_ADDED));
  const full = batch.starts.length - MOST_ADDED;
  const limit = Math.ceil(Number(size) / SMALLEST_PAGE) * SMALLEST_PAGE;
  const file = { limit, pageSize, strict };
  let read = 0;
  for (const columns of folios.columns()) {
    for (let row = 0; row < columns.length; row++) {
      const count = columns.count[row] as number;
      read += count;
      const pfn = columns.pfn[row] as number;
      // The kernel's reader skips entries of page frame 0 as holes.
      if (pfn === 0) continue;
      const step = columns.step[row] as number;
      if (step === 1) {
        // Of entries for one page after another the sizes say nothing that the next entry does not.
        const folio = pagesOf(pages, pfn + count - 1);
        if (count > 1) addStretch(batch, columns, row, 0, count - 1, 1, file);
        addStretch(batch, columns, row, count - 1, folio, folio, file);
        if (batch.length > full) {
          yield batch;
          batch.length = 0;
        }
        continue;
      }
      for (const stretch of stretchesOf(pfn, count, step, pages)) {
        addStretch(batch, columns, row, stretch.first, stretch.pages, stretch.folio, file);
        if (batch.length > full) {
          yield batch;
          batch.length = 0;
        }
      }
    }
  }
  if (batch.length > 0) yield batch;
  return BigInt(read) === nrFolios;
}

/**
 * Physical memory of the same folios, in frames of 4 KiB, without their place in the file: in the order of the list,
 * neighbours not joined. Those of an index that a number cannot tell are left out.
 */
export function eachFolioFrames(
  { folios, size }: Pick<FolioFile, 'folios' | 'size'>,
  pages: PreservedPages | undefined,
  pageSize: number,
  put: (start: number, end: number) => void,
): void {
  const limit = Math.ceil(Number(size) / SMALLEST_PAGE) * SMALLEST_PAGE;
  const file = { limit, pageSize, strict: true };
  const batch = createSpanColumns(MOST_ADDED);
  // Small integers, as most frame numbers are, are passed without an object each.
  const unit = pageSize / SMALLEST_PAGE;
  const rest = (columns: FolioColumns, row: number, { first, pages: length, folio }: Stretch): void => {
    batch.length = 0;
    addStretch(batch, columns, row, first, length, folio, file);
    for (let i = 0; i < batch.length; i++) {
      if (batch.kinds[i]?.at(-1)?.moves !== true) continue;
      const at = batch.at[i * MOST_MOVING] as number;
      const bytes = (batch.ends[i] as number) - (batch.starts[i] as number);
      put(Math.floor(at / SMALLEST_PAGE), Math.ceil((at + bytes) / SMALLEST_PAGE));
    }
  };
  for (const columns of folios.columns()) {
    const { length, pfn: frames, count: counts, step: steps, index } = columns;
    for (let row = 0; row < length; row++) {
      const pfn = frames[row] as number;
      if (pfn === 0) continue;
      const count = counts[row] as number;
      const step = steps[row] as number;
      if (step !== 1) {
        for (const stretch of stretchesOf(pfn, count, step, pages)) rest(columns, row, stretch);
        continue;
      }
      const folio = pagesOf(pages, pfn + count - 1);
      const end = ((index[row] as number) + count - 1 + folio) * pageSize;
      // Nearly all folios end before the file does; those after it are rare.
      if (end <= limit && end <= Number.MAX_SAFE_INTEGER) {
        put(pfn * unit, (pfn + count - 1 + folio) * unit);
        continue;
      }
      if (count > 1) rest(columns, row, { first: 0, pages: count - 1, folio: 1 });
      rest(columns, row, { first: count - 1, pages: folio, folio });
    }
  }
}

/** Folios that follow each other in the file: pages from the first of their run, and the pages of each. */
interface Stretch {
  readonly first: number;
  readonly pages: number;
  readonly folio: number;
}

/** What the spans of one file have in common. */
interface SpanFile {
  /** Its end, in bytes up to a page of any kernel. */
  readonly limit: number;
  readonly pageSize: number;
  readonly strict: boolean;
}

/** Spans that a run of single pages adds at most. */
const MOST_ADDED = 4;

/** The stretches that a run of folios populates: one, where each folio reaches to the next. */
function* stretchesOf(
  pfn: number,
  count: number,
  step: number,
  pages: PreservedPages | undefined,
): Generator<Stretch> {
  const last = (count - 1) * step;
  let from = 0;
  for (let i = 0; i + 1 < count; i++) {
    const at = i * step;
    const length = pagesOf(pages, pfn + at);
    if (length >= step) continue;
    yield { first: from, pages: at + length - from, folio: step };
    from = at + step;
  }
  const folio = pagesOf(pages, pfn + last);
  if (last > from) yield { first: from, pages: last - from, folio: step };
  yield { first: last, pages: folio, folio };
}

/** Adds a {@link Stretch} in bytes, without what the folio that holds the end of the file has after it. */
function addStretch(
  batch: SpanColumns,
  { pfn, flags: bits, index, indexWords }: FolioColumns,
  row: number,
  first: number,
  pages: number,
  folio: number,
  { limit, pageSize, strict }: SpanFile,
): void {
  const position = (index[row] as number) + first;
  const start = position * pageSize;
  const end = start + pages * pageSize;
  // An index that a number cannot tell from its neighbours is told in full.
  const kinds = Number.isSafeInteger(position)
    ? folioKinds(bits[row] as number, strict)
    : indexKinds(bits[row] as number, indexWords, row);
  const at = ((pfn[row] as number) + first) * pageSize;
  if (limit <= start || limit >= end) {
    addSpan(batch, start, end, kinds, at);
    return;
  }
  addSpan(batch, start, limit, kinds, at);
  const unit = folio * pageSize;
  const behind = start + Math.ceil((limit - start) / unit) * unit;
  if (behind < end) addSpan(batch, behind, end, kinds, at + (behind - start));
}

const kindsOfFlags = new Map<number, readonly AspectKind[]>();

/** The aspects of folios with these flags (12 bits); few are different. */
function folioKinds(bits: number, strict: boolean): readonly AspectKind[] {
  const key = 2 * bits + (strict ? 1 : 0);
  let kinds = kindsOfFlags.get(key);
  if (kinds === undefined) {
    const own = { name: 'flags', of: flagText(bits), moves: false };
    kinds = strict ? [own, { name: 'address', of: '', moves: true }] : [own];
    kindsOfFlags.set(key, kinds);
  }
  return kinds;
}

function indexKinds(bits: number, words: Uint32Array, row: number): readonly AspectKind[] {
  const index = (BigInt(words[2 * row + 1] as number) << 32n) | BigInt(words[2 * row] as number);
  return [
    { name: 'flags', of: flagText(bits), moves: false },
    { name: 'index', of: hex(index), moves: false },
  ];
}

/** Pages of the folio that starts at a page frame: those of its preserved block. */
function pagesOf(pages: PreservedPages | undefined, pfn: number): number {
  // At an odd frame no block of several begins; millions of entries are not looked up for that.
  if ((pfn & 1) === 1) return 1;
  const order = pages?.largestAt(pfn) ?? 0;
  return order > 0 ? 2 ** order : 1;
}
