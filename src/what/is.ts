/** What lies at an address, put into names, values and meanings. */
import { dataView } from '../decode/bytes.js';
import { readArea } from '../decode/upstream/vmalloc.js';
import type { BlockRange } from '../memory/blocks.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { bootParams } from '../records/kho.js';
import type { RecordType } from '../schema/record.js';
import { beforeNul } from '../schema/text.js';
import { counted, hex } from '../schema/units.js';
import { bitmapBlock } from '../structures/map/bitmaps.js';
import { MAP_BITMAP, MAP_TREE, readSlot, slotAt, slotOffset } from '../structures/map/pages.js';
import { leafBlock } from '../structures/map/shape.js';
import { pagesPerEntry } from '../vtd/walk/batch.js';
import { type BlobPlace, blobPlace } from './blob-place.js';
import { bitsText, type FieldValue, fieldsAt, fieldsOf, valueText } from './fields.js';
import {
  type BlobHit,
  type Hit,
  type PlaceHit,
  type RadixHit,
  type RecordHit,
  recordName,
  type TableHit,
} from './hit.js';
import type { WhatModel } from './source.js';

/** A field, in words. */
export interface FieldText {
  readonly field: string;
  /** Bytes from the start of the record. */
  readonly offset: number;
  readonly bits?: string;
  readonly bitWidth: number;
  readonly value?: bigint | Uint8Array;
  readonly meaning: string;
}

/** A structure that has a byte at the address. */
export interface Is {
  /** The kernel's name. */
  readonly record: string;
  /** Of the field at the byte, the kernel's. */
  readonly field?: string;
  /** Of the byte, from the start of the record. */
  readonly offset: number;
  /** Bytes of the record. */
  readonly size: number;
  /** For people. */
  readonly what: string;
  /** Physical address of the record. */
  readonly address: number;
  /** Value of the field, its bits where it has not whole bytes, and what it means. */
  readonly value?: bigint | Uint8Array;
  readonly bitWidth?: number;
  readonly bits?: string;
  readonly meaning?: string;
  /** All fields that have bits in the byte, where there are several. */
  readonly fields?: readonly FieldText[];
  /** What is known of the record, from its start on. */
  readonly bytes?: Uint8Array;
  /** All fields of the record; drawn when asked for. */
  readonly whole?: () => FieldText[];
  readonly fdtPath?: string;
  readonly property?: string;
}

/** What is not shown: of the page that a record is in, at most so much. */
const MOST_BYTES = 4096;
/** Entries of VT-d tables have page frames of 4 KiB. */
const VTD_PAGE = 4096;
const ENTRY = 8;

/**
 * @param shown whether bytes and values may be shown: memory of guests and of users is not
 */
export function isOf(
  hits: readonly Hit[],
  address: number,
  handover: WhatModel,
  memory: PhysicalMemory,
  shown: boolean,
): Is[] {
  const told = hits.filter(({ kind }) => kind !== 'bytes');
  return (told.length > 0 ? told : hits).flatMap((hit): Is[] => {
    const is = ofHit(hit, hits, address, handover, memory);
    if (is === undefined) return [];
    if (shown) return [is];
    const { record, field, offset, size, what, address: at, fdtPath, property } = is;
    return [
      {
        ...{ record, offset, size, what, address: at },
        ...(field === undefined ? {} : { field }),
        ...(fdtPath === undefined ? {} : { fdtPath }),
        ...(property === undefined ? {} : { property }),
      },
    ];
  });
}

function ofHit(
  hit: Hit,
  hits: readonly Hit[],
  address: number,
  handover: WhatModel,
  memory: PhysicalMemory,
): Is | undefined {
  switch (hit.kind) {
    case 'record':
      return ofRecord(hit, address, handover, memory);
    case 'table':
      return ofTable(hit, address, memory);
    case 'radix':
      return ofRadix(hit, address, memory);
    case 'blob':
      return ofBlob(hit, hits, address);
    default:
      return ofPlace(hit, address, handover, memory);
  }
}

