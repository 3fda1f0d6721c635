/** Models of every structure with every key that there is. */
import type { FieldInfo } from '../../src/schema/record.js';
import {
  type FieldBinding,
  fieldBinding,
  flagKeys,
  type ListBinding,
  type Model,
  type RecordBinding,
  type StructureForm,
  type ValueField,
} from '../../src/structures/structure.js';

import { folioViewOf } from '../folio-view.js';

const PAGE = { address: 4096n, count: 2n, next: 12_288n };
const DESCRIPTOR = { first: 1n, totalPages: 2, flags: 1, order: 0 };
const AREA = {
  descriptor: DESCRIPTOR,
  chunks: Float64Array.of(4096),
  runs: Float64Array.of(8192),
  runSize: 4096,
  complete: true,
};
const RUNS = [{ pfn: 1n, flags: 3, index: 2n ** 64n - 1n, count: 2, step: 512 }];

/**
 * One model for each way in which the vendor parts of a form can be, each with every other key.
 */
export function* wholeModels(form: StructureForm): Generator<Model> {
  const variants = [...variantNames(form.root), undefined];
  for (const variant of new Set(variants))
    yield { form: form.id, undecided: [form.id], ...whole(form.root, variant) };
}

function* variantNames(binding: RecordBinding): Generator<string> {
  for (const { id } of binding.record.fields) {
    const field = fieldBinding(binding, id);
    if (field.kind === 'variant') yield* Object.keys(field.variants);
    const below = 'list' in field ? field.list.element : 'record' in field ? field.record : undefined;
    if (below !== undefined) yield* variantNames(below);
  }
  if (binding.follows !== undefined) yield* variantNames(binding.follows.element);
}

function whole(binding: RecordBinding, variant: string | undefined): Model {
  const model: Model = { address: 4096n };
  for (const info of binding.record.fields)
    Object.assign(model, keys(fieldBinding(binding, info.id), info, variant));
  if (binding.follows !== undefined) model[binding.follows.key] = list(binding.follows, variant);
  return model;
}

function list({ element }: ListBinding, variant: string | undefined) {
  return { items: [whole(element, variant), whole(element, variant)] };
}

function keys(field: FieldBinding, info: FieldInfo, variant: string | undefined): Model {
  switch (field.kind) {
    case 'value':
      return { [field.key]: number(field, info) };
    case 'flags':
      return {
        [field.key]: everyBit(info.bitWidth ?? 0),
        ...Object.fromEntries(flagKeys(info).map(({ key }) => [key, true])),
      };
    case 'inside':
      return whole(field.record, variant);
    case 'held':
      return { [field.key]: 4096n };
    case 'chain':
    case 'area':
      return {
        [`${field.list.key}Address`]: 4096n,
        [field.list.key]: { ...list(field.list, variant), pages: [PAGE] },
      };
    case 'one':
      return { [`${field.key}Address`]: 4096n, [field.key]: whole(field.record, variant) };
    case 'records':
      return { [field.list.key]: list(field.list, variant) };
    case 'folios':
      return { area: AREA, folios: folioViewOf(2, () => RUNS) };
    case 'variant': {
      const binding = field.variants[variant ?? ''];
      const rest = { [`${field.key}Rest`]: Uint8Array.of(1) };
      if (binding === undefined) return { [field.key]: Uint8Array.of(1, 2), ...rest };
      return { [variant ?? '']: whole(binding, variant), ...rest };
    }
  }
}

/** As a flag of any bit of it needs. */
function everyBit(width: number): bigint | number {
  return width > 32 ? (1n << BigInt(width)) - 1n : 2 ** width - 1;
}

function number({ wide }: ValueField, { kind, bitWidth = 64, length = 0 }: FieldInfo): unknown {
  if (kind === 'bytes') return new Uint8Array(bitWidth / 8).fill(1);
  if (kind === 'array') return Array.from({ length }, () => 7n);
  return wide === true || bitWidth > 32 ? 77n : 77;
}
