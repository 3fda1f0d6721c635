/** Rules on the page tables of a domain (rfc-2024 I9 to I13, I15, I16). */
import type { Domain } from '../../abi/model.js';
import { dataView } from '../../decode/bytes.js';
import { memPages } from '../../decode/mem-columns.js';
import { type PageSet, pageSet, unionOf } from '../../memory/page-set.js';
import { readBytes } from '../../memory/read.js';
import { SS_PDE_LEAF_BITS, SS_PDE_TABLE_BITS, SS_PTE_BITS, SS_PTE_SIZE } from '../../records/vtd.js';
import { createProbe, intersections } from '../../validate/pages.js';
import { eachRule } from '../../validate/shapes.js';
import { domainName } from '../../validate/subject.js';
import { counted, hex, listed, range } from '../../validate/text.js';
import type { WalkAnomalyKind } from '../../vtd/walk/anomaly.js';
import {
  iovasOf,
  leavesOfRow,
  pagesOf,
  pagesPerEntry,
  ROW_LO,
  ROW_WORDS,
  targetsOf,
} from '../../vtd/walk/batch.js';
import { type TableVisit, visitOf } from '../../vtd/walk/state.js';
import { DOMAINS, walkRule } from './rules-view.js';

const PAGE = 4096;
/** Low bits of a pointer to a table without A, which hardware sets where dirty pages are tracked (VT-d 3.7.2). */
const TABLE_BITS = 0xfff & ~SS_PDE_TABLE_BITS.a.lo;
/** R and W of a second-stage entry: it is present when either is set. */
const PRESENT = BigInt(SS_PTE_BITS.r.lo | SS_PTE_BITS.w.lo);
const SERIALISE = 'drivers/iommu/intel/serialise.c save_pte_pages';
const NEVER_LISTED =
  "the RFC's save_pte_pages starts one level too low and only below pgd[0], so it never lists them";

function tableText({ address, level }: { address: number; level: number }): string {
  return `${hex(address)} (level ${level})`;
}

export const rootPreserved = eachRule(DOMAINS, {
  id: 'DMAR-009',
  title: 'the top page-table page of a domain is covered by a mem record',
  source: 'rfc-2024 I9, 3.3 no. 1',
  evidence: SERIALISE,
  consequence: 'the next kernel hands out the page while hardware and driver still walk it',
  requires: ['DMAR-008', 'KHO-003'],
  faults(domain, { facts }) {
    const { pgd } = domain;
    if (pgd === undefined || facts.preserved().covers(pgd, pgd + BigInt(PAGE))) return undefined;
    return {
      message: `the pgd ${hex(pgd)} of ${domainName(domain)} is in no mem record, so it is not persistent; ${NEVER_LISTED}`,
      location: { property: 'pgd', address: pgd },
      found: 'not in mem',
      expected: `mem with (${hex(pgd)}, 0x1000)`,
    };
  },
});

