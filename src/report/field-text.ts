/** Values of a record's fields as a person reads them: by unit and names of the field table. */
import type { FieldInfo, RecordType } from '../schema/record.js';
import { flags, hex, size } from '../schema/units.js';
import type { Paint } from './paint.js';

/** One field's value; `value` is what the record's reader returned for it. */
function fieldText(field: FieldInfo, value: unknown, paint: Paint): string {
  if (typeof value !== 'bigint' && typeof value !== 'number') return paint('value', String(value));
  switch (field.unit) {
    case 'address':
    case 'virtual-address':
    case 'iova':
      return paint('address', hex(value));
    case 'bytes':
      return `${paint('value', size(value))}${value < 1024 ? '' : paint('faint', ` (${hex(value)})`)}`;
    case 'pfn':
      return paint('address', hex(value));
    case 'devfn':
      return paint('value', `${(Number(value) >> 3).toString(16).padStart(2, '0')}.${Number(value) & 7}`);
    case 'flags':
      return paint('value', flags(Number(value), field.values as ReadonlyMap<number, string>));
    default: {
      const name = field.values?.get(value);
      return paint('value', value.toString()) + (name === undefined ? '' : paint('faint', ` (${name})`));
    }
  }
}

/** A record on one line: `addr 0x1000  len 4 KiB`; a record with one field is that field's value. */
export function recordText<T>(record: RecordType<T>, value: T, paint: Paint): string {
  const source = value as { readonly [key: string]: unknown };
  const texts = record.fields.map((field) => ({ field, text: fieldText(field, source[field.id], paint) }));
  if (texts.length === 1) return texts[0]?.text ?? '';
  return texts.map(({ field, text }) => `${paint('name', field.kernelName)} ${text}`).join('  ');
}
