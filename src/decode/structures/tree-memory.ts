/** Reads what the nodes of a tree lead to in memory, along their bindings. Knows no structure by name. */
import type { AddressRange } from '../../abi/model.js';
import { recordView } from '../../abi/record-view.js';
import { LITTLE_ENDIAN_HOST } from '../../memory/host-order.js';
import { readBytes } from '../../memory/read.js';
import { type Model, plainModel } from '../../structures/structure.js';
import { eachNode, type NodeBinding } from '../../structures/tree.js';
import {
  type EntryPage,
  entryPages,
  type MemoryPart,
  partRecord,
  regionOf,
  type TablePart,
  type TreeMemory,
} from '../../structures/tree-memory.js';
import { dataView } from '../bytes.js';
import { type Context, contextOf } from '../upstream/context.js';
import { clearUnlike, restOfPage } from '../upstream/reused.js';
import { fixed } from './read.js';

const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;

/** Reads what all nodes below a root lead to, and puts it into their models. */
export function readTreeMemory(context: Context, root: NodeBinding, model: object): void {
  for (const { binding, model: node } of eachNode(root, model))
    if (binding.memory !== undefined) readNode(contextOf(context, binding.memory.part), binding.memory, node);
}

function readNode(context: Context, memory: TreeMemory, node: Model): void {
  const state: Model = {};
  const numbers: number[] = [];
  let table: { readonly part: TablePart; readonly bytes: Uint8Array } | undefined;
  for (const part of memory.parts) {
    if (part.kind === 'bits') continue;
    const bytes = readPart(context, part, node);
    if (bytes === undefined) continue;
    const { size, read } = fixed(part.record);
    if (part.kind === 'record') {
      if (bytes.length === size) state[part.key] = read(dataView(bytes), 0);
      continue;
    }
    const view = recordView(part.record, bytes);
    state[part.key] = view;
    if (part.kind === 'table') table = { part, bytes };
    else for (const each of view) numbers.push(Object.values(each as object)[0] as number);
  }
  node[memory.state] = state;
  if (table === undefined) return;
  const { part, bytes } = table;
  const pages = entryPages(part.page, node, numbers);
  node[part.used.key] = entriesOf(context, memory, node, part, bytes, pages);
}

/** The bytes of a part: as many as its record says, bounded by what the kernel allocates. Absent ones are reported. */
function readPart(
  context: Context,
  part: Exclude<MemoryPart, { kind: 'bits' }>,
  node: Model,
): Uint8Array | undefined {
  const { what, size, record } = part;
  const named = partRecord(part, node);
  if (named === undefined) return undefined;
  const length = named.len < BigInt(size) ? Number(named.len) : size;
  const bytes = readBytes(context.memory, named.addr, length);
  if (bytes === undefined) absent(context, what, named.addr, node);
  else {
    const at = Number(named.addr);
    const around = restOfPage(context, at + length);
    clearUnlike(context.reporter, record, { bytes, at }, 0, length, what, around);
  }
  return bytes;
}

function absent({ reporter }: Context, what: string, address: bigint, { origin }: Model): void {
  const { fdtPath } = (origin ?? {}) as { readonly fdtPath?: string };
  reporter.absent(what, address, fdtPath === undefined ? {} : { fdtPath });
}

/** The entries of a table that are in use, with what their pages hold. */
function entriesOf(
  context: Context,
  memory: TreeMemory,
  node: Model,
  part: TablePart,
  bytes: Uint8Array,
  pages: ReadonlyMap<number, bigint>,
): Model[] {
  const { used, others, number: numberKey, page } = part;
  const { size, read } = fixed(part.record);
  const start = partRecord(part, node)?.addr ?? 0n;
  const region = regionOf(memory, node);
  const view = dataView(bytes);
  const entries: Model[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) {
    if (!part.isUsed(view, at)) continue;
    const number = at / size + 1;
    const address = start + BigInt(at);
    const entry = plainModel(used.element, read(view, at) as Model);
    const own = pages.get(number);
    const blocks = own === undefined ? undefined : readBlocks(context, page, own, entry);
    if (own !== undefined && blocks === undefined)
      absent(context, `${page.what} of ${others.element.what} ${number}`, own, node);
    // An object a block where they are apart, which few commands ask for.
    let made: AddressRange[] | undefined;
    entries.push(
      Object.defineProperty(
        {
          ...entry,
          [numberKey]: number,
          ...(own === undefined ? {} : { [page.key]: own }),
          ...(blocks === undefined ? {} : { [page.list]: blocks }),
          origin: { address },
        },
        'extents',
        {
          enumerable: true,
          get() {
            made ??=
              blocks === undefined || region === undefined
                ? []
                : extents(blocks, region, memory.region.block);
            return made;
          },
        },
      ),
    );
  }
  return entries;
}

/** What a page holds, no more than it has room for. */
function readBlocks(
  context: Context,
  { count: countKey, size, record, what }: EntryPage,
  address: bigint,
  entry: Model,
): BigUint64Array | undefined {
  const count = Math.max(0, Math.min(entry[countKey] as number, size / ENTRY));
  const bytes = readBytes(context.memory, address, count * ENTRY);
  if (bytes === undefined) return undefined;
  const at = Number(address);
  const around = restOfPage(context, at + bytes.length);
  clearUnlike(context.reporter, record, { bytes, at }, 0, bytes.length, what, around);
  if (LITTLE_ENDIAN_HOST) return new BigUint64Array(bytes.buffer, 0, count);
  const view = dataView(bytes);
  return BigUint64Array.from({ length: count }, (_, i) => view.getBigUint64(i * ENTRY, true));
}

/** Physical ranges of blocks in their order, adjacent ones merged. Those beyond the region are left out: they are no contents, and a rule reports them. */
function extents(blocks: BigUint64Array, { start: base, end }: AddressRange, size: bigint): AddressRange[] {
  const result: { start: bigint; end: bigint }[] = [];
  const limit = (end - base) / size;
  for (const block of blocks) {
    if (block >= limit) continue;
    const start = base + block * size;
    const last = result.at(-1);
    if (last !== undefined && last.end === start) last.end = start + size;
    else result.push({ start, end: start + size });
  }
  return result;
}