export const tablesPreserved = walkRule({
  id: 'DMAR-010',
  title: 'every page-table page of a domain is covered by a mem record',
  source: 'rfc-2024 I10, 3.3 no. 1, 2',
  evidence: SERIALISE,
  consequence:
    'the next kernel hands out these pages while devices walk them: DMA goes wherever the new contents point',
  requires: ['KHO-003'],
  watch(domain, { facts }, fault) {
    const preserved = createProbe(facts.preserved());
    const missing: Pick<TableVisit, 'address' | 'level' | 'iova' | 'entryAddress'>[] = [];
    let tables = 0;
    return {
      table(table) {
        tables++;
        const page = table.address / PAGE;
        if (preserved(page, page + 1) !== 'inside') missing.push(table);
      },
      tables(stretch) {
        const { count, addresses } = stretch;
        tables += count;
        for (let nth = 0; nth < count; nth++) {
          const page = (addresses[nth] as number) / PAGE;
          if (preserved(page, page + 1) !== 'inside') missing.push(visitOf(stretch, nth));
        }
      },
      end({ anomalies }) {
        // Tables that are not in the dump are not entered, but where they are is known.
        for (const { kind, table, level, iova, entryAddress = -1 } of anomalies) {
          if (kind !== 'table-absent' || table === undefined || entryAddress < 0) continue;
          tables++;
          if (preserved(table / PAGE, table / PAGE + 1) === 'inside') continue;
          missing.push({ address: table, level: level - 1, iova: Number(iova / BigInt(PAGE)), entryAddress });
        }
        const below = missing.filter(({ entryAddress }) => entryAddress >= 0);
        const [first] = below;
        if (first === undefined) return;
        fault({
          message: `${below.length} of ${counted(tables, 'page-table page')} of ${domainName(domain)} below its pgd are in no mem record, so they are not persistent: ${listed(below.map(tableText), 6)}; ${NEVER_LISTED}`,
          location: {
            property: 'mem',
            address: BigInt(first.address),
            iova: BigInt(first.iova) * BigInt(PAGE),
          },
          found: `${tables - missing.length} of ${tables} in mem`,
          expected: 'all of them',
        });
      },
    };
  },
});

const listedBy = new WeakMap<Domain, PageSet>();

/** What a domain's mem lists outside regions that are kept for other reasons; worked out once. */
function listedPages(domain: Domain): PageSet {
  let pages = listedBy.get(domain);
  if (pages === undefined) {
    pages = listedOf(domain);
    listedBy.set(domain, pages);
  }
  return pages;
}

function listedOf({ mem }: Domain): PageSet {
  if (mem === undefined) return pageSet([], PAGE);
  const { pages, others } = memPages(mem, PAGE);
  const ranges = others.map((index) => {
    const { addr, len } = mem.at(index);
    return { start: addr, end: addr + len };
  });
  return ranges.length === 0 ? pages : unionOf([pages, pageSet(ranges, PAGE)], PAGE);
}

export const noData = walkRule({
  id: 'DMAR-011',
  title: 'mem of a domain lists no guest data pages',
  source: 'rfc-2024 I11, 3.3 no. 3',
  evidence: SERIALISE,
  consequence:
    'the page is claimed by the IOMMU driver though a file owns it: "Claimed non kho pfn" warnings, and the NOINIT bookkeeping of the region is damaged',
  requires: ['DMAR-003', 'DMAR-014'],
  watch(domain, _context, fault) {
    const pages = listedPages(domain);
    const probe = createProbe(pages);
    const ranges: { start: number; end: number }[] = [];
    let count = 0;
    let firstIova = 0;
    return {
      watches: (start, end) => probe(start, end) !== 'outside',
      runs(batch) {
        const targets = targetsOf(batch);
        const lengths = pagesOf(batch);
        const iovas = iovasOf(batch);
        for (let row = 0; row < batch.length; row++) {
          if (batch.level[row] !== 1) continue;
          const target = targets[row] as number;
          const behind = target + (lengths[row] as number);
          if (probe(target, behind) === 'outside') continue;
          for (const { start, end } of intersections(pages, target, behind)) {
            if (count === 0) firstIova = (iovas[row] as number) + start - target;
            count += end - start;
            const last = ranges.at(-1);
            if (last !== undefined && last.end === start) last.end = end;
            else ranges.push({ start, end });
          }
        }
      },
      end() {
        const [first] = ranges;
        if (first === undefined) return;
        const places = ranges.map(({ start, end }) => range(BigInt(start * PAGE), BigInt(end * PAGE)));
        fault({
          message: `mem of ${domainName(domain)} lists ${counted(count, 'guest data page')} as if they were table pages: ${listed(places)}`,
          location: {
            property: 'mem',
            address: BigInt(first.start * PAGE),
            iova: BigInt(firstIova) * BigInt(PAGE),
          },
        });
      },
    };
  },
});

