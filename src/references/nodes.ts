/** Where that is what the nodes of a tree lead to, along their bindings. Knows no structure by name. */
import type { AddressRange, Handover } from '../abi/model.js';
import type { RecordView } from '../abi/record-view.js';
import { physicalAddress } from '../memory/read.js';
import { beforeNul, bytesToText } from '../schema/text.js';
import { fieldKey, type Model } from '../structures/structure.js';
import {
  eachNode,
  type NodeBinding,
  type NodeBuffer,
  type NodeTables,
  tableLevels,
} from '../structures/tree.js';
import {
  type MemoryPart,
  memoryRange,
  type NamedMemory,
  partRecord,
  regionOf,
  type TablePart,
  type TreeMemory,
  tableOf,
} from '../structures/tree-memory.js';
import { secondStageFormat } from '../vtd/second-stage.js';
import { noRuns, type Owner, type Run, type TableTree } from './claim.js';
import { claim, partOwner } from './owners.js';
import type { Place } from './place.js';
import type { ReferenceContext } from './sink.js';
import { addTables } from './tables.js';

type NodeContext = ReferenceContext & { readonly owner: Owner };

/** Tells what the nodes of a tree lead to: what is read as a whole, then buffers and page tables. */
export function addNodes(of: ReferenceContext, root: NodeBinding, handover: Handover): void {
  const nodes = [...eachNode(root, handover)].map(({ binding, model, place }) => {
    // Keys of a node's place are those of any.
    const context: NodeContext = { ...of, owner: partOwner(place as unknown as Place) };
    return { binding, model, context };
  });
  for (const { binding, model, context } of nodes) {
    const { memory } = binding;
    if (memory === undefined) continue;
    claimMemory(context, memory, model);
    for (const part of memory.parts) addPart(context, memory, part, model);
    addEntries(context, memory, model);
  }
  for (const { binding, model, context } of nodes) {
    if (binding.buffer !== undefined) claimBuffer(context, binding.buffer, model);
    if (binding.tables !== undefined) addNodeTables(context, binding.tables, model);
  }
}

function claimBuffer(
  { owner, ...context }: NodeContext,
  { key, what, subject }: NodeBuffer,
  model: Model,
): void {
  const said = Object.entries(subject).map(([own, keys]) => {
    const found = keys.find((each) => model[each] !== undefined);
    return [own, found === undefined ? 0 : model[found]];
  });
  const named = { ...owner, subject: Object.fromEntries(said) };
  claim({ ...context, owner: named }, 'bookkeeping', what, () => recordRuns(model[key]));
}

function claimMemory(context: NodeContext, memory: TreeMemory, node: Model): void {
  const { parts, region, what } = memory;
  const { page, used } = tableOf(memory);
  const keys = new Set(parts.flatMap(({ kind, from }) => (kind === 'table' ? [from, page.from] : [from])));
  function* runs(): Generator<Run> {
    for (const key of keys) yield* recordRuns(node[key]);
  }
  claim(context, 'bookkeeping', what, runs, { lasting: true });
  const range = regionOf(memory, node);
  if (range === undefined) return;
  claim(context, 'region', region.what, () => [range]);
  for (const entry of entriesOf(memory, node)) {
    const blocks = entry[page.list] as BigUint64Array | undefined;
    if (blocks === undefined) continue;
    const name = nameOf(used, entry);
    const text = `${used.element.what} ${JSON.stringify(bytesToText(name).text)}`;
    const owner = partOwner({ ...context.owner.place, [used.named]: beforeNul(name) });
    const at = entry[page.key] as bigint | undefined;
    const entries = {
      record: page.record,
      unit: Number(region.block),
      what: (i: number) => `${text} ${itemOf(page)} ${i}`,
    };
    claim({ ...context, owner }, 'contents', 'contents', () => blockRuns(blocks, range, region.block), {
      fixed: true,
      ...(at === undefined ? {} : { entries: { ...entries, at } }),
    });
  }
}

function entriesOf(memory: TreeMemory, node: Model): readonly Model[] {
  return (node[tableOf(memory).used.key] ?? []) as readonly Model[];
}

