/** The fields of a record as things to change: nested records opened, arrays by their elements. */
import type { FieldInfo, RecordType } from '../schema/record.js';

/** A field that holds one value, and where. */
export interface LeafField {
  readonly info: FieldInfo;
  /** The record that declares it. */
  readonly owner: RecordType<unknown>;
  /** From the start of the outermost record. */
  readonly bitOffset: number;
  readonly bitWidth: number;
  /** `luo_file_ser.token`; the kernel's names. */
  readonly name: string;
  readonly endian: 'le' | 'be';
}

const leaves = new WeakMap<RecordType<unknown>, readonly LeafField[]>();

/** The leaf fields of a record of fixed size. The depth is that of the schemas, not of any input. */
export function leafFields(record: RecordType<unknown>): readonly LeafField[] {
  let list = leaves.get(record);
  if (list === undefined) {
    list = [...open(record, 0)];
    leaves.set(record, list);
  }
  return list;
}

function* open(record: RecordType<unknown>, base: number): Generator<LeafField> {
  const prefix = record.kernelName.replace(/^struct /, '');
  for (const info of record.fields) {
    const { bitOffset, bitWidth, kind } = info;
    if (bitOffset === undefined || bitWidth === undefined || bitWidth === 0) continue;
    if (kind === 'record') {
      if (info.record !== undefined) yield* open(info.record, base + bitOffset);
    } else if (kind !== 'array') {
      // A property's record has one field, named like the property.
      const name = prefix === info.kernelName ? prefix : `${prefix}.${info.kernelName}`;
      yield { info, owner: record, bitOffset: base + bitOffset, bitWidth, name, endian: record.endian };
    }
  }
}

/** The value of a numeric leaf field (at most 64 bits), unsigned. */
export function readLeaf(field: LeafField, bytes: Uint8Array): bigint {
  const { bitOffset, bitWidth, endian } = field;
  const first = bitOffset >>> 3;
  const last = (bitOffset + bitWidth + 7) >>> 3;
  let value = 0n;
  for (let i = first; i < last; i++) {
    const byte = BigInt(bytes[endian === 'le' ? first + last - 1 - i : i] ?? 0);
    value = (value << 8n) | byte;
  }
  // Bit fields count from the least significant bit, in little-endian records only.
  const shift = endian === 'le' ? BigInt(bitOffset & 7) : 0n;
  return (value >> shift) & ((1n << BigInt(bitWidth)) - 1n);
}

/** The bytes from the first to the last byte of a leaf field, with the value in it and its neighbours kept. */
export function writeLeaf(
  field: LeafField,
  bytes: Uint8Array,
  value: bigint,
): { at: number; bytes: Uint8Array } {
  const { bitOffset, bitWidth, endian } = field;
  const first = bitOffset >>> 3;
  const last = (bitOffset + bitWidth + 7) >>> 3;
  const result = bytes.slice(first, last);
  const shift = endian === 'le' ? BigInt(bitOffset & 7) : 0n;
  const mask = ((1n << BigInt(bitWidth)) - 1n) << shift;
  let rest = mask;
  let put = (value << shift) & mask;
  for (let i = 0; i < result.length; i++) {
    const at = endian === 'le' ? i : result.length - 1 - i;
    const keep = Number(rest & 0xffn);
    result[at] = ((result[at] ?? 0) & ~keep) | Number(put & 0xffn);
    rest >>= 8n;
    put >>= 8n;
  }
  return { at: first, bytes: result };
}

/** Whether a field is a number that fits 64 bits. */
export function isNumeric({ info, bitWidth }: LeafField): boolean {
  return (info.kind === 'uint' || info.kind === 'sint') && bitWidth <= 64;
}
