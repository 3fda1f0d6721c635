/** Where leaves land (rfc-2024 S2, S8, S12): only in the guestmemfs region, only in files, not in two domains. */

import type { Domain } from '../../abi/model.js';
import { type PageSet, pageSet } from '../../memory/page-set.js';
import { addTo } from '../../schema/grouped.js';
import { watchOutside } from '../../validate/outside.js';
import { intersections } from '../../validate/pages.js';
import { type Reporter, RFC_2024, type WalkObserver } from '../../validate/rule.js';
import { type Fault, rulesOf } from '../../validate/shapes.js';
import { domainName } from '../../validate/subject.js';
import { counted, hex, listed, range } from '../../validate/text.js';
import { GUESTMEMFS_BLOCK } from '../guestmemfs/memory.js';
import { bitmapOf } from '../guestmemfs/rules-bitmap.js';
import { inodeTable } from '../guestmemfs/rules-view.js';
import { walkRule } from '../intel-iommu/rules-view.js';
import { blockWalkOf } from './rules-block-walk.js';

const rule = rulesOf({ generations: RFC_2024 });

const PAGE = 4096n;

/** Reports each stretch of leaves outside `set`. */
function outside(
  set: PageSet,
  domain: Domain,
  fault: (fault: Fault) => void,
  report: Reporter,
  sentence: (stretch: string, target: string) => string,
): WalkObserver {
  return watchOutside(set, (stretch) => {
    if (!report.room()) {
      report.more(1);
      return;
    }
    const iova = BigInt(stretch.iova) * PAGE;
    const target = BigInt(stretch.target) * PAGE;
    const length = BigInt(stretch.pages) * PAGE;
    fault({
      message: sentence(`${domainName(domain)} maps IOVA ${range(iova, iova + length)}`, hex(target)),
      location: { iova, iovaEnd: iova + length, address: target },
      found: `${counted(stretch.pages, 'page')} at ${hex(target)}`,
    });
  });
}

export const mappedIsPersistent = walkRule({
  id: 'MAP-002',
  title: 'every mapped page is persistent: it is in the guestmemfs region',
  source: 'rfc-2024 S2',
  evidence: 'drivers/iommu/iommufd/ioas.c iommufd_ioas_map (checks the first VMA only)',
  consequence: 'the next kernel hands the page out while the device keeps writing to it',
  watch(domain, { facts }, fault, report) {
    const region = facts.fsMem();
    const set = region === undefined ? pageSet([], Number(PAGE)) : facts.fsMemPages();
    const where =
      region === undefined
        ? 'and no guestmemfs region is handed over'
        : `outside the guestmemfs region ${range(region.start, region.end)}`;
    return outside(set, domain, fault, report, (stretch, target) => `${stretch} to ${target}, ${where}`);
  },
});

export const mappedIsInFile = walkRule({
  id: 'MAP-008',
  title: 'every mapped page belongs to a guestmemfs file',
  source: 'rfc-2024 S8',
  evidence: 'fs/guestmemfs/allocator.c, drivers/iommu/iommufd/ioas.c',
  consequence: 'the block is free to the filesystem: the next file gets it while the device writes to it',
  requires: ['GMFS-003'],
  watch(domain, { handover, facts }, fault, report) {
    if (handover.guestmemfs === undefined) {
      report.skip('there is no /guestmemfs');
      return undefined;
    }
    const files = facts.filePages();
    const unread = handover.guestmemfs?.files?.find(({ blocks }) => blocks === undefined);
    if (files === undefined || unread !== undefined) {
      report.absent('the inode table or a mapping page', unread?.mappingPage ?? inodeTable(handover));
      return undefined;
    }
    return outside(
      files,
      domain,
      fault,
      report,
      (stretch, target) => `${stretch} to ${target}, outside any file`,
    );
  },
});