function ofRecord(hit: RecordHit, address: number, { pageSize }: WhatModel, memory: PhysicalMemory): Is {
  const { record, start, size, what, area, property } = hit;
  let offset = address - start;
  const bytes = new Uint8Array(size);
  let known: number;
  if (area === undefined) known = memory.read(start, size, bytes);
  else {
    // An element may begin in another run than it ends.
    known = readArea({ memory }, area.area, area.offset, size, bytes);
    if (offset < 0 || offset >= size) offset = offsetInArea(area, address);
  }
  const whole = bytes.subarray(0, known);
  return {
    ...named(record, whole, offset, pageOf(record, pageSize)),
    ...{ record: recordName(record), offset, size, what, address: start },
    ...(property === undefined ? {} : { fdtPath: property.path, property: property.name }),
    // What else boot_params has is not of the handover.
    ...(record.name === bootParams.name ? {} : { bytes: withoutTails(record, whole) }),
  };
}

/** What lies after the NUL of a text was never meant to be handed over: it is shown as zero. */
function withoutTails(record: RecordType<unknown>, whole: Uint8Array): Uint8Array {
  const own = whole.slice();
  for (const { info, start, end } of fieldsOf(record, whole)) {
    if (info.text !== true) continue;
    const text = own.subarray(start, end);
    text.fill(0, beforeNul(text).length);
  }
  return own;
}

function offsetInArea({ area, offset }: NonNullable<RecordHit['area']>, address: number): number {
  const { runs, runSize } = area;
  const run = runs.findIndex((start) => address >= start && address < start + runSize);
  return run * runSize + address - (runs[run] ?? 0) - offset;
}

function pageOf({ file }: RecordType<unknown>, pageSize: number): number {
  return file === 'vtd' ? VTD_PAGE : pageSize;
}

/** The fields at a byte, the one that says most first. */
function named(
  record: RecordType<unknown>,
  bytes: Uint8Array,
  offset: number,
  pageSize: number,
): Pick<Is, 'field' | 'value' | 'bits' | 'bitWidth' | 'meaning' | 'fields' | 'whole'> {
  const own = fieldsAt(record, bytes, offset);
  const field = own.find(({ name }) => !name.startsWith('(')) ?? own[0];
  if (field === undefined) return {};
  const bits = bitsText(field);
  return {
    field: field.name,
    bitWidth: field.bitWidth,
    ...(bits === undefined ? {} : { bits }),
    ...(field.value === undefined ? {} : { value: field.value }),
    meaning: valueText(field, pageSize),
    ...(own.length > 1 ? { fields: own.map((each) => fieldText(each, pageSize)) } : {}),
    whole: () => fieldsOf(record, bytes).map((each) => fieldText(each, pageSize)),
  };
}

function fieldText(field: FieldValue, pageSize: number): FieldText {
  const { name, start, bitWidth, value } = field;
  const bits = bitsText(field);
  return {
    field: name,
    offset: start,
    bitWidth,
    ...(bits === undefined ? {} : { bits }),
    ...(value === undefined ? {} : { value }),
    meaning: valueText(field, pageSize),
  };
}

function ofTable(hit: TableHit, address: number, memory: PhysicalMemory): Is {
  const { record, start, level, index, iova, owner } = hit;
  const at = start + index * ENTRY;
  const bytes = new Uint8Array(ENTRY);
  const known = bytes.subarray(0, memory.read(at, ENTRY, bytes));
  const span = pagesPerEntry(level) * VTD_PAGE;
  const first = BigInt(iova) + BigInt(index) * BigInt(span);
  const range = `IOVA ${hex(first)}-${hex(first + BigInt(span))}`;
  const what = `${range}, level ${level} entry ${index} of the table at ${hex(start)} of ${owner}`;
  const name = record === undefined ? 'page table entry' : recordName(record);
  return {
    ...(record === undefined ? {} : named(record, known, address - at, VTD_PAGE)),
    ...{ record: name, offset: address - at, size: ENTRY, what, address: at, bytes: known },
  };
}

