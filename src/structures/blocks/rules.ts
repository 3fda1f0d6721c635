/** Block lists of kho-v4 (upstream B1 to B5, B7; for LUO also L4 and L10), those of drafts too. */

import { khoBlockHeaderSer } from '../../records/kho_block.js';
import { type Piece, preservedRule } from '../../validate/preserved.js';
import { FILES } from '../../validate/reads.js';
import type { Rule } from '../../validate/rule.js';
import { type Elements, eachRule, fieldPlace } from '../../validate/shapes.js';
import { counted, hex } from '../../validate/text.js';
import { findLists, type PlacedList } from '../../validate/upstream/chain.js';
import { at, BLOCKS } from '../../validate/upstream/shared.js';
import { MAX_BLOCKS } from '../blocks.js';

const KB = 'kernel/liveupdate/kho_block.c';
/** What LUO makes of a list that kho_block refuses (upstream L4, L10). */
const REFUSED =
  'the list of sessions is read early in boot, and the next kernel panics; for a list of files reading fails, and every open of /dev/liveupdate returns -EIO; for the PCI state (a draft) the FLB cannot be retrieved, and the next kernel panics';

const LISTS: Elements<PlacedList> = {
  shared: { generations: BLOCKS, needs: ['memory'], reads: FILES },
  each({ handover }, report) {
    const lists = findLists(handover);
    if (lists.length === 0) report.skip('there is no block list');
    const cut = lists.find(({ broken }) => broken?.kind === 'absent');
    if (cut?.broken !== undefined) report.absent(`a block of ${cut.what}`, cut.broken.next);
    return lists;
  },
  subject: ({ subject }) => subject,
};

/** Where a list goes wrong: after its last block, or at its head. */
function linkOf({ blocks, location }: PlacedList) {
  const last = blocks.at(-1);
  return last === undefined ? location : at(last.address, 'kho_block_header_ser.next');
}

const blockChain = eachRule(LISTS, {
  id: 'BLOCK-001',
  title: 'a chain of blocks terminates',
  source: 'upstream B1, L4, L10',
  evidence: `${KB} kho_block_set_is_cyclic`,
  consequence: `refused with -EINVAL: ${REFUSED}`,
  *faults(list) {
    const { broken, blocks, what } = list;
    if (broken?.kind !== 'loop') return;
    yield {
      message: `the list of ${what} loops back to ${hex(broken.next)} after ${counted(blocks.length, 'block')}`,
      location: linkOf(list),
      found: hex(broken.next),
    };
  },
});

const blockLimit = eachRule(LISTS, {
  id: 'BLOCK-002',
  title: `a list has at most ${MAX_BLOCKS} blocks`,
  source: 'upstream B2, L4, L10',
  evidence: `${KB} kho_block_add`,
  consequence: `refused with -ENOSPC: ${REFUSED}`,
  *faults(list) {
    const { broken, blocks, what } = list;
    if (blocks.length < MAX_BLOCKS || broken === undefined || broken.kind === 'loop') return;
    yield {
      message: `the list of ${what} continues after ${blocks.length} blocks`,
      location: linkOf(list),
      expected: `at most ${MAX_BLOCKS} blocks`,
    };
  },
});

const blockCount = eachRule(LISTS, {
  id: 'BLOCK-003',
  title: 'kho_block_header_ser.count is at least 1 and does not exceed the room in a page',
  source: 'upstream B3, L4, L10',
  evidence: `${KB} kho_block_set_restore`,
  consequence: `refused with -EINVAL: ${REFUSED}. Linux 7.3 itself can leave an empty last block when creating a session fails (upstream 3.2)`,
  *faults({ blocks, capacity, what }) {
    for (const { address, count } of blocks) {
      if (count >= 1n && count <= BigInt(capacity)) continue;
      yield {
        message: `count of the block at ${hex(address)}, ${what}, is ${count}`,
        location: fieldPlace(khoBlockHeaderSer, address, 'count'),
        found: `${count}`,
        expected: `1 to ${capacity}`,
      };
    }
  },
});

