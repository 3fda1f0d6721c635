/** Rules on the properties below /guestmemfs (rfc-2024 G1 to G6, G8, G23). */

import type { Guestmemfs } from '../../abi/model.js';
import { KHO_MEM_NOINIT } from '../../decode/mem-properties.js';
import type { FdtTree } from '../../fdt/parse.js';
import { findNode } from '../../fdt/tree.js';
import { GUESTMEMFS_SB_SIZE, MAPPING_INODE_SIZE, NUM_INODES_SIZE } from '../../records/guestmemfs.js';
import { KHO_MEM_SIZE, type KhoMem } from '../../records/kho.js';
import { compatiblesOf, incompatible } from '../../validate/compatible.js';
import { RFC_2024 } from '../../validate/rule.js';
import { type Elements, eachRule, type Fault, rulesOf } from '../../validate/shapes.js';
import { counted, hex, size } from '../../validate/text.js';
import { fsMemRange, GUESTMEMFS_BLOCK, SUPERBLOCK_PARTS } from './memory.js';
import {
  BLOCKS_PATH,
  FS_MEM_PATH,
  guestmemfsOf,
  INDEX_PATH,
  rawProperty,
  SUPERBLOCK_PATH,
} from './rules-view.js';
import { GUESTMEMFS } from './tree.js';

const shared = { generations: RFC_2024 };
const rule = rulesOf(shared);
/** The node, where it could be decoded. */
const NODE: Elements<Guestmemfs> = {
  shared,
  each(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    return guestmemfs === undefined ? [] : [guestmemfs];
  },
};

const PAGE = 4096n;
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

/** What is wrong with a property that has another size than `size` bytes, or is not there. */
function sizeFault(
  tree: FdtTree | undefined,
  fdtPath: string,
  property: string,
  size: number,
): Fault | undefined {
  const bytes = rawProperty(tree, fdtPath, property);
  if (bytes?.length === size) return undefined;
  return {
    message:
      bytes === undefined
        ? `${fdtPath} has no ${property === 'mem' ? 'mem property' : property}`
        : `${fdtPath}/${property} has ${bytes.length} bytes, not ${size}`,
    location: { fdtPath, property },
    expected: `${size} bytes`,
  };
}

export const compatible = rule({
  id: 'GMFS-001',
  title: `/guestmemfs is compatible with "${GUESTMEMFS}"`,
  source: 'rfc-2024 G1',
  evidence: 'fs/guestmemfs/serialise.c guestmemfs_restore_from_kho',
  consequence: 'the filesystem starts empty, while the old region stays reserved forever',
  check({ handover: { tree } }, report) {
    const node = tree === undefined ? -1 : findNode(tree, '/guestmemfs');
    if (tree === undefined || node < 0) {
      report.skip('the tree has no /guestmemfs');
      return;
    }
    const strings = compatiblesOf(tree, node);
    if (strings?.includes(GUESTMEMFS) === true) return;
    report.finding(incompatible('/guestmemfs', '/guestmemfs', strings, GUESTMEMFS));
  },
});

export const superblockRecords = eachRule(NODE, {
  id: 'GMFS-002',
  title:
    'superblock/mem has three records: super block, inode table, allocation bitmap, each of its full length',
  source: 'rfc-2024 G2',
  evidence: 'fs/guestmemfs/serialise.c deserialise_superblock',
  consequence:
    'if the property has another size, the mount starts empty; whatever a record does not cover is not preserved',
  requires: ['GMFS-001'],
  *faults({ superblock }, { handover: { tree } }) {
    const wrong = sizeFault(tree, SUPERBLOCK_PATH, 'mem', SUPERBLOCK_PARTS.length * KHO_MEM_SIZE);
    if (wrong !== undefined) {
      yield wrong;
      return;
    }
    for (const [i, { what, size: length }] of SUPERBLOCK_PARTS.entries()) {
      const record = superblock?.at(i);
      if (record === undefined || record.len === BigInt(length)) continue;
      const short = record.len < length;
      const locks = i === 0 && isWithLockDebugging(record.len);
      const why = locks ? ': apparently that of a kernel with lock debugging' : '';
      yield {
        message: `the record of the ${what} has length ${hex(record.len)} instead of ${hex(length)}${short ? ': the rest is not preserved' : why}`,
        location: { fdtPath: SUPERBLOCK_PATH, property: 'mem', field: 'kho_mem.len', address: record.addr },
        found: hex(record.len),
        expected: hex(length),
        severity: short ? 'error' : locks ? 'note' : 'warning',
      };
    }
  },
});

export const dataRegion = eachRule(NODE, {
  id: 'GMFS-003',
  title: 'fs_mem/mem is one record, flagged NOINIT, of whole pages, with at least one 2 MiB block',
  source: 'rfc-2024 G3',
  evidence: 'fs/guestmemfs/serialise.c, kernel/kexec_kho_in.c kho_reserve_previous_mem',
  consequence:
    'without the flag guest memory enters the direct map and the page accounting; base 0 or size 0 marks page 0',
  requires: ['GMFS-001'],
  *faults({ fsMem }, { handover: { tree } }) {
    if (fsMem === undefined) {
      const wrong = sizeFault(tree, FS_MEM_PATH, 'mem', KHO_MEM_SIZE);
      if (wrong !== undefined) yield wrong;
      return;
    }
    const base = fsMem.addr & ~KHO_MEM_NOINIT;
    const addr = { fdtPath: FS_MEM_PATH, property: 'mem', field: 'kho_mem.addr', address: base };
    if (base === fsMem.addr)
      yield {
        message: `the region at ${hex(base)} is not flagged NOINIT`,
        location: { ...addr, bits: '0' },
        found: hex(fsMem.addr),
        expected: hex(fsMem.addr | KHO_MEM_NOINIT),
      };
    if (base === 0n || base % PAGE !== 0n)
      yield {
        message: base === 0n ? 'the region starts at 0' : `the region starts at ${hex(base)}, inside a page`,
        location: addr,
        found: hex(base),
      };
    const why =
      fsMem.len < GUESTMEMFS_BLOCK ? 'less than one block of 2 MiB' : 'not a multiple of the page size';
    if (fsMem.len < GUESTMEMFS_BLOCK || fsMem.len % PAGE !== 0n)
      yield {
        message: `the region is ${hex(fsMem.len)} (${size(fsMem.len)}) long, ${why}`,
        location: { ...addr, field: 'kho_mem.len' },
        found: hex(fsMem.len),
      };
  },
});

