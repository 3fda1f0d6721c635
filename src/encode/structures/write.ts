/** Writes a structure of a document into memory, along its binding. Knows no structure by name. */

import { fixed } from '../../decode/structures/read.js';
import { orderOf } from '../../memory/blocks.js';
import type { FieldInfo } from '../../schema/record.js';
import { formById, namedForms, structuresOf } from '../../structures/index.js';
import {
  type AreaField,
  type ChainField,
  type FieldBinding,
  type FlagsField,
  fieldBinding,
  flagKeys,
  type HeldField,
  type KeptField,
  type ListBinding,
  type RecordBinding,
  type StructureForm,
  type Subject,
  type ValueField,
  type VariantField,
} from '../../structures/structure.js';
import { parseBdf } from '../../structures/values.js';
import { jsonArray, jsonInteger, jsonObject, ModelError } from '../from-json.js';
import { jsonPages, type PlannedPage, planPages, writeChain } from '../upstream/chain.js';
import { folioBytes } from '../upstream/folios.js';
import { type Json, jsonObjects, jsonText, jsonWide, optionalWide } from '../upstream/json.js';
import { recordBytes as packed, writeArea as writeFolios } from '../upstream/lists.js';
import type { Place } from '../upstream/place.js';
import { arrayFromJson, bytesFromJson, numberFromJson } from './values.js';

type Fields = { [id: string]: unknown };

/** Numbers that follow from the rest of a document where it does not say them, by the field's id. */
type Defaults = ReadonlyMap<string, number | bigint>;

/**
 * Writes a structure and everything that it leads to.
 *
 * @param json the structure as `dump --format json` has it, edited or not
 * @param given address that its holder says
 * @returns the record's address
 * @throws ModelError naming the place when a value is of another kind than its field
 */
export function writeStructure(
  place: Place,
  form: StructureForm,
  json: Json,
  given: bigint | undefined,
  path: string,
): bigint {
  const { version } = form;
  const defaults = version?.values[0] === undefined ? [] : ([[version.field, version.values[0]]] as const);
  return writeRecord(
    place,
    form.root,
    json,
    given ?? optionalWide(json.address, `${path}.address`),
    path,
    defaults,
  );
}

/** The bytes of a record that is in another record, or in a blob. */
export function recordBytes(place: Place, form: StructureForm, json: Json, path: string): Uint8Array {
  const { version } = form;
  const defaults = version?.values[0] === undefined ? [] : ([[version.field, version.values[0]]] as const);
  const { size, write } = fixed(form.root.record);
  const bytes = new Uint8Array(size);
  write(new DataView(bytes.buffer), 0, fieldsOf(place, form.root, json, path, defaults));
  return bytes;
}

/** The bytes of a record that has nothing but plain values. */
export function plainBytes(binding: RecordBinding, json: Json, path: string): Uint8Array {
  const { size, write } = fixed(binding.record);
  const bytes = new Uint8Array(size);
  const values = binding.record.fields.map((info) => {
    const field = fieldBinding(binding, info.id);
    if (field.kind !== 'value') throw new TypeError(`${binding.what}.${info.id} is not a plain value`);
    return [info.id, plainValue(field, info, json, path, new Map())] as const;
  });
  write(new DataView(bytes.buffer), 0, Object.fromEntries(values));
  return bytes;
}

/** Writes a record and the elements that follow it, at `given` or in a fresh block that holds them. */
function writeRecord(
  place: Place,
  binding: RecordBinding,
  json: Json,
  given: bigint | undefined,
  path: string,
  defaults: readonly (readonly [string, number | bigint])[] = [],
): bigint {
  const { size, write } = fixed(binding.record);
  const { follows } = binding;
  const elements = follows === undefined ? [] : elementsOf(place, follows, json, path);
  const each = follows === undefined ? 0 : fixed(follows.element.record).size;
  const bytes = new Uint8Array(size + elements.length * each);
  const view = new DataView(bytes.buffer);
  const order = orderOf(bytes.length, place.pageSize);
  const address = given ?? place.keep(order);
  write(view, 0, fieldsOf(place, binding, json, path, defaults));
  for (const [i, element] of elements.entries())
    if (follows !== undefined) fixed(follows.element.record).write(view, size + i * each, element);
  place.put(address, bytes, path);
  return address;
}