const blockAddress = eachRule(LISTS, {
  id: 'BLOCK-004',
  title: 'every link of a block list is the address of a page',
  source: 'upstream B4',
  evidence: KB,
  consequence: 'the next kernel follows them unchecked: it faults, or takes other memory for a block',
  *faults(list, context, report) {
    const page = BigInt(context.handover.pageSize);
    const { blocks, broken, what } = list;
    const bad = blocks.find(({ address }) => address % page !== 0n)?.address;
    // The target of a link that is not page-aligned need not be in the dump.
    const unseen = broken?.kind === 'absent' || broken?.kind === 'unread';
    const odd = unseen && broken.next % page !== 0n ? broken.next : undefined;
    const address = broken?.kind === 'pointer' ? broken.next : (bad ?? odd);
    if (broken?.kind === 'absent') report.absent(`a block of ${what}`, broken.next);
    if (address === undefined) return;
    yield {
      message: `the list of ${what} leads to ${hex(address)}, ${broken?.kind === 'pointer' ? 'which is not a physical address' : 'which is not the start of a page'}`,
      location: address === broken?.next ? linkOf(list) : at(address),
      found: hex(address),
    };
  },
});

/** A block of a list, or what comes after those that the dump holds. */
interface ListedBlock extends Piece {
  readonly after?: true;
}

const blockPreserved = preservedRule(LISTS, {
  id: 'BLOCK-005',
  title: 'every block of a list is preserved, as a single page',
  source: 'upstream B5',
  evidence: `${KB} kho_block_free_ser; kernel/liveupdate/kexec_handover.c kho_restore_free, kho_restore_page`,
  consequence:
    'not checked on reading: a block that is not preserved has been reused by then. Freeing one inside a larger preserved block warns, and the page is lost; one at the start of a larger preserved block is freed together with it',
  *pieces({ blocks, broken }, { handover }): Generator<ListedBlock> {
    // Within a page nothing can start (BLOCK-004).
    if (broken?.kind === 'absent' && broken.next % BigInt(handover.pageSize) === 0n)
      yield { start: broken.next, preserved: 'bytes', after: true };
    for (const { address: start } of blocks) yield { start, preserved: 'page' };
  },
  fault({ kind, order }, { start, after }, list) {
    if (after === true)
      return {
        message: `the list of ${list.what} continues at ${hex(start)}, which is not preserved`,
        location: linkOf(list),
        found: hex(start),
      };
    const message = `the block at ${hex(start)}, ${list.what}, is`;
    const location = at(start);
    if (kind === 'larger')
      return {
        severity: 'note',
        message: `${message} the start of a preserved block of order ${order}`,
        location,
      };
    return kind === 'within'
      ? { severity: 'warning', message: `${message} part of a larger preserved block`, location }
      : { message: `${message} not preserved`, location };
  },
});

const blockOwner = eachRule(LISTS, {
  id: 'BLOCK-007',
  title: 'no block is shared by two lists',
  source: 'upstream B7',
  evidence: KB,
  consequence:
    'not checked: both lists have its records, and it is freed twice, the second time with a warning',
  *faults(list, context) {
    const page = BigInt(context.handover.pageSize);
    const { blocks, broken, what } = list;
    // Decoding stops at a page that it has read as something else, at the limit (BLOCK-002), and within a page (BLOCK-004).
    const within = broken !== undefined && broken.next % page !== 0n;
    const foreign = broken?.kind === 'unread' && blocks.length < MAX_BLOCKS && !within;
    if (broken?.kind !== 'shared' && !foreign) return;
    yield {
      message: `the list of ${what} continues at ${hex(broken.next)}, which is ${foreign ? 'a list page of a vmalloc area' : 'a block of another list'}`,
      location: linkOf(list),
      found: hex(broken.next),
    };
  },
});

export const blockRules: readonly Rule[] = [
  blockChain,
  blockLimit,
  blockCount,
  blockAddress,
  blockPreserved,
  blockOwner,
];
