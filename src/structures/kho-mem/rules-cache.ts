/** Rules on the mem cache, which is what the next kernel acts on (rfc-2024 K9, K11, K12, 1.6, 1.7). */
import { computeMemCache, exactMemCache } from '../../abi/mem-cache.js';
import type { Handover, Location } from '../../abi/model.js';
import type { RecordView } from '../../abi/record-view.js';
import { MEM_HUGE, MEM_NOINIT, memColumns, memPages } from '../../decode/mem-columns.js';
import { KHO_MEM_NOINIT, type MemProperty, visitedRecords } from '../../decode/mem-properties.js';
import { unionOf } from '../../memory/page-set.js';
import {
  KHO_MEM_SIZE,
  type KhoDataRfc2024,
  type KhoMem,
  khoDataRfc2024,
  SETUP_DATA_SIZE,
} from '../../records/kho.js';
import type { PlacedRecord } from '../../validate/facts.js';
import { RFC_2024 } from '../../validate/rule.js';
import { type Elements, eachRule, fieldPlace, rulesOf } from '../../validate/shapes.js';
import { counted, hex, listed, range } from '../../validate/text.js';

const shared = { generations: RFC_2024, needs: ['setup_data'] } as const;
const rule = rulesOf(shared);

const PAGE = 4096n;
/** The loader's alignment of the tree and the mem cache (kernel/kexec_kho_out.c kho_fill_kimage). */
export const LOAD_ALIGN = 0x10000n;

interface Entry {
  readonly index: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly noinit: boolean;
}

function entriesOf({ memCache }: Handover): Entry[] {
  return [...(memCache ?? [])].map(({ addr, len }, index) => {
    const start = addr & ~KHO_MEM_NOINIT;
    return { index, start, end: start + len, noinit: addr !== start };
  });
}

/** NOINIT regions, and the cache's entries; a rule that has no entries to look at has not passed. */
const REGIONS: Elements<{ readonly region: PlacedRecord; readonly entries: readonly Entry[] }> = {
  shared,
  each({ handover, facts }, report) {
    const address = handover.setupData?.rfc2024?.memCacheAddr;
    if (handover.memCache === undefined) {
      if (address === undefined) report.skip('setup_data names no mem cache');
      else report.absent('the mem cache', address);
    }
    const entries = entriesOf(handover);
    return facts.noinitRecords().map((region) => ({ region, entries }));
  },
};

function entryPlace({ setupData }: Handover, index: number): Location {
  const base = setupData?.rfc2024?.memCacheAddr ?? 0n;
  return { address: base + BigInt(index * KHO_MEM_SIZE), field: 'kho_mem.addr' };
}

function memText({ addr, len }: KhoMem): string {
  return `(${hex(addr)}, ${hex(len)})`;
}

export const cacheIsComputed = rule({
  id: 'KHO-009',
  title: 'the mem cache is sorted, disjoint, and as the kernel computes it from the tree',
  source: 'rfc-2024 K9',
  evidence: 'kernel/kexec_kho_out.c kho_alloc_mem_cache, kernel/kexec_kho_in.c kho_populate_refcount',
  consequence:
    'memory that is missing is not reserved and gets reused; memory listed twice loses two references and is freed while in use',
  requires: ['KHO-003', 'KHO-004', 'KHO-006'],
  check({ handover, facts }, report) {
    const { memCache } = handover;
    if (memCache === undefined) {
      report.absent('the mem cache', handover.setupData?.rfc2024?.memCacheAddr ?? 0n);
      return;
    }
    // A kernel without the NOINIT mistake writes what the ABI means.
    const computed = isExact(memCache, facts.memProperties())
      ? undefined
      : computeMemCache(visitedRecords(facts.memProperties()));
    if (computed !== undefined && 'entries' in computed) {
      const length = Math.max(computed.entries.length, memCache.length);
      for (let i = 0; i < length; i++) {
        const found = i < memCache.length ? memCache.at(i) : undefined;
        const expected = computed.entries[i];
        if (found?.addr === expected?.addr && found?.len === expected?.len) continue;
        report.finding({
          message: `mem cache entry ${i} is not as computed from the tree (${memCache.length} entries, computed ${computed.entries.length})`,
          location: entryPlace(handover, i),
          found: found === undefined ? 'no entry' : memText(found),
          expected: expected === undefined ? 'no entry' : memText(expected),
        });
        break;
      }
    }
    const entries = entriesOf(handover);
    const unsorted = entries.find(
      ({ index, start }) => index > 0 && start < (entries[index - 1]?.start ?? 0n),
    );
    if (unsorted !== undefined) {
      report.finding({
        message: `mem cache entry ${unsorted.index} starts below the one before it`,
        location: entryPlace(handover, unsorted.index),
        found: hex(unsorted.start),
      });
    }
    const pairs = overlaps(entries);
    const [first] = pairs;
    if (first === undefined) return;
    report.finding({
      message: `${counted(pairs.length, 'pair')} of mem cache entries overlap: ${listed(
        pairs.map(([a, b]) => `${range(a.start, a.end)} and ${range(b.start, b.end)}`),
        2,
      )}`,
      location: entryPlace(handover, first[1].index),
    });
  },
});

