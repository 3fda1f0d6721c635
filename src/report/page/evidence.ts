/**
 * Writes down for the page what `kho what` would ask the dump: the references as they are told, the bytes of records and of
 * nothing else, and whose memory is. The engine is the same on both sides, so that the two cannot disagree.
 */
import type { Handover } from '../../abi/model.js';
import type { VmallocArea } from '../../abi/upstream/model.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../../memory/physical.js';
import { addBlobRecords } from '../../references/blobs.js';
import type { BlobInstance, RecordTraits } from '../../references/instance.js';
import type { ReferenceSink } from '../../references/sink.js';
import type { FieldInfo, RecordType } from '../../schema/record.js';
import { beforeNul } from '../../schema/text.js';
import { type ByteRanges, createRangeCollector, within } from '../../trim/byte-ranges.js';
import { accessesOf, iovasOf, type LeafBatch, pagesOf, targetsOf } from '../../vtd/walk/batch.js';
import { kindOf } from '../../what/holds.js';
import type { MappingLookup } from '../../what/mapped.js';
import type { Cut, OwnedContents, WhatSource } from '../../what/source.js';
import { namedSpaces } from '../../what/spaces.js';
import {
  type ContentsData,
  type EvidenceData,
  type FoliosData,
  type TablesData,
  Told,
} from './evidence-data.js';
import { packBytes, packRows, type Rows } from './pack.js';
import { type Plain, toPlain } from './plain.js';
import type { GivenUnit } from './spaces.js';

/** References that are told one by one, and elements of lists of the model. */
const MAX_EVENTS = 24_000;
const MAX_ELEMENTS = 20_000;
/** Rows of one kind. */
const MAX_ROWS = 60_000;
/** Bytes of records, of one array, and of all blobs. */
const MAX_BYTES = 3 << 20;
const MAX_ARRAY = 512 << 10;
const MAX_BLOBS = 512 << 10;
/** Bytes of a bitmap: of a larger one what is after is not told. */
const MAX_BITMAP = 4 << 20;
/** Bytes of a page table. */
const TABLE = 4096;
/** Names of spaces. */
const MAX_NAMES = 2000;

export interface EvidenceInput {
  readonly units: readonly GivenUnit[];
  /** Bytes that may be shown. */
  readonly believed: ByteRanges | undefined;
  /** Whether the page has all findings. */
  readonly allFindings: boolean;
}

/** Bytes of a record. */
interface Extent {
  readonly start: number;
  readonly length: number;
  /** A table or a bitmap; where it has no entry there is nothing to tell, and that is zero. */
  readonly sparse?: 'some' | 'empty';
}

/** Hears the references of a handover, for the page to ask. */
export interface EvidenceRecorder {
  readonly sink: ReferenceSink;
  /** All that the page needs to answer; its size is bounded whatever the dump holds. */
  finish(known: EvidenceInput): EvidenceData;
}

