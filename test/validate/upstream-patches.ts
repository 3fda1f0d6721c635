/** Ways to damage a captured core at one place: bytes that are over those of its memory. */
import type { Handover } from '../../src/abi/model.js';
import type { LuoFile, LuoSession, MapChunk, Memfd } from '../../src/abi/upstream/model.js';
import type { FdtTree } from '../../src/fdt/parse.js';
import { findNode, findProperty, valueOffset } from '../../src/fdt/tree.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import type { MemorySegment } from '../../src/memory/segments.js';
import { radixKey, radixShape, radixSlot } from '../../src/structures/map/shape.js';

export type Patches = readonly MemorySegment[];

/** Physical addresses that no fixture uses. */
const FRESH = 0x1_4000_0000;

export function patch(address: bigint | number, bytes: ArrayLike<number>): Patches {
  return [{ address: Number(address), bytes: Uint8Array.from(bytes) }];
}

export function text(address: bigint | number, value: string, size = value.length): Patches {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode(value));
  return patch(address, bytes);
}

function number(size: 2 | 4 | 8) {
  return (address: bigint | number, value: bigint | number): Patches => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
    return patch(address, bytes.subarray(0, size));
  };
}

export const u16 = number(2);
export const u32 = number(4);
export const u64 = number(8);

/** Throws when what a case needs is not in the fixture: it would test nothing. */
export function sure<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`no ${what}`);
  return value;
}

export function session(handover: Handover, index = 0): LuoSession & { address: bigint } {
  const found = sure(handover.luo?.sessions?.[index], `session ${index}`);
  return { ...found, address: sure(found.origin.address, 'address') };
}

export function file(handover: Handover, index = 0, of = 0): LuoFile & { address: bigint } {
  const found = sure(session(handover, of).files?.[index], `file ${index}`);
  return { ...found, address: sure(found.origin.address, 'address') };
}

export function memfd(handover: Handover, index = 0, of = 0): Memfd & { address: bigint } {
  const found = sure(file(handover, index, of).memfd, 'memfd');
  return { ...found, address: sure(found.origin.address, 'address') };
}

/** Physical address of an entry of a memfd's folio list, which is in the first page of the list's area. */
export function folio(handover: Handover, position: number, index = 0, of = 0): number {
  return sure(memfd(handover, index, of).area.runs[0], 'run') + position * 16;
}

export function chunk(handover: Handover, index = 0): MapChunk {
  return sure(handover.preservedMap?.chunks?.at(index), `chunk ${index}`);
}

/** A tree in memory: the root's own, or a child's blob. */
export function treeAt(handover: Handover, child?: string): { tree: FdtTree; address: number } {
  if (child === undefined) {
    return { tree: sure(handover.tree, 'tree'), address: Number(sure(handover.fdtAddress, 'address')) };
  }
  const found = sure(
    handover.subtrees?.find(({ name }) => name === child),
    child,
  );
  return { tree: sure(found.tree, `tree of ${child}`), address: Number(sure(found.address, 'address')) };
}

/** Physical address of a property's value. */
export function value(handover: Handover, path: string, property: string, child?: string): number {
  const { tree, address } = treeAt(handover, child);
  const token = findProperty(tree, findNode(tree, path), property);
  if (token < 0) throw new Error(`no ${path}/${property}`);
  return address + sure(valueOffset(tree, token), 'value');
}

const NOP = [0, 0, 0, 4];

/** Replaces a property with a value of 4 or 8 bytes by NOPs. */
export function dropProperty(
  handover: Handover,
  path: string,
  property: string,
  child?: string,
  size = 8,
): Patches {
  const at = value(handover, path, property, child) - 12;
  return patch(at, Array.from({ length: 3 + size / 4 }, () => NOP).flat());
}

/** Cuts a value of 8 bytes down to 4. */
export function cutProperty(handover: Handover, path: string, property: string, child?: string): Patches {
  const at = value(handover, path, property, child);
  return [...patch(at - 8, [0, 0, 0, 4]), ...patch(at + 4, NOP)];
}