function elementsOf(place: Place, list: ListBinding, json: Json, path: string): Fields[] {
  const own = `${path}.${list.key}`;
  return jsonObjects(json[list.key], own).map((item, i) =>
    fieldsOf(place, list.element, item, `${own}[${i}]`, []),
  );
}

/** The values of a record's fields; what they lead to is written. */
function fieldsOf(
  place: Place,
  binding: RecordBinding,
  json: Json,
  path: string,
  more: readonly (readonly [string, number | bigint])[],
): Fields {
  const { fields } = binding.record;
  const value: Fields = {};
  const folios = fields.some(({ id }) => fieldBinding(binding, id).kind === 'folios')
    ? folioBytes(place, json.folios, `${path}.folios`)
    : undefined;
  const defaults: Defaults = new Map([...more, ...counts(binding, json, path, folios)]);
  for (const info of fields) {
    const field = fieldBinding(binding, info.id);
    value[info.id] =
      field.kind === 'folios'
        ? writeFolios(
            place,
            folios ?? new Uint8Array(0),
            json.list === undefined ? undefined : jsonObject(json.list, `${path}.list`),
            `${path}.list`,
          )
        : fieldValue(place, field, info, json, path, defaults);
  }
  return value;
}

/** How many there are of what a document lists. */
function* counts(
  binding: RecordBinding,
  json: Json,
  path: string,
  folios: Uint8Array | undefined,
): Generator<readonly [string, number | bigint]> {
  for (const { id } of binding.record.fields) {
    const field = fieldBinding(binding, id);
    const list = field.kind === 'value' ? field.countOf : undefined;
    if (list !== undefined) yield [id, lengthOf(json, list, path)];
    else if ((field.kind === 'chain' || field.kind === 'area') && field.count !== undefined) {
      yield [field.count, lengthOf(json, field.list.key, path)];
    } else if (field.kind === 'records') {
      yield [field.count, jsonObjects(json[field.list.key], `${path}.${field.list.key}`).length];
    } else if (field.kind === 'folios') yield [field.count, (folios?.length ?? 0) / FOLIO_SIZE];
  }
}

function lengthOf(json: Json, list: string, path: string): number {
  return json[list] === undefined ? 0 : jsonArray(json[list], `${path}.${list}`).length;
}

/** Bytes of an entry of a list of folios. */
const FOLIO_SIZE = 16;

function fieldValue(
  place: Place,
  field: Exclude<FieldBinding, { kind: 'folios' }>,
  info: FieldInfo,
  json: Json,
  path: string,
  defaults: Defaults,
): unknown {
  switch (field.kind) {
    case 'value':
      return plainValue(field, info, json, path, defaults);
    case 'flags':
      return flagsValue(field, info, json, path);
    case 'chain':
    case 'area':
      return writeKept(place, field, json, path) ?? 0n;
    case 'inside':
      return fieldsOf(place, field.record, json, path, []);
    case 'held':
      return heldData(place, field, json, path);
    case 'one': {
      const given = optionalWide(json[`${field.key}Address`], `${path}.${field.key}Address`);
      const target = json[field.key];
      if (target === undefined) return given ?? 0n;
      const own = `${path}.${field.key}`;
      const address = given === (info.pointer?.null ?? 0n) ? undefined : given;
      return writeRecord(place, field.record, jsonObject(target, own), address, own);
    }
    case 'records': {
      const items = elementsOf(place, field.list, json, path);
      const length = info.length ?? items.length;
      if (items.length > length)
        throw new ModelError(`${path}.${field.list.key}: there is room for ${length}`);
      const nothing = { address: 0n };
      while (items.length < length) items.push(fieldsOf(place, field.list.element, nothing, path, []));
      return items;
    }
    case 'variant':
      return variantBytes(place, field, info, json, path);
  }
}

