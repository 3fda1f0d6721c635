/** Values of structures as kernel people read them. */
import type { FieldInfo } from '../schema/record.js';
import { hex, size } from '../schema/units.js';
import {
  fieldBinding,
  flagKeys,
  type ListBinding,
  listOf,
  type Model,
  type RecordBinding,
  type ValueField,
} from './structure.js';
import { bdfText } from './values.js';

/** Names of set flags as formats/ has them, joined by `|`; bits without a name as one number; `0` when none is set. */
export function flagsText(info: FieldInfo, raw: number | bigint): string {
  let rest = BigInt(raw);
  const parts: string[] = [];
  for (const [mask, name] of info.values ?? []) {
    if ((rest & BigInt(mask)) === 0n) continue;
    parts.push(name);
    rest &= ~BigInt(mask);
  }
  if (rest !== 0n) parts.push(hex(rest));
  return parts.length === 0 ? '0' : parts.join('|');
}

/** The name that formats/ has for a value. */
export function valueName({ values }: FieldInfo, raw: number | bigint): string | undefined {
  for (const [known, name] of values ?? []) if (BigInt(known) === BigInt(raw)) return name;
  return undefined;
}

/** A number of a field, by what formats/ says that it is. */
export function numberText(field: ValueField, info: FieldInfo, raw: number | bigint): string {
  if (field.form === 'bdf') return bdfText(Number(raw)) ?? hex(raw);
  if (field.form === 'hex') return hex(raw);
  if (field.form === 'flags') return flagsText(info, raw);
  const name = valueName(info, raw);
  if (name !== undefined) return name;
  if (info.unit === 'bytes') return size(raw);
  if (info.unit === 'count' || info.unit === 'index' || (info.bitWidth ?? 64) <= 32) return `${raw}`;
  return hex(raw);
}

/** The lists of a record: in linked pages, inside it, and after it. */
export function listsOf(binding: RecordBinding): ListBinding[] {
  const lists = binding.record.fields.flatMap(({ id }) => {
    const bound = fieldBinding(binding, id);
    if (bound.kind === 'inside') return listsOf(bound.record);
    return 'list' in bound ? [bound.list] : [];
  });
  return binding.follows === undefined ? lists : [...lists, binding.follows];
}

/** Elements of a list that are in use. */
export function usedOf(list: ListBinding, model: Model): Model[] {
  return (listOf(list, model)?.items ?? []).filter((item) => item[list.element.unused ?? ''] !== true);
}

/** Keys of flags that are set. */
export function setFlags(info: FieldInfo, model: Model): string[] {
  return flagKeys(info).flatMap(({ key }) => (model[key] === true ? [key] : []));
}
