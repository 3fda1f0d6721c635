/** The records of a structure's model, in the order in which they are read. */
import type { StructureList } from './model.js';
import { fieldBinding, type ListBinding, listOf, type Model, type RecordBinding } from './structure.js';

/** A record of a model. */
export interface ModelRecord {
  readonly binding: RecordBinding;
  readonly model: Model;
  /** The list that it is an element of, its binding, and its position. */
  readonly element?: {
    readonly list: ListBinding;
    readonly of: StructureList<Model>;
    readonly index: number;
  };
}

/** The record itself, then what its fields lead to, then what follows it; vendor parts as records of their own. */
export function* eachRecord(binding: RecordBinding, model: Model): Generator<ModelRecord> {
  yield { binding, model };
  yield* below(binding, model);
}

function* below(binding: RecordBinding, model: Model): Generator<ModelRecord> {
  for (const info of binding.record.fields) {
    const field = fieldBinding(binding, info.id);
    if ('list' in field) yield* elements(field.list, model);
    else if (field.kind === 'inside') yield* below(field.record, model);
    else if (field.kind === 'one') {
      const target = model[field.key] as Model | undefined;
      if (target !== undefined) yield* eachRecord(field.record, target);
    } else if (field.kind === 'variant') {
      for (const [name, variant] of Object.entries(field.variants)) {
        const part = model[name] as Model | undefined;
        if (part !== undefined) yield* eachRecord(variant, part);
      }
    }
  }
  if (binding.follows !== undefined) yield* elements(binding.follows, model);
}

function* elements(list: ListBinding, model: Model): Generator<ModelRecord> {
  const of = listOf(list, model);
  if (of === undefined) return;
  for (const [index, item] of of.items.entries()) {
    yield { binding: list.element, model: item, element: { list, of, index } };
    yield* below(list.element, item);
  }
}
