/** Writes what the nodes of a tree lead to in memory, along their bindings. Knows no structure by name. */

import { packRecords } from '../../abi/record-view.js';
import { fixed } from '../../decode/structures/read.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { sparseSegments } from '../../memory/segments.js';
import type { RecordType } from '../../schema/record.js';
import { bytesToHex } from '../../schema/text.js';
import { setBits } from '../../structures/map/pages.js';
import { fieldKey, type Model, type RecordBinding } from '../../structures/structure.js';
import { eachNode, type NodeBinding } from '../../structures/tree.js';
import {
  entryPages,
  type MemoryPart,
  partRecord,
  type RecordPart,
  regionOf,
  type TablePart,
  type TreeMemory,
  tableOf,
  type WrittenEntry,
} from '../../structures/tree-memory.js';
import { jsonArray, jsonInteger, jsonObject, ModelError, recordFromJson } from '../from-json.js';
import { type Json, jsonObjects, jsonText } from '../upstream/json.js';
import type { SaidPlace } from '../upstream/place.js';

const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;
/** Where x86-64 maps all memory when its base is not randomised; used where the document says no pointers. */
const DIRECT_MAP = 0xffff888000000000n;

/** An entry as a document has it. */
interface Entry extends WrittenEntry {
  readonly json: Json;
  /** Numbers of its blocks in their order; undefined when the document does not tell. */
  readonly blocks?: readonly bigint[];
}

/** A node of a document. */
interface Node {
  readonly binding: TreeMemory;
  readonly table: TablePart;
  /** As the encoded tree decodes to: its records say the addresses. */
  readonly model: Model;
  readonly json: Json;
  readonly path: string;
}

/** What a document says of a node's memory, or leaves to be made. */
interface Contents {
  readonly entries: readonly Entry[];
  readonly others: ReadonlyMap<number, Model>;
  readonly numbers?: readonly number[];
  readonly record?: Model;
  /** Pages by the numbers of the entries. */
  readonly pages: ReadonlyMap<number, bigint>;
  /** Virtual address of physical address 0. */
  readonly base: bigint;
}

/**
 * Places what the nodes of a tree lead to. A document of a dump says all of it; in one written by hand the extents of
 * an entry give its blocks, the blocks their number, and entries that are not listed are as the kernel makes them.
 *
 * @param handover as the encoded tree decodes to
 * @param memory where what the document does not say comes from
 * @throws ModelError naming the place that has not the form of a model
 */
export function writeTreeMemory(
  place: SaidPlace,
  root: NodeBinding,
  handover: object,
  document: Json,
  memory: PhysicalMemory | undefined,
): void {
  for (const { binding, model } of eachNode(root, handover)) {
    const path = 'object' in binding.place ? binding.place.object : '';
    if (binding.memory === undefined || document[path] === undefined) continue;
    const json = jsonObject(document[path], path);
    const node: Node = { binding: binding.memory, table: tableOf(binding.memory), model, json, path };
    const { key } = node.table.used;
    if (json[key] !== undefined) {
      const contents = contentsOf(node);
      for (const part of binding.memory.parts) writePart(place, node, part, contents, memory);
    } else if (memory === undefined)
      place.messages.push(`${path}.${key} is missing: its structures in memory are left out`);
  }
}

function contentsOf(node: Node): Contents {
  const { binding, table, model, json, path } = node;
  const { used, others: rest, page } = table;
  const entries = jsonObjects(json[used.key], `${path}.${used.key}`).map((item, i) =>
    entryFromJson(node, item, `${path}.${used.key}[${i}]`),
  );
  // Of a dump's own document what is left out is missing; of another one it is made.
  const fresh = json[rest.key] === undefined;
  const others = fresh
    ? binding.unsaid.others(entries)
    : new Map(
        jsonObjects(json[rest.key], `${path}.${rest.key}`).map((item, i): [number, Model] => {
          const own = `${path}.${rest.key}[${i}]`;
          const number = numberOf(table, item, own);
          return [number, valueFromJson(rest.element, item, binding.unsaid.entry(number), own)];
        }),
      );
  let record: Model | undefined;
  let numbers = fresh ? entries.map(({ number }) => number) : undefined;
  let base = DIRECT_MAP;
  for (const part of binding.parts) {
    if (part.kind === 'record') {
      const own = json[part.json];
      if (own !== undefined) record = recordFromJson(part.record, own, `${path}.${part.json}`) as Model;
      else if (fresh) record = binding.unsaid.record(entries, others);
      const target = partRecord(table, model);
      const [id] = Object.entries(part.pointers).find(([, nth]) => nth === table.nth) ?? [];
      if (own !== undefined && target !== undefined && id !== undefined)
        base = BigInt.asUintN(64, (record?.[id] as bigint) - target.addr);
      else if (record !== undefined) Object.assign(record, pointersOf(part, model, base));
    } else if (part.kind === 'numbers' && json[part.key] !== undefined) {
      const own = `${path}.${part.key}`;
      numbers = jsonArray(json[part.key], own).map((item, i) =>
        inRange(item, -(2 ** 31), 2 ** 31 - 1, `${own}[${i}]`),
      );
    }
  }
  return {
    ...{ entries, others, base, pages: entryPages(page, model, numbers ?? []) },
    ...(numbers === undefined ? {} : { numbers }),
    ...(record === undefined ? {} : { record }),
  };
}

