/** What a page was given of a dump, as a source of answers: the counterpart of evidence.ts, in the browser. */

import { firstAfter } from '../../memory/first-after.js';
import { type MemorySegment, segmentsMemory } from '../../memory/segments.js';
import type { RecordTraits } from '../../references/instance.js';
import type { Place } from '../../references/place.js';
import type { RecordArray, ReferenceSink } from '../../references/sink.js';
import type { FieldInfo, RecordType } from '../../schema/record.js';
import type { EntryFormat } from '../../vtd/walk/format.js';
import { follow, type Landing, noDevice, noDomain } from '../../what/landing.js';
import type { SpaceName } from '../../what/query.js';
import type { Cut, OwnedContents, WhatModel, WhatSource } from '../../what/source.js';
import { type ContentsData, type EvidenceData, Told } from './evidence-data.js';
import { type Rows, unpackBytes, unpackRows } from './pack.js';
import { fromPlain, type Plain } from './plain.js';

const TABLE = 4096;
const ENTRY = 8;

type Model = Omit<WhatModel, 'pageSize' | 'preserved'>;

/** Reads all of it once. */
export function readEvidence(data: EvidenceData): WhatSource {
  const { texts, pageSize } = data;
  const types = data.types.map(typeOf);
  const memory = memoryOf(data);
  const areas = data.areas.map(([runSize, rows]) => ({ runSize, runs: unpackRows(rows, 1).values }));
  const blobs = data.blobs.map(([bytes, length, rider]) => ({
    bytes: unpackBytes(bytes, length),
    ...(rider === '' ? {} : { rider }),
  }));
  const tables = data.tables.map((table) => ({ ...table, rows: unpackRows(table.rows, 4) }));
  const states = unpackRows(data.states, 3);
  const ends = Float64Array.from({ length: states.count }, (_, i) => states.values[3 * i + 1] as number);
  const folios = data.folios.map(({ session, handler, token, order, area, rows }) => ({
    session: { name: bytesOf(session) },
    file: { compatible: bytesOf(handler), token: BigInt(token) },
    list: {
      ...(order === undefined ? {} : { order }),
      area: areas[area] ?? { runSize: 1, runs: new Float64Array(0) },
      folios: foliosOf(unpackRows(rows, 4)),
    },
  }));
  const contents = data.contents.map(contentsOf);
  const spaces = fromPlain(data.spaces) as ReturnType<WhatSource['spaces']>;
  const roots = data.roots.map((root) => BigInt(root));
  const mappings = unpackRows(data.mappings, 6);
  const cut = new Set(data.cut as readonly Cut[]);
  const { preservedMap, ...model } = fromPlain(data.model) as Model;
  const text = (i: number | undefined): string => texts[i ?? -1] ?? '';
  const typeAt = (i: number | undefined): RecordType<unknown> => types[i ?? -1] ?? NO_TYPE;

  function traits(list: number | undefined, property: number | undefined): RecordTraits {
    const [blob, path, name, rider] = data.properties[property ?? -1] ?? [];
    return {
      ...(list === undefined || list < 0 ? {} : { list: text(list) }),
      ...(blob === undefined || path === undefined || name === undefined
        ? {}
        : {
            property: { blob, path, name, ...(rider === undefined || rider === '' ? {} : { rider }) },
          }),
    };
  }

  function tell(sink: ReferenceSink, [kind, a = 0, b = 0, c = 0, d = 0, e, f, g]: readonly number[]): void {
    const words = (i: number): string => `${text(d)}${i}${text(e)}`;
    switch (kind) {
      case Told.record:
        sink.record(typeAt(a), b, text(c), traits(d, e));
        break;
      case Told.array:
      case Told.areaArray: {
        const at = kind === Told.array ? c : areas[c];
        // Of one element the words have no number.
        const what = b === 1 ? () => text(d) : words;
        if (at !== undefined)
          sink.array({
            record: typeAt(a),
            count: b,
            at: at as RecordArray['at'],
            what,
            traits: traits(f, g),
          });
        break;
      }
      case Told.page:
        sink.page({ address: a, length: b, chain: text(c), what: text(d) });
        break;
      case Told.radix:
        sink.radix(
          { pages: unpackRows(text(a), 1).values, slots: unpackRows(text(c), 1).values, depth: d },
          b,
        );
        break;
      case Told.bitmap:
        sink.bitmap({
          ...{ address: a, length: b, used: c, what: text(d) },
          ...(e === undefined || f === undefined ? {} : { blocks: { physStart: BigInt(e), order: f } }),
        });
        break;
      case Told.bytes:
        sink.bytes(a, b);
        break;
      case Told.blob: {
        const blob = blobs[b];
        if (blob !== undefined) sink.blob({ address: a, ...blob }, undefined);
        break;
      }
      case Told.tables:
        if (sink.untranslated !== true) tellTables(sink, a);
        break;
      default:
    }
  }

  function tellTables(sink: ReferenceSink, nth: number): void {
    const table = tables[nth];
    if (table === undefined) return;
    const { root, stage, owner, large, rows } = table;
    const format = { largeLo: large } as EntryFormat;
    for (let row = 0; row < rows.count; row++) {
      const [address = 0, level = 0, iova = 0, entryAddress = 0] = rows.values.subarray(4 * row, 4 * row + 4);
      sink.table({
        ...{ address, level, iova, entryAddress, stage, owner, format, root: BigInt(root) },
        present: NO_ENTRIES,
        // Most tables are not asked about.
        get words() {
          const bytes = new Uint8Array(TABLE);
          memory.read(address, TABLE, bytes);
          return new Int32Array(bytes.buffer, 0, TABLE / (ENTRY / 2));
        },
      });
    }
  }

  function lead(space: SpaceName, iova: bigint): Landing {
    const names = data.names as readonly Plain[];
    let named: NamedSpace | undefined;
    for (const each of names) {
      const own = fromPlain(each) as unknown as NamedSpace;
      if (isSame(own, space) && (named === undefined || own.anySegment !== true)) named = own;
    }
    if (named === undefined)
      return 'domain' in space
        ? noDomain(space.domain, data.domainsThere)
        : noDevice(space.device, data.unitsThere);
    const { way } = named;
    if (!Array.isArray(way)) return way as Landing;
    const landing = follow(
      way.map((request) => ({ ...request, memory })),
      iova,
    );
    // Tables that the page has no room for: what they map it may know nevertheless.
    if (landing.address === undefined && cut.size > 0) return mappedTo(way[0]?.root, iova) ?? landing;
    return landing;
  }

  function mappedTo(root: bigint | undefined, iova: bigint): Landing | undefined {
    const own = roots.indexOf(root ?? -1n);
    const frame = Number(iova >> 12n);
    for (let row = 0; row < mappings.count; row++) {
      const [space, first = 0, target = 0, pages = 0] = mappings.values.subarray(6 * row, 6 * row + 4);
      if (space !== own || frame < first || frame >= first + pages) continue;
      return { address: BigInt(target + frame - first) * 4096n + (iova & 4095n) };
    }
    return undefined;
  }

  return {
    ...model,
    pageSize,
    ...(cut.has('blocks') || preservedMap !== undefined
      ? {
          preservedMap: {
            ...(preservedMap as NonNullable<typeof preservedMap>),
            ...(cut.has('blocks') ? { complete: false } : {}),
          },
        }
      : {}),
    ...preservedOf(data),
    cut,
    memory,
    state(address) {
      const i = firstAfter(ends, address);
      if (i >= states.count || (states.values[3 * i] as number) > address) return 'absent';
      return states.values[3 * i + 2] === 1 ? 'present' : 'zero';
    },
    references(sink) {
      for (const event of data.references) tell(sink, event);
    },
    translations(sink, lookup) {
      for (const event of data.translations) tell(sink, event);
      for (let row = 0; row < mappings.count; row++) {
        const [own = -1, iova = 0, target = 0, pages = 0, level = 0, access = 0] = mappings.values.subarray(
          6 * row,
          6 * row + 6,
        );
        lookup.add(roots[own] ?? 0n, iova, target, pages, level, access);
      }
    },
    *inner() {
      for (const [type, address = 0, what] of data.inner)
        yield { record: typeAt(type), address, what: text(what) };
    },
    folioLists: () => folios,
    contents: () => contents,
    spaces: () => spaces,
    landing: lead,
  };

  function contentsOf({ place, cpu, name = '', rows, entries }: ContentsData): OwnedContents {
    const { values, count } = unpackRows(rows, 3);
    return {
      place: fromPlain(place) as Place,
      name,
      subject: cpu === undefined ? {} : { cpu },
      *runs() {
        for (let row = 0; row < count; row++) {
          const [start = 0, end = 0, position = -1] = values.subarray(3 * row, 3 * row + 3);
          yield { start, end, ...(position < 0 ? {} : { position }) };
        }
      },
      ...(entries === undefined ? {} : { entries: entriesOf(entries) }),
    };
  }

  function entriesOf({ at, area, words, ...rest }: NonNullable<ContentsData['entries']>) {
    const [before, after] = words;
    const what = (i: number): string => `${before}${i}${after}`;
    return { ...rest, at: at ?? areas[area ?? -1] ?? { runSize: 1, runs: new Float64Array(0) }, what };
  }
}

