/** A preserved memfd by what is in the file: its fields, and which of its bytes are populated. */
import type { FolioRun, Memfd, PreservedPages } from '../../abi/upstream/model.js';
import { memfdLuoFolioSer, memfdLuoSer } from '../../records/memfd.js';
import { flags, hex } from '../../schema/units.js';
import type { Field } from '../difference.js';
import { type Aspect, field, type List, type Span, strictField, summaryField } from '../entity.js';
import type { Place } from '../place.js';

/** Names of the seals and of the folio flags, as the schema has them. */
const SEALS = namesOf(memfdLuoSer.fields, 'seals');
const FLAGS = namesOf(memfdLuoFolioSer.fields, 'flags');

/** A file whose contents a list of folios tells. */
export type FolioFile = Pick<Memfd, 'folios' | 'nrFolios' | 'size' | 'area'>;

/** Ends of files are told in pages of this size, whatever the page size of the kernel. */
const SMALLEST_PAGE = 4096;

function namesOf(
  fields: readonly { readonly id: string; readonly values?: unknown }[],
  id: string,
): ReadonlyMap<number, string> {
  return (fields.find((each) => each.id === id)?.values ?? new Map()) as ReadonlyMap<number, string>;
}

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
 * The fields of the record. memfd-v1 has no seals and no flags: what a file of it has is what 0 says in
 * memfd-v2.
 *
 * @param memfd undefined when the record is not in the dump
 */
export function memfdFields(memfd: Memfd | undefined): Field[] {
  if (memfd === undefined) return [{ name: 'memfd_luo_ser', value: null }];
  const { size, pos, seals = 0, flags: bits = 0, nrFolios, area } = memfd;
  return [
    field('size', size, 'size'),
    field('pos', pos, 'hex'),
    field('seals', flags(seals, SEALS)),
    field('flags', hex(bits)),
    summaryField('nr_folios', nrFolios),
    strictField('nr_folios', nrFolios, 'count'),
    strictField('folios.first', area.descriptor.first),
    strictField('folios.total_pages', area.descriptor.totalPages, 'count'),
  ];
}

/**
 * Which bytes of the file are populated, with the flags of their folios; with `strict` also the page frames.
 * How the file is cut into folios is no property of it: 512 folios of order 0 say what one of order 9 says.
 */
export function folioList(
  memfd: FolioFile,
  pages: PreservedPages | undefined,
  pageSize: number,
  strict: boolean,
  place: Place,
): List {
  return {
    name: 'folios',
    place,
    spans: {
      spans: () => folioSpans(memfd, pages, pageSize, strict),
      place: (offset, offsetEnd) => ({ ...place, offset, offsetEnd }),
    },
  };
}

/**
 * The populated bytes of a file, ascending as the list is; neighbours joined. What the last folio has behind
 * the end of the file is no part of it.
 *
 * @returns whether the list is whole
 */
export function* folioSpans(
  { folios, nrFolios, size }: Pick<FolioFile, 'folios' | 'nrFolios' | 'size'>,
  pages: PreservedPages | undefined,
  pageSize: number,
  strict: boolean,
): Generator<Span, boolean> {
  let read = 0;
  let held: Span | undefined;
  for (const run of folios.runs()) {
    read += run.count;
    // The kernel's reader skips entries of page frame 0 as holes.
    if (run.pfn === 0n) continue;
    for (const stretch of stretchesOf(run, pages)) {
      for (const span of spansOf(run, stretch, Number(size), pageSize, strict)) {
        const joined = held === undefined ? undefined : join(held, span);
        if (joined === undefined && held !== undefined) yield held;
        held = joined ?? span;
      }
    }
  }
  if (held !== undefined) yield held;
  return BigInt(read) === nrFolios;
}

/** Folios that follow each other in the file: pages from the first of their run, and the pages of each. */
interface Stretch {
  readonly first: number;
  readonly pages: number;
  readonly folio: number;
}

/** The stretches that a run of folios populates: one, where each folio reaches to the next. */
function* stretchesOf({ pfn, count, step }: FolioRun, pages: PreservedPages | undefined): Generator<Stretch> {
  const last = (count - 1) * step;
  let from = 0;
  // Of entries for one page after another the sizes say nothing that the next entry does not.
  for (let i = 0; step > 1 && i + 1 < count; i++) {
    const at = i * step;
    const length = pagesOf(pages, Number(pfn) + at);
    if (length >= step) continue;
    yield { first: from, pages: at + length - from, folio: step };
    from = at + step;
  }
  const folio = pagesOf(pages, Number(pfn) + last);
  if (last > from) yield { first: from, pages: last - from, folio: step };
  yield { first: last, pages: folio, folio };
}

/** A stretch in bytes, without what the folio that holds the end of the file has behind it. */
function* spansOf(
  { pfn, flags: bits, index }: FolioRun,
  { first, pages, folio }: Stretch,
  size: number,
  pageSize: number,
  strict: boolean,
): Generator<Span> {
  const position = Number(index) + first;
  const start = position * pageSize;
  const end = start + pages * pageSize;
  const spanAt = (from: number, to: number): Span => {
    const aspects: Aspect[] = [{ name: 'flags', of: flagText(bits) }];
    // An index that a number cannot tell from its neighbours is told in full.
    if (!Number.isSafeInteger(position)) aspects.push({ name: 'index', of: hex(index) });
    else if (strict) {
      aspects.push({ name: 'address', of: '', at: (Number(pfn) + first) * pageSize + (from - start) });
    }
    return { start: from, end: to, aspects };
  };
  const limit = Math.ceil(size / SMALLEST_PAGE) * SMALLEST_PAGE;
  if (limit <= start || limit >= end) {
    yield spanAt(start, end);
    return;
  }
  yield spanAt(start, limit);
  const unit = folio * pageSize;
  const behind = start + Math.ceil((limit - start) / unit) * unit;
  if (behind < end) yield spanAt(behind, end);
}

/** Pages of the folio that starts at a page frame: those of its preserved block. */
function pagesOf(pages: PreservedPages | undefined, pfn: number): number {
  return 2 ** (pages?.ordersAt(pfn).at(-1) ?? 0);
}

function join(held: Span, span: Span): Span | undefined {
  if (held.end !== span.start || held.aspects?.length !== span.aspects?.length) return undefined;
  const by = span.start - held.start;
  for (const [i, from] of (held.aspects ?? []).entries()) {
    const to = span.aspects?.[i];
    if (to === undefined || from.of !== to.of || from.name !== to.name) return undefined;
    if (from.at !== undefined && from.at + by !== to.at) return undefined;
  }
  return { ...held, end: span.end };
}
