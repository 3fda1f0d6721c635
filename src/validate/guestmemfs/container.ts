/** Rules on the properties below /guestmemfs (rfc-2024 G1 to G6, G8, G23). */

import { compatibleStrings } from '../../decode/bind.js';
import { fsMemRange, GUESTMEMFS_BLOCK } from '../../decode/guestmemfs.js';
import { KHO_MEM_NOINIT } from '../../decode/mem-properties.js';
import { findNode } from '../../fdt/tree.js';
import { GUESTMEMFS_SB_SIZE, MAPPING_INODE_SIZE, NUM_INODES_SIZE } from '../../records/guestmemfs.js';
import { KHO_MEM_SIZE, type KhoMem } from '../../records/kho.js';
import { COMPATIBLE } from '../../structures/rfc-2024/binding.js';
import { RFC_2024 } from '../rule.js';
import { rulesOf } from '../shapes.js';
import { counted, hex, size } from '../text.js';
import {
  BLOCKS_PATH,
  FS_MEM_PATH,
  guestmemfsOf,
  INDEX_PATH,
  rawProperty,
  SUPERBLOCK_PATH,
} from './subject.js';

const rule = rulesOf({ generations: RFC_2024 });

const PAGE = 4096n;
/** What the three records of /guestmemfs/superblock cover, in their order (fs/guestmemfs/guestmemfs.c). */
const PARTS = [
  { what: 'the super block', length: BigInt(GUESTMEMFS_SB_SIZE) },
  { what: 'the inode table', length: 0x200000n },
  { what: 'the allocation bitmap', length: 0x100000n },
] as const;
/** Elements of the one page that /guestmemfs/mappings_to_inode points to. */
const INDEX_ELEMENTS = Number(PAGE) / MAPPING_INODE_SIZE;

/** The largest spinlock: CONFIG_DEBUG_SPINLOCK with CONFIG_LOCK_STAT takes some 80 bytes. */
const MAX_SUPERBLOCK = 256n;

/**
 * Whether a super block of this length has a larger spinlock than others: CONFIG_DEBUG_SPINLOCK, lockdep and PREEMPT_RT
 * make it so. What follows the lock then is elsewhere.
 */
export function isWithLockDebugging(length: bigint): boolean {
  return length > BigInt(GUESTMEMFS_SB_SIZE) && length <= MAX_SUPERBLOCK && length % 8n === 0n;
}

export const compatible = rule({
  id: 'GMFS-001',
  title: `/guestmemfs is compatible with "${COMPATIBLE.guestmemfs}"`,
  source: 'rfc-2024 G1',
  evidence: 'fs/guestmemfs/serialise.c guestmemfs_restore_from_kho',
  consequence: 'the filesystem starts empty, while the old region stays reserved forever',
  check({ handover: { tree } }, report) {
    if (tree === undefined || findNode(tree, '/guestmemfs') < 0) {
      report.skip('the tree has no /guestmemfs');
      return;
    }
    const value = rawProperty(tree, '/guestmemfs', 'compatible');
    const strings = value === undefined ? [] : compatibleStrings(value);
    if (strings.includes(COMPATIBLE.guestmemfs)) return;
    report.finding({
      message:
        value === undefined
          ? '/guestmemfs has no compatible property'
          : `/guestmemfs is compatible with "${strings.join('", "')}"`,
      location: { fdtPath: '/guestmemfs', property: 'compatible' },
      found: strings.join(', '),
      expected: COMPATIBLE.guestmemfs,
    });
  },
});

export const superblockRecords = rule({
  id: 'GMFS-002',
  title:
    'superblock/mem has three records: super block, inode table, allocation bitmap, each of its full length',
  source: 'rfc-2024 G2',
  evidence: 'fs/guestmemfs/serialise.c deserialise_superblock',
  consequence:
    'if the property has another size, the mount starts empty; whatever a record does not cover is not preserved',
  requires: ['GMFS-001'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    if (guestmemfs === undefined) return;
    const location = { fdtPath: SUPERBLOCK_PATH, property: 'mem' };
    const bytes = rawProperty(context.handover.tree, SUPERBLOCK_PATH, 'mem');
    const expected = PARTS.length * KHO_MEM_SIZE;
    if (bytes === undefined || bytes.length !== expected) {
      report.finding({
        message:
          bytes === undefined
            ? `${SUPERBLOCK_PATH} has no mem property`
            : `${SUPERBLOCK_PATH}/mem has ${bytes.length} bytes, not ${expected}`,
        location,
        expected: `${expected} bytes`,
      });
      return;
    }
    PARTS.forEach(({ what, length }, i) => {
      const record = guestmemfs.superblock?.at(i);
      if (record === undefined || record.len === length) return;
      const short = record.len < length;
      const locks = i === 0 && isWithLockDebugging(record.len);
      report.finding({
        message: `the record of ${what} has length ${hex(record.len)} instead of ${hex(length)}${
          short
            ? ': the rest is not preserved'
            : locks
              ? ': apparently that of a kernel with lock debugging'
              : ''
        }`,
        location: { ...location, field: 'kho_mem.len', address: record.addr },
        found: hex(record.len),
        expected: hex(length),
        severity: short ? 'error' : locks ? 'note' : 'warning',
      });
    });
  },
});

