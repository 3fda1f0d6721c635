/** What the nodes of a tree lead to in memory as plain values for JSON, along their bindings. Knows no structure by name. */
import type { RecordView } from '../abi/record-view.js';
import { dataView, equalBytes } from '../decode/bytes.js';
import { fixed } from '../decode/structures/read.js';
import { fieldKey, type Model, plainModel } from '../structures/structure.js';
import type { TablePart, TreeMemory } from '../structures/tree-memory.js';
import { recordJson } from './structure-json.js';
import { textKeys } from './text-json.js';

type Json = { [key: string]: unknown };

/** The keys of what memory has, beside those of the node itself. */
export function treeMemoryJson({ parts, state, unsaid }: TreeMemory, node: Model): Json {
  const found = (node[state] ?? {}) as Model;
  const json: Json = {};
  for (const part of parts) {
    if (part.kind === 'bits' || part.kind === 'table') continue;
    const read = found[part.key];
    json[part.kind === 'record' ? part.json : part.key] =
      part.kind === 'record' || read === undefined ? read : numbersJson(read as RecordView<object>);
  }
  for (const part of parts) {
    if (part.kind !== 'table') continue;
    const { used, others, key } = part;
    const entries = node[used.key] as readonly Model[] | undefined;
    const table = found[key] as RecordView<unknown> | undefined;
    json[used.key] = entries?.map((entry) => entryJson(part, entry));
    json[others.key] = table === undefined ? undefined : otherEntries(part, unsaid.entry, table.bytes);
  }
  return json;
}

/** The numbers up to the last that is not 0. */
function numbersJson(view: RecordView<object>): number[] {
  const numbers = Array.from(view, (each) => Object.values(each)[0] as number);
  return numbers.slice(0, numbers.findLastIndex((number) => number !== 0) + 1);
}

/** An entry's number follows its name. */
function entryJson({ used: { element }, number, page }: TablePart, entry: Model): Json {
  const blocks = entry[page.list] as BigUint64Array | undefined;
  const name = fieldKey(element, element.naming ?? '');
  return {
    ...textKeys(name, entry[name] as Uint8Array),
    [number]: entry[number],
    ...recordJson(element, entry),
    [page.key]: entry[page.key],
    [page.list]: blocks === undefined ? undefined : runsOf(blocks),
    extents: entry.extents,
  };
}

/** The entries that are not in use and not as the kernel makes them. */
function* otherEntries(
  { record, number: key, others, isUsed }: TablePart,
  made: TreeMemory['unsaid']['entry'],
  bytes: Uint8Array,
): Generator<Json> {
  const { size, read, write } = fixed(record);
  const view = dataView(bytes);
  const usual = new Uint8Array(size);
  for (let at = 0; at + size <= bytes.length; at += size) {
    const number = at / size + 1;
    write(dataView(usual), 0, made(number));
    if (isUsed(view, at) || equalBytes(usual, bytes.subarray(at, at + size))) continue;
    const entry = plainModel(others.element, read(view, at) as Model);
    yield { [key]: number, ...recordJson(others.element, entry) };
  }
}

/** Numbers as runs of consecutive ones. */
function runsOf(blocks: BigUint64Array): { block: bigint; count?: number }[] {
  const runs: { block: bigint; count?: number }[] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    const count = last?.count ?? 1;
    if (last !== undefined && last.block + BigInt(count) === block) last.count = count + 1;
    else runs.push({ block });
  }
  return runs;
}
