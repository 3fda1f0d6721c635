/**
 * The mem cache that the old kernel hands over beside the tree: the sorted list of what the next kernel
 * reserves, as kernel/kexec_kho_out.c of the 2024 series makes it (kho_alloc_mem_cache, kho_mem_cache_add;
 * rfc-2024 1.6), its quirks included.
 */
import { firstIndex } from '../memory/first-after.js';
import { KHO_MEM_ADDR_BITS, type KhoMem } from '../records/kho.js';
import type { AddressRange } from './model.js';

/** The series knows x86-64 and arm64 with pages of this size only. */
const PAGE = 4096n;
const FLAGS = BigInt(KHO_MEM_ADDR_BITS.noinit.lo >>> 0);

/** Either the cache, or the record because of which the kernel refuses to load the next one. */
export type MemCache = { readonly entries: KhoMem[] } | { readonly intersects: KhoMem };

/**
 * A record, or several that follow one another: without the flag, in whole pages, each beginning where the one
 * before ends. Tables come page by page; most of what is asked of their records is asked once of the stretch.
 */
export interface MemStretch extends KhoMem {
  /** The records, when there are several; `addr` and `len` are of all together. */
  readonly parts?: () => Iterable<KhoMem>;
}

/**
 * Computes the mem cache of a tree.
 *
 * Addresses are compared as the kernel does, as raw 64-bit values with the flag inside, and sums wrap at
 * 2^64. The result may therefore overlap, be unsorted by page, or have odd lengths: those are findings,
 * not mistakes of the computation. Takes O(n log n) for records that mostly ascend.
 *
 * @param records all `mem` records in the order in which the kernel visits them; properties whose length is
 *   no multiple of a record are skipped by the kernel, and are not to be among them
 * @param scratch physical byte addresses of the scratch area; without it nothing can intersect
 * @returns the entries (addr with the flag bit, len in bytes), or under `intersects` the first record that
 *   runs into scratch, upon which kexec_file_load fails with -EINVAL
 */
export function computeMemCache(records: Iterable<MemStretch>, scratch?: AddressRange): MemCache {
  const cache: Cache = { starts: [], ends: [], highest: [] };
  const meetsScratch = (start: bigint, end: bigint): boolean =>
    scratch !== undefined && start < scratch.end && end > scratch.start;
  for (const stretch of records) {
    const { parts } = stretch;
    const last = stretch.addr + stretch.len;
    for (const record of parts === undefined ? [stretch] : parts()) {
      const start = record.addr - (record.addr % PAGE) + (record.addr & FLAGS);
      const end = roundUp(u64(record.addr + record.len));
      if (meetsScratch(start, end)) return { intersects: record };
      add(cache, start, end);
      // Where this record has become the end of the list, those after it only make the entry longer.
      if (parts !== undefined && !meetsScratch(end, last) && extendsLast(cache, end, last)) {
        cache.ends[cache.ends.length - 1] = last;
        cache.highest[cache.highest.length - 1] = last;
        break;
      }
    }
  }
  const { starts, ends } = cache;
  return { entries: starts.map((addr, i) => ({ addr, len: u64((ends[i] ?? 0n) - addr) })) };
}

/**
 * The mem cache as the ABI means it: the pages of all records without the flag, merged, and each flagged region
 * exactly as it is. The kernel's own arithmetic ({@link computeMemCache}) makes flagged entries a page too long.
 *
 * @param records all `mem` records; those that are empty or wrap past 2^64 keep nothing
 */