function ofRadix(hit: RadixHit, address: number, memory: PhysicalMemory): Is {
  const { start, size, place } = hit;
  const offset = address - start;
  const head = { offset, size, address: start };
  if (place.level > 0) {
    const index = slotAt(offset);
    const slot = new Uint8Array(ENTRY);
    const known = memory.read(start + slotOffset(index), ENTRY, slot) === ENTRY;
    const value = readSlot(dataView(slot), 0);
    const what =
      place.slot === undefined
        ? 'the root of the radix tree'
        : `a node of the radix tree, level ${place.level}`;
    return {
      ...head,
      ...{ record: recordName(MAP_TREE.node), field: `table[${index}]`, what },
      ...(known ? { value, bitWidth: 64, meaning: value === 0n ? '0 (none)' : hex(value) } : {}),
    };
  }
  const blocks = blocksAt(offset, (bit) => leafBlock(place.number, bit, size));
  return {
    ...head,
    ...{ record: recordName(MAP_TREE.leaf), field: 'bitmap', what: `a leaf of the radix tree${blocks}` },
    ...bitmapByte(memory, address),
  };
}

/** `: blocks of order 0, 0x1000-0x9000`, of the eight bits of a byte. */
function blocksAt(offset: number, block: (bit: number) => BlockRange | undefined): string {
  const first = block(offset * 8);
  const last = block(offset * 8 + 7);
  if (first === undefined || last === undefined) return '';
  return `: this byte is for the blocks of order ${first.order} in ${hex(first.start)}-${hex(last.end)}`;
}

function bitmapByte(memory: PhysicalMemory, address: number): Pick<Is, 'value' | 'bitWidth' | 'meaning'> {
  const byte = new Uint8Array(1);
  if (memory.read(address, 1, byte) < 1) return {};
  const value = byte[0] as number;
  const set = value.toString(2).replaceAll('0', '').length;
  return { value: BigInt(value), bitWidth: 8, meaning: `${counted(set, 'block')} of 8` };
}

function ofBlob({ blob, start, size }: BlobHit, hits: readonly Hit[], address: number): Is | undefined {
  const offset = address - start;
  const place: BlobPlace = blobPlace(blob.bytes, offset);
  const header = hits.some((each) => each.kind === 'record' && recordName(each.record) === place.record);
  if (header && place.fdtPath === undefined) return undefined;
  const tree = blob.rider === undefined ? 'the root tree' : `the blob of ${blob.rider}`;
  const { record, field, what, fdtPath, property, value } = place;
  return {
    ...{
      record,
      offset: offset - place.start,
      size: Math.min(place.size, size),
      address: start + place.start,
    },
    what: `${what} in ${tree}, blob offset ${hex(offset)}`,
    bytes: blob.bytes.subarray(place.start, Math.min(place.start + place.size, place.start + MOST_BYTES)),
    ...(field === undefined ? {} : { field }),
    ...(value === undefined ? {} : { meaning: value }),
    ...(fdtPath === undefined ? {} : { fdtPath }),
    ...(property === undefined ? {} : { property }),
  };
}

function ofPlace(hit: PlaceHit, address: number, { pageSize }: WhatModel, memory: PhysicalMemory): Is {
  const { kind, start, size, what, blocks: own } = hit;
  const head = { offset: address - start, size, address: start };
  if (kind !== 'bitmap') return { ...head, record: kind === 'bytes' ? 'structure' : 'page', what };
  const blocks = own === undefined ? '' : blocksAt(address - start, (bit) => bitmapBlock(own, bit, pageSize));
  return {
    ...head,
    record: own === undefined ? 'bitmap' : recordName(MAP_BITMAP),
    ...(own === undefined ? {} : { field: 'preserve' }),
    what: `${what}${blocks}`,
    ...bitmapByte(memory, address),
  };
}