export const noSuperpages = walkRule({
  id: 'DMAR-020',
  title: 'mem of a domain lists no large leaf by its first 4 KiB',
  source: 'rfc-2024 I11, 2.2.1, 3.3 no. 3',
  evidence: SERIALISE,
  consequence:
    'the record keeps 4 KiB of a page of 2 MiB or 1 GiB; the rest survives only if something else lists it',
  requires: ['DMAR-003', 'DMAR-014'],
  watch(domain, _context, fault) {
    const pages = listedPages(domain);
    const probe = createProbe(pages);
    const found: string[] = [];
    let first: { target: number; iova: number } | undefined;
    return {
      watches: (start, end) => probe(start, end) !== 'outside',
      runs(batch) {
        if (batch.small) return;
        const targets = targetsOf(batch);
        const lengths = pagesOf(batch);
        for (let row = 0; row < batch.length; row++) {
          const level = batch.level[row] as number;
          if (level === 1) continue;
          const step = pagesPerEntry(level);
          const start = targets[row] as number;
          const end = start + (lengths[row] as number);
          if (probe(start, end) === 'outside') continue;
          for (let page = start; page < end; page += step) {
            if (!pages.contains(page)) continue;
            first ??= { target: page, iova: (iovasOf(batch)[row] as number) + page - start };
            found.push(`${hex(page * PAGE)} (${level === 2 ? '2 MiB' : '1 GiB'})`);
          }
        }
      },
      end() {
        if (first === undefined) return;
        fault({
          message: `mem of ${domainName(domain)} records ${counted(found.length, 'superpage')} as 4 KiB: ${listed(found)}`,
          location: {
            property: 'mem',
            address: BigInt(first.target * PAGE),
            iova: BigInt(first.iova) * BigInt(PAGE),
          },
          found: '0x1000',
        });
      },
    };
  },
});

export const firstEntry = walkRule({
  id: 'DMAR-013',
  title: 'the first entry of the top table points to a table',
  source: 'rfc-2024 I13, 3.3 no. 6',
  evidence: SERIALISE,
  consequence:
    'the serialiser does not test it: physical page 0, or a page of guest data that the guest controls, was parsed as a page table',
  requires: ['DMAR-007', 'DMAR-008'],
  watch(domain, { handover, facts }, fault) {
    let unlisted = 0;
    const preserved = createProbe(facts.preserved());
    return {
      table({ address }) {
        if (preserved(address / PAGE, address / PAGE + 1) !== 'inside') unlisted++;
      },
      end() {
        // A producer that lists every table does not start from this entry.
        if (unlisted === 0) return;
        const { pgd, agaw } = domain;
        const bytes =
          pgd === undefined || handover.memory === undefined
            ? undefined
            : readBytes(handover.memory, pgd, SS_PTE_SIZE);
        if (pgd === undefined || agaw === undefined || bytes === undefined) return;
        const entry = dataView(bytes).getBigUint64(0, true);
        const large = agaw <= 1 && (entry & BigInt(SS_PDE_LEAF_BITS.ps.lo)) !== 0n;
        const present = (entry & PRESENT) !== 0n;
        if (present && !large) return;
        fault({
          message: `entry 0 of the top table of ${domainName(domain)} is ${present ? 'a large leaf' : 'not present'}: ${hex(entry)}`,
          location: { address: pgd, iova: 0n },
          found: hex(entry),
          expected: 'a pointer to a table',
        });
      },
    };
  },
});

/** Anomalies of a walk that make the tables no tree. */
const TREE: Partial<Record<WalkAnomalyKind, string>> = {
  loop: 'points back to a table above it',
  'shared-table': 'points to a table that another entry points to as well',
  'two-levels': 'points to a table that is also used at another level',
};

