/** A packed array of records, read where it is: no object exists until it is asked for. */
import type { RecordType } from '../schema/record.js';

/** Iterable view of the records in `bytes`; a ragged tail shorter than a record is not part of it. */
export interface RecordView<T> extends Iterable<T> {
  readonly length: number;
  /** The packed records, ragged tail included. */
  readonly bytes: Uint8Array;
  /** The record at `index`; RangeError when it is not in 0..length-1. */
  at(index: number): T;
}

/** A view of `bytes` as packed records of a fixed-size type. The bytes are not copied. */
export function recordView<T>(record: RecordType<T>, bytes: Uint8Array): RecordView<T> {
  const { size, read } = record;
  if (size === undefined || read === undefined) throw new TypeError(`${record.name} has no fixed size`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Math.floor(bytes.byteLength / size);
  const at = (index: number): T => {
    if (!(index >= 0 && index < length)) throw new RangeError(`record ${index} of ${length}`);
    return read(view, index * size);
  };
  return {
    length,
    bytes,
    at,
    *[Symbol.iterator]() {
      for (let i = 0; i < length; i++) yield read(view, i * size);
    },
  };
}

/** Packs records into fresh bytes and returns the view of them. */
export function packRecords<T>(record: RecordType<T>, values: readonly T[]): RecordView<T> {
  const { size, write } = record;
  if (size === undefined || write === undefined) throw new TypeError(`${record.name} has no fixed size`);
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    write(view, i * size, value);
  });
  return recordView(record, bytes);
}
