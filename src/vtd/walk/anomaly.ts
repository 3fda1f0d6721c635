/**
 * What a walk noticed, in neutral terms; the rules of the catalogue turn these into findings.
 *
 * - `unsupported-levels`: the table depth is not 2..5; nothing was walked.
 * - `misaligned-root`: the root address has low bits; it was walked with bits 11:0 cleared, as hardware does.
 * - `table-absent`: bytes of a table page are not in the dump; the entries in them are unknown.
 * - `reserved-bits`: a present entry has reserved bits set (vtd.md SS-4, SS-5, SS-6, FS-*).
 * - `address-width`: a present entry has address bits at or above the host address width (SS-3, FS-2).
 * - `misaligned-leaf`: a large leaf whose target is not aligned to its size (SS-10, SS-11, FS-5, FS-6).
 * - `page-size`: bit 7 in an entry whose level allows no such leaf (SS-7, SS-8, SS-9, FS-3, FS-4).
 * - `not-present`: an entry without permissions that is not zero (SS-2): absent for hardware, populated for
 *   the kernel's map and unmap code.
 * - `beyond-width`: a present entry whose IOVA is at or above the usable input width (SS-15).
 * - `loop`: an entry points to a table page that is being walked above it (SS-21); it was not followed.
 * - `shared-table`: an entry points to a table page that was reached before at the same level (SS-22); its
 *   leaves were listed again for this IOVA.
 * - `two-levels`: a table page is used at two levels (XR-1).
 * - `walk-budget`: a table that was not walked (again), because the budget for shared tables, or for all, was spent.
 */
export type WalkAnomalyKind =
  | 'unsupported-levels'
  | 'misaligned-root'
  | 'table-absent'
  | 'reserved-bits'
  | 'address-width'
  | 'misaligned-leaf'
  | 'page-size'
  | 'not-present'
  | 'beyond-width'
  | 'loop'
  | 'shared-table'
  | 'two-levels'
  | 'walk-budget';

/** One cause, with how often it was met and where first. */
export interface WalkAnomaly {
  readonly kind: WalkAnomalyKind;
  /** Level of the entry (1 = PTE); one above the top level for the pointer to the root itself. */
  readonly level: number;
  /** Physical byte address of the first entry concerned; undefined for the root pointer. */
  readonly entryAddress?: number;
  /** The first entry concerned; the root address for the root pointer. */
  readonly entry: bigint;
  /** The offending bits of the first entry, for the kinds that are about bits. */
  readonly bits?: bigint;
  /** Physical byte address of the table page that the entry points to, for the kinds that are about tables. */
  readonly table?: number;
  /** The first contiguous IOVA range concerned, in bytes, half-open. */
  readonly iova: bigint;
  readonly iovaEnd: bigint;
  /** End of the last range concerned, in bytes; equal to `iovaEnd` when all are in one range. */
  readonly lastIovaEnd: bigint;
  /** Entries concerned. */
  readonly count: number;
  /** True when this stands for several causes of one kind and level, beyond MAX_CAUSES_PER_KIND. */
  readonly folded: boolean;
}

/** Causes of one kind that are kept apart; later ones are folded together by level. */
export const MAX_CAUSES_PER_KIND = 64;

/** What the walker knows at the place where it notices something: numbers and 32-bit halves only. */
export interface Sighting {
  readonly kind: WalkAnomalyKind;
  readonly level: number;
  /** Byte address of the entry, -1 for the root pointer. */
  readonly entryAddress: number;
  readonly lo: number;
  readonly hi: number;
  readonly bitsLo: number;
  readonly bitsHi: number;
  /** Byte address of the table concerned, -1 if none. */
  readonly table: number;
  /** Page frame numbers. */
  readonly iova: number;
  readonly pages: number;
}

interface Cause {
  readonly first: Sighting;
  readonly folded: boolean;
  firstEnd: number;
  lastEnd: number;
  count: number;
}

/** The anomalies of one walk so far. */
export type AnomalyLog = Map<WalkAnomalyKind, Cause[]>;

/** @returns an empty log */
export function createAnomalyLog(): AnomalyLog {
  return new Map();
}

function sameCause(a: Sighting, b: Sighting): boolean {
  return a.level === b.level && a.bitsLo === b.bitsLo && a.bitsHi === b.bitsHi && a.table === b.table;
}

/** Adds one sighting: to its cause if that was seen before, else as a new cause or, past the bound, to the folded one. */
export function logAnomaly(log: AnomalyLog, sighting: Sighting): void {
  let causes = log.get(sighting.kind);
  if (causes === undefined) {
    causes = [];
    log.set(sighting.kind, causes);
  }
  const end = sighting.iova + sighting.pages;
  for (const cause of causes) {
    if (cause.folded ? cause.first.level !== sighting.level : !sameCause(cause.first, sighting)) continue;
    if (cause.firstEnd === sighting.iova) cause.firstEnd = end;
    cause.lastEnd = end;
    cause.count++;
    return;
  }
  const folded = causes.length >= MAX_CAUSES_PER_KIND;
  causes.push({ first: sighting, folded, firstEnd: end, lastEnd: end, count: 1 });
}

/** A 64-bit value from its halves, given as signed or unsigned 32-bit numbers. */
export function fromHalves(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** @returns the logged causes, by kind and then in the order in which they were met */
export function anomaliesOf(log: AnomalyLog): WalkAnomaly[] {
  const out: WalkAnomaly[] = [];
  for (const causes of log.values()) {
    for (const { first, folded, firstEnd, lastEnd, count } of causes) {
      out.push({
        kind: first.kind,
        level: first.level,
        ...(first.entryAddress < 0 ? {} : { entryAddress: first.entryAddress }),
        entry: fromHalves(first.lo, first.hi),
        ...((first.bitsLo | first.bitsHi) === 0 ? {} : { bits: fromHalves(first.bitsLo, first.bitsHi) }),
        ...(first.table < 0 ? {} : { table: first.table }),
        iova: BigInt(first.iova) << 12n,
        iovaEnd: BigInt(firstEnd) << 12n,
        lastIovaEnd: BigInt(lastEnd) << 12n,
        count,
        folded,
      });
    }
  }
  return out;
}
