/** Structures as documents, along their bindings: what `encode` writes, and what `dump` has of the bytes. */
import type { FieldInfo } from '../schema/record.js';
import { hex } from '../schema/units.js';
import {
  fieldBinding,
  flagKeys,
  type ListBinding,
  type RecordBinding,
  type StructureForm,
} from '../structures/structure.js';

export type Json = { readonly [key: string]: unknown };

/**
 * A structure of a form.
 *
 * @param values by the keys of the binding: numbers of any width, or text. Keys that this form does not have are left out.
 */
export function structureDocument(form: StructureForm, { address, ...values }: Json): Json {
  const { version, root } = form;
  const own = version === undefined ? {} : { [keyOf(root, version.field)]: version.values[0] };
  return { form: form.id, address, ...recordDocument(root, { ...values, ...own }) };
}

/** What a file or an FLB says of the draft that its structure is. */
export function draftOf({ title, source }: StructureForm): Json {
  return { draft: { draft: title, source } };
}

/** A file of a session that has a structure. */
export function fileJson(form: StructureForm, token: bigint, structure: Json): Json {
  const { names, subject } = form;
  return {
    compatible: names[0],
    token: hex(token),
    data: structure.address,
    ...draftOf(form),
    [subject]: structure,
  };
}

/** Whether a record has a value of this key. */
export function hasKey(binding: RecordBinding, key: string): boolean {
  return fieldOf(binding, key) !== undefined;
}

/** The field of a record whose value has this key. */
export function fieldOf(binding: RecordBinding, key: string): FieldInfo | undefined {
  return binding.record.fields.find(({ id }) => keyOf(binding, id) === key);
}

function keyOf(binding: RecordBinding, id: string): string {
  const field = fieldBinding(binding, id);
  return 'key' in field ? field.key : id;
}

/** A record of a list, or below another. */
export function recordDocument(binding: RecordBinding, values: Json): Json {
  const json: { [key: string]: unknown } = {};
  const put = (key: string, value: unknown): void => {
    if (value !== undefined) json[key] = value;
  };
  const putList = ({ key, element }: ListBinding): void =>
    put(
      key,
      (values[key] as readonly Json[] | undefined)?.map((item) => recordDocument(element, item)),
    );
  if (binding.addressed === true) put('address', values.address);
  for (const info of binding.record.fields) {
    const field = fieldBinding(binding, info.id);
    if (field.kind === 'value') {
      if (field.countOf === undefined) put(field.key, numberOf(info, values[field.key]));
    } else if (field.kind === 'flags') {
      for (const { key } of flagKeys(info)) if (values[key] === true) put(key, true);
    } else if (field.kind === 'chain') {
      for (const key of [`${field.list.key}Address`, `${field.list.key}Pages`]) put(key, values[key]);
      putList(field.list);
    } else if (field.kind === 'records') putList(field.list);
    else if (field.kind === 'folios') for (const key of ['list', 'folios']) put(key, values[key]);
    else if (field.kind === 'one') {
      const target = values[field.key] as Json | undefined;
      put(`${field.key}Address`, values[`${field.key}Address`]);
      put(field.key, target === undefined ? undefined : recordDocument(field.record, target));
    } else if (field.kind === 'variant')
      for (const part of Object.values(field.variants)) Object.assign(json, recordDocument(part, values));
  }
  if (binding.follows !== undefined) putList(binding.follows);
  return json;
}

/** As documents have it: in hexadecimal where the field has more than 32 bits. */
function numberOf(info: FieldInfo, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => numberOf(info.element ?? info, each));
  if (typeof value !== 'number' && typeof value !== 'bigint') return value;
  return (info.bitWidth ?? 64) > 32 ? hex(value) : Number(value);
}