/** @param source of the handover; its references are told to the sink from outside */
export function createEvidence(
  handover: Handover,
  memory: PhysicalMemory,
  source: WhatSource,
): EvidenceRecorder {
  const { pageSize } = handover;
  const cut = new Set<Cut>();
  const texts = createTable<string>();
  const types = createTable<RecordType<unknown>>();
  const areas = createTable<Pick<VmallocArea, 'runs' | 'runSize'>>();
  const properties = createTable<string>();
  const blobs: BlobInstance[] = [];
  const tables: { readonly data: Omit<TablesData, 'rows'>; readonly rows: RowsBuilder }[] = [];
  const extents: Extent[] = [];
  let tableRows = 0;
  let blobBytes = 0;
  let events: number[][] = [];
  let count = 0;

  function tell(...event: number[]): boolean {
    if (++count > MAX_EVENTS) {
      cut.add('records');
      return false;
    }
    events.push(event);
    return true;
  }

  function traitsOf({ list, property }: RecordTraits = {}): [number, number] {
    const own =
      property === undefined
        ? -1
        : properties.number(
            JSON.stringify([property.blob, property.path, property.name, property.rider ?? '']),
          );
    return [list === undefined ? -1 : texts.number(list), own];
  }

  const record: ReferenceSink['record'] = (type, address, what, traits) => {
    const at = Number(address);
    if (tell(Told.record, types.number(type), at, texts.number(what), ...traitsOf(traits)))
      extents.push({ start: at, length: type.size ?? 0 });
  };
  const array: ReferenceSink['array'] = ({ record: type, count: length, at, what, traits }) => {
    const size = type.size ?? 0;
    if (length === 0 || size === 0) return;
    const words = numbered(what, length);
    if (words === undefined) {
      cut.add('records');
      return;
    }
    const [before, after] = words.map((text) => texts.number(text)) as [number, number];
    const own = [before, after, ...traitsOf(traits)];
    const bytes = Math.min(length * size, MAX_ARRAY);
    if (bytes < length * size) cut.add('records');
    if (typeof at === 'object') {
      if (at.runs.length > MAX_ROWS) cut.add('records');
      else if (tell(Told.areaArray, types.number(type), length, areas.number(at), ...own))
        for (let i = 0; i < at.runs.length && i * at.runSize < bytes; i++)
          extents.push({ start: at.runs[i] as number, length: at.runSize });
    } else if (tell(Told.array, types.number(type), length, Number(at), ...own))
      extents.push({ start: Number(at), length: bytes });
  };
  const sink: ReferenceSink = {
    record,
    array,
    blob(blob, binding) {
      blobBytes += blob.bytes.length;
      if (blobBytes > MAX_BLOBS) cut.add('records');
      else if (tell(Told.blob, blob.address, blobs.length)) blobs.push(blob);
      extents.push({ start: blob.address, length: Math.min(blob.bytes.length, MAX_ARRAY) });
      // Who reads this hears of the header from the blob.
      addBlobRecords({ record() {}, array }, blob, binding);
    },
    page: ({ address, length, chain, what }) => {
      tell(Told.page, address, length, texts.number(chain), texts.number(what));
    },
    radix({ pages, slots, depth }, size) {
      if (pages.length > MAX_ROWS) {
        cut.add('records');
        return;
      }
      const rows = createRows(1);
      const ways = createRows(1);
      for (const [i, page] of pages.entries()) {
        rows.add(page);
        ways.add(slots[i] ?? -1);
        extents.push({ start: page, length: size, sparse: 'some' });
      }
      tell(Told.radix, texts.number(rows.text()), size, texts.number(ways.text()), depth);
    },
    bitmap({ address, length, used, what, blocks }) {
      // As a number a start is exact: it is a multiple of the size of a page at least.
      const own = blocks === undefined ? [] : [Number(blocks.physStart), blocks.order];
      if (tell(Told.bitmap, address, length, used, texts.number(what), ...own))
        extents.push({ start: address, length: Math.min(length, MAX_BITMAP), sparse: 'some' });
    },
    bytes(address, length) {
      tell(Told.bytes, Number(address), length);
    },
    table({ address, level, iova, entryAddress, root, stage, owner, format, present }) {
      let last = tables.at(-1);
      if (last?.data.root !== `${root}` || last.data.owner !== owner || entryAddress < 0) {
        if (!tell(Told.tables, tables.length)) return;
        last = { data: { root: `${root}`, stage, owner, large: format.largeLo }, rows: createRows(4) };
        tables.push(last);
      }
      if (++tableRows > MAX_ROWS) cut.add('records');
      else {
        last.rows.add(address, level, iova, entryAddress);
        extents.push({ start: address, length: TABLE, sparse: present.length === 0 ? 'empty' : 'some' });
      }
    },
    mapped: (batch, root) => takeMapped(batch, root),
  };

  const roots = createTable<bigint>();
  const mappings = createRows(6);
  function takeMapped(batch: LeafBatch, root: bigint): void {
    const [iovas, targets, pages, accesses] = [
      iovasOf(batch),
      targetsOf(batch),
      pagesOf(batch),
      accessesOf(batch),
    ];
    const own = roots.number(root);
    for (let row = 0; row < batch.length; row++) {
      if (mappings.count >= MAX_ROWS) {
        cut.add('mappings');
        return;
      }
      mappings.add(
        own,
        iovas[row] as number,
        targets[row] as number,
        pages[row] as number,
        batch.level[row] as number,
        accesses[row] as number,
      );
    }
  }

  return { sink, finish };

  function finish({ units, believed, allFindings }: EvidenceInput): EvidenceData {
    if (!allFindings) cut.add('findings');
    const references = events;
    events = [];
    source.translations(sink, NO_LOOKUP);
    const translations = events;
    const inner = [...take(source.inner(), MAX_ELEMENTS, () => cut.add('records'))].map(
      ({ record: type, address, what }) => {
        extents.push({ start: address, length: type.size ?? 0 });
        return [types.number(type), address, texts.number(what)];
      },
    );

    const folios: FoliosData[] = [];
    let folioRows = 0;
    for (const { session, file, list } of source.folioLists()) {
      const rows = createRows(4);
      for (const { length, pfn, count: counts, step, index } of list.folios.columns()) {
        for (let row = 0; row < length && folioRows < MAX_ROWS; row++, folioRows++)
          rows.add(pfn[row] as number, counts[row] as number, step[row] as number, index[row] as number);
        if (folioRows >= MAX_ROWS) {
          cut.add('folios');
          break;
        }
      }
      folios.push({
        session: hexOf(beforeNul(session.name)),
        handler: hexOf(beforeNul(file.compatible)),
        token: `${file.token}`,
        ...(list.order === undefined ? {} : { order: list.order }),
        area: list.area.runs.length > MAX_ROWS ? -1 : areas.number(list.area),
        rows: rows.text(),
      });
    }

    const states = createRows(3);
    for (const { start, end, state } of take(memory.known(), MAX_ROWS, () => cut.add('states')))
      states.add(start, end, state === 'present' ? 1 : 0);

    const { named, domainsThere, unitsThere } = namedSpaces(handover, units);
    const bytes = recordBytes(handover, extents, believed, cut);
    return {
      pageSize,
      ...preservedData(handover, cut),
      references,
      translations,
      inner,
      places: bytes.places,
      bytes: bytes.bytes,
      states: states.text(),
      model: modelData(handover, cut),
      contents: [...source.contents()].map((each) => contentsData(each, cut, (area) => areas.number(area))),
      folios,
      spaces: toPlain(source.spaces().map(({ root, users }) => ({ root, users }))),
      roots: roots.list.map((root) => `${root}`),
      mappings: mappings.text(),
      names: named.slice(0, MAX_NAMES).map(({ name, anySegment, way }) =>
        toPlain({
          name,
          anySegment,
          // The first stage of a nested translation is read through the second, which the page does not do.
          way: Array.isArray(way)
            ? way.every((request) => request.memory === memory)
              ? way.map(({ root, levels, format, inputWidth }) => ({
                  root: BigInt(root),
                  levels,
                  format,
                  inputWidth,
                }))
              : { why: 'its first stage is in the memory of a guest, which the page does not have' }
            : way,
        }),
      ),
      domainsThere,
      unitsThere,
      texts: texts.list,
      types: types.list.map(typeData),
      properties: properties.list.map((text) => JSON.parse(text) as [number, string, string, string]),
      areas: areas.list.map(({ runs, runSize }) => {
        const rows = createRows(1);
        for (const run of runs) rows.add(run);
        return [runSize, rows.text()] as const;
      }),
      blobs: blobs.map(
        (blob) => [packBytes(believedOf(blob, believed)), blob.bytes.length, blob.rider ?? ''] as const,
      ),
      tables: tables.map(({ data, rows }) => ({ ...data, rows: rows.text() })),
      cut: [...cut],
    };
  }
}

