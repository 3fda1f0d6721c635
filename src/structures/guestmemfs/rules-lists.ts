/** Rules on the two linked lists of inodes and on the super block (rfc-2024 G11 to G13, G22). */

import type { Location } from '../../abi/model.js';
import { GuestmemfsSbSerialised } from '../../records/guestmemfs.js';
import type { Reporter } from '../../validate/rule.js';
import { rulesOf } from '../../validate/shapes.js';
import { counted, listed } from '../../validate/text.js';
import { INODE_FILE, LAST_INO, ROOT_INO } from './memory.js';
import { isWithLockDebugging } from './rules-nodes.js';
import {
  type InodeTable,
  inodePlace,
  inodesOf,
  shared,
  superblockOf,
  superblockPlace,
} from './rules-view.js';

const rule = rulesOf(shared);

/**
 * Follows sibling_ino from `head` while the inodes have the flags that the list holds, and reports the
 * first thing that ends it otherwise. The numbers reached are remembered, so that no list is endless.
 *
 * @returns inodes with these flags that the list does not reach; none where it does not end in 0
 */
function missedBy(
  table: InodeTable,
  name: string,
  flags: number,
  head: bigint,
  headPlace: Location,
  report: Reporter,
): number[] {
  const reached = new Uint8Array(table.count);
  const last = Math.min(LAST_INO, table.count);
  let place = headPlace;
  let from = 'its head';
  let next = head;
  while (next !== 0n) {
    const ino = Number(next);
    const inRange = ino > ROOT_INO && ino <= last;
    const wrong = !inRange
      ? `names inode ${next}, outside 2 to ${last}`
      : reached[ino - 1] === 1
        ? `leads back to inode ${ino}`
        : table.flags[ino - 1] !== flags
          ? `names inode ${ino}, which has flags ${table.flags[ino - 1]}`
          : undefined;
    if (wrong !== undefined) {
      report.finding({
        message: `the ${name} ${wrong} (from ${from})`,
        location: place,
        found: `${next}`,
      });
      return [];
    }
    reached[ino - 1] = 1;
    place = inodePlace(table, ino, 'siblingIno');
    from = `inode ${ino}`;
    next = table.sibling[ino - 1] ?? 0n;
  }
  const missed: number[] = [];
  for (let ino = ROOT_INO + 1; ino <= table.count; ino++)
    if (table.flags[ino - 1] === flags && reached[ino - 1] === 0) missed.push(ino);
  return missed;
}

export const childList = rule({
  id: 'GMFS-011',
  title: "the root's list of children reaches every file once and ends",
  source: 'rfc-2024 G11',
  evidence: 'fs/guestmemfs/dir.c guestmemfs_lookup',
  consequence: "a lookup never ends, or files cannot be found and their guests' memory is lost",
  requires: ['GMFS-010', 'GMFS-024'],
  check(context, report) {
    const table = inodesOf(context, report);
    if (table === undefined) return;
    const place = inodePlace(table, ROOT_INO, 'childIno');
    const missed = missedBy(table, 'list of files', INODE_FILE, table.child[0] ?? 0n, place, report);
    const [first] = missed;
    if (first === undefined) return;
    report.finding({
      message: `${counted(missed.length, 'file')} cannot be reached from the root: inode ${listed(missed.map(String))}`,
      location: inodePlace(table, first, 'flags'),
    });
  },
});

export const freeList = rule({
  id: 'GMFS-012',
  title: 'the list of free inodes reaches every free inode once and ends',
  source: 'rfc-2024 G12',
  evidence: 'fs/guestmemfs/inode.c guestmemfs_allocate_inode',
  consequence:
    'creating a file takes an inode that is in use; free inodes missing from the list are never used again',
  requires: ['GMFS-010', 'GMFS-024'],
  check(context, report) {
    const table = inodesOf(context, report);
    const superblock = superblockOf(context, report);
    if (table === undefined || superblock === undefined) return;
    const place = superblockPlace(superblock.address, 'nextFreeIno');
    const missed = missedBy(table, 'list of free inodes', 0, superblock.sb.nextFreeIno, place, report);
    const [first] = missed;
    if (first === undefined) return;
    report.finding({
      message: `${counted(missed.length, 'free inode')} not on the list of free inodes: ${listed(missed.map(String))}`,
      location: inodePlace(table, first, 'siblingIno'),
      severity: 'warning',
    });
  },
});

export const allocatedInodes = rule({
  id: 'GMFS-013',
  title: 'allocated_inodes is the number of files',
  severity: 'warning',
  source: 'rfc-2024 G13',
  evidence: 'fs/guestmemfs/inode.c guestmemfs_allocate_inode',
  consequence: 'the next handover writes a num_inodes that does not fit its mapping records',
  requires: ['GMFS-010'],
  check(context, report) {
    const table = inodesOf(context, report);
    const superblock = superblockOf(context, report);
    if (table === undefined || superblock === undefined) return;
    const files = table.flags.reduce((count, flags) => count + (flags === INODE_FILE ? 1 : 0), 0);
    const { allocatedInodes: allocated } = superblock.sb;
    if (allocated === BigInt(files)) return;
    report.finding({
      message: `allocated_inodes is ${allocated}, but ${counted(files, 'inode is a file', 'inodes are files')}`,
      location: superblockPlace(superblock.address, 'allocatedInodes'),
      found: `${allocated}`,
      expected: `${files}`,
    });
  },
});

export const frozen = rule({
  id: 'GMFS-022',
  title: 'the super block is marked as serialised and its lock is free',
  severity: 'warning',
  source: 'rfc-2024 G22',
  evidence: 'fs/guestmemfs/serialise.c guestmemfs_serialise_to_kho',
  consequence:
    'the image was taken while the filesystem changed, or its kernel lacks patch 08 of the guestmemfs series',
  requires: ['GMFS-002'],
  check(context, report) {
    const superblock = superblockOf(context, report);
    if (superblock === undefined) return;
    const { sb, address } = superblock;
    const [record] = context.handover.guestmemfs?.superblock ?? [];
    if (record !== undefined && isWithLockDebugging(record.len)) {
      report.skip(
        'the super block is that of a kernel with lock debugging: the flag is at another offset in it',
      );
      return;
    }
    if (sb.serialised !== GuestmemfsSbSerialised.serialised) {
      report.finding({
        message: `serialised is ${sb.serialised}: nothing kept the filesystem from changing after the dump`,
        location: superblockPlace(address, 'serialised'),
        found: `${sb.serialised}`,
        expected: `${GuestmemfsSbSerialised.serialised}`,
      });
    }
    if (sb.allocationLock !== 0) {
      report.finding({
        message: `the allocation lock is held: ${sb.allocationLock}`,
        location: superblockPlace(address, 'allocationLock'),
        found: `${sb.allocationLock}`,
        expected: '0',
      });
    }
  },
});
