/** Structures as plain values for JSON, along their bindings. Knows no structure by name. */
import type { FieldInfo } from '../schema/record.js';
import { hex } from '../schema/units.js';
import type { FolioList } from '../structures/folios.js';
import { formById, structuresOf } from '../structures/index.js';
import type { ListPage, StructureList } from '../structures/model.js';
import {
  type ChainField,
  fieldBinding,
  flagKeys,
  type ListBinding,
  type Model,
  type RecordBinding,
  type Subject,
  type ValueField,
} from '../structures/structure.js';
import { bdfText } from '../structures/values.js';
import { folioListJson } from './folio-json.js';

type Json = { [key: string]: unknown };

/** The structures that an object of the model has, by their keys. */
export function structuresJson(object: object): Json {
  const json: Json = {};
  for (const { subject, value } of structuresOf(object))
    json[subject.key] = structureJson(subject, value as Model);
  return json;
}

function structureJson({ released }: Subject, model: Model): Json | undefined {
  const { form: id, undecided, address } = model;
  const form = formById(id as string);
  if (form === undefined) return undefined;
  const record = recordJson(form.root, model);
  return released === true ? record : { form: id, undecided, address, ...record };
}

/** The keys of a record: its fields, vendor parts among them, and its lists. */
function recordJson(binding: RecordBinding, model: Model): Json {
  const json: Json = binding.addressed === true ? { address: model.address } : {};
  for (const info of binding.record.fields) {
    const field = fieldBinding(binding, info.id);
    if (field.kind === 'value') json[field.key] = valueJson(field, info, model);
    else if (field.kind === 'flags') Object.assign(json, flagsJson(field.key, info, model));
    else if (field.kind === 'chain') Object.assign(json, chainJson(field, model));
    else if (field.kind === 'records') json[field.list.key] = listJson(field.list, model);
    else if (field.kind === 'folios') Object.assign(json, folioListJson(model as unknown as FolioList));
    else if (field.kind === 'one') {
      const target = model[field.key] as Model | undefined;
      json[`${field.key}Address`] = model[`${field.key}Address`];
      json[field.key] = target === undefined ? undefined : recordJson(field.record, target);
    } else {
      for (const [name, variant] of Object.entries(field.variants)) {
        const part = model[name] as Model | undefined;
        if (part !== undefined) Object.assign(json, recordJson(variant, part));
      }
      for (const key of [field.key, `${field.key}Rest`]) json[key] = model[key];
    }
  }
  if (binding.follows !== undefined) json[binding.follows.key] = listJson(binding.follows, model);
  return json;
}

/** By the width of the field: what has more than 32 bits stays a bigint. */
function valueJson(field: ValueField, info: FieldInfo, model: Model): unknown {
  const raw = model[field.key];
  if (field.countOf !== undefined) {
    const { items } = model[field.countOf] as StructureList<Model>;
    if (BigInt(raw as number | bigint) === BigInt(items.length)) return undefined;
  }
  if (field.form === 'bdf') return bdfText(raw as number) ?? raw;
  if (typeof raw !== 'bigint') return field.form === undefined || typeof raw !== 'number' ? raw : hex(raw);
  // 64 bits are written as they are in memory, also those of a signed field.
  return (info.bitWidth ?? 64) <= 32 ? Number(raw) : BigInt.asUintN(64, raw);
}

/** Flags that are set, and under the field's own key bits without a name. */
function flagsJson(key: string, info: FieldInfo, model: Model): Json {
  const json: Json = {};
  let rest = BigInt(model[key] as number | bigint);
  for (const flag of flagKeys(info)) {
    if ((rest & flag.mask) !== 0n) json[flag.key] = true;
    rest &= ~flag.mask;
  }
  if (rest !== 0n) json[key] = typeof model[key] === 'number' ? Number(rest) : rest;
  return json;
}

function listJson({ key, element }: ListBinding, model: Model): Json[] | undefined {
  const list = model[key] as StructureList<Model> | undefined;
  return list?.items.map((item) => recordJson(element, item));
}

function chainJson({ list }: ChainField, model: Model): Json {
  const { pages = [] } = model[list.key] as StructureList<Model>;
  return {
    [`${list.key}Address`]: model[`${list.key}Address`],
    [`${list.key}Pages`]:
      pages.length === 0 ? undefined : pages.map((page, i) => pageJson(page, pages[i + 1])),
    [list.key]: listJson(list, model),
  };
}

/** Where a page is linked to what the next entry is, that goes without saying. */
function pageJson({ address, count, next }: ListPage, following: ListPage | undefined): Json {
  return { address, count, next: next === (following?.address ?? 0n) ? undefined : next };
}