export const mappedIsAllocated = walkRule({
  id: 'MAP-016',
  title: 'every block that is mapped has its bit in the allocation bitmap',
  source: 'rfc-2024 S8 (second half)',
  evidence: 'fs/guestmemfs/allocator.c guestmemfs_alloc_block',
  consequence: 'the allocator hands the block to the next file while the device writes to it',
  watch(domain, { facts }) {
    const reached = facts.reachedBlocks();
    const walk = blockWalkOf(domain, facts);
    if (reached === undefined || walk === undefined) return undefined;
    return {
      ...walk.observer,
      end() {
        for (let block = 0; block < reached.length; block++)
          reached[block] = (reached[block] as number) | (walk.blocks[block] as number);
      },
    };
  },
  finish(context, report) {
    const reached = context.facts.reachedBlocks();
    if (reached === undefined || !reached.includes(1)) return;
    const bitmap = bitmapOf(context, report);
    if (bitmap === undefined) return;
    const free: number[] = [];
    for (let block = 0; block < reached.length; block++) {
      if (reached[block] === 0) continue;
      const bit = bitmap.bit(block);
      if (bit === 0) free.push(block);
      else if (bit === undefined)
        report.absent('a byte of the allocation bitmap', bitmap.address + BigInt(block >> 3));
    }
    const [first] = free;
    if (first === undefined) return;
    report.finding({
      message: `${counted(free.length, 'mapped block')} are free in the allocation bitmap: ${listed(free.map(String), 8)}`,
      location: {
        fdtPath: '/guestmemfs/superblock',
        address: bitmap.address + BigInt(first >> 3),
        field: 'guestmemfs_sb.allocator_bitmap',
        bits: `${first & 7}`,
      },
    });
  },
});

export const blocksOnce = walkRule({
  id: 'MAP-012',
  title: 'no two domains map the same guestmemfs block',
  severity: 'warning',
  source: 'rfc-2024 S12',
  evidence: 'rfc-2024 4',
  consequence: 'devices of two virtual machines reach the same memory, unless sharing it is intended',
  watch(domain, { handover, facts }, fault) {
    const owners = facts.blockOwners();
    const domains = handover.domains ?? [];
    const self = 1 + domains.indexOf(domain);
    const region = facts.fsMem();
    const walk = blockWalkOf(domain, facts);
    if (owners === undefined || region === undefined || walk === undefined) return undefined;
    return {
      ...walk.observer,
      end() {
        const shared = new Map<number, number[]>();
        for (let block = 0; block < owners.length; block++) {
          if (walk.blocks[block] === 0) continue;
          const first = owners[block] as number;
          if (first === 0) owners[block] = self;
          if (first === 0 || first === self) continue;
          addTo(shared, first, block);
        }
        for (const [owner, blocks] of shared) {
          const other = domains[owner - 1];
          if (other === undefined) continue;
          const address = region.start + BigInt(blocks[0] ?? 0) * GUESTMEMFS_BLOCK;
          fault({
            message: `${domainName(domain)} and ${domainName(other)} both map ${counted(blocks.length, 'block')}: ${listed(blocks.map(String), 8)}`,
            location: { address },
          });
        }
      },
    };
  },
});

export const metadataOutside = rule({
  id: 'MAP-011',
  title: 'no super block, inode table, bitmap, mapping or index page is in the guestmemfs region',
  source: 'rfc-2024 S11',
  evidence: 'fs/guestmemfs/guestmemfs.c (the region holds file data only)',
  consequence: "the guest can write the filesystem's own bookkeeping",
  requires: ['GMFS-003'],
  check({ handover, facts }, report) {
    if (facts.fsMem() === undefined) return;
    const { superblock, mappingsBlocks, mappingsToInode } = handover.guestmemfs ?? {};
    for (const [name, records] of [
      ['superblock', superblock],
      ['mappings_blocks', mappingsBlocks],
      ['mappings_to_inode', mappingsToInode === undefined ? undefined : [mappingsToInode]],
    ] as const) {
      for (const { addr, len } of records ?? []) {
        const [inside] = intersections(
          facts.fsMemPages(),
          Number(addr / PAGE),
          Number((addr + len + PAGE - 1n) / PAGE),
        );
        if (inside === undefined) continue;
        report.finding({
          message: `/guestmemfs/${name} at ${range(addr, addr + len)} is in the guestmemfs region`,
          location: { fdtPath: `/guestmemfs/${name}`, property: 'mem', address: addr },
        });
      }
    }
  },
});
