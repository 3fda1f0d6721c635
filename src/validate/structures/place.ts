/** Names and places of the records and fields of a structure. */
import type { Location } from '../../abi/model.js';
import type { StructureList } from '../../structures/model.js';
import {
  type ChainField,
  fieldBinding,
  type ListBinding,
  type Model,
  type RecordBinding,
  type StructureForm,
} from '../../structures/structure.js';
import { at } from '../upstream/shared.js';

/** Where a field of a record stands, under the kernel's name. */
export function fieldAt({ record }: RecordBinding, address: bigint, id: string): Location {
  const info = record.fields.find((field) => field.id === id);
  if (info === undefined) return at(address, record.name);
  return at(address + BigInt((info.bitOffset ?? 0) >> 3), `${record.name}.${info.kernelName}`);
}

/** The binding of a list's elements; undefined where this form has no such list. */
export function elementOf({ root }: StructureForm, key: string): RecordBinding | undefined {
  return listsOf(root).find((list) => list.key === key)?.element;
}

function listsOf(root: RecordBinding): ListBinding[] {
  const lists = root.record.fields.flatMap((info) => {
    const field = fieldBinding(root, info.id);
    return field.kind === 'chain' || field.kind === 'records' ? [field.list] : [];
  });
  return root.follows === undefined ? lists : [...lists, root.follows];
}

/** Where a field of an element stands; a field that is `part.field` stands in a vendor part. */
export function elementField(
  form: StructureForm,
  list: string,
  element: { readonly address: bigint },
  id: string,
): Location {
  const binding = elementOf(form, list);
  if (binding === undefined) return at(element.address);
  const [first = '', inner] = id.split('.');
  if (inner === undefined) return fieldAt(binding, element.address, id);
  for (const info of binding.record.fields) {
    const field = fieldBinding(binding, info.id);
    const part = field.kind === 'variant' ? field.variants[first] : undefined;
    if (part !== undefined) return fieldAt(part, element.address + BigInt((info.bitOffset ?? 0) >> 3), inner);
  }
  return at(element.address);
}

/** A list in linked pages, and the field that leads to it. */
export interface ListChain {
  readonly id: string;
  readonly field: ChainField;
  readonly head: bigint;
  readonly list: StructureList<Model>;
}

/** The lists of a structure that lie in linked pages. */
export function chainsOf({ root }: StructureForm, model: Model): ListChain[] {
  return root.record.fields.flatMap(({ id }): ListChain[] => {
    const field = fieldBinding(root, id);
    if (field.kind !== 'chain') return [];
    const list = model[field.list.key] as StructureList<Model> | undefined;
    if (list === undefined) return [];
    return [{ id, field, head: model[`${field.list.key}Address`] as bigint, list }];
  });
}