function nameOf({ element }: TablePart['used'], entry: Model): Uint8Array {
  return entry[fieldKey(element, element.naming ?? '')] as Uint8Array;
}

/** What one number of a page is. */
function itemOf({ record }: TablePart['page']): string {
  return record.fields[0]?.id ?? '';
}

/** Blocks in their order; those beyond the region are no memory of it. */
function* blockRuns(blocks: BigUint64Array, { start, end }: AddressRange, block: bigint): Generator<Run> {
  const size = Number(block);
  for (const [nth, number] of blocks.entries()) {
    const first = start + number * block;
    if (first < end) yield { start: first, end: first + block, position: nth * size };
  }
}

/** The memory that packed records name, or one. */
function* recordRuns(records: unknown): Generator<Run> {
  if (records === undefined) return;
  const all = 'addr' in (records as object) ? [records] : records;
  for (const named of all as Iterable<NamedMemory>) yield memoryRange(named);
}

function addPart({ sink }: ReferenceContext, memory: TreeMemory, part: MemoryPart, node: Model): void {
  const { addr, len } = partRecord(part, node) ?? {};
  if (addr === undefined || len === undefined) return;
  const found = (node[memory.state] ?? {}) as Model;
  const used = entriesOf(memory, node).length;
  if (part.kind === 'bits') {
    const region = regionOf(memory, node);
    if (region === undefined) return;
    const length = Math.min(Number(len), part.size);
    const blocks = Number((region.end - region.start) / memory.region.block);
    const bytes = Math.min(length, Math.ceil(blocks / 8));
    sink.bitmap({ address: Number(addr), length, used: bytes, what: part.called });
    return;
  }
  const { record, key } = part;
  if (part.kind === 'record') {
    sink.bytes(addr, Math.min(Number(len), part.size));
    if (found[key] !== undefined) sink.record(record, addr, `the ${part.what}`);
    return;
  }
  const view = found[key] as RecordView<unknown> | undefined;
  if (view === undefined) return;
  sink.bytes(addr, view.bytes.length);
  if (part.kind === 'numbers') {
    const what = (i: number): string => `${key} entry ${i}`;
    sink.array({ record, count: Math.min(used, view.length), at: addr, what, traits: { list: key } });
    return;
  }
  for (const { number, what, list } of part.samples(used))
    if (number <= view.length)
      sink.record(record, addr + BigInt((number - 1) * (record.size ?? 0)), what, { list });
}

/** The entries in use of a table, and their pages. */
function addEntries({ sink }: ReferenceContext, memory: TreeMemory, node: Model): void {
  const { used, others, page, record, number } = tableOf(memory);
  for (const entry of entriesOf(memory, node)) {
    const { address } = entry.origin as { readonly address: bigint };
    const what = `${used.element.what} "${bytesToText(nameOf(used, entry)).text}"`;
    sink.record(record, address, `${what}, ${others.element.what} ${entry[number]}`, { list: used.key });
    const at = entry[page.key] as bigint | undefined;
    const blocks = entry[page.list] as BigUint64Array | undefined;
    if (at === undefined || blocks === undefined) continue;
    const chain = `${page.what}s`;
    sink.page({ address: Number(at), length: page.size, chain, what: `the ${page.what} of ${what}` });
    sink.array({
      record: page.record,
      count: blocks.length,
      at,
      what: (i) => `${what} ${itemOf(page)} ${i}`,
      traits: { list: page.list },
    });
  }
}

function addNodeTables(context: NodeContext, tables: NodeTables, model: Model): void {
  const { place } = context.owner;
  const root = model[tables.root] as bigint | undefined;
  const levels = tableLevels(tables, model);
  const owner = `${tables.what} ${model[tables.number] ?? '?'}`;
  const tree: TableTree | undefined =
    root === undefined || levels === undefined
      ? undefined
      : { root, levels, format: secondStageFormat(), stage: 'second', owner };
  const placed = tree === undefined ? { place } : { place, tree };
  claim(context, 'tables', 'page tables', noRuns, { trees: () => [placed] });
  if (tree !== undefined && physicalAddress(tree.root) !== undefined) addTables(context, tree);
}