function plainValue(
  field: ValueField,
  info: FieldInfo,
  json: Json,
  path: string,
  defaults: Defaults,
): unknown {
  const given = json[field.key];
  const own = `${path}.${field.key}`;
  const size = (info.bitWidth ?? 0) / 8;
  if (info.text === true && (field.hidden !== true || given !== undefined))
    return jsonText(json, field.key, size, path);
  if (info.text === true) return new Uint8Array(size);
  if (info.kind === 'bytes') return bytesFromJson(info, given, own);
  if (info.kind === 'array') return arrayFromJson(info, given, own);
  if (field.form === 'bdf' && typeof given === 'string' && given.includes(':')) {
    const bdf = parseBdf(given);
    if (bdf === undefined) throw new ModelError(`${own}: expected bus:device.function`);
    return bdf;
  }
  return numberFromJson(info, given ?? defaults.get(info.id) ?? 0, own);
}

/** The bits without a name, and those of the flags that are true. */
function flagsValue({ key }: FlagsField, info: FieldInfo, json: Json, path: string): number | bigint {
  let bits = json[key] === undefined ? 0n : jsonInteger(json[key], `${path}.${key}`);
  for (const flag of flagKeys(info)) {
    const set = json[flag.key];
    if (set !== undefined && typeof set !== 'boolean')
      throw new ModelError(`${path}.${flag.key}: expected true or false`);
    if (set === true) bits |= flag.mask;
  }
  return numberFromJson(info, bits, `${path}.${key}`);
}

/**
 * Writes a list that is kept apart from what leads to it.
 *
 * @returns its address; undefined where the document has neither the list nor an address
 */
export function writeKept(place: Place, field: KeptField, json: Json, path: string): bigint | undefined {
  const { list } = field;
  const given = `${list.key}Address`;
  const head = optionalWide(json[given], `${path}.${given}`);
  if (json[list.key] === undefined) return head;
  const own = `${path}.${list.key}`;
  const values = elementsOf(place, list, json, path);
  return field.kind === 'chain'
    ? writePages(place, field, json, values, head, path)
    : writeArea(place, field, json, values, head, own);
}

function writePages(
  place: Place,
  { chain, list }: ChainField,
  json: Json,
  values: readonly Fields[],
  head: bigint | undefined,
  path: string,
): bigint {
  const { plain, key, element } = list;
  const pagesKey = plain?.pages ?? `${key}Pages`;
  const stated = jsonPages(json[pagesKey], `${path}.${pagesKey}`);
  // A list that ends before its first page stays as it was.
  const none = stated.length === 0 || (plain !== undefined && head === 0n);
  if (none && values.length === 0 && head !== undefined) return plain === undefined ? head : 0n;
  const given = stated.length > 0 ? stated : pagesOfElements(place, json[key], `${path}.${key}`);
  const pages = planPages(place, chain, element.record, values.length, head, given);
  const first = writeChain(place, chain, element.record, values, pages, `${path}.${key}`);
  return stated.length > 0 && head !== undefined && plain === undefined ? head : first;
}

/** One allocation: what its header says, and the elements. */
function writeArea(
  place: Place,
  { area, list }: AreaField,
  json: Json,
  values: readonly Fields[],
  head: bigint | undefined,
  path: string,
): bigint {
  const { header } = area;
  if (values.length === 0 && (header === undefined || head === 0n)) return head ?? 0n;
  const address = head ?? place.keep(Math.log2(area.pages));
  const bytes = packed(list.element.record, values, header?.size);
  const said = (header?.fields ?? []).map(({ id, unit }) => {
    const key = list.plain?.header?.[id] ?? id;
    const usual = unit === 'count' ? values.length : area.pages;
    return [id, optionalWide(json[key], `${path}.${key}`) ?? BigInt(usual)] as const;
  });
  header?.write?.(new DataView(bytes.buffer), 0, Object.fromEntries(said));
  place.put(address, bytes, path);
  return address;
}

