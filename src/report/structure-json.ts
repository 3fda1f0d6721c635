/** Structures as plain values for JSON, along their bindings. Knows no structure by name. */
import type { DraftRecord } from '../abi/upstream/model.js';
import type { FieldInfo } from '../schema/record.js';
import { hex } from '../schema/units.js';
import type { FolioList, VmallocArea } from '../structures/folios.js';
import { formById, structuresOf } from '../structures/index.js';
import type { ListPage, StructureList } from '../structures/model.js';
import type { Rider } from '../structures/rider.js';
import {
  fieldBinding,
  flagKeys,
  type KeptField,
  type ListBinding,
  listOf,
  type Model,
  orderedFields,
  type PlainList,
  type RecordBinding,
  type Subject,
  type ValueField,
} from '../structures/structure.js';
import { bdfText } from '../structures/values.js';
import { areaJson, folioListJson } from './folio-json.js';
import { textKeys } from './text-json.js';
import { treeJson } from './tree-json.js';

type Json = { [key: string]: unknown };

/** What is said of something that structures hang on: a draft's name, and the structures. */
export function heldJson(holder: HolderModel): Json {
  const { draft } = holder;
  return {
    draft: draft === undefined ? undefined : { draft: draft.draft, source: draft.source },
    ...structuresJson(holder),
  };
}

interface HolderModel {
  readonly draft?: DraftRecord;
}

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

/** A rider: the values of its record and of its tree, where it is, what follows from these, and its lists. */
export function riderJson(rider: Rider, part: Model): Json {
  const { record, tree, lists = [], tagged } = rider.formOf(part);
  const own = {
    ...(record === undefined ? {} : recordJson(record, part)),
    ...(tree === undefined ? {} : treeJson(tree.root, part)),
  };
  for (const { list } of lists) delete own[`${list.key}Address`];
  const [first = 'compatible'] = tree === undefined ? Object.keys(own) : [];
  const { address } = (part.origin ?? {}) as { readonly address?: bigint };
  const json: Json = { [first]: part[first], address, ...own };
  if (rider.computed !== undefined) json[rider.computed.key] = part[rider.computed.key];
  if (tagged !== undefined) {
    json.list = part.area === undefined ? undefined : areaJson(part.area as VmallocArea);
    json[tagged.key] = part[tagged.key];
  }
  for (const field of lists) Object.assign(json, keptJson(field, part));
  return json;
}

/** The keys of a record: its fields, vendor parts among them, and its lists. */
export function recordJson(binding: RecordBinding, model: Model): Json {
  const json: Json = binding.addressed === true ? { address: model.address } : {};
  for (const info of orderedFields(binding)) {
    const field = fieldBinding(binding, info.id);
    if (field.kind === 'value' && info.text === true && model[field.key] instanceof Uint8Array)
      Object.assign(json, textKeys(field.key, model[field.key] as Uint8Array));
    else if (field.kind === 'value') json[field.key] = valueJson(field, info, model);
    else if (field.kind === 'flags') Object.assign(json, flagsJson(field.key, info, model));
    else if (field.kind === 'chain' || field.kind === 'area') Object.assign(json, keptJson(field, model));
    else if (field.kind === 'inside') Object.assign(json, recordJson(field.record, model));
    else if (field.kind === 'held')
      Object.assign(json, { [field.key]: model[field.key], ...heldJson(model as HolderModel) });
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

function listJson(list: ListBinding, model: Model): Json[] | undefined {
  return listOf(list, model)?.items.map((item) => recordJson(list.element, item));
}

/** A list that is kept apart from what leads to it, and where it is. */
function keptJson(field: KeptField, model: Model): Json {
  const { list } = field;
  const { key, plain } = list;
  const address = `${key}Address`;
  if (plain !== undefined)
    return {
      [address]: model[address],
      ...plainJson(field, plain, model),
      [key]: listJson(list, model),
    };
  const { pages = [] } = listOf(list, model) ?? {};
  return {
    [address]: model[address],
    [`${key}Pages`]: pages.length === 0 ? undefined : pages.map((page, i) => pageJson(page, pages[i + 1])),
    [key]: listJson(list, model),
  };
}

/** What holds a list that is an array of the model. */
function plainJson(field: KeptField, { pages: key = '', header = {} }: PlainList, model: Model): Json {
  const pages = (model[key] ?? []) as readonly ListPage[];
  const { length } = (model[field.list.key] ?? []) as readonly Model[];
  const fields = field.kind === 'area' ? field.area.header?.fields : [];
  const said = Object.entries(header).map(([id, own]): [string, unknown] => {
    const isPages = fields?.some((info) => info.id === id && info.unit === 'pages') === true;
    // A count is told where the list does not tell it.
    return [own, !isPages && model[own] === BigInt(length) ? undefined : model[own]];
  });
  const listed = pages.map(({ address, count }) => ({ address, count }));
  return { [key]: listed.length === 0 ? undefined : listed, ...Object.fromEntries(said) };
}

/** Where a page is linked to what the next entry is, that goes without saying. */
function pageJson({ address, count, next }: ListPage, following: ListPage | undefined): Json {
  return { address, count, next: next === (following?.address ?? 0n) ? undefined : next };
}
