/** Where leaves land (rfc-2024 S2, S8, S12): only in the guestmemfs region, only in files, not in two domains. */
import type { Domain } from '../../abi/model.js';
import { GUESTMEMFS_BLOCK } from '../../decode/guestmemfs.js';
import { type PageSet, pageSet } from '../../memory/page-set.js';
import { readBytes } from '../../memory/read.js';
import { iovasOf, pagesOf, targetsOf } from '../../vtd/walk/batch.js';
import { domainName, placeOf } from '../dmar/nodes.js';
import { inodeTable } from '../guestmemfs/subject.js';
import { createProbe, gaps, intersections } from '../pages.js';
import { type Reporter, RFC_2024, type Rule, type WalkObserver } from '../rule.js';
import { counted, hex, listed, range } from '../text.js';

const PAGE = 4096n;
const BLOCK_PAGES = Number(GUESTMEMFS_BLOCK / PAGE);

interface Stretch {
  iova: number;
  target: number;
  pages: number;
}

/** Reports each stretch of leaves outside `set` that is contiguous in IOVA and in memory. */
function outside(
  set: PageSet,
  domain: Domain,
  report: Reporter,
  sentence: (stretch: string, target: string) => string,
): WalkObserver {
  let open: Stretch | undefined;
  const close = (): void => {
    if (open === undefined) return;
    if (!report.room()) {
      report.more(1);
      open = undefined;
      return;
    }
    const iova = BigInt(open.iova) * PAGE;
    const target = BigInt(open.target) * PAGE;
    const length = BigInt(open.pages) * PAGE;
    report.finding({
      message: sentence(`${domainName(domain)} maps IOVA ${range(iova, iova + length)}`, hex(target)),
      location: { ...placeOf(domain), iova, iovaEnd: iova + length, address: target },
      found: `${counted(open.pages, 'page')} at ${hex(target)}`,
    });
    open = undefined;
  };
  const probe = createProbe(set);
  return {
    watches: (from, end) => probe(from, end) !== 'inside',
    runs(batch) {
      const targets = targetsOf(batch);
      const lengths = pagesOf(batch);
      const iovas = iovasOf(batch);
      for (let row = 0; row < batch.length; row++) {
        const target = targets[row] as number;
        const pages = lengths[row] as number;
        if (probe(target, target + pages) === 'inside') continue;
        for (const { start, end } of gaps(set, target, target + pages)) {
          const iova = (iovas[row] as number) + start - target;
          if (open !== undefined && open.iova + open.pages === iova && open.target + open.pages === start) {
            open.pages += end - start;
          } else {
            close();
            open = { iova, target: start, pages: end - start };
          }
        }
      }
    },
    end: close,
  };
}

export const mappedIsPersistent: Rule = {
  id: 'MAP-002',
  title: 'every mapped page is persistent: it lies in the guestmemfs region',
  severity: 'error',
  generations: RFC_2024,
  source: 'rfc-2024 S2',
  evidence: 'drivers/iommu/iommufd/ioas.c iommufd_ioas_map (checks the first VMA only)',
  consequence: 'the next kernel hands the page out while the device goes on writing into it',
  needs: ['memory'],
  observe({ facts }, domain, report) {
    const region = facts.fsMem();
    const set = region === undefined ? pageSet([], Number(PAGE)) : facts.fsMemPages();
    const where =
      region === undefined
        ? 'and no guestmemfs region is handed over'
        : `outside the guestmemfs region ${range(region.start, region.end)}`;
    return outside(set, domain, report, (stretch, target) => `${stretch} to ${target}, ${where}`);
  },
};

export const mappedIsInFile: Rule = {
  id: 'MAP-008',
  title: 'every mapped page belongs to a guestmemfs file',
  severity: 'error',
  generations: RFC_2024,
  source: 'rfc-2024 S8',
  evidence: 'fs/guestmemfs/allocator.c, drivers/iommu/iommufd/ioas.c',
  consequence:
    'the block is free as far as the filesystem knows: the next file gets it while the device writes into it',
  requires: ['GMFS-003'],
  needs: ['memory'],
  observe({ handover, facts }, domain, report) {
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
    return outside(files, domain, report, (stretch, target) => `${stretch} to ${target}, outside any file`);
  },
};

/**
 * Calls `mark` for the blocks of the region that leaves reach, at least once each.
 *
 * @param start first page frame of the region
 * @param count blocks of the region
 */
function reachedBlocks(start: number, count: number, mark: (block: number) => void): WalkObserver {
  let last = -1;
  const whole = start % BLOCK_PAGES === 0;
  return {
    // Where blocks are granules, to be told those is enough; else a granule has parts of two of them.
    watches: (from, end) => !whole && from < start + count * BLOCK_PAGES && end > start,
    reached({ granules }) {
      if (!whole) return;
      for (const granule of granules) {
        const block = granule - start / BLOCK_PAGES;
        if (block >= 0 && block < count) mark(block);
      }
    },
    runs(batch) {
      const targets = targetsOf(batch);
      const lengths = pagesOf(batch);
      for (let row = 0; row < batch.length; row++) {
        const target = (targets[row] as number) - start;
        const first = Math.max(0, Math.floor(target / BLOCK_PAGES));
        const end = Math.min(count - 1, Math.floor((target + (lengths[row] as number) - 1) / BLOCK_PAGES));
        if (first === last && end === last) continue;
        for (let block = first; block <= end; block++) mark(block);
        last = end;
      }
    },
  };
}