export const mappingNodes = eachRule(NODE, {
  id: 'GMFS-004',
  title: 'mappings_blocks and mappings_to_inode exist',
  source: 'rfc-2024 G4',
  evidence: 'fs/guestmemfs/serialise.c deserialise_mappings_blocks',
  consequence:
    'without mappings_blocks the restore dereferences NULL; without mappings_to_inode the mount starts empty',
  requires: ['GMFS-001'],
  *faults({ numInodes }, { handover: { tree } }) {
    if (rawProperty(tree, BLOCKS_PATH, 'mem') === undefined)
      yield {
        message: `${BLOCKS_PATH} has no mem property`,
        location: { fdtPath: BLOCKS_PATH, property: 'mem' },
        // The reader only follows the property for as many files as num_inodes tells.
        severity: numInodes === 0n ? 'warning' : 'error',
      };
    const wrong = sizeFault(tree, INDEX_PATH, 'mem', KHO_MEM_SIZE);
    if (wrong !== undefined) yield wrong;
  },
});

export const inodeCount = eachRule(NODE, {
  id: 'GMFS-005',
  title: 'num_inodes is 8 bytes and is the number of records in mappings_blocks',
  source: 'rfc-2024 G5',
  evidence:
    'fs/guestmemfs/serialise.c deserialise_mappings_blocks; fs/guestmemfs/inode.c guestmemfs_allocate_inode',
  consequence:
    "too many: the restore reads past the property and writes a pointer into the root's slot; too few: mappings are lost",
  requires: ['GMFS-004'],
  faults({ numInodes, mappingsBlocks }, { handover: { tree } }, report) {
    if (numInodes === undefined) return sizeFault(tree, INDEX_PATH, 'num_inodes', NUM_INODES_SIZE);
    const records = mappingsBlocks?.length ?? (rawProperty(tree, BLOCKS_PATH, 'mem') ? undefined : 0);
    if (records === undefined) {
      report.skip(`${BLOCKS_PATH}/mem has no whole records`);
      return undefined;
    }
    if (numInodes === BigInt(records)) return undefined;
    return {
      message: `num_inodes is ${numInodes}, but mappings_blocks has ${counted(records, 'record')}`,
      location: { fdtPath: INDEX_PATH, property: 'num_inodes' },
      found: `${numInodes}`,
      expected: `${records}`,
    };
  },
});

export const indexFits = eachRule(NODE, {
  id: 'GMFS-006',
  title: 'the number of files does not exceed the elements of the index page',
  source: 'rfc-2024 G6',
  evidence: 'fs/guestmemfs/serialise.c serialise_mappings_blocks',
  consequence:
    'the index overran its page: the memory after it was overwritten, and it is read back although it is not preserved',
  requires: ['GMFS-004'],
  faults: ({ numInodes }) =>
    numInodes === undefined || numInodes <= BigInt(INDEX_ELEMENTS)
      ? undefined
      : {
          message: `num_inodes is ${numInodes}, but the index page has room for ${INDEX_ELEMENTS} elements`,
          location: { fdtPath: INDEX_PATH, property: 'num_inodes' },
          found: `${numInodes}`,
          expected: `at most ${INDEX_ELEMENTS}`,
        },
});

export const mappingRecords = eachRule(NODE, {
  id: 'GMFS-008',
  title: 'each file has its own mapping page and the index its own page, each 4096 bytes and page-aligned',
  source: 'rfc-2024 G8',
  evidence: 'fs/guestmemfs/serialise.c deserialise_mappings_blocks',
  consequence: 'two files share one list of blocks, or a list is preserved only in part',
  requires: ['GMFS-001'],
  *faults({ mappingsBlocks = [], mappingsToInode }) {
    const seen = new Map<bigint, string>();
    for (const { name, fdtPath, addr, len } of pages(mappingsBlocks, mappingsToInode)) {
      const location = { fdtPath, property: 'mem', field: 'kho_mem.addr', address: addr };
      if (addr % PAGE !== 0n || len !== PAGE)
        yield {
          message: `${name} is not a page: addr ${hex(addr)}, len ${hex(len)}`,
          location,
          found: hex(len),
          expected: hex(PAGE),
        };
      const frame = addr / PAGE;
      const first = seen.get(frame);
      if (first === undefined) seen.set(frame, name);
      else
        yield {
          message: `${name} is the same page as ${first}: ${hex(frame * PAGE)}`,
          location,
          found: hex(addr),
        };
    }
  },
});

/** The pages that list blocks, and the one that lists them. */
function* pages(blocks: Iterable<KhoMem>, index: KhoMem | undefined) {
  let i = 0;
  for (const { addr, len } of blocks)
    yield { name: `mapping record ${i++}`, fdtPath: BLOCKS_PATH, addr, len };
  if (index !== undefined) yield { name: 'the index page', fdtPath: INDEX_PATH, ...index };
}

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