/** The virtual addresses of parts. */
function pointersOf({ from, pointers }: RecordPart, model: Model, base: bigint): Model {
  return Object.fromEntries(
    Object.entries(pointers).map(([id, nth]) => {
      const target = partRecord({ from, nth }, model)?.addr ?? 0n;
      return [id, BigInt.asUintN(64, base + target)];
    }),
  );
}

function writePart(
  place: SaidPlace,
  { binding: { unsaid }, table, model }: Node,
  part: MemoryPart,
  { entries, others, numbers, record, pages, base }: Contents,
  memory: PhysicalMemory | undefined,
): void {
  const { addr, len } = partRecord(part, model) ?? {};
  const what = `the ${part.what}`;
  const size = len === undefined || len > part.size ? part.size : Number(len);
  if (addr !== undefined && part.kind === 'record') {
    if (record === undefined || size < part.size)
      place.messages.push(`${what} is left out: the model does not have it, or its record is too short`);
    else place.put(addr, packRecords(part.record, [record]).bytes, what);
  } else if (addr !== undefined && part.kind === 'table') {
    const all = new Map(others);
    for (const entry of entries) all.set(entry.number, entryValue(part, entry, pages, base));
    place.put(addr, tableBytes(part.record, size, all, unsaid.entry), what, size);
  } else if (addr !== undefined && part.kind === 'numbers' && numbers !== undefined) {
    const bytes = new Uint8Array(part.size);
    bytes.set(numberBytes(part.record, numbers).subarray(0, part.size));
    place.put(addr, bytes, what);
  } else if (addr !== undefined && part.kind === 'bits' && memory === undefined) {
    // With a memory it is the memory's: what that does not hold is not known to be zero.
    const blocks = entries.flatMap((entry) => entry.blocks ?? []);
    place.fill(addr, sparseSegments(0, bitmapBytes(blocks, part.size).subarray(0, size)), what);
    place.messages.push(`${what} is made from the ${table.used.key}' blocks: the model does not hold it`);
  }
  if (part.kind === 'table') writePages(place, part, entries, pages, memory);
}

/** The pages of entries; one of which the document does not tell is the memory's. */
function writePages(
  place: SaidPlace,
  { page, others }: TablePart,
  entries: readonly Entry[],
  pages: ReadonlyMap<number, bigint>,
  memory: PhysicalMemory | undefined,
): void {
  for (const { number, blocks } of entries) {
    const at = pages.get(number);
    const what = `the ${page.what} of ${others.element.what} ${number}`;
    if (at !== undefined && blocks !== undefined)
      place.put(at, numberBytes(page.record, blocks), what, page.size);
    else if (memory === undefined) place.messages.push(`${what} is left out: the model does not have it`);
  }
}

function entryValue(
  { record }: TablePart,
  { number, json, value }: Entry,
  pages: ReadonlyMap<number, bigint>,
  base: bigint,
): Model {
  const pointer = record.fields.find(({ unit }) => unit === 'virtual-address')?.id;
  if (pointer === undefined || json[pointer] !== undefined) return value;
  const page = pages.get(number);
  return { ...value, [pointer]: page === undefined ? 0n : BigInt.asUintN(64, base + page) };
}

function entryFromJson(node: Node, json: Json, path: string): Entry {
  const { binding, table } = node;
  const number = numberOf(table, json, path);
  const blocks = blocksFromJson(node, json, path);
  const made = binding.unsaid.used(number, blocks?.length ?? 0);
  const value = valueFromJson(table.used.element, json, made, path);
  return { number, json, value, ...(blocks === undefined ? {} : { blocks }) };
}