export const mappedIsAllocated: Rule = {
  id: 'MAP-016',
  title: 'every block that is mapped has its bit in the allocation bitmap',
  severity: 'error',
  generations: RFC_2024,
  source: 'rfc-2024 S8 (second half)',
  evidence: 'fs/guestmemfs/allocator.c guestmemfs_alloc_block',
  consequence: 'the allocator hands the block to the next file while the device writes into it',
  needs: ['memory'],
  observe({ facts }, _domain, _report) {
    const reached = facts.reachedBlocks();
    const region = facts.fsMem();
    if (reached === undefined || region === undefined) return undefined;
    return reachedBlocks(Number(region.start / PAGE), reached.length, (block) => {
      reached[block] = 1;
    });
  },
  finish({ handover, facts }, report) {
    const reached = facts.reachedBlocks();
    const bitmap = handover.guestmemfs?.superblock;
    if (reached === undefined || handover.memory === undefined || bitmap === undefined || bitmap.length < 3)
      return;
    const address = bitmap.at(2).addr;
    const free: string[] = [];
    let first: bigint | undefined;
    for (let byte = 0; byte * 8 < reached.length; byte++) {
      const needed = reached.subarray(byte * 8, byte * 8 + 8).reduce((bits, is, i) => bits | (is << i), 0);
      if (needed === 0) continue;
      const found = readBytes(handover.memory, address + BigInt(byte), 1)?.[0];
      if (found === undefined) {
        report.absent('a byte of the allocation bitmap', address + BigInt(byte));
        continue;
      }
      for (let bit = 0; bit < 8; bit++) {
        if ((needed & ~found & (1 << bit)) === 0) continue;
        first ??= address + BigInt(byte);
        free.push(`${byte * 8 + bit}`);
      }
    }
    if (first === undefined) return;
    report.finding({
      message: `${counted(free.length, 'mapped block')} are free in the allocation bitmap: ${listed(free, 8)}`,
      location: {
        fdtPath: '/guestmemfs/superblock',
        address: first,
        field: 'guestmemfs_sb.allocator_bitmap',
      },
    });
  },
};

export const blocksOnce: Rule = {
  id: 'MAP-012',
  title: 'no two domains map the same guestmemfs block',
  severity: 'warning',
  generations: RFC_2024,
  source: 'rfc-2024 S12',
  evidence: 'rfc-2024 4',
  consequence: 'devices of two virtual machines reach the same memory, unless sharing it is intended',
  needs: ['memory'],
  observe({ handover, facts }, domain, report) {
    const owners = facts.blockOwners();
    const domains = handover.domains ?? [];
    const self = 1 + domains.indexOf(domain);
    const region = facts.fsMem();
    const reached = facts.reachedBlocks();
    if (owners === undefined || region === undefined || reached === undefined) return undefined;
    const shared = new Map<Domain, number[]>();
    const walk = reachedBlocks(Number(region.start / PAGE), reached.length, (block) => {
      const first = owners[block] as number;
      if (first === 0) owners[block] = self;
      const owner = domains[first - 1];
      if (owner === undefined || first === self) return;
      const blocks = shared.get(owner);
      if (blocks === undefined) shared.set(owner, [block]);
      else if (blocks.at(-1) !== block) blocks.push(block);
    });
    return {
      ...walk,
      end() {
        for (const [owner, blocks] of shared) {
          const unique = [...new Set(blocks)];
          const address = region.start + BigInt(unique[0] ?? 0) * GUESTMEMFS_BLOCK;
          report.finding({
            message: `${domainName(domain)} and ${domainName(owner)} both map ${counted(unique.length, 'block')}: ${listed(unique.map(String), 8)}`,
            location: { ...placeOf(domain), address },
          });
        }
      },
    };
  },
};

export const metadataOutside: Rule = {
  id: 'MAP-011',
  title: 'no super block, inode table, bitmap, mapping or index page lies in the guestmemfs region',
  severity: 'error',
  generations: RFC_2024,
  source: 'rfc-2024 S11',
  evidence: 'fs/guestmemfs/guestmemfs.c (the region holds file data only)',
  consequence: 'the guest can write the filesystem’s own bookkeeping',
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
          message: `/guestmemfs/${name} at ${range(addr, addr + len)} lies in the guestmemfs region`,
          location: { fdtPath: `/guestmemfs/${name}`, property: 'mem', address: addr },
        });
      }
    }
  },
};