/** Gives a node another name of the same length. */
export function renameNode(handover: Handover, path: string, name: string, child?: string): Patches {
  const { tree, address } = treeAt(handover, child);
  const token = findNode(tree, path);
  if (token < 0) throw new Error(`no node ${path}`);
  return text(address + sure(tree.at[token], 'offset') + 4, name);
}

interface LeafBit {
  /** Physical address of the byte. */
  readonly byte: number;
  readonly mask: number;
  /** Nodes and leaves on the way that had to be made. */
  readonly made: Patches;
}

/** The bit of a key in the radix tree; what is missing on the way is made at fresh addresses. */
function leafBit(handover: Handover, memory: PhysicalMemory, key: bigint, place = 0): LeafBit {
  const { pageSize, generation } = handover;
  const shape = radixShape(sure(generation, 'generation'), pageSize);
  const made: MemorySegment[] = [];
  let page = Number(sure(handover.preservedMemoryMap, 'map'));
  for (let level = shape.depth - 1; level > 0; level--) {
    const slot = page + radixSlot(shape, key, level) * 8;
    const bytes = new Uint8Array(8);
    memory.read(slot, 8, bytes);
    let next = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    if (next === 0 || made.some((segment) => 'zeroLength' in segment && segment.address === page)) {
      next = FRESH + (place * 8 + level) * pageSize;
      made.unshift(...u64(slot, next));
      made.push({ address: next, zeroLength: pageSize });
    }
    page = next;
  }
  const bit = Number(key % BigInt(pageSize * 8));
  return { byte: page + (bit >>> 3), mask: 1 << (bit & 7), made };
}

/** The bit of a block in the bitmaps of kho-v1; they must reach that far. */
function chunkBit({ preservedMap, pageSize }: Handover, address: bigint, order: number): LeafBit {
  const { chunks = [], bitmapSize = pageSize } = preservedMap ?? {};
  const block = BigInt(pageSize) << BigInt(order);
  for (const each of chunks) {
    if (each.order !== order) continue;
    for (let i = 0; i < each.pointers.length; i++) {
      const { physStart, bitmap } = each.pointers.at(i);
      const index = (address - physStart) / block;
      if (address < physStart || index >= BigInt(bitmapSize * 8)) continue;
      return { byte: Number(bitmap + index / 8n), mask: 1 << Number(index % 8n), made: [] };
    }
  }
  throw new Error(`no bitmap of order ${order} for ${address}`);
}

/** The bit that preserves a block. */
function blockBit(handover: Handover, memory: PhysicalMemory, address: bigint, order: number): LeafBit {
  const { generation, pageSize } = handover;
  if (generation === 'kho-v1') return chunkBit(handover, address, order);
  const shape = radixShape(sure(generation, 'generation'), pageSize);
  return leafBit(handover, memory, radixKey(shape, address, order));
}

/** Sets or clears bits of the map; the bits of one byte are changed together. */
function edit(memory: PhysicalMemory, bits: readonly LeafBit[], set: boolean): Patches {
  const bytes = new Map<number, number>();
  const made: MemorySegment[] = [];
  for (const bit of bits) {
    const before = new Uint8Array(1);
    memory.read(bit.byte, 1, before);
    const byte = bytes.get(bit.byte) ?? before[0] ?? 0;
    bytes.set(bit.byte, set ? byte | bit.mask : byte & ~bit.mask);
    made.push(...bit.made);
  }
  return [...[...bytes].flatMap(([address, byte]) => patch(address, [byte])), ...made];
}

/** Preserves a block. */
export function keep(
  handover: Handover,
  memory: PhysicalMemory,
  address: bigint | number,
  order: number,
): Patches {
  return edit(memory, [blockBit(handover, memory, BigInt(address), order)], true);
}

/** No longer preserves a block, which must have been. */
export function forget(
  handover: Handover,
  memory: PhysicalMemory,
  address: bigint | number,
  order = 0,
): Patches {
  if (handover.preserved?.pages?.has(Number(address) / handover.pageSize, order) !== true)
    throw new Error(`no block at ${address}`);
  return edit(memory, [blockBit(handover, memory, BigInt(address), order)], false);
}

/** Sets the bit of a raw key. */
export function setKey(handover: Handover, memory: PhysicalMemory, key: bigint): Patches {
  return edit(memory, [leafBit(handover, memory, key)], true);
}