const NO_ENTRIES = new Uint16Array(0);
const NO_TYPE: RecordType<unknown> = {
  ...{ file: '', name: '', kernelName: '', doc: '', docRef: [], endian: 'le', size: 0 },
  parameters: [],
  fields: [],
};

interface NamedSpace {
  readonly name: SpaceName;
  readonly anySegment?: boolean;
  readonly way:
    | Landing
    | readonly {
        readonly root: bigint;
        readonly levels: number;
        readonly format: EntryFormat;
        readonly inputWidth?: number;
      }[];
}

function isSame({ name, anySegment }: NamedSpace, space: SpaceName): boolean {
  if ('domain' in name || 'domain' in space)
    return 'domain' in name && 'domain' in space && name.domain === space.domain;
  const { device } = name;
  return (
    device.bus === space.device.bus &&
    device.devfn === space.device.devfn &&
    (anySegment === true || device.segment === space.device.segment)
  );
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

function memoryOf(data: EvidenceData) {
  const places = unpackRows(data.places, 2);
  let size = 0;
  for (let i = 0; i < places.count; i++) size += places.values[2 * i + 1] as number;
  const bytes = unpackBytes(data.bytes, size);
  const segments: MemorySegment[] = [];
  let at = 0;
  for (let i = 0; i < places.count; i++) {
    const length = places.values[2 * i + 1] as number;
    segments.push({ address: places.values[2 * i] as number, bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  return segmentsMemory(segments, 'records of a page');
}

function foliosOf({ values, count }: Rows) {
  const column = (nth: number): Float64Array =>
    Float64Array.from({ length: count }, (_, row) => values[4 * row + nth] as number);
  const columns = { length: count, pfn: column(0), count: column(1), step: column(2), index: column(3) };
  return { columns: () => [columns] };
}

function preservedOf({ blocks, ranges }: EvidenceData): Pick<WhatModel, 'preserved'> {
  if (ranges !== undefined) {
    const { values, count } = unpackRows(ranges, 2);
    const list = Array.from({ length: count }, (_, i) => ({
      start: BigInt(values[2 * i] as number),
      end: BigInt(values[2 * i + 1] as number),
    }));
    return { preserved: { ranges: list } };
  }
  if (blocks === undefined) return {};
  const { values, count } = unpackRows(blocks, 3);
  const byOrder = new Map<number, { starts: number[]; ends: number[] }>();
  for (let i = 0; i < count; i++) {
    const [pfn = 0, order = 0, length = 0] = values.subarray(3 * i, 3 * i + 3);
    const own = byOrder.get(order) ?? { starts: [], ends: [] };
    byOrder.set(order, own);
    own.starts.push(pfn);
    own.ends.push(pfn + length * 2 ** order);
  }
  const columns = new Map(
    [...byOrder].map(([order, { starts, ends }]) => [order, { starts, ends: Float64Array.from(ends) }]),
  );
  return {
    preserved: {
      pages: {
        orders: [...columns.keys()].sort((a, b) => a - b),
        has(pfn, order) {
          const own = columns.get(order);
          if (own === undefined) return false;
          const i = firstAfter(own.ends, pfn);
          const start = own.starts[i];
          return start !== undefined && start <= pfn && (pfn - start) % 2 ** order === 0;
        },
      },
    },
  };
}

interface PlainType extends Omit<RecordType<unknown>, 'fields'> {
  readonly fields: readonly FieldInfo[];
}

function typeOf(plain: Plain): RecordType<unknown> {
  return typed(fromPlain(plain) as unknown as PlainType);
}

function typed(type: PlainType): RecordType<unknown> {
  return { ...type, doc: '', docRef: [], parameters: [], fields: type.fields.map(field) };
}

function field(info: FieldInfo): FieldInfo {
  const { record, element } = info;
  return {
    ...info,
    doc: '',
    ...(record === undefined ? {} : { record: typed(record) }),
    ...(element === undefined ? {} : { element: field(element) }),
  };
}
