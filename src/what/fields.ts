/** The fields of a record at one of its bytes, with values and what they mean, by the tables that come from formats/. */
import type { FieldInfo, RecordType } from '../schema/record.js';
import { beforeNul, bytesToHex, bytesToText } from '../schema/text.js';
import { hex, size as sizeText } from '../schema/units.js';
import { flagsText, valueName } from '../structures/text.js';

/** A field, or an element of one, as it is in memory. */
export interface FieldValue {
  /** The kernel's name; what is in a struct or an array of its own after a dot or in brackets. */
  readonly name: string;
  readonly info: FieldInfo;
  /** Bits from the start of the record. */
  readonly bitOffset: number;
  readonly bitWidth: number;
  /** Bytes that hold it, from the start of the record. */
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Undefined where not all of its bytes are known. */
  readonly value?: bigint | Uint8Array;
}

/** Elements of one array that are told of a whole record; of a longer one the first. */
const MOST_ELEMENTS = 64;

/**
 * The fields that have bits in a byte of a record, in the order of the record.
 *
 * @param bytes what is known of the record from its start on
 * @param offset of the byte in the record
 */
export function fieldsAt(record: RecordType<unknown>, bytes: Uint8Array, offset: number): FieldValue[] {
  return collect(record, bytes, { from: offset * 8, to: offset * 8 + 8 });
}

/** All fields of a record. */
export function fieldsOf(record: RecordType<unknown>, bytes: Uint8Array): FieldValue[] {
  return collect(record, bytes, undefined);
}

interface Bits {
  readonly from: number;
  readonly to: number;
}

function collect(record: RecordType<unknown>, bytes: Uint8Array, wanted: Bits | undefined): FieldValue[] {
  const found: FieldValue[] = [];
  const isWanted = (from: number, width: number): boolean =>
    wanted === undefined || (from < wanted.to && from + width > wanted.from);

  function add(info: FieldInfo, name: string, at: number): void {
    const { kind, element, length, record: inner } = info;
    const width = info.bitWidth ?? (element?.bitWidth ?? 0) * (length ?? 0);
    if (kind === 'array' && element?.bitWidth !== undefined) {
      const step = element.bitWidth;
      // Without a length the array goes on to the end of what is known.
      const count = length ?? Math.max(0, Math.floor((bytes.length * 8 - at) / step));
      const first = wanted === undefined ? 0 : Math.max(0, Math.floor((wanted.from - at) / step));
      const end = wanted === undefined ? MOST_ELEMENTS : Math.ceil((wanted.to - at) / step);
      for (let i = first; i < Math.min(count, end); i++) add(element, `${name}[${i}]`, at + i * step);
      return;
    }
    if (width === 0 || !isWanted(at, width)) return;
    if (kind === 'record' && inner !== undefined) {
      for (const field of inner.fields)
        if (field.bitOffset !== undefined) add(field, `${name}.${field.kernelName}`, at + field.bitOffset);
      return;
    }
    const value = valueAt(bytes, at, width, info, record.endian);
    found.push({
      name,
      info,
      bitOffset: at,
      bitWidth: width,
      start: Math.floor(at / 8),
      end: Math.ceil((at + width) / 8),
      ...(value === undefined ? {} : { value }),
    });
  }

  for (const field of record.fields)
    if (field.bitOffset !== undefined) add(field, field.kernelName, field.bitOffset);
  return found;
}

function valueAt(
  bytes: Uint8Array,
  at: number,
  width: number,
  { kind, text }: FieldInfo,
  endian: 'le' | 'be',
): bigint | Uint8Array | undefined {
  const start = Math.floor(at / 8);
  const end = Math.ceil((at + width) / 8);
  if (end > bytes.length) return undefined;
  const own = bytes.subarray(start, end);
  // What lies after the NUL of a text was never meant to be handed over.
  if (kind === 'bytes' || kind === 'array') return text === true ? beforeNul(own).slice() : own.slice();
  let value = 0n;
  for (let i = 0; i < own.length; i++)
    value = (value << 8n) | BigInt(own[endian === 'be' ? i : own.length - 1 - i] as number);
  const bits = endian === 'be' ? value : value >> BigInt(at % 8);
  const masked = BigInt.asUintN(width, bits);
  return kind === 'sint' ? BigInt.asIntN(width, masked) : masked;
}

/** Bits of a field in the words that hold it, `11:2` or `5`; undefined for whole bytes. */
export function bitsText({ bitOffset, bitWidth }: FieldValue): string | undefined {
  if (bitOffset % 8 === 0 && bitWidth % 8 === 0) return undefined;
  const high = bitOffset + bitWidth - 1;
  return bitWidth === 1 ? `${bitOffset}` : `${high}:${bitOffset}`;
}

/**
 * The physical address that a field names: the value of a pointer or address, and of a bit field of one with the bits
 * below it. Undefined for other fields, and for 0 where that names nothing.
 *
 * @param pageSize bytes of a page, for page frame numbers
 */
export function addressIn(field: FieldValue, pageSize: number): bigint | undefined {
  const { info, value, bitOffset, bitWidth } = field;
  const { pointer, unit } = info;
  if (typeof value !== 'bigint' || (pointer === undefined && unit !== 'address' && unit !== 'pfn'))
    return undefined;
  if (unit === 'pfn') return value * BigInt(pageSize);
  if (value === 0n && (pointer === undefined || pointer.null === 0n || bitWidth < 64)) return undefined;
  // A bit field of an address begins where the address has its own bit.
  return bitWidth < 64 && bitOffset % 64 !== 0 ? value << BigInt(bitOffset % 64) : value;
}

/** A value as kernel people read it. */
export function valueText(field: FieldValue, pageSize: number): string {
  const { info, value, bitWidth } = field;
  if (value === undefined) return 'not in the dump';
  if (value instanceof Uint8Array) {
    if (info.text === true) return JSON.stringify(bytesToText(value).text);
    const shown = bytesToHex(value.subarray(0, 32)).replace(/../g, '$& ').trim();
    return value.length > 32 ? `${shown} …` : shown;
  }
  if (info.unit === 'pfn') return `page frame ${hex(value)}, address ${hex(value * BigInt(pageSize))}`;
  const address = bitWidth < 64 && info.unit === 'address' ? addressIn(field, pageSize) : undefined;
  if (address !== undefined) return hex(address);
  return numberText(info, value, bitWidth);
}

function numberText(info: FieldInfo, value: bigint, bitWidth: number): string {
  const { unit, values } = info;
  if (unit === 'flags' && values !== undefined) return flagsText(info, value);
  const name = valueName(info, value);
  if (name !== undefined)
    return bitWidth === 1 ? `${value} (${name})` : `${plain(unit, value, bitWidth)} (${name})`;
  return plain(unit, value, bitWidth);
}

function plain(unit: FieldInfo['unit'], value: bigint, bitWidth: number): string {
  if (unit === 'bytes') return value < 1024n ? `${value} B` : `${sizeText(value)} (${hex(value)})`;
  if (unit === 'devfn')
    return `${(Number(value) >> 3).toString(16).padStart(2, '0')}.${Number(value) & 7} (${hex(value)})`;
  if (unit === 'count' || unit === 'index' || unit === 'pages') return `${value}`;
  return bitWidth <= 32 && unit === undefined && value < 0x10000n ? `${value}` : hex(value);
}