/** The pages that the addresses of elements tell, in a document without pages. */
function pagesOfElements(place: Place, items: unknown, path: string): PlannedPage[] {
  const size = BigInt(place.pageSize);
  const pages: { address: bigint; count: bigint }[] = [];
  for (const [i, item] of jsonObjects(items, path).entries()) {
    const at = optionalWide(item.address, `${path}[${i}].address`);
    if (at === undefined) return [];
    const address = at - (at % size);
    const last = pages.at(-1);
    if (last?.address === address) last.count++;
    else pages.push({ address, count: 1n });
  }
  return pages;
}

/** The bytes of the variant whose keys the document has, or those that it has as bytes. */
function variantBytes(
  place: Place,
  { key, variants }: VariantField,
  info: FieldInfo,
  json: Json,
  path: string,
): Uint8Array {
  const bytes = bytesFromJson(info, json[key], `${path}.${key}`);
  const variant = variantOf(Object.values(variants), json);
  if (variant === undefined) return bytes;
  const { size, write } = fixed(variant.record);
  write(new DataView(bytes.buffer, bytes.byteOffset), 0, fieldsOf(place, variant, json, path, []));
  const rest = json[`${key}Rest`];
  if (rest !== undefined) {
    const tail = { ...info, bitWidth: 8 * (bytes.length - size) };
    bytes.set(bytesFromJson(tail, rest, `${path}.${key}Rest`), size);
  }
  return bytes;
}

/** Variants may have keys in common: the one of which the document has the most; padding does not tell. */
function variantOf(variants: readonly RecordBinding[], json: Json): RecordBinding | undefined {
  let best: { readonly variant: RecordBinding; readonly keys: number } | undefined;
  for (const variant of variants) {
    const keys = variant.record.fields.filter(({ id }) => {
      const field = fieldBinding(variant, id);
      const hidden = field.kind === 'value' && field.hidden === true;
      return !hidden && json[keyOf(field)] !== undefined;
    }).length;
    if (keys > (best?.keys ?? 0)) best = { variant, keys };
  }
  return best?.variant;
}

function keyOf(field: FieldBinding): string {
  return 'key' in field ? field.key : 'list' in field ? field.list.key : 'folios';
}

/** The address of the structure that a file or an FLB holds, or what the document says. */
function heldData(place: Place, { key, holder, name }: HeldField, json: Json, path: string): bigint {
  const called = typeof json[name] === 'string' ? json[name] : '';
  const held = heldStructure(place, holder, json, called);
  if (held === undefined) return jsonWide(json[key], `${path}.${key}`);
  const { subject, value, atTop } = held;
  const own = atTop ? subject.key : `${path}.${subject.key}`;
  const structure = jsonObject(value, own);
  const given = optionalWide(json[key], `${path}.${key}`);
  return writeStructure(place, formOf(subject, structure, called, own), structure, given, own);
}

/** What a file or an FLB holds. Some of what FLBs hold is at the top of the document: the first of the name has it. */
function heldStructure(
  { top }: Place,
  holder: Subject['holder'],
  json: Json,
  name: string,
): { readonly subject: Subject; readonly value: unknown; readonly atTop: boolean } | undefined {
  for (const { subject, value } of structuresOf(json, holder)) return { subject, value, atTop: false };
  const subject = namedForms(holder, name)?.subject;
  const value = top?.document[subject?.key ?? ''];
  if (subject?.top !== true || value === undefined || top?.written.has(subject.key) !== false)
    return undefined;
  top.written.add(subject.key);
  return { subject, value, atTop: true };
}

/** The form that a document names; of one that names none the newest of the holder's name. */
export function formOf(subject: Subject, json: Json, name: string, path: string): StructureForm {
  if (json.form === undefined) {
    const form = namedForms(subject.holder, name)?.forms[0] ?? subject.forms[0];
    if (form !== undefined) return form;
  }
  const form = typeof json.form === 'string' ? formById(json.form) : undefined;
  if (form?.subject === subject.key) return form;
  throw new ModelError(`${path}.form: expected one of ${subject.forms.map(({ id }) => id).join(', ')}`);
}
