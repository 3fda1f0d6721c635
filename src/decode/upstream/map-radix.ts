/**
 * The preserved memory map of kho-v2 and later: a radix tree of pages whose leaves are bitmaps
 * (kernel/liveupdate/kexec_handover.c, kho_radix_walk_tree; include/linux/kho/abi/kexec_handover.h).
 */

import type { PreservedMap, PreservedPages } from '../../abi/upstream/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { physicalAddress } from '../../memory/read.js';
import { hex } from '../../schema/units.js';
import { readSlot, slotOffset, usedSlots } from '../../structures/map/pages.js';
import { losesOrderBit, type RadixShape, radixKey, radixSlot } from '../../structures/map/shape.js';
import { createBlockBits } from './block-bits.js';
import { highestBit, readKnown, readU64 } from './pages.js';
import type { Reporter } from './report.js';
import { clearUnlikeAddresses, clearUnlikeBits } from './reused.js';

/** Whether a tree has a block, by following its key alone; false when the way is absent or damaged. */
export function radixHas(
  memory: PhysicalMemory,
  root: bigint,
  shape: RadixShape,
  address: bigint,
  order: number,
): boolean {
  const key = radixKey(shape, address, order);
  let page = physicalAddress(root);
  for (let level = shape.depth - 1; level > 0; level--) {
    if (page === undefined || page % shape.pageSize !== 0) return false;
    const slot = readU64(memory, page + slotOffset(radixSlot(shape, key, level)));
    if (slot === undefined || slot === 0n) return false;
    page = physicalAddress(slot);
  }
  if (page === undefined || page % shape.pageSize !== 0) return false;
  const bit = Number(key & ((1n << BigInt(shape.leafBits)) - 1n));
  const byte = new Uint8Array(1);
  return memory.read(page + (bit >>> 3), 1, byte) === 1 && (((byte[0] ?? 0) >>> (bit & 7)) & 1) === 1;
}

interface Visit {
  readonly address: bigint;
  readonly level: number;
  /** Key bits above those of this page. */
  readonly prefix: number;
  /** Physical address of the slot that led here. */
  readonly slot: number | undefined;
}

/**
 * Walks the whole tree. No page is entered twice, so that the time is linear in the pages that are there.
 */
export function decodeRadix(
  memory: PhysicalMemory,
  root: bigint,
  shape: RadixShape,
  reporter: Reporter,
): { map: PreservedMap; pages: PreservedPages } {
  const bits = createBlockBits(shape.pageSize);
  const visited = new Set<number>();
  const stack: Visit[] = [{ address: root, level: shape.depth - 1, prefix: 0, slot: undefined }];
  let complete = true;
  if (losesOrderBit(shape)) {
    complete = false;
    reporter.add(
      'radix-depth',
      `a radix tree of ${shape.depth} levels cannot hold the order bit of order-0 blocks with ${shape.pageSize}-byte pages: such blocks come out with a wrong order and address (Linux before 7.1-rc6)`,
      { address: root, field: 'preserved-memory-map' },
    );
  }
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const page = enter(memory, visit, shape, visited, reporter);
    if (page === undefined) {
      complete = false;
      if ((memory.budget?.problems().length ?? 0) > 0) break;
      continue;
    }
    if (page.absentAt !== undefined) complete = false;
    if (visit.level === 0) {
      if (clearUnlikeBits(reporter, page, 'leaf of the map')) complete = false;
      if (!addLeaf(bits, page.bytes, visit, shape, reporter)) complete = false;
    } else if (clearUnlikeAddresses(reporter, page, 0, page.bytes.length, 'radix node') > 0) complete = false;
    if (visit.level > 0 && !pushSlots(stack, page, visit, shape, reporter)) complete = false;
  }
  return {
    map: { form: 'radix', depth: shape.depth, complete, pages: Float64Array.from(visited) },
    pages: bits.finish(),
  };
}

function enter(
  memory: PhysicalMemory,
  { address, level, slot }: Visit,
  { pageSize }: RadixShape,
  visited: Set<number>,
  reporter: Reporter,
): { bytes: Uint8Array; at: number; absentAt?: number } | undefined {
  const what = level === 0 ? 'radix leaf' : `radix node of level ${level}`;
  const location = {
    address: BigInt(slot ?? address),
    field: slot === undefined ? 'preserved-memory-map' : 'kho_radix_node.table',
  };
  const at = physicalAddress(address);
  if (at === undefined || at % pageSize !== 0) {
    const why = at === undefined ? 'is not a physical address' : 'is not page-aligned';
    reporter.add('radix-pointer', `the address ${hex(address)} of a ${what} ${why}`, location);
    return undefined;
  }
  if (visited.has(at)) {
    reporter.add(
      'radix-shared',
      `the ${what} at ${hex(address)} was already reached through another slot`,
      location,
    );
    return undefined;
  }
  if (memory.budget?.take('map', pageSize) === false) return undefined;
  const page = readKnown(memory, at, pageSize);
  if (page === undefined) {
    reporter.absent(what, address);
    return undefined;
  }
  if (page.absentAt !== undefined) reporter.absent(`part of the ${what}`, page.absentAt);
  visited.add(at);
  return { ...page, at };
}

/** Pushes the children, the last first, so that keys ascend; false when some were left out. */
function pushSlots(
  stack: Visit[],
  { bytes, at }: { bytes: Uint8Array; at: number },
  { level, prefix }: Visit,
  shape: RadixShape,
  reporter: Reporter,
): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots = 2 ** shape.tableBits;
  // Key bits below those that the child's number already fixes.
  const below = (level - 1) * shape.tableBits + shape.leafBits;
  const limit = 2 ** (shape.keyBits - below);
  let whole = true;
  for (const index of [...usedSlots(view)].reverse()) {
    const offset = slotOffset(index);
    const child = prefix * slots + index;
    if (child >= limit) {
      whole = false;
      reporter.add(
        'radix-key',
        `slot ${index} of the level-${level} node at ${hex(at)} covers keys of more than ${shape.keyBits} bits`,
        { address: BigInt(at + offset), field: 'kho_radix_node.table' },
      );
      continue;
    }
    stack.push({
      address: readSlot(view, index),
      level: level - 1,
      prefix: child,
      slot: at + offset,
    });
  }
  return whole;
}

/** Adds the blocks of a leaf; false when a bit stands for no block. */
function addLeaf(
  bits: ReturnType<typeof createBlockBits>,
  bytes: Uint8Array,
  { address, prefix }: Visit,
  { shift, leafBits }: RadixShape,
  reporter: Reporter,
): boolean {
  if (prefix > 0) {
    const top = highestBit(prefix);
    bits.addBitmap(64 - shift - top - leafBits, (prefix - 2 ** top) * 2 ** leafBits, bytes);
    return true;
  }
  // The first leaf holds the keys of the highest orders, each with its own highest bit.
  let whole = true;
  for (const [index, byte] of bytes.entries()) {
    for (let bit = 0; bit < 8; bit++) {
      if (((byte >>> bit) & 1) === 0) continue;
      const key = index * 8 + bit;
      if (key > 1) {
        const top = highestBit(key);
        bits.addRun(64 - shift - top, key - 2 ** top, 1);
        continue;
      }
      whole = false;
      reporter.add('radix-key', `the leaf at ${hex(address)} has key ${key}, which does not encode a block`, {
        address: address + BigInt(index),
        field: 'kho_radix_leaf.bitmap',
        bits: `${bit}`,
      });
    }
  }
  return whole;
}