const NO_LOOKUP: MappingLookup = { take() {}, add() {}, found: [], more: new Float64Array(0) };

/** What is before and after the number in the words of each element; undefined where they differ in more. */
function numbered(what: (i: number) => string, count: number): readonly [string, string] | undefined {
  const last = count - 1;
  const first = what(0);
  if (count === 1) return [first, ''];
  const words = what(last);
  for (let at = first.indexOf('0'); at >= 0; at = first.indexOf('0', at + 1)) {
    const [before, after] = [first.slice(0, at), first.slice(at + 1)];
    const text = (i: number): string => `${before}${i}${after}`;
    if (text(last) === words && text(1) === what(1) && text(last >> 1) === what(last >> 1))
      return [before, after];
  }
  return undefined;
}

function believedOf({ address, bytes }: BlobInstance, believed: ByteRanges | undefined): Uint8Array {
  const out = new Uint8Array(bytes.length);
  if (believed === undefined) return out;
  for (const { start, end } of within(believed, address, address + bytes.length))
    out.set(bytes.subarray(start - address, end - address), start - address);
  return out;
}

/** The bytes of records, as many as there is room for: those that are told first. */
function recordBytes(
  { memory }: Handover,
  extents: readonly Extent[],
  believed: ByteRanges | undefined,
  cut: Set<Cut>,
): { readonly places: string; readonly bytes: string } {
  const wanted = createRangeCollector();
  let room = MAX_BYTES;
  for (const { start, length, sparse } of believed === undefined ? [] : extents) {
    if (room < length) {
      cut.add('records');
      break;
    }
    let isThere = sparse === 'empty';
    for (const part of within(believed as ByteRanges, start, start + length)) {
      isThere = true;
      if (sparse === undefined) wanted.add(part.start, part.end - part.start);
      room -= part.end - part.start;
    }
    if (isThere && sparse !== undefined) wanted.add(start, length);
  }
  const { count, starts, ends } = wanted.finish();
  const places = createRows(2);
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let i = 0; i < count; i++) {
    const start = starts[i] as number;
    const bytes = new Uint8Array((ends[i] as number) - start);
    const known = memory?.read(start, bytes.length, bytes) ?? 0;
    let shown = start;
    for (const part of within(believed as ByteRanges, start, start + known)) {
      bytes.fill(0, shown - start, part.start - start);
      shown = part.end;
    }
    bytes.fill(0, shown - start);
    places.add(start, known);
    parts.push(bytes.subarray(0, known));
    size += known;
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return { places: places.text(), bytes: packBytes(all) };
}

