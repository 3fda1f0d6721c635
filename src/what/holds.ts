/** Whose contents memory is: a file of a session, a region of reserve_mem, a file of guestmemfs, a folio of kho_test. */
import { areaAddress } from '../decode/upstream/vmalloc.js';
import type { Run } from '../references/claim.js';
import type { Part } from '../references/place.js';
import { bytesToText } from '../schema/text.js';
import { FOLIO_SER_SIZE, folioSer } from '../structures/folios.js';
import type { Addresses } from './addresses.js';
import { recordName } from './hit.js';
import type { Reference } from './pointers.js';
import type { OwnedContents, OwnedFolios, WhatModel, WhatSource } from './source.js';

/** One owner of the memory at an address. */
export type Holder =
  | {
      readonly kind: 'file';
      readonly session: OwnedFolios['session'];
      readonly file: OwnedFolios['file'];
      /** Of the address, in bytes. */
      readonly fileOffset: bigint;
    }
  | { readonly kind: 'reserve-mem'; readonly name: string; readonly offset: bigint; readonly start: number }
  | { readonly kind: 'guestmemfs'; readonly name: Uint8Array; readonly fileOffset: bigint }
  | { readonly kind: 'kho-test'; readonly index: number; readonly address: bigint; readonly order: number }
  | { readonly kind: 'scratch'; readonly index: number; readonly offset: bigint }
  | { readonly kind: 'trace-buffer'; readonly cpu: number }
  | { readonly kind: 'image'; readonly what: string };

/** An owner, and what of it names the memory. */
export interface Held {
  readonly holder: Holder;
  readonly by?: Reference;
}

/** Owners told of one address: in a damaged dump any number may claim it. */
const MOST = 16;

/** The owners by index in the addresses, the files first. Lists of folios are read once, in columns. */
export function holdersOf(handover: WhatSource, addresses: Addresses): Held[][] {
  const held: Held[][] = Array.from({ length: addresses.sorted.length }, () => []);
  const add = (i: number, holder: Holder, by?: Reference): void => {
    const own = held[i] as Held[];
    if (own.length < MOST) own.push({ holder, ...(by === undefined ? {} : { by }) });
  };
  if (addresses.sorted.length === 0) return held;
  addFiles(handover, addresses, add);
  addRegions(handover, addresses, add);
  return held;
}

type Add = (i: number, holder: Holder, by?: Reference) => void;

/** A page frame at which a folio would begin that holds an address. */
interface Candidate {
  readonly pfn: number;
  readonly index: number;
}

/** Starts of the preserved blocks that have an address, and its own page frame. */
function candidates({ preserved, pageSize }: WhatModel, { sorted }: Addresses): Candidate[] {
  const pages = preserved?.pages;
  const found: Candidate[] = [];
  for (let index = 0; index < sorted.length; index++) {
    const own = Math.floor((sorted[index] as number) / pageSize);
    const starts = new Set([own]);
    for (const order of pages?.orders ?? []) {
      const start = own - (own % 2 ** order);
      if (pages?.has(start, order) === true) starts.add(start);
    }
    for (const pfn of starts) found.push({ pfn, index });
  }
  return found.sort((a, b) => a.pfn - b.pfn);
}

function addFiles(handover: WhatSource, addresses: Addresses, add: Add): void {
  const { pageSize } = handover;
  const folios = candidates(handover, addresses);
  for (const owned of handover.folioLists()) {
    const { order } = owned.list;
    const own =
      order === undefined ? folios : alignedTo(folios, 2 ** Math.min(order, 40), addresses, pageSize);
    addFolios(owned, own, addresses, pageSize, add);
  }
}

/** Of pages of one size the folio follows from the address. */
function alignedTo(
  folios: readonly Candidate[],
  pages: number,
  { sorted }: Addresses,
  pageSize: number,
): Candidate[] {
  const own = [...new Set(folios.map(({ index }) => index))].map((index) => {
    const pfn = Math.floor((sorted[index] as number) / pageSize);
    return { pfn: pfn - (pfn % pages), index };
  });
  return [...folios, ...own].sort((a, b) => a.pfn - b.pfn);
}

