/** Elements of a record's array as records of their own. */
import type { RecordType } from './record.js';

/**
 * One element of a record's array as a record on its own.
 *
 * @throws Error when the record has no such array of elements of fixed size: a mistake in a call, never in a dump
 */
export function elementRecord<T>(record: RecordType<T>, field: string): RecordType<unknown> {
  const element = record.fields.find(({ id }) => id === field)?.element;
  if (element?.bitWidth === undefined)
    throw new Error(`${record.name}.${field} is not an array of fixed elements`);
  const { read: _read, write: _write, ...rest } = record as RecordType<unknown>;
  return {
    ...rest,
    name: `${record.name}_${field}`,
    size: element.bitWidth / 8,
    parameters: [],
    fields: [element],
  };
}
