/** Finds the structures that have a byte at given addresses, in one pass over the references of a handover. */

import type { VmallocArea } from '../abi/upstream/model.js';
import { areaAddress } from '../decode/upstream/vmalloc.js';
import { addBlobRecords } from '../references/blobs.js';
import type { BitmapInstance, BlobInstance, ChainPage, RecordTraits } from '../references/instance.js';
import type { RecordArray, ReferenceSink, TablePage } from '../references/sink.js';
import { entryRecord } from '../references/tables.js';
import type { RecordType } from '../schema/record.js';
import { treePlace } from '../structures/map/places.js';
import type { TreeBinding } from '../structures/tree.js';
import type { Addresses } from './addresses.js';
import type { Hit, RecordHit, TableEntry, TableHit } from './hit.js';

const PAGE = 4096;
const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;
/** Structures told of one address: in a damaged dump any number may claim it. */
const MOST_HITS = 64;

export interface Located {
  /** By index in the addresses; the smallest structure first. */
  readonly hits: readonly (readonly Hit[])[];
  /** The first page of each chain whose pages are linked, by name. */
  readonly heads: ReadonlyMap<string, number>;
}

export interface Locator {
  readonly sink: ReferenceSink;
  /** A record that is inside of another, which the references tell as a whole. */
  part(record: RecordType<unknown>, address: number, what: string): void;
  /** Complete after the pass. */
  found(): Located;
}

/** @param translated whether page tables are looked for too */
export function createLocator(addresses: Addresses, translated: boolean): Locator {
  const hits: Hit[][] = Array.from({ length: addresses.sorted.length }, () => []);
  const heads = new Map<string, number>();
  const linked = new Set<string>();
  const tables = createTablePath();
  /** Where stretches of records that are end to end begin, by their end. */
  const blocks = new Map<number, number>();
  let lastPage: ChainPage | undefined;

  function add(start: number, size: number, hit: () => Hit): void {
    let made: Hit | undefined;
    for (const i of addresses.within(start, start + size)) {
      const own = hits[i] as Hit[];
      if (own.length >= MOST_HITS) continue;
      made ??= hit();
      const { kind } = made;
      const record = kind === 'record' ? made.record : undefined;
      const known = own.some(
        (each) =>
          each.kind === kind &&
          each.start === start &&
          each.size === size &&
          (each.kind !== 'record' || each.record === record),
      );
      if (!known) own.push(made);
    }
  }

  /** The start of the stretch that a record goes on: what points to an array points to its first element. */
  function blockOf(start: number, length: number): number {
    const block = blocks.get(start) ?? start;
    if (length > 0) blocks.set(start + length, block);
    return block;
  }

  function record(type: RecordType<unknown>, at: number | bigint, what: string, traits?: RecordTraits): void {
    const start = Number(at);
    if (lastPage?.address === start && isLink(type)) linked.add(lastPage.chain);
    const block = blockOf(start, type.size ?? 0);
    add(start, type.size ?? 0, () => recordHit(type, start, what, block, traits));
  }

  function array({ record: type, count, at, what, traits }: RecordArray): void {
    const size = type.size ?? 0;
    if (size === 0) return;
    if (typeof at === 'object') {
      inArea(type, size, count, at, what, traits);
      return;
    }
    const first = Number(at);
    const block = blockOf(first, count * size);
    for (const i of addresses.within(first, first + count * size)) {
      const index = Math.floor(((addresses.sorted[i] as number) - first) / size);
      const start = first + index * size;
      add(start, size, () => recordHit(type, start, what(index), block, traits));
    }
  }

  function inArea(
    type: RecordType<unknown>,
    size: number,
    count: number,
    area: VmallocArea,
    what: (i: number) => string,
    traits: RecordTraits,
  ): void {
    const { runs, runSize } = area;
    for (let nth = 0; nth < runs.length; nth++) {
      const run = runs[nth] as number;
      for (const i of addresses.within(run, run + runSize)) {
        const offset = nth * runSize + (addresses.sorted[i] as number) - run;
        const list = traits.list ?? 'an area';
        const own = hits[i] as Hit[];
        if (own.length < MOST_HITS)
          own.push({ kind: 'run', start: run, size: runSize, what: `page ${nth} of the list of ${list}` });
        const index = Math.floor(offset / size);
        if (index >= count || own.length >= MOST_HITS) continue;
        const at = index * size;
        const start = Number(areaAddress(area, at));
        own.push({ ...recordHit(type, start, what(index), start, traits), area: { area, offset: at } });
      }
    }
  }

  function table(page: TablePage): void {
    tables.enter(page);
    const { address, level, stage, owner, words, iova, root } = page;
    for (const i of addresses.within(address, address + words.byteLength)) {
      const own = hits[i] as Hit[];
      if (own.length >= MOST_HITS) continue;
      const index = Math.floor(((addresses.sorted[i] as number) - address) / ENTRY);
      const entry = entryRecord(page, index);
      const hit: TableHit = {
        kind: 'table',
        start: address,
        size: words.byteLength,
        what: `a level-${level} table of ${owner}`,
        ...{ stage, level, index, root, owner, iova: iova * 4096 },
        ...(entry === undefined ? {} : { record: entry }),
        path: tables.path(page),
      };
      own.push(hit);
    }
  }

  const sink: ReferenceSink = {
    record,
    array,
    table,
    ...(translated ? {} : { untranslated: true }),
    blob(blob: BlobInstance, binding: TreeBinding | undefined) {
      const { address, bytes, rider } = blob;
      const what = rider === undefined ? 'the root tree' : `the blob of ${rider}`;
      add(address, bytes.length, () => ({ kind: 'blob', start: address, size: bytes.length, what, blob }));
      addBlobRecords({ record, array }, blob, binding);
    },
    page(page) {
      const { address, length, chain, what } = page;
      lastPage = page;
      if (!heads.has(chain)) heads.set(chain, address);
      add(address, length, () => ({ kind: 'page', start: address, size: length, what, chain }));
    },
    radix(tree, size) {
      for (const [i, start] of tree.pages.entries()) {
        add(start, size, () => {
          const what = i === 0 ? 'the radix root' : `radix page ${i}`;
          return { kind: 'radix', start, size, what, place: treePlace(tree, i, size) };
        });
      }
    },
    bitmap({ address, length, what, blocks }: BitmapInstance) {
      const own = blocks === undefined ? {} : { blocks };
      add(address, length, () => ({ kind: 'bitmap', start: address, size: length, what, ...own }));
    },
    bytes(at, size) {
      const start = Number(at);
      add(start, size, () => ({ kind: 'bytes', start, size, what: 'a structure that is read as a whole' }));
    },
  };

  return {
    sink,
    part: (type, start, what) =>
      add(start, type.size ?? 0, () => ({ kind: 'record', record: type, start, size: type.size ?? 0, what })),
    found: () => ({
      hits: hits.map((own) => own.toSorted((a, b) => a.size - b.size || rank(a) - rank(b))),
      heads: new Map([...heads].filter(([chain]) => linked.has(chain))),
    }),
  };
}

