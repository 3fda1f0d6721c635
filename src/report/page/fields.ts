/** A record's bytes as rows: where each field is, what is there, and what it means. */
import type { FieldInfo, RecordType } from '../../schema/record.js';
import { beforeNul, bytesToHex, bytesToText } from '../../schema/text.js';
import { hex, size } from '../../schema/units.js';
import { flagsText, valueName } from '../../structures/text.js';

/** One field, or one element of an array of fields. */
export interface FieldRow {
  /** `+0x8`, with the bits where a field is not whole bytes. */
  readonly offset: string;
  /** The kernel's name, with those of the structs around it. */
  readonly name: string;
  /** Hexadecimal, two digits a byte; empty for fields of bits, whose word is a row's before. */
  readonly bytes: string;
  /** Not escaped. */
  readonly value: string;
  /** What formats/ and the unit make of the value; not escaped, may be empty. */
  readonly meaning: string;
  readonly doc: string;
  /** Physical address that the field holds, if it points to one. */
  readonly target?: bigint;
}

/** Elements of an array, and bytes of a field, that are shown. */
const MAX_ELEMENTS = 8;
const MAX_BYTES = 16;
/** Structs within structs. */
const MAX_DEPTH = 4;

/**
 * The fields of one record.
 *
 * @param bytes of the record, from its first one on
 * @param pageSize bytes of a page, for page frame numbers
 */
export function fieldRows(record: RecordType<unknown>, bytes: Uint8Array, pageSize: number): FieldRow[] {
  const rows: FieldRow[] = [];
  addFields(rows, record, record.fields, bytes, { base: 0, prefix: '', pageSize, depth: 0 });
  return rows;
}

interface Place {
  /** Bits before the struct. */
  readonly base: number;
  readonly prefix: string;
  readonly pageSize: number;
  readonly depth: number;
}

function addFields(
  rows: FieldRow[],
  record: RecordType<unknown>,
  fields: readonly FieldInfo[],
  bytes: Uint8Array,
  place: Place,
): void {
  for (const field of fields) {
    if (field.bitOffset === undefined) return;
    addField(rows, record, field, bytes, place, place.base + field.bitOffset);
  }
}

function addField(
  rows: FieldRow[],
  record: RecordType<unknown>,
  field: FieldInfo,
  bytes: Uint8Array,
  place: Place,
  at: number,
): void {
  const name = `${place.prefix}${field.kernelName}`;
  const inner = field.record;
  if (field.kind === 'record' && inner !== undefined && place.depth < MAX_DEPTH) {
    addFields(rows, inner, inner.fields, bytes, {
      ...place,
      base: at,
      prefix: `${name}.`,
      depth: place.depth + 1,
    });
    return;
  }
  if (field.kind === 'array' && field.element !== undefined) {
    const width = field.element.bitWidth ?? 0;
    const room = width === 0 ? 0 : Math.floor((8 * bytes.length - at) / width);
    const length = Math.min(field.length ?? room, room);
    for (let i = 0; i < Math.min(length, MAX_ELEMENTS); i++)
      addField(
        rows,
        record,
        { ...field.element, kernelName: `${field.kernelName}[${i}]` },
        bytes,
        place,
        at + i * width,
      );
    if (length > MAX_ELEMENTS)
      rows.push({
        ...row(field, at),
        name,
        bytes: '',
        value: `and ${length - MAX_ELEMENTS} more`,
        meaning: '',
      });
    return;
  }
  const start = Math.floor(at / 8);
  if (start >= bytes.length) return;
  if (field.kind === 'uint' || field.kind === 'sint') {
    addNumber(rows, record, field, bytes, place, at);
    return;
  }
  const end = field.bitWidth === undefined ? bytes.length : start + field.bitWidth / 8;
  const value = bytes.subarray(start, end);
  const text = field.text === true ? bytesToText(value) : undefined;
  rows.push({
    ...row(field, at),
    name,
    bytes: shown(text === undefined ? value : beforeNul(value)),
    value: text === undefined ? `${value.length} bytes` : JSON.stringify(text.text),
    meaning: text === undefined || text.terminated ? '' : 'not NUL-terminated',
  });
}

