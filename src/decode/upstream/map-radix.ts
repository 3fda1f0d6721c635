/**
 * The preserved memory map of kho-v2 and later: a radix tree of pages whose leaves are bitmaps
 * (kernel/liveupdate/kexec_handover.c, kho_radix_walk_tree; include/linux/kho/abi/kexec_handover.h).
 */

import type { PreservedMap, PreservedPages } from '../../abi/upstream/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { physicalAddress } from '../../memory/read.js';
import { hex } from '../../schema/units.js';
import { hasBit, readSlot, slotOffset, usedSlots } from '../../structures/map/pages.js';
import {
  blockOfKey,
  childNumber,
  firstKey,
  losesOrderBit,
  pagesOfLevel,
  type RadixShape,
  radixBit,
  radixKey,
  radixSlot,
} from '../../structures/map/shape.js';
import { createBlockBits } from './block-bits.js';
import { readKnown, readU64 } from './pages.js';
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
  return hasBit(memory, page, radixBit(shape, key));
}

interface Visit {
  readonly address: bigint;
  readonly level: number;
  /** Key bits above those of this page. */
  readonly number: number;
  /** Physical address of the slot that led here; -1 for the root. */
  readonly slot: number;
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
  const slots: number[] = [];
  const stack: Visit[] = [{ address: root, level: shape.depth - 1, number: 0, slot: -1 }];
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
    slots.push(visit.slot);
    if (page.absentAt !== undefined) complete = false;
    if (visit.level === 0) {
      if (clearUnlikeBits(reporter, page, 'leaf of the map')) complete = false;
      if (!addLeaf(bits, page.bytes, visit, shape, reporter)) complete = false;
    } else if (clearUnlikeAddresses(reporter, page, 0, page.bytes.length, 'radix node') > 0) complete = false;
    if (visit.level > 0 && !pushSlots(stack, page, visit, shape, reporter)) complete = false;
  }
  return {
    map: {
      ...{ form: 'radix', depth: shape.depth, complete },
      pages: Float64Array.from(visited),
      slots: Float64Array.from(slots),
    },
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
    address: slot < 0 ? address : BigInt(slot),
    field: slot < 0 ? 'preserved-memory-map' : 'kho_radix_node.table',
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
  { level, number }: Visit,
  shape: RadixShape,
  reporter: Reporter,
): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const limit = pagesOfLevel(shape, level - 1);
  let whole = true;
  for (const index of [...usedSlots(view)].reverse()) {
    const offset = slotOffset(index);
    const child = childNumber(shape, number, index);
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
      number: child,
      slot: at + offset,
    });
  }
  return whole;
}

/** Adds the blocks of a leaf; false when a bit stands for no block. */
function addLeaf(
  bits: ReturnType<typeof createBlockBits>,
  bytes: Uint8Array,
  { address, number }: Visit,
  shape: RadixShape,
  reporter: Reporter,
): boolean {
  if (number > 0) {
    const block = blockOfKey(shape, firstKey(shape, 0, number));
    if (block !== undefined) bits.addBitmap(block.order, block.number, bytes);
    return true;
  }
  // The first leaf holds the keys of the highest orders, each with its own highest bit.
  let whole = true;
  for (const [index, byte] of bytes.entries()) {
    for (let bit = 0; bit < 8; bit++) {
      if (((byte >>> bit) & 1) === 0) continue;
      const key = index * 8 + bit;
      const block = blockOfKey(shape, key);
      if (block !== undefined) {
        bits.addRun(block.order, block.number, 1);
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