function recordHit(
  record: RecordType<unknown>,
  start: number,
  what: string,
  block: number,
  traits: RecordTraits | undefined,
): RecordHit {
  const { property } = traits ?? {};
  return {
    kind: 'record',
    record,
    start,
    size: record.size ?? 0,
    what,
    ...(block === start ? {} : { block }),
    ...(property === undefined ? {} : { property: { path: property.path, name: property.name } }),
  };
}

const links = new WeakMap<object, boolean>();

/** Whether a record at the start of a page points to the next one. */
function isLink(record: RecordType<unknown>): boolean {
  const known = links.get(record);
  if (known !== undefined) return known;
  const found = record.fields.some(({ pointer }) => pointer?.kind === 'chain');
  links.set(record, found);
  return found;
}

function rank({ kind }: Hit): number {
  return ['record', 'table', 'radix', 'bitmap', 'page', 'run', 'blob', 'bytes'].indexOf(kind);
}

/** The way from the top table to the one that is being told: tables are told depth first. */
function createTablePath() {
  /** By level: the table that was told last, and the entry that leads to it. */
  const tables: number[] = [];
  const entries: TableEntry[] = [];
  let root = -1n;
  return {
    enter({ address, level, entryAddress, root: top }: TablePage): void {
      if (top !== root) {
        tables.length = 0;
        entries.length = 0;
      }
      root = top;
      tables[level] = address;
      const inTable = entryAddress % PAGE;
      entries[level] = {
        address: entryAddress,
        table: entryAddress - inTable,
        level: level + 1,
        index: inTable / ENTRY,
      };
    },
    path({ level }: TablePage): TableEntry[] {
      const path: TableEntry[] = [];
      for (let at = level; ; at++) {
        const entry = entries[at];
        // Below a shared table only what leads to it first is known.
        if (entry === undefined || entry.address < 0 || tables[at + 1] !== entry.table) return path;
        path.push(entry);
      }
    },
  };
}
