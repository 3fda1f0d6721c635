/** Rules on records against each other (rfc-2024 K7, K8). */
import {
  MEM_EMPTY,
  MEM_HUGE,
  MEM_NOINIT,
  MEM_RAGGED,
  memColumns,
  memPages,
  memSpans,
} from '../../decode/mem-columns.js';
import { ascendingOrder } from '../../memory/ascending-order.js';
import { type PageSet, pageSet, unionOf } from '../../memory/page-set.js';
import { addTo } from '../../schema/grouped.js';
import type { Facts, PlacedRecord } from '../../validate/facts.js';
import { createProbe } from '../../validate/pages.js';
import { RFC_2024, type Rule } from '../../validate/rule.js';
import { counted, hex, listed, lower, range, recordName, recordPlace } from '../../validate/text.js';

const PAGE = 4096;

/** Sub-page heap objects, ftrace's page descriptors among them, share pages by design. */
function sharesPages({ start, end }: PlacedRecord): boolean {
  return start % BigInt(PAGE) !== 0n || end % BigInt(PAGE) !== 0n;
}

/** The pages of records of whole pages without the flag; what ends beyond 2^52 is left out. */
interface WholePages {
  readonly pages: PageSet;
  /** Whether each of them is in one record only. */
  readonly disjoint: boolean;
}

const ODD = MEM_NOINIT | MEM_RAGGED | MEM_EMPTY | MEM_HUGE;

function wholePages(facts: Facts): WholePages {
  const sets: PageSet[] = [];
  const ranges: { readonly start: number; readonly end: number }[] = [];
  /** Pages of all records, each as often as it is in one. */
  let total = 0;
  let huge = false;
  for (const { whole, records } of facts.memProperties()) {
    if (!whole) continue;
    const { anyFlag, bytes } = memColumns(records);
    if ((anyFlag & MEM_HUGE) !== 0) huge = true;
    if ((anyFlag & ODD) === 0) {
      sets.push(memPages(records, PAGE).pages);
      total += bytes / PAGE;
      continue;
    }
    for (const { start, end, flags } of memSpans(records)) {
      if ((flags & ODD) !== 0) continue;
      ranges.push({ start, end });
      total += (end - start) / PAGE;
    }
  }
  const pages = unionOf([...sets, pageSet(ranges, PAGE)], PAGE);
  return { pages, disjoint: !huge && pages.countPages() === total };
}

function inside(noinit: PageSet, start: bigint, end: bigint): boolean {
  return noinit.covers(start, end);
}

/** Records of heap objects, smaller than a page, in a page that another record has as a whole. */
function* objectsInPages(facts: Facts, pages: PageSet): Generator<PlacedRecord> {
  const probe = createProbe(pages);
  for (const record of facts.records((_start, _end, flags) => (flags & MEM_RAGGED) !== 0)) {
    if (record.noinit || record.end - record.start >= BigInt(PAGE)) continue;
    const first = Number(record.start / BigInt(PAGE));
    const end = Number((record.end + BigInt(PAGE) - 1n) / BigInt(PAGE));
    if (probe(first, end) !== 'outside') yield record;
  }
}

export const pagesOnce: Rule = {
  id: 'KHO-007',
  title: 'each page outside NOINIT regions is covered by exactly one record',
  severity: 'error',
  generations: RFC_2024,
  source: 'rfc-2024 K7',
  evidence: 'kernel/kexec_kho_in.c kho_claim_pfn',
  consequence: 'the claim warns, and the first of two owners to return a page frees it',
  requires: ['KHO-003'],
  check({ facts }, report) {
    const { pages, disjoint } = wholePages(facts);
    for (const record of objectsInPages(facts, pages)) {
      report.finding({
        message: `${recordName(record)}, ${range(record.start, record.end)}, covers part of a page that another record covers as a whole`,
        location: recordPlace(record),
      });
    }
    if (disjoint) return;
    const records: PlacedRecord[] = [];
    for (const record of facts.records()) if (!record.noinit && !sharesPages(record)) records.push(record);
    const ascending = ascendingOrder(Float64Array.from(records, ({ start }) => Number(start)));
    let before: PlacedRecord | undefined;
    for (const index of ascending) {
      const record = records[index] as PlacedRecord;
      if (before !== undefined && record.start < before.end) {
        const end = lower(record.end, before.end);
        if (inside(facts.noinit(), record.start, end)) {
          // In NOINIT regions it may be.
        } else if (!report.room()) report.more(1);
        else {
          report.finding({
            message: `${range(record.start, end)} is covered twice: by ${recordName(before)} and by ${recordName(record)}`,
            location: recordPlace(record),
          });
        }
      }
      if (before === undefined || record.end > before.end) before = record;
    }
  },
};

export const besideNoinit: Rule = {
  id: 'KHO-008',
  title: 'no record overlaps a NOINIT region or the page after it',
  severity: 'error',
  generations: RFC_2024,
  source: 'rfc-2024 K8',
  evidence: 'kernel/kexec_kho_out.c kho_mem_cache_add',
  consequence:
    'folding the records strips the NOINIT flag from the region or leaves overlapping entries, and the next kernel drops a reference twice: pages in use can be freed',
  requires: ['KHO-003'],
  check({ facts }, report) {
    for (const region of facts.noinitRecords()) {
      const end = region.end + BigInt(PAGE);
      const byProperty = new Map<string, PlacedRecord[]>();
      const [from, to] = [Number(region.start), Number(end)];
      for (const record of facts.records((start, last) => start <= to && last >= from)) {
        if (record.noinit || record.start >= end || record.end <= region.start) continue;
        addTo(byProperty, record.property.path, record);
      }
      for (const [path, records] of byProperty) {
        const [first] = records;
        if (first === undefined) continue;
        const places = listed(records.map(({ start }) => hex(start)));
        report.finding({
          message: `${counted(records.length, 'record')} of ${path}/mem in the NOINIT region ${range(region.start, region.end)} or on the page after it: ${places}`,
          location: recordPlace(first),
        });
      }
    }
  },
};
