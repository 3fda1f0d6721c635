/** Records inside of records that the references tell as a whole: vendor parts, and arrays of records. */
import type { Handover } from '../abi/model.js';
import { allHeld, type HeldStructure } from '../references/structures.js';
import type { RecordType } from '../schema/record.js';
import type { StructureList } from '../structures/model.js';
import { fieldBinding, type Model } from '../structures/structure.js';
import { eachRecord, type ModelRecord } from '../structures/walk.js';

export interface InnerRecord {
  readonly record: RecordType<unknown>;
  readonly address: number;
  readonly what: string;
}

/** Those of all structures of a handover. */
export function* innerRecords(handover: Handover): Generator<InnerRecord> {
  for (const held of allHeld(handover)) yield* partsOf(held);
}

function* partsOf({ form, model: structure }: HeldStructure): Generator<InnerRecord> {
  for (const each of eachRecord(form.root, structure)) {
    const { binding, model } = each;
    for (const { id } of binding.record.fields) {
      const field = fieldBinding(binding, id);
      if (field.kind === 'variant') {
        for (const [name, { record, what }] of Object.entries(field.variants)) {
          const part = model[name] as Model | undefined;
          if (typeof part?.address !== 'bigint') continue;
          yield { record, address: Number(part.address), what: `the ${what} of ${nameOf(each, structure)}` };
        }
      } else if (field.kind === 'records') {
        const { element, key } = field.list;
        const { items = [] } = (model[key] as StructureList<Model> | undefined) ?? {};
        for (const [i, item] of items.entries())
          if (typeof item.address === 'bigint')
            yield {
              record: element.record,
              address: Number(item.address),
              what: `${element.what} ${i} of ${nameOf(each, structure)}`,
            };
      }
    }
  }
}

function nameOf({ binding, model, element }: ModelRecord, structure: Model): string {
  return element === undefined
    ? `the ${binding.what}`
    : `${binding.what} ${element.list.identity(model, structure)}`;
}
