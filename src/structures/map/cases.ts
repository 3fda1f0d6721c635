/** Dumps that break the rules on chunks and bitmaps, and on the radix tree, one fault each. */

import { type Case, fresh, V71, V73, V618 } from '../../../test/validate/upstream-cases/case.js';
import {
  chunk,
  keep,
  memfd,
  patch,
  setKey,
  sure,
  u32,
  u64,
} from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';

const ODD = 0x640000;

/** The slot of the radix tree that leads to a page. */
function slotOf({ preservedMap, pageSize }: Handover, memory: PhysicalMemory, page: number): number {
  const bytes = new Uint8Array(pageSize);
  for (const node of preservedMap?.pages ?? []) {
    memory.read(node, pageSize, bytes);
    const index = new BigUint64Array(bytes.buffer).indexOf(BigInt(page));
    if (index >= 0) return node + index * 8;
  }
  throw new Error(`no slot leads to ${page}`);
}

export const CASES: readonly Case[] = [
  V618('KHO-131', 'the last chunk leads to the first', (handover) =>
    u64(chunk(handover, -1).address, chunk(handover).address),
  ),
  V618('KHO-131', 'the last chunk leads nowhere', (handover) => u64(chunk(handover, -1).address, 1n << 60n)),
  V618('KHO-132', 'more pointers than fit', (handover) => u32(chunk(handover).address + 12n, 256)),
  V618('KHO-133', 'a bitmap at 0', (handover) => u64(chunk(handover).address + 24n, 0)),
  V618('KHO-134', 'order 19', (handover) => u32(chunk(handover, -1).address + 8n, 19)),
  V618('KHO-135', 'a folio of kho_test of order 11', (handover) => [
    ...u64(chunk(handover, -1).address, fresh(0)),
    ...u64(fresh(0), 0),
    ...u32(fresh(0) + 8, 11),
    ...u32(fresh(0) + 12, 1),
    ...u64(fresh(0) + 16, 0),
    ...u64(fresh(0) + 24, fresh(1)),
    // 8 MiB at 0x10000000 is block 32.
    ...patch(fresh(1) + 4, [1]),
    { address: fresh(0), zeroLength: 8192 },
    ...u64(sure(handover.khoTest?.area?.runs[0], 'list'), 0x10000000 | 11),
  ]),
  V618('KHO-136', 'a start within a block', (handover) => u64(chunk(handover, -1).address + 16n, 0x1000)),
  {
    ...V618('KHO-136', 'a start within a bitmap', (handover) => u64(chunk(handover).address + 16n, 0x1000)),
    severity: 'warning',
  },
  {
    ...V618(
      'KHO-137',
      'a second chunk of one order',
      (handover) => [
        ...u64(chunk(handover, -1).address, fresh(0)),
        ...u64(fresh(0), 0),
        ...u32(fresh(0) + 8, 0),
        ...u32(fresh(0) + 12, 1),
        ...u64(fresh(0) + 16, chunk(handover).pointers.at(0).physStart),
        ...u64(fresh(0) + 24, fresh(1)),
        { address: fresh(0), zeroLength: 8192 },
      ],
      { options: { form: 'bitmap-page' } },
    ),
    severity: 'warning',
  },
  {
    ...V618('KHO-138', 'evidence for both forms', (handover) => u64(chunk(handover).address + 16n, 0x1000)),
    severity: 'warning',
  },
  V73('KHO-141', 'a slot that is not a page', (handover) =>
    u64(Number(handover.preservedMemoryMap) + 8, 0x4ed800),
  ),
  V73('KHO-142', 'two slots to one page', (handover, memory) => {
    const root = Number(handover.preservedMemoryMap);
    const bytes = new Uint8Array(8);
    memory.read(root + 2 * 8, 8, bytes);
    return patch(root + 8, bytes);
  }),
  V73('KHO-143', 'key 0', (handover, memory) => setKey(handover, memory, 0n)),
  V73('KHO-144', 'a key of 58 bits', (handover, memory) => setKey(handover, memory, 1n << 57n)),
  V73('KHO-145', '32 TiB', (handover, memory) => keep(handover, memory, 0n, 33)),
  V73('KHO-145', 'a page beyond 2^52', (handover, memory) => keep(handover, memory, 1n << 53n, 0)),
  V71('KHO-161', '2 GiB', (handover, memory) => keep(handover, memory, 0x2_0000_0000, 19)),
  V73('KHO-162', 'the root of the map', (handover, memory) =>
    keep(handover, memory, sure(handover.preservedMemoryMap, 'map'), 0),
  ),
  V73('KHO-162', 'a leaf that is a page of a file', (handover, memory) => {
    const page = sure(memfd(handover).area.runs[0], 'list');
    const leaf = sure(handover.preservedMap?.pages.at(-1), 'leaf');
    return u64(slotOf(handover, memory, leaf), page);
  }),
  V618('KHO-162', 'the first chunk', (handover, memory) =>
    keep(handover, memory, chunk(handover).address, 0),
  ),
  V73('KHO-147', 'two orders at one head', (handover, memory) => keep(handover, memory, ODD, 1)),
  V73('KHO-148', 'a page within a block', (handover, memory) => keep(handover, memory, 0x6a1000, 0)),
  V618('KHO-147', 'two orders at one head in kho-v1', (handover) => {
    // The same bitmaps once more, as blocks of the order above.
    const last = chunk(handover, -1);
    return [
      ...u64(last.address, fresh(0)),
      ...u32(fresh(0) + 8, 1),
      ...u32(fresh(0) + 12, 1),
      ...u64(fresh(0) + 24, fresh(1)),
      ...patch(fresh(1) + (0x634 >> 4), [1 << ((0x634 >> 1) & 7)]),
      { address: fresh(0), zeroLength: 8192 },
    ];
  }),
];
