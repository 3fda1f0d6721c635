/** The records of a form, whatever a dump holds of them. */
import type { RecordType } from '../schema/record.js';
import { folioSer } from './folios.js';
import type { FieldBinding, RecordBinding } from './structure.js';

type AnyRecord = RecordType<unknown>;

/** The record of a binding and all that its fields lead to, each once, what is pointed to first. */
export function boundRecords({ record, fields = {}, follows }: RecordBinding): AnyRecord[] {
  const inner = Object.values(fields).flatMap(fieldRecords);
  const elements = follows === undefined ? [] : boundRecords(follows.element);
  return [...new Set([...inner, ...elements, record])];
}

function fieldRecords(field: FieldBinding): AnyRecord[] {
  switch (field.kind) {
    case 'chain':
      return [field.chain.header, ...boundRecords(field.list.element)];
    case 'area': {
      const { header } = field.area;
      return [...(header === undefined ? [] : [header]), ...boundRecords(field.list.element)];
    }
    case 'inside':
    case 'one':
      return boundRecords(field.record);
    case 'records':
      return boundRecords(field.list.element);
    case 'variant':
      return Object.values(field.variants).flatMap(boundRecords);
    case 'folios':
      return [folioSer];
    case 'value':
    case 'flags':
    case 'held':
      return [];
  }
}