export const tablesAreTree = walkRule({
  id: 'DMAR-015',
  title: 'the page tables form a tree outside the guestmemfs region',
  source: 'rfc-2024 I15, S11',
  evidence: 'drivers/iommu/intel/iommu.c pfn_to_dma_pte',
  consequence: 'an endless or wrong walk; a table in guest memory lets the guest write its own translations',
  watch(domain, { facts }, fault) {
    const fsMem = facts.fsMem();
    const region = fsMem === undefined ? undefined : { start: Number(fsMem.start), end: Number(fsMem.end) };
    return {
      table(table) {
        if (region === undefined || table.address < region.start || table.address >= region.end) return;
        fault({
          message: `table page ${tableText(table)} of ${domainName(domain)} is in the guestmemfs region`,
          location: {
            address: BigInt(table.address),
            iova: BigInt(table.iova) * BigInt(PAGE),
          },
        });
      },
      end({ anomalies }) {
        for (const anomaly of anomalies) {
          const what = TREE[anomaly.kind];
          if (what === undefined) continue;
          fault({
            message: `an entry of level ${anomaly.level} of ${domainName(domain)} ${what}${anomaly.count > 1 ? ` (${anomaly.count} times)` : ''}: table ${hex(anomaly.table ?? 0)}`,
            location: {
              ...(anomaly.entryAddress === undefined ? {} : { address: BigInt(anomaly.entryAddress) }),
              iova: anomaly.iova,
              iovaEnd: anomaly.iovaEnd,
            },
            found: hex(anomaly.entry),
          });
        }
      },
    };
  },
});

export const entriesValid = walkRule({
  id: 'DMAR-016',
  title: 'entries have the low bits that the driver gives them: 3 in pointers to tables, bit 0 in leaves',
  source: 'rfc-2024 I16; VT-d 9.8',
  evidence: 'drivers/iommu/intel/iommu.c __domain_mapping',
  consequence: 'the driver of the next kernel interprets the entry differently from the hardware',
  watch(domain, _context, fault) {
    let oddTables = 0;
    let firstTable: TableVisit | undefined;
    let oddLeaves = 0;
    let firstLeaf: { iova: number; lo: number } | undefined;
    return {
      table(table) {
        if (table.entryAddress < 0 || (table.lo & TABLE_BITS) === 3) return;
        oddTables++;
        firstTable ??= table;
      },
      tables(stretch) {
        const { count, words, at } = stretch;
        for (let nth = 0; nth < count; nth++) {
          if (((words[at + 2 * nth] as number) & TABLE_BITS) === 3) continue;
          oddTables++;
          firstTable ??= visitOf(stretch, nth);
        }
      },
      leaves(batch) {
        // Bit 0 in every leaf; bit 7 in no leaf of level 1.
        if ((batch.andLo & 1) === 1 && (batch.orLo & 0x80) === 0) return;
        const { rows, level: levels } = batch;
        const iovas = iovasOf(batch);
        const lengths = pagesOf(batch);
        for (let row = 0; row < batch.length; row++) {
          const lo = rows[row * ROW_WORDS + ROW_LO] as number;
          const level = levels[row] as number;
          if ((lo & 1) === 1 && (level !== 1 || (lo & 0x80) === 0)) continue;
          oddLeaves += leavesOfRow(lengths[row] as number, level);
          firstLeaf ??= { iova: iovas[row] as number, lo };
        }
      },
      end() {
        if (firstTable !== undefined) {
          fault({
            message: `${counted(oddTables, 'entry', 'entries')} of ${domainName(domain)} that point to tables have other low bits than 3, the first ${hex(firstTable.lo & 0xfff)} at ${hex(firstTable.entryAddress)}`,
            location: { address: BigInt(firstTable.entryAddress), bits: '11:0' },
            found: hex(firstTable.lo & 0xfff),
            expected: '0x3',
          });
        }
        if (firstLeaf !== undefined) {
          fault({
            message: `${counted(oddLeaves, 'leaf', 'leaves')} of ${domainName(domain)} lack bit 0 or are 4 KiB leaves with bit 7, the first at IOVA ${hex(BigInt(firstLeaf.iova) * BigInt(PAGE))}`,
            location: { iova: BigInt(firstLeaf.iova) * BigInt(PAGE), bits: '7, 0' },
            found: hex(firstLeaf.lo & 0xfff),
          });
        }
      },
    };
  },
});