function addNumber(
  rows: FieldRow[],
  { endian }: RecordType<unknown>,
  field: FieldInfo,
  bytes: Uint8Array,
  place: Place,
  at: number,
): void {
  const width = field.bitWidth ?? 0;
  const first = Math.floor(at / 8);
  const end = Math.ceil((at + width) / 8);
  if (width === 0 || end > bytes.length) return;
  const own = bytes.subarray(first, end);
  const raw = numberOf(own, endian, at % 8, width);
  const value = field.kind === 'sint' ? BigInt.asIntN(width, raw) : raw;
  const whole = at % 8 === 0 && width % 8 === 0;
  const target = targetOf(field, value, at, place.pageSize);
  const shownValue = isAddress(field) || width > 32 ? hex(value) : `${value}`;
  rows.push({
    ...row(field, at),
    name: `${place.prefix}${field.kernelName}`,
    bytes: whole ? shown(own) : '',
    value: shownValue,
    meaning: meaningOf(field, value, target),
    ...(target === undefined ? {} : { target }),
  });
}

function numberOf(bytes: Uint8Array, endian: 'le' | 'be', shift: number, width: number): bigint {
  let word = 0n;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[endian === 'be' ? i : bytes.length - 1 - i] ?? 0;
    word = (word << 8n) | BigInt(byte);
  }
  return (word >> BigInt(shift)) & ((1n << BigInt(width)) - 1n);
}

function isAddress({ unit, pointer }: FieldInfo): boolean {
  return (
    pointer !== undefined ||
    unit === 'address' ||
    unit === 'virtual-address' ||
    unit === 'iova' ||
    unit === 'pfn'
  );
}

/** The physical address that a field holds; a bit field of an address holds it without the bits below. */
function targetOf(
  { unit, pointer, bitWidth = 64 }: FieldInfo,
  value: bigint,
  at: number,
  pageSize: number,
): bigint | undefined {
  if (unit === 'pfn') return value === 0n ? undefined : value * BigInt(pageSize);
  if (pointer === undefined && unit !== 'address') return undefined;
  if (value === (pointer?.null ?? 0n)) return undefined;
  return bitWidth < 64 ? value << BigInt(at % 64) : value;
}

function meaningOf(field: FieldInfo, value: bigint, target: bigint | undefined): string {
  const { unit } = field;
  if (unit === 'flags') return value === 0n ? 'none set' : flagsText(field, value);
  const name = valueName(field, value);
  if (name !== undefined) return name;
  if (unit === 'bytes' && value >= 1024n) return size(value);
  if (unit === 'pages') return value === 1n ? '1 page' : `${value} pages`;
  if (target !== undefined && target !== value) return `address ${hex(target)}`;
  if (field.pointer !== undefined && target === undefined) return 'points nowhere';
  if (field.reserved?.root.op === 'always' && value !== 0n) return 'reserved, and not 0';
  return '';
}

function row({ bitWidth, doc }: FieldInfo, at: number): Pick<FieldRow, 'offset' | 'doc'> {
  const byte = hex(Math.floor(at / 8));
  const whole = at % 8 === 0 && (bitWidth ?? 8) % 8 === 0;
  const last = at + (bitWidth ?? 8) - 1;
  const bits = bitWidth === 1 ? `bit ${at}` : `bits ${last}:${at}`;
  return { offset: whole ? `+${byte}` : bits, doc: doc.trim().replaceAll('\n', ' ') };
}

function shown(bytes: Uint8Array): string {
  const cut = bytes.length > MAX_BYTES ? ' …' : '';
  return bytesToHex(bytes.subarray(0, MAX_BYTES)).replace(/../g, '$& ').trim() + cut;
}