export const dataRegion = rule({
  id: 'GMFS-003',
  title: 'fs_mem/mem is one record, flagged NOINIT, of whole pages, with at least one 2 MiB block',
  source: 'rfc-2024 G3',
  evidence: 'fs/guestmemfs/serialise.c, kernel/kexec_kho_in.c kho_reserve_previous_mem',
  consequence:
    'without the flag guest memory enters the direct map and the page accounting; base 0 or size 0 marks page 0',
  requires: ['GMFS-001'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    if (guestmemfs === undefined) return;
    const location = { fdtPath: FS_MEM_PATH, property: 'mem' };
    const { fsMem } = guestmemfs;
    if (fsMem === undefined) {
      const bytes = rawProperty(context.handover.tree, FS_MEM_PATH, 'mem');
      report.finding({
        message:
          bytes === undefined
            ? `${FS_MEM_PATH} has no mem property`
            : `${FS_MEM_PATH}/mem has ${bytes.length} bytes, not ${KHO_MEM_SIZE}`,
        location,
        expected: `${KHO_MEM_SIZE} bytes`,
      });
      return;
    }
    const base = fsMem.addr & ~KHO_MEM_NOINIT;
    const addr = { ...location, field: 'kho_mem.addr', address: base };
    if (base === fsMem.addr) {
      report.finding({
        message: `the region at ${hex(base)} is not flagged NOINIT`,
        location: { ...addr, bits: '0' },
        found: hex(fsMem.addr),
        expected: hex(fsMem.addr | KHO_MEM_NOINIT),
      });
    }
    if (base === 0n || base % PAGE !== 0n) {
      report.finding({
        message: base === 0n ? 'the region starts at 0' : `the region starts at ${hex(base)}, inside a page`,
        location: addr,
        found: hex(base),
      });
    }
    if (fsMem.len < GUESTMEMFS_BLOCK || fsMem.len % PAGE !== 0n) {
      report.finding({
        message: `the region is ${hex(fsMem.len)} (${size(fsMem.len)}) long, ${
          fsMem.len < GUESTMEMFS_BLOCK ? 'less than one block of 2 MiB' : 'not a multiple of the page size'
        }`,
        location: { ...location, field: 'kho_mem.len', address: base },
        found: hex(fsMem.len),
      });
    }
  },
});

export const mappingNodes = rule({
  id: 'GMFS-004',
  title: 'mappings_blocks and mappings_to_inode exist',
  source: 'rfc-2024 G4',
  evidence: 'fs/guestmemfs/serialise.c deserialise_mappings_blocks',
  consequence:
    'without mappings_blocks the restore dereferences NULL; without mappings_to_inode the mount starts empty',
  requires: ['GMFS-001'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    if (guestmemfs === undefined) return;
    const { tree } = context.handover;
    if (rawProperty(tree, BLOCKS_PATH, 'mem') === undefined) {
      report.finding({
        message: `${BLOCKS_PATH} has no mem property`,
        location: { fdtPath: BLOCKS_PATH, property: 'mem' },
        // The reader only follows the property for as many files as num_inodes tells.
        severity: guestmemfs.numInodes === 0n ? 'warning' : 'error',
      });
    }
    const index = rawProperty(tree, INDEX_PATH, 'mem');
    if (index?.length === KHO_MEM_SIZE) return;
    report.finding({
      message:
        index === undefined
          ? `${INDEX_PATH} has no mem property`
          : `${INDEX_PATH}/mem has ${index.length} bytes, not ${KHO_MEM_SIZE}`,
      location: { fdtPath: INDEX_PATH, property: 'mem' },
      expected: `${KHO_MEM_SIZE} bytes`,
    });
  },
});