/** Whether a cache is what {@link exactMemCache} says, by columns as far as numbers are exact. */
function isExact(found: RecordView<KhoMem>, properties: readonly MemProperty[]): boolean {
  const { start, end, flags, count } = memColumns(found);
  const views = properties.filter(({ whole }) => whole).map(({ records }) => records);
  const isHuge = (view: RecordView<KhoMem>) => (memColumns(view).anyFlag & MEM_HUGE) !== 0;
  if (isHuge(found) || views.some(isHuge)) return isSame(found, exactMemCache(visitedRecords(properties)));
  const regions: { readonly start: number; readonly end: number }[] = [];
  for (const records of views) {
    const columns = memColumns(records);
    for (const index of memPages(records, Number(PAGE)).others) {
      const region = { start: columns.start[index] ?? 0, end: columns.end[index] ?? 0 };
      if (region.start < region.end) regions.push(region);
    }
  }
  const pages = unionOf(
    views.map((records) => memPages(records, Number(PAGE)).pages),
    Number(PAGE),
  );
  regions.sort((a, b) => a.start - b.start);
  if (count !== pages.runCount + regions.length) return false;
  let run = 0;
  let region = 0;
  for (let i = 0; i < count; i++) {
    const pagesStart = run < pages.runCount ? (pages.starts[run] as number) * Number(PAGE) : Infinity;
    const next = regions[region];
    const isPages = next === undefined || pagesStart <= next.start;
    const expectedEnd = isPages ? (pages.ends[run++] as number) * Number(PAGE) : next.end;
    if (!isPages) region++;
    if (start[i] !== (isPages ? pagesStart : next.start) || end[i] !== expectedEnd) return false;
    if (((flags[i] as number) & MEM_NOINIT) !== (isPages ? 0 : MEM_NOINIT)) return false;
  }
  return true;
}

function isSame(found: RecordView<KhoMem>, expected: readonly KhoMem[]): boolean {
  if (found.length !== expected.length) return false;
  return expected.every(({ addr, len }, i) => {
    const entry = found.at(i);
    return entry.addr === addr && entry.len === len;
  });
}

/** Pairs that share bytes, in order of address; each entry is compared with the furthest-reaching one before it. */
function overlaps(entries: readonly Entry[]): [Entry, Entry][] {
  const sorted = [...entries].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const pairs: [Entry, Entry][] = [];
  let reach: Entry | undefined;
  for (const entry of sorted) {
    if (reach !== undefined && entry.start < reach.end) pairs.push([reach, entry]);
    if (reach === undefined || entry.end > reach.end) reach = entry;
  }
  return pairs;
}