function preservedData(
  { preserved }: Handover,
  cut: Set<Cut>,
): Pick<EvidenceData, 'blocks'> | Pick<EvidenceData, 'ranges'> {
  if (preserved === undefined) return {};
  const { pages, ranges } = preserved;
  if (pages === undefined) {
    const rows = createRows(2);
    for (const { start, end } of take(ranges, MAX_ROWS, () => cut.add('blocks')))
      rows.add(Number(start), Number(end));
    return { ranges: rows.text() };
  }
  const rows = createRows(3);
  for (const { length, pfn, order, count } of pages.blockColumns()) {
    for (let row = 0; row < length; row++) {
      if (rows.count >= MAX_ROWS) {
        cut.add('blocks');
        return { blocks: rows.text() };
      }
      rows.add(pfn[row] as number, order[row] as number, count[row] as number);
    }
  }
  return { blocks: rows.text() };
}

/** @param areaOf the number of an area */
function contentsData(
  { place, name, subject, runs, entries }: OwnedContents,
  cut: Set<Cut>,
  areaOf: (area: Pick<VmallocArea, 'runs' | 'runSize'>) => number,
): ContentsData {
  const rows = createRows(3);
  for (const { start, end, position = -1 } of take(runs(), MAX_ELEMENTS, () => cut.add('records'))) {
    const first = Number(start);
    // What no address leads to keeps its number.
    if (first >= PHYSICAL_LIMIT) rows.add(0, 0, -1);
    else rows.add(first, Math.min(Number(end), Number.MAX_SAFE_INTEGER), position);
  }
  const own = {
    place: toPlain(place),
    ...(subject.cpu === undefined ? {} : { cpu: subject.cpu }),
    ...(kindOf(place) === 'other' ? { name } : {}),
    rows: rows.text(),
  };
  if (entries === undefined) return own;
  const { at, what, ...rest } = entries;
  const words = numbered(what, MAX_ELEMENTS);
  if (words === undefined) {
    cut.add('records');
    return own;
  }
  const where = typeof at === 'number' ? { at } : { area: areaOf(at) };
  return { ...own, entries: { ...rest, ...where, words } };
}

function modelData(handover: Handover, cut: Set<Cut>): Plain {
  const { setupData, preservedMap, scratch, image } = handover;
  const some = <T>(items: Iterable<T>): T[] => [...take(items, MAX_ELEMENTS, () => cut.add('records'))];
  return toPlain({
    setupData:
      setupData === undefined ? undefined : { element: setupData.element, bootParams: setupData.bootParams },
    preservedMap:
      preservedMap === undefined ? undefined : { complete: preservedMap.complete && !cut.has('blocks') },
    scratch: scratch === undefined ? undefined : some(scratch).map(({ start, end }) => ({ start, end })),
    image: image?.map(({ what, start, end }) => ({ what, start, end })),
  });
}

function typeData(type: RecordType<unknown>): Plain {
  const { file, name, kernelName, endian, size, fields } = type;
  return toPlain({ file, name, kernelName, endian, size, fields: fields.map(fieldData) });
}

function fieldData(field: FieldInfo): Plain {
  const { id, kernelName, bitOffset, bitWidth, kind, record, element, length, values, unit, text, pointer } =
    field;
  return toPlain({
    ...{ id, kernelName, bitOffset, bitWidth, kind, length, values, unit, text },
    record: record === undefined ? undefined : typeData(record),
    element: element === undefined ? undefined : fieldData(element),
    pointer: pointer === undefined ? undefined : { kind: pointer.kind, null: pointer.null },
  });
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function* take<T>(items: Iterable<T>, most: number, over: () => void): Generator<T> {
  let count = 0;
  for (const item of items) {
    if (count++ >= most) {
      over();
      return;
    }
    yield item;
  }
}

interface Table<T> {
  readonly list: T[];
  number(item: T): number;
}

function createTable<T>(): Table<T> {
  const list: T[] = [];
  const numbers = new Map<T, number>();
  return {
    list,
    number(item) {
      const known = numbers.get(item);
      if (known !== undefined) return known;
      numbers.set(item, list.length);
      return list.push(item) - 1;
    },
  };
}

interface RowsBuilder {
  add(...row: number[]): void;
  readonly count: number;
  text(): string;
}

function createRows(width: number): RowsBuilder {
  let values = new Float64Array(64 * width);
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(...row) {
      if ((count + 1) * width > values.length) {
        const larger = new Float64Array(values.length * 2);
        larger.set(values);
        values = larger;
      }
      for (let i = 0; i < width; i++) values[count * width + i] = row[i] as number;
      count++;
    },
    text: () => packRows({ width, count, values } satisfies Rows),
  };
}