function numberOf({ number, size, record }: TablePart, json: Json, path: string): number {
  return inRange(json[number], 1, Math.floor(size / fixed(record).size), `${path}.${number}`);
}

/** A record of the document; what it leaves out is as in `made`. */
function valueFromJson(binding: RecordBinding, json: Json, made: Model, path: string): Model {
  const complete: { [id: string]: unknown } = {};
  for (const { id, text, bitWidth = 0 } of binding.record.fields) {
    const key = fieldKey(binding, id);
    const isText = text === true && (json[key] !== undefined || json[`${key}Bytes`] !== undefined);
    const usual = isText ? jsonText(json, key, bitWidth / 8, path) : made[id];
    const given = text === true ? undefined : json[key];
    complete[id] = given ?? (usual instanceof Uint8Array ? bytesToHex(usual) : String(usual));
  }
  return recordFromJson(binding.record, complete, path) as Model;
}

/** The blocks of an entry: runs `{ block, count? }` of consecutive numbers, else extents, where nothing else says how many. */
function blocksFromJson(
  { binding, table, model, path: node }: Node,
  json: Json,
  path: string,
): bigint[] | undefined {
  const { page } = table;
  const runs = json[page.list] !== undefined;
  if (!runs && (json.extents === undefined || json[page.count] !== undefined)) return undefined;
  const own = `${path}.${runs ? page.list : 'extents'}`;
  const most = page.size / ENTRY;
  const blocks: bigint[] = [];
  for (const [i, item] of jsonObjects(runs ? json[page.list] : json.extents, own).entries()) {
    const at = `${own}[${i}]`;
    const [first, count] = runs
      ? [jsonInteger(item.block, `${at}.block`), BigInt(inRange(item.count ?? 1, 1, most, `${at}.count`))]
      : extentBlocks(binding, model, item, node, at);
    if (count > most - blocks.length) throw new ModelError(`${at}: a ${page.what} holds ${most} blocks`);
    if (first < 0n || first + count > 1n << 64n) throw new ModelError(`${at}: does not fit 64 bits`);
    for (let each = 0n; each < count; each++) blocks.push(first + each);
  }
  return blocks;
}

/** The first block of an extent, and how many it has. */
function extentBlocks(
  binding: TreeMemory,
  model: Model,
  extent: Json,
  node: string,
  path: string,
): readonly [first: bigint, count: bigint] {
  const { from, block } = binding.region;
  const start = jsonInteger(extent.start, `${path}.start`);
  const end = jsonInteger(extent.end, `${path}.end`);
  const base = regionOf(binding, model)?.start;
  if (base === undefined)
    throw new ModelError(`${path}: ${node}.${from} is missing, and blocks count from its start`);
  const whole = (start - base) % block === 0n && (end - start) % block === 0n;
  if (start < base || end < start || !whole) throw new ModelError(`${path}: not whole blocks of ${from}`);
  return [(start - base) / block, (end - start) / block];
}

function inRange(value: unknown, low: number, high: number, path: string): number {
  const integer = jsonInteger(value, path);
  if (integer < low || integer > high)
    throw new ModelError(`${path}: ${integer} is not in ${low} to ${high}`);
  return Number(integer);
}

/**
 * Entries end to end, as many whole ones as fit.
 *
 * @param entries by their numbers, which count from 1; the others are as they are made
 * @param size bytes
 */
export function tableBytes<T>(
  record: RecordType<T>,
  size: number,
  entries: ReadonlyMap<number, T>,
  made: (number: number) => T,
): Uint8Array {
  const length = Math.floor(size / fixed(record as RecordType<unknown>).size);
  const all = Array.from({ length }, (_, i) => entries.get(i + 1) ?? made(i + 1));
  return packRecords(record, all).bytes;
}

/** Records of one number each, end to end. */
export function numberBytes(record: RecordType<unknown>, numbers: Iterable<number | bigint>): Uint8Array {
  const [field] = record.fields;
  const values = Array.from(numbers, (number) => ({ [field?.id ?? '']: number }));
  return packRecords(record, values).bytes;
}

/**
 * A bitmap of blocks.
 *
 * @param blocks the numbers of those in use; those that have no bit are left out
 * @param size bytes
 */
export function bitmapBytes(blocks: Iterable<bigint>, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const block of blocks) {
    if (block >= BigInt(size * 8)) continue;
    setBits(bytes, Number(block), Number(block) + 1);
  }
  return bytes;
}