export const noinitLength = eachRule(REGIONS, {
  id: 'KHO-011',
  title: 'the mem cache covers a NOINIT region, but not the page after it',
  severity: 'warning',
  source: 'rfc-2024 K11, 3.3 no. 22',
  evidence: 'kernel/kexec_kho_out.c kho_alloc_mem_cache (the end is computed with the flag still in addr)',
  consequence: 'the next kernel loses the page after the region from its direct map',
  faults({ region, entries }, { handover }) {
    const extra = entries.find((entry) => entry.start < region.end && entry.end > region.end);
    if (extra === undefined) return undefined;
    return {
      message: `the mem cache covers one page too many: entry ${extra.index} extends to ${hex(extra.end)}, but the NOINIT region ends at ${hex(region.end)}`,
      location: entryPlace(handover, extra.index),
      found: hex(extra.end - extra.start),
      expected: hex(region.end - extra.start),
    };
  },
});

export const noinitKept = eachRule(REGIONS, {
  id: 'KHO-016',
  title: 'a NOINIT region keeps its flag in the mem cache',
  source: 'rfc-2024 K8, K9, 3.3 no. 4',
  evidence: 'kernel/kexec_kho_out.c kho_mem_cache_add (the hull takes the smaller raw address)',
  consequence:
    'the region enters the direct map and the page accounting of the next kernel: guest memory is exposed, its pages lose a reference that they never had',
  faults({ region, entries }, { handover }) {
    const lost = entries.find(
      ({ start, end, noinit }) => !noinit && start <= region.start && end > region.start,
    );
    if (lost === undefined) return undefined;
    return {
      message: `the NOINIT flag of ${range(region.start, region.end)} is lost in mem cache entry ${lost.index}: a record at the region's start was folded into it`,
      location: { ...entryPlace(handover, lost.index), bits: '0' },
      found: hex(lost.start),
      expected: hex(region.start | KHO_MEM_NOINIT),
    };
  },
});

export const placement = rule({
  id: 'KHO-012',
  title: 'tree and mem cache are in scratch, 64 KiB aligned, the cache a multiple of 16 bytes',
  severity: 'warning',
  source: 'rfc-2024 K12',
  evidence: 'kernel/kexec_kho_out.c kho_fill_kimage, kernel/kexec_kho_in.c kho_reserve_previous_mem',
  consequence:
    'the loader never places them elsewhere; a cache with an incomplete last entry is read past its end',
  check({ handover, facts }, report) {
    const { element, rfc2024: data } = handover.setupData ?? {};
    const scratch = facts.scratch();
    if (element === undefined || data === undefined || scratch === undefined) return;
    const inData = (id: keyof KhoDataRfc2024) =>
      fieldPlace(khoDataRfc2024, element + BigInt(SETUP_DATA_SIZE), id);
    const treeSize = BigInt(handover.tree?.bytes.length ?? 0);
    for (const [what, address, size] of [
      ['the tree', data.dtAddr, treeSize],
      ['the mem cache', data.memCacheAddr, data.memCacheSize],
    ] as const) {
      const place = inData(what === 'the tree' ? 'dtAddr' : 'memCacheAddr');
      if (address % LOAD_ALIGN !== 0n) {
        report.finding({
          message: `${what} at ${hex(address)} is not 64 KiB aligned`,
          location: place,
          found: hex(address),
        });
      }
      if (address < scratch.start || address + size > scratch.end) {
        report.finding({
          message: `${what}, ${range(address, address + size)}, is not inside scratch ${range(scratch.start, scratch.end)}`,
          location: place,
          found: hex(address),
        });
      }
    }
    if (data.memCacheSize % BigInt(KHO_MEM_SIZE) !== 0n) {
      report.finding({
        message: `the mem cache has ${data.memCacheSize} bytes, not a multiple of ${KHO_MEM_SIZE}`,
        location: inData('memCacheSize'),
        found: `${data.memCacheSize}`,
      });
    }
    if (scratch.start % PAGE !== 0n || scratch.end % PAGE !== 0n) {
      report.finding({
        message: `scratch ${range(scratch.start, scratch.end)} is not page aligned`,
        location: inData('scratchAddr'),
      });
    }
  },
});
