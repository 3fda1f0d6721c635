/** The preserved memory map as a radix tree, kho-v2 and later (upstream X1 to X5). */

import { blockSize, largestIntOrder } from '../../memory/blocks.js';
import { PHYSICAL_LIMIT } from '../../memory/physical.js';
import { MAP } from '../../validate/reads.js';
import type { Rule } from '../../validate/rule.js';
import { rulesOf } from '../../validate/shapes.js';
import { counted, hex, size } from '../../validate/text.js';
import {
  at,
  BLOCKS,
  notePartMissing,
  RADIX,
  reportDiagnostics,
  UPSTREAM,
} from '../../validate/upstream/shared.js';

const rule = rulesOf({ generations: RADIX, needs: ['memory'], reads: MAP });

const WALK = 'kernel/liveupdate/kexec_handover.c __kho_radix_walk_tree';
const SLOT = 'kho_radix_node.table';
/** No machine has a block of this size, in bytes: 16 TiB. */
const HUGE = 2 ** 44;

const slotAddress = rule({
  id: 'KHO-141',
  title: 'every slot of the radix tree holds the address of a page',
  source: 'upstream X1',
  evidence: WALK,
  consequence:
    'the next kernel follows the address unchecked: it faults, or takes other memory for part of the map',
  requires: ['KHO-110'],
  check(context, report) {
    const { handover } = context;
    notePartMissing(context, report);
    reportDiagnostics(handover, report, 'radix-pointer', ({ location }) => location.field === SLOT);
  },
});

const slotOnce = rule({
  id: 'KHO-142',
  title: 'no page of the radix tree is shared by two slots',
  source: 'upstream X2',
  evidence: WALK,
  consequence:
    'the walk terminates, as the depth is fixed, but the same page means different blocks at each slot: the next kernel reserves memory that was not preserved',
  requires: ['KHO-110'],
  check(context, report) {
    const { handover } = context;
    notePartMissing(context, report);
    reportDiagnostics(handover, report, 'radix-shared');
  },
});

const leafKeys = rule({
  id: 'KHO-143',
  title: 'every key in a leaf encodes a block',
  source: 'upstream X3',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_decode_radix_key, kho_preserved_memory_reserve',
  consequence: 'undefined shifts: the next kernel reserves an arbitrary size at address 0',
  requires: ['KHO-110'],
  check(context, report) {
    const { handover } = context;
    notePartMissing(context, report);
    reportDiagnostics(handover, report, 'radix-key', ({ location }) => location.field !== SLOT);
  },
});

const keyWidth = rule({
  id: 'KHO-144',
  title: 'no slot covers keys wider than a key can be',
  source: 'upstream X4',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_radix_add_key (-ERANGE), __kho_radix_walk_tree',
  consequence: 'the order of its blocks comes out negative, and the next kernel reserves arbitrary memory',
  requires: ['KHO-110'],
  check(context, report) {
    const { handover } = context;
    notePartMissing(context, report);
    reportDiagnostics(handover, report, 'radix-key', ({ location }) => location.field === SLOT);
  },
});

const blockSizes = rule({
  id: 'KHO-145',
  title: 'no block is larger than the memory of any machine, or beyond 2^52',
  generations: UPSTREAM,
  source: 'upstream X5',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_preserved_memory_reserve, kho_ext_walk_leaf',
  consequence:
    'not checked: the next kernel reserves all of its memory, or spends its boot in a loop over it',
  check(context, report) {
    const { preserved, pageSize } = context.handover;
    notePartMissing(context, report);
    const pages = preserved?.pages;
    if (pages === undefined) return;
    const huge = pages.orders.some((order) => pageSize * 2 ** order > HUGE);
    // Nearly every map ends here: nothing is beyond the limit, and no order is out of proportion.
    const [beyond] = pages.uncovered(BigInt(PHYSICAL_LIMIT), 1n << 64n);
    if (!huge && beyond?.start === BigInt(PHYSICAL_LIMIT) && beyond.end === 1n << 64n) return;
    for (const { address, order, count } of pages.blocks()) {
      const block = blockSize(order, pageSize);
      const end = address + block * BigInt(count);
      if (block <= BigInt(HUGE) && end <= BigInt(PHYSICAL_LIMIT)) continue;
      report.finding({
        message: `${counted(count, 'block')} of order ${order} (${size(block)}) at ${hex(address)}${end > BigInt(PHYSICAL_LIMIT) ? ', beyond 2^52' : ''}`,
        location: at(address),
        found: `order ${order}`,
      });
    }
  },
});

const blockSizeBits = rule({
  id: 'KHO-161',
  title: 'the size of every block fits in 31 bits',
  // Linux 7.2 computes it in 64 bits; of chunks it is KHO-134.
  generations: RADIX.filter((generation) => !BLOCKS.includes(generation)),
  source: 'upstream X5, M4',
  evidence: 'kernel/liveupdate/kexec_handover.c kho_preserved_memory_reserve (7.1)',
  consequence:
    'Linux 7.1 computes the size in a 32-bit int, which overflows: it reserves other memory, or none. Regions of reserve_mem of 2 GiB and more have such blocks',
  check(context, report) {
    const { preserved, pageSize } = context.handover;
    notePartMissing(context, report);
    const pages = preserved?.pages;
    const limit = largestIntOrder(pageSize);
    if (pages === undefined || !pages.orders.some((order) => order > limit)) return;
    for (const { address, order, count } of pages.blocks()) {
      if (order <= limit) continue;
      const block = blockSize(order, pageSize);
      report.finding({
        message: `${counted(count, 'block')} of order ${order} (${size(block)}) at ${hex(address)}`,
        location: at(address),
        found: `order ${order}`,
        expected: `at most ${limit}`,
      });
    }
  },
});

export const radixRules: readonly Rule[] = [
  slotAddress,
  slotOnce,
  leafKeys,
  keyWidth,
  blockSizes,
  blockSizeBits,
];