export const inodeCount = rule({
  id: 'GMFS-005',
  title: 'num_inodes is 8 bytes and is the number of records in mappings_blocks',
  source: 'rfc-2024 G5',
  evidence:
    'fs/guestmemfs/serialise.c deserialise_mappings_blocks; fs/guestmemfs/inode.c guestmemfs_allocate_inode',
  consequence:
    "too many: the restore reads past the property and writes a pointer into the root's slot; too few: mappings are lost",
  requires: ['GMFS-004'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    if (guestmemfs === undefined) return;
    const location = { fdtPath: INDEX_PATH, property: 'num_inodes' };
    const { numInodes, mappingsBlocks } = guestmemfs;
    if (numInodes === undefined) {
      const bytes = rawProperty(context.handover.tree, INDEX_PATH, 'num_inodes');
      report.finding({
        message:
          bytes === undefined
            ? `${INDEX_PATH} has no num_inodes`
            : `${INDEX_PATH}/num_inodes has ${bytes.length} bytes, not ${NUM_INODES_SIZE}`,
        location,
        expected: `${NUM_INODES_SIZE} bytes`,
      });
      return;
    }
    const records =
      mappingsBlocks?.length ?? (rawProperty(context.handover.tree, BLOCKS_PATH, 'mem') ? undefined : 0);
    if (records === undefined) {
      report.skip(`${BLOCKS_PATH}/mem has no whole records`);
      return;
    }
    if (numInodes === BigInt(records)) return;
    report.finding({
      message: `num_inodes is ${numInodes}, but mappings_blocks has ${counted(records, 'record')}`,
      location,
      found: `${numInodes}`,
      expected: `${records}`,
    });
  },
});

export const indexFits = rule({
  id: 'GMFS-006',
  title: 'the number of files does not exceed the elements of the index page',
  source: 'rfc-2024 G6',
  evidence: 'fs/guestmemfs/serialise.c serialise_mappings_blocks',
  consequence:
    'the index overran its page: the memory after it was overwritten, and it is read back although it is not preserved',
  requires: ['GMFS-004'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    if (guestmemfs?.numInodes === undefined || guestmemfs.numInodes <= BigInt(INDEX_ELEMENTS)) return;
    report.finding({
      message: `num_inodes is ${guestmemfs.numInodes}, but the index page has room for ${INDEX_ELEMENTS} elements`,
      location: { fdtPath: INDEX_PATH, property: 'num_inodes' },
      found: `${guestmemfs.numInodes}`,
      expected: `at most ${INDEX_ELEMENTS}`,
    });
  },
});

export const mappingRecords = rule({
  id: 'GMFS-008',
  title: 'each file has its own mapping page and the index its own page, each 4096 bytes and page-aligned',
  source: 'rfc-2024 G8',
  evidence: 'fs/guestmemfs/serialise.c deserialise_mappings_blocks',
  consequence: 'two files share one list of blocks, or a list is preserved only in part',
  requires: ['GMFS-001'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    if (guestmemfs === undefined) return;
    const { mappingsBlocks = [], mappingsToInode } = guestmemfs;
    const seen = new Map<bigint, string>();
    const page = (name: string, fdtPath: string, { addr, len }: KhoMem): void => {
      const location = { fdtPath, property: 'mem', field: 'kho_mem.addr', address: addr };
      if (addr % PAGE !== 0n || len !== PAGE) {
        report.finding({
          message: `${name} is not a page: addr ${hex(addr)}, len ${hex(len)}`,
          location,
          found: hex(len),
          expected: hex(PAGE),
        });
      }
      const frame = addr / PAGE;
      const first = seen.get(frame);
      if (first === undefined) {
        seen.set(frame, name);
        return;
      }
      report.finding({
        message: `${name} is the same page as ${first}: ${hex(frame * PAGE)}`,
        location,
        found: hex(addr),
      });
    };
    let index = 0;
    for (const record of mappingsBlocks) page(`mapping record ${index++}`, BLOCKS_PATH, record);
    if (mappingsToInode !== undefined) page('the index page', INDEX_PATH, mappingsToInode);
  },
});

export const baseAlignment = rule({
  id: 'GMFS-023',
  title: 'the region starts at a multiple of 2 MiB',
  severity: 'warning',
  source: 'rfc-2024 G23',
  evidence: 'fs/guestmemfs/guestmemfs.c guestmemfs_reserve_mem',
  consequence: 'no large IOMMU leaves are possible: DMA works, with 4 KiB leaves only',
  requires: ['GMFS-003'],
  check(context, report) {
    const region = fsMemRange(guestmemfsOf(context, report));
    if (region === undefined || region.start % GUESTMEMFS_BLOCK === 0n) return;
    report.finding({
      message: `the region starts at ${hex(region.start)}, which is not a multiple of 2 MiB`,
      location: { fdtPath: FS_MEM_PATH, property: 'mem', field: 'kho_mem.addr', address: region.start },
      found: hex(region.start),
    });
  },
});