export function exactMemCache(records: Iterable<MemStretch>): KhoMem[] {
  const entries: KhoMem[] = [];
  const pages: { start: bigint; end: bigint }[] = [];
  for (const { addr, len } of records) {
    const flag = addr & FLAGS;
    const start = addr - flag;
    if (len === 0n || start + len > 1n << 64n) continue;
    if (flag !== 0n) entries.push({ addr, len });
    else {
      const first = start - (start % PAGE);
      const end = start + len + ((PAGE - ((start + len) % PAGE)) % PAGE);
      const last = pages.at(-1);
      // Records mostly ascend: neighbours need not wait for the sorting.
      if (last !== undefined && last.end === first) last.end = end;
      else pages.push({ start: first, end });
    }
  }
  pages.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  let last: { start: bigint; end: bigint } | undefined;
  for (const range of pages) {
    if (last !== undefined && range.start <= last.end) {
      last.end = max(last.end, range.end);
      continue;
    }
    if (last !== undefined) entries.push({ addr: last.start, len: last.end - last.start });
    last = range;
  }
  if (last !== undefined) entries.push({ addr: last.start, len: last.end - last.start });
  return entries.sort((a, b) => (a.addr < b.addr ? -1 : a.addr > b.addr ? 1 : 0));
}

/** Columns of the sorted list. */
interface Cache {
  readonly starts: bigint[];
  readonly ends: bigint[];
  /** The highest end up to each entry: entries may overlap, so that the ends alone need not ascend. */
  readonly highest: bigint[];
}

function add(cache: Cache, start: bigint, end: bigint): void {
  const { starts, ends, highest } = cache;
  if (extendsLast(cache, start, end)) {
    ends[ends.length - 1] = end;
    highest[highest.length - 1] = end;
    return;
  }
  const i = firstReaching(highest, start);
  const entryStart = starts[i];
  const entryEnd = ends[i];
  const found = entryStart !== undefined && entryEnd !== undefined;
  // An end that wrapped to 0 is below every start, and yet inside: the kernel asks this first.
  if (found && start >= entryStart && end <= entryEnd) return;
  if (!found || end < entryStart) {
    starts.splice(i, 0, start);
    ends.splice(i, 0, end);
    highest.splice(i, 0, end);
    updateHighest(cache, i);
    return;
  }
  const hullStart = min(start, entryStart);
  const hullEnd = max(end, entryEnd);
  starts[i] = hullStart;
  ends[i] = hullEnd;
  const before = ends[i - 1];
  const after = starts[i + 1];
  // One neighbour at most is folded: the one before, else the one after.
  if (before !== undefined && before >= hullStart) foldInto(cache, i - 1, i);
  else if (after !== undefined && hullEnd >= after) foldInto(cache, i + 1, i);
  else updateHighest(cache, i);
}

/**
 * Whether a range begins where the last entry ends, with no other entry in reach: tables come page by page, and
 * the entry then just grows.
 */
function extendsLast({ starts, ends, highest }: Cache, start: bigint, end: bigint): boolean {
  const last = starts.length - 1;
  const lastStart = starts[last];
  if (lastStart === undefined || ends[last] !== start || highest[last] !== start) return false;
  return lastStart <= start && end > start && (last === 0 || (highest[last - 1] ?? start) < lastStart);
}

/** Merges entry `i` into its neighbour `target` and removes it. */
function foldInto(cache: Cache, target: number, i: number): void {
  const { starts, ends, highest } = cache;
  starts[target] = min(starts[target] ?? 0n, starts[i] ?? 0n);
  ends[target] = max(ends[target] ?? 0n, ends[i] ?? 0n);
  starts.splice(i, 1);
  ends.splice(i, 1);
  highest.splice(i, 1);
  updateHighest(cache, Math.min(target, i));
}

/** Index of the first entry that ends at `start` or after it; the number of entries when there is none. */
function firstReaching(highest: readonly bigint[], start: bigint): number {
  return firstIndex(highest.length, (i) => (highest[i] ?? 0n) < start);
}

/** Recomputes `highest` after a change of entry `changed`, until it is what it was. */
function updateHighest({ ends, highest }: Cache, changed: number): void {
  let value = highest[changed - 1] ?? 0n;
  for (let i = changed; i < ends.length; i++) {
    value = max(value, ends[i] ?? 0n);
    if (i > changed && highest[i] === value) return;
    highest[i] = value;
  }
}

function roundUp(address: bigint): bigint {
  return u64(address + ((PAGE - (address % PAGE)) % PAGE));
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