function addFolios(
  { session, file, list: { area, folios } }: OwnedFolios,
  wanted: readonly Candidate[],
  { sorted }: Addresses,
  pageSize: number,
  add: Add,
): void {
  const low = wanted[0]?.pfn ?? Number.POSITIVE_INFINITY;
  const high = wanted.at(-1)?.pfn ?? Number.NEGATIVE_INFINITY;
  const told = new Set<number>();
  let position = 0;
  for (const columns of folios.columns()) {
    const { length, pfn: pfns, count: counts, step: steps } = columns;
    for (let row = 0; row < length; row++) {
      const pfn = pfns[row] as number;
      const count = counts[row] as number;
      const step = steps[row] as number;
      const first = position;
      position += count;
      const last = pfn + (count - 1) * step;
      // The reader skips entries of page frame 0 as holes.
      if (pfn > high || last < low || pfn === 0) continue;
      for (const { pfn: start, index } of wanted) {
        if (start < pfn || start > last) continue;
        const nth = count === 1 ? 0 : (start - pfn) / step;
        if (!Number.isInteger(nth) || told.has(index)) continue;
        told.add(index);
        const page = BigInt((columns.index[row] as number) + nth * step);
        const address = BigInt(sorted[index] as number);
        const fileOffset = page * BigInt(pageSize) + address - BigInt(start) * BigInt(pageSize);
        const entry = first + nth;
        const at = Number(areaAddress(area, entry * FOLIO_SER_SIZE));
        add(
          index,
          { kind: 'file', session, file, fileOffset },
          {
            record: recordName(folioSer),
            field: 'pfn',
            address: at,
            fieldAddress: at,
            size: FOLIO_SER_SIZE,
            what: `folio ${entry} of session ${nameText(session.name)} token 0x${file.token.toString(16)}`,
          },
        );
      }
    }
  }
}

function nameText(name: Uint8Array): string {
  return JSON.stringify(bytesToText(name).text);
}

function addRegions({ scratch, image, ...source }: WhatSource, addresses: Addresses, add: Add): void {
  const { sorted } = addresses;
  const contents = [...source.contents()];
  const addParts = (...parts: readonly Part[]): void => {
    for (const each of contents)
      if (parts.includes(each.place.part)) addContents(each, source, addresses, add);
  };
  addParts('memblock');
  for (const [index, { start, end }] of (scratch ?? []).entries())
    for (const i of addresses.within(Number(start), Number(end)))
      add(i, { kind: 'scratch', index, offset: BigInt(sorted[i] as number) - start });
  for (const { what, start, end } of image ?? [])
    for (const i of addresses.within(Number(start), Number(end))) add(i, { kind: 'image', what });
  addParts('ftrace');
  addParts('kho-test', 'guestmemfs');
}

function addContents(contents: OwnedContents, { pageSize }: WhatModel, addresses: Addresses, add: Add): void {
  const { entries } = contents;
  let nth = 0;
  for (const run of contents.runs()) {
    const start = Number(run.start);
    for (const i of addresses.within(start, Number(run.end))) {
      const offset = (run.position ?? 0) + (addresses.sorted[i] as number) - start;
      const holder = holderOf(contents, run, nth, offset, pageSize);
      if (entries === undefined) {
        add(i, holder);
        continue;
      }
      const { record, field, size, at: first, unit, what } = entries;
      const entry = unit === undefined ? nth : Math.floor(offset / unit);
      const at = typeof first === 'number' ? first + entry * size : Number(areaAddress(first, entry * size));
      add(i, holder, { record, field, address: at, fieldAddress: at, size, what: what(entry) });
    }
    nth++;
  }
}

/** @param offset of the address in what the owner has, in bytes */
function holderOf(
  { place, subject }: OwnedContents,
  { start, end }: Run,
  nth: number,
  offset: number,
  pageSize: number,
): Holder {
  if (place.part === 'memblock')
    return { kind: 'reserve-mem', name: place.region ?? '', offset: BigInt(offset), start: Number(start) };
  if (place.part === 'ftrace') return { kind: 'trace-buffer', cpu: subject.cpu ?? 0 };
  if (place.part === 'guestmemfs')
    return { kind: 'guestmemfs', name: place.file ?? new Uint8Array(0), fileOffset: BigInt(offset) };
  const order = Math.round(Math.log2((Number(end) - Number(start)) / pageSize));
  return { kind: 'kho-test', index: nth, address: BigInt(start), order };
}
