/** A rider of a document along its binding: what it leads to into memory, and its record. Knows no rider by name. */
import { fixed } from '../../decode/structures/read.js';
import { hex } from '../../schema/units.js';
import type { Rider, TaggedList } from '../../structures/rider.js';
import { heldTree, RIDERS } from '../../structures/riders.js';
import { fieldBinding, type KeptField } from '../../structures/structure.js';
import type { TreeBinding } from '../../structures/tree.js';
import { jsonObject } from '../from-json.js';
import { type Json, jsonObjects, jsonWide, optionalWide } from '../upstream/json.js';
import { writeArea } from '../upstream/lists.js';
import type { Place } from '../upstream/place.js';
import { reportUnnamed } from './held.js';
import { plainBytes, writeKept } from './write.js';

/**
 * Writes what the riders of a document lead to.
 *
 * @returns the riders, with the addresses at which that is
 */
export function writeRiders(place: Place, document: Json): Json {
  const written: { [key: string]: Json } = {};
  for (const rider of RIDERS) {
    const { key } = rider;
    if (document[key] !== undefined)
      written[key] = writeRider(place, rider, jsonObject(document[key], key), document);
  }
  return written;
}

/**
 * Writes what a rider leads to.
 *
 * @param document the whole of it: some structures that FLBs hold are at its top
 * @returns the rider with the addresses at which that is
 */
export function writeRider(at: Place, rider: Rider, json: Json, document: Json): Json {
  const { key: path } = rider;
  const { lists = [], tagged, pointer, record } = rider.formOf(json);
  const place: Place = { ...at, top: { document, written: new Set() } };
  const part: { [key: string]: unknown } = { ...json };
  for (const field of lists) {
    const head = writeKept(place, field, json, path);
    if (head !== undefined) part[`${field.list.key}Address`] = hex(head);
  }
  for (const { list } of lists)
    if (holdsFlbs(list) && json[list.key] !== undefined) reportUnnamed(place, `${path}.${list.key}`);
  if (tagged !== undefined) Object.assign(part, writeTagged(place, tagged, json, path));
  if (pointer === undefined || record === undefined) return part;
  const address = optionalWide(json[pointer], `${path}.${pointer}`) ?? place.keep(0);
  place.put(address, plainBytes(record, part, path), `${path}.${pointer}`);
  return { ...part, [pointer]: hex(address) };
}

/** Whether FLBs are the elements: they hold what is at the top of a document. */
function holdsFlbs({ element }: KeptField['list']): boolean {
  return element.record.fields.some(({ id }) => {
    const field = fieldBinding(element, id);
    return field.kind === 'held' && field.holder === 'flb';
  });
}

/** The list of a document in a preserved area; what its elements are the addresses of is not in a document. */
function writeTagged(place: Place, binding: TaggedList, json: Json, path: string): Json {
  const { key, record, address, tag, from, packed, count } = binding;
  if (json[key] === undefined || packed === true) return {};
  const { size, write } = fixed(record);
  const elements = jsonObjects(json[key], `${path}.${key}`);
  const bytes = new Uint8Array(elements.length * size);
  const view = new DataView(bytes.buffer);
  for (const [i, element] of elements.entries()) {
    const own = `${path}.${key}[${i}]`;
    const value = jsonWide(element[address], `${own}.${address}`) | jsonWide(element[tag], `${own}.${tag}`);
    write(view, i * size, { value });
  }
  const list = json.list === undefined ? undefined : jsonObject(json.list, `${path}.list`);
  const { first, ...rest } = writeArea(place, bytes, list, `${path}.list`);
  return { [count]: json[count] ?? elements.length, [from]: { first: hex(first), ...rest } };
}

/**
 * The record that a rider's blob is.
 *
 * @param name of the child of the root; the only one of the document when no name is given
 * @returns undefined when the document has none, or has it as a tree
 */
export function riderRecord(json: Json, name?: string): Uint8Array | undefined {
  for (const rider of RECORD_RIDERS) {
    const { key } = rider;
    if (json[key] === undefined || (name !== undefined && name !== rider.name)) continue;
    const part = jsonObject(json[key], key);
    const { tree, record } = rider.formOf(part);
    if (tree === undefined && record !== undefined) return plainBytes(record, part, key);
  }
  return undefined;
}

/** Of several in a document without names the last that a kernel registers. */
const RECORD_RIDERS = RIDERS.filter(({ record }) => record !== undefined).toReversed();

/** The part of a document that makes the tree of a rider of this name; the only one when no name is given. */
export function riderTree(
  json: Json,
  name?: string,
): { readonly rider: Rider; readonly binding: TreeBinding; readonly part: Json } | undefined {
  const held = heldTree(json, name);
  return held === undefined ? undefined : { ...held, part: jsonObject(json[held.rider.key], held.rider.key) };
}
