/** What the kernel of the dump was handed and has not restored. */

import type { Handover } from '../../abi/model.js';
import type { PreservedPages, UnrestoredBlocks } from '../../abi/upstream/model.js';
import { blockSize } from '../../memory/blocks.js';
import { hex, size } from '../../schema/units.js';
import type { Rule } from '../../validate/rule.js';
import { UPSTREAM } from '../../validate/upstream/shared.js';

/** Blocks, and their bytes. */
interface Sum {
  blocks: number;
  bytes: bigint;
  first?: number;
}

export const restored: Rule = {
  id: 'KHO-225',
  title: 'all memory handed to the running kernel has been restored',
  severity: 'note',
  generations: UPSTREAM,
  source: 'upstream 2.5, X16',
  evidence:
    'kernel/liveupdate/kexec_handover.c kho_restore_page: page.private is cleared when a block is restored',
  consequence:
    "sessions and files that are never retrieved, and blocks that are never restored, stay reserved (7.3 never frees the one page of LUO's FLBs); unless they are preserved again, the next kexec loses them",
  needs: ['memory'],
  check({ handover }, report) {
    if (handover.unrestored === undefined) {
      report.skip('the dump has no struct page of a kernel that was handed a tree');
      return;
    }
    const blocks = handover.unrestored();
    const pages = handover.takenOver === undefined ? handover.preserved?.pages : undefined;
    const { waiting, again } = sumUp(handover, blocks, pages);
    if (waiting.blocks === 0) return;
    const least = blocks.unread > 0 ? 'at least ' : '';
    const kept =
      pages === undefined
        ? ''
        : again.blocks === 0
          ? '; none of it is preserved for the next kexec'
          : `; ${size(again.bytes)} of it are preserved for the next kexec`;
    const are = waiting.blocks === 1 ? 'block that was' : 'blocks that were';
    report.finding({
      message: `${least}${waiting.blocks} ${are} handed to the running kernel (${size(waiting.bytes)}) ${waiting.blocks === 1 ? 'has' : 'have'} not been restored, not counting the tree, its riders and reserve_mem${kept}`,
      // No field: the address is that of the block, whose bytes are the guest's; page.private is in its struct page.
      location: { address: BigInt(waiting.first ?? 0) },
      found: `${waiting.blocks} marks KHOP, the first at ${hex(waiting.first ?? 0)}`,
      expected: 'none, once all sessions are retrieved and finished',
    });
  },
};

export const asHandedOver: Rule = {
  id: 'KHO-226',
  title: 'the tree is as it was handed over: no kernel has consumed any part of it',
  severity: 'note',
  generations: UPSTREAM,
  source: 'upstream, corrections (what a running kernel has left of the incoming tree)',
  evidence:
    'kernel/liveupdate/kexec_handover.c kho_mem_retrieve, luo_core.c luo_early_startup, kho_restore_free',
  consequence:
    "by then the pages of the map, LUO's blob and everything restored are ordinary memory, so rules on them are skipped as taken over: check an earlier dump, or the outgoing tree",
  check({ handover: { takenOver } }, report) {
    if (takenOver === undefined) return;
    report.finding({
      message: `the running kernel has taken over the tree, so its map, LUO and kho_test are not checked: ${takenOver.why}`,
      location: { fdtPath: '/' },
    });
  },
};

/**
 * Blocks that wait for an owner. The tree's page, the riders' blobs and reserve_mem are used where they are, and never
 * restored by any kernel.
 *
 * @param pages what is preserved for the next kexec
 */
export function sumUp(
  { memblock }: Pick<Handover, 'memblock'>,
  { addresses, orders, pageSize, kept }: UnrestoredBlocks,
  pages?: PreservedPages,
): { waiting: Sum; again: Sum } {
  const regions = (memblock?.regions ?? []).flatMap(({ start, size: bytes }) =>
    start === undefined || bytes === undefined ? [] : [{ start: Number(start), end: Number(start + bytes) }],
  );
  const waiting: Sum = { blocks: 0, bytes: 0n };
  const again: Sum = { blocks: 0, bytes: 0n };
  addresses.forEach((address, i) => {
    if (kept.has(address) || regions.some(({ start, end }) => address >= start && address < end)) return;
    const order = orders[i] ?? 0;
    waiting.first ??= address;
    add(waiting, pageSize, order);
    if (pages?.contains(address / pageSize) === true) add(again, pageSize, order);
  });
  return { waiting, again };
}

function add(sum: Sum, pageSize: number, order: number): void {
  sum.blocks++;
  sum.bytes += blockSize(order, pageSize);
}
