/** Rows on leaves. The common case, a leaf with nothing odd, costs a few comparisons a run. */
import { FS_PTE_BITS, SS_PTE_BITS } from '../../records/vtd.js';
import { hex } from '../../schema/units.js';
import { INTERRUPT_RANGE, INTERRUPT_RANGE_END } from '../interrupt-range.js';
import { fromHalves } from '../walk/anomaly.js';
import {
  accessesOf,
  commonAccess,
  endOf,
  iovasOf,
  type LeafBatch,
  leavesOfRow,
  pagesOf,
  ROW_HI,
  ROW_LO,
  ROW_WORDS,
  startOf,
  targetsOf,
} from '../walk/batch.js';
import type { Hit, VtdRule } from './row.js';
import { crossRows } from './rows/cross.js';
import { firstStageRows } from './rows/first-stage.js';
import { secondStageRows } from './rows/second-stage.js';
import type { Sink } from './sink.js';
import type { Narrowed } from './table-rows.js';
import { isForeign, type Target } from './target.js';
import { checksOf, hitOf, type WalkedEntry } from './walk-row.js';

// V8 reads an imported constant from its module's cell each time, also within a loop; one of this module is folded.
const INTERRUPTS = INTERRUPT_RANGE;
const INTERRUPTS_END = INTERRUPT_RANGE_END;
const PAGE = 4096;

/** Watches the leaves of a walk. */
export function watchLeaves(
  sink: Sink,
  target: Target,
  narrowed: readonly Narrowed[],
): { leaves(batch: LeafBatch): void; end(): void } {
  const { tally } = sink;
  const { setting, name, stage, pasid, kernelDomain, levels, addressBits, nested, supervisor } = target;
  const first = stage === 'first';
  // With a PASID the range is one like any other; what a process or a guest maps there is its own affair.
  const withoutPasid = !isForeign(target) && (pasid === undefined || target.userOnly !== undefined);
  const checks = checksOf([...(first ? firstStageRows : secondStageRows), ...crossRows], 'leaf', target);
  const upperHalf = 2 ** (9 * levels - 1);
  const addressEnd = addressBits === undefined ? Number.POSITIVE_INFINITY : 2 ** (addressBits - 12);
  /** Input addresses from here on are worth a look. */
  const oddFrom = first && kernelDomain ? upperHalf : Number.POSITIVE_INFINITY;
  const snoop = SS_PTE_BITS.snp.lo;
  const met = new Map<VtdRule, { readonly hit: Hit; count: number }>();
  let snooped = 0;
  let unsnooped = 0;
  let any = false;
  // What the last run without anything odd looked like: its neighbours mostly look the same.
  let plainLo = -1;
  let plainHi = -1;
  let plainLevel = -1;

  function hit(batch: LeafBatch, row: number, what: string): Hit {
    const at = row * ROW_WORDS;
    const entry = hex(fromHalves(batch.rows[at + ROW_LO] ?? 0, batch.rows[at + ROW_HI] ?? 0));
    const iova = BigInt(iovasOf(batch)[row] ?? 0) * BigInt(PAGE);
    const pages = BigInt(pagesOf(batch)[row] ?? 0);
    return {
      text: `leaf ${entry} of ${name} at IOVA ${hex(iova)} ${what}`,
      key: name,
      found: entry,
      location: { ...target.place, iova, iovaEnd: iova + pages * BigInt(PAGE) },
    };
  }

  /** Only the first leaf that breaks a rule is put into words; millions may follow. */
  function see(rule: VtdRule, batch: LeafBatch, row: number, what: string, more: Partial<Hit> = {}): void {
    const count = leavesOfRow(pagesOf(batch)[row] ?? 0, batch.level[row] ?? 1);
    const known = met.get(rule);
    if (known !== undefined) {
      known.count += count;
      return;
    }
    met.set(rule, { hit: { ...hit(batch, row, what), ...more }, count });
  }

  /** Whether no check objects to the bits of a row. */
  function bitsArePlain(batch: LeafBatch, row: number, leaf: WalkedEntry): boolean {
    let plain = true;
    for (const check of checks) {
      if (!check.test(leaf)) continue;
      plain = false;
      see(check.rule, batch, row, check.what, hitOf(check));
    }
    return plain;
  }

  /** Whether some request gets through a leaf: the kernel's half of a process has the APIC page, without U/S. */
  function isReached(lo: number): boolean {
    return !first || supervisor === true || (lo & FS_PTE_BITS.us.lo) !== 0;
  }

  function addresses(batch: LeafBatch, row: number, iova: number, at: number, pages: number): void {
    const lo = batch.rows[row * ROW_WORDS + ROW_LO] as number;
    if (!nested && at < INTERRUPTS_END && at + pages > INTERRUPTS && isReached(lo))
      see(
        first ? 'VTD-126' : 'VTD-095',
        batch,
        row,
        `maps to ${hex(at * PAGE)}, which meets the interrupt range`,
      );
    if (withoutPasid && iova < INTERRUPTS_END && iova + pages > INTERRUPTS)
      see(first ? 'VTD-159' : 'VTD-112', batch, row, 'maps input addresses in the interrupt range');
    if (first && kernelDomain && iova >= upperHalf) see('VTD-129', batch, row, 'is in the upper half');
    if (at + pages > addressEnd) see('VTD-124', batch, row, `has an address beyond ${addressBits} bits`);
  }

  function paths(batch: LeafBatch, row: number, iova: number, access: number): void {
    let left = access;
    for (const { start, end, access: kept } of narrowed) if (iova >= start && iova < end) left &= kept;
    if (left === 0 && !first) see('VTD-082', batch, row, 'has no permission left over its path');
  }

  /** Whether all leaves of a batch have the same bits outside their address, and no rule objects to those. */
  function allPlain(batch: LeafBatch): boolean {
    const { orLo, orHi, andLo, andHi, small, format } = batch;
    const access = commonAccess(batch);
    const differ = ((orLo ^ andLo) & (PAGE - 1)) | ((orHi ^ andHi) & ~format.addressHi);
    if (!small || access < 0 || differ !== 0) return false;
    // With every address bit that some leaf has: a check that asks for a bit finds it here as well.
    return !checks.some((check) => check.test({ lo: orLo, hi: orHi, level: 1, access }));
  }

  /** Whether no leaf of a batch is, or leads, where a look at its addresses is due. */
  function allOrdinary(batch: LeafBatch): boolean {
    const { addressHi } = batch.format;
    // A bit that all high halves have: no leaf leads below 4 GiB.
    const high = nested || (batch.andHi & addressHi) !== 0;
    const inside = addressBits === undefined || (batch.orHi & addressHi) < 2 ** (addressBits - 32);
    const start = startOf(batch);
    const end = endOf(batch);
    return high && inside && (start >= INTERRUPTS_END || end <= INTERRUPTS) && end <= oddFrom;
  }

  return {
    leaves(batch) {
      if (batch.length > 0) any = true;
      if (narrowed.length === 0 && allPlain(batch) && allOrdinary(batch)) {
        if ((batch.andLo & snoop) === 0) unsnooped += batch.totalPages;
        else snooped += batch.totalPages;
        return;
      }
      const { rows, level: levels } = batch;
      const accesses = accessesOf(batch);
      const iovas = iovasOf(batch);
      const targets = targetsOf(batch);
      const lengths = pagesOf(batch);
      for (let row = 0; row < batch.length; row++) {
        const lo = rows[row * ROW_WORDS + ROW_LO] as number;
        const hi = rows[row * ROW_WORDS + ROW_HI] as number;
        const level = levels[row] as number;
        const access = accesses[row] as number;
        const pages = lengths[row] as number;
        const count = leavesOfRow(pages, level);
        // Bits 31:12 and the address in the high half differ from row to row.
        if ((lo & 0xfff) !== plainLo || hi !== plainHi || level !== plainLevel) {
          if (bitsArePlain(batch, row, { lo, hi, level, access })) {
            plainLo = lo & 0xfff;
            plainHi = hi;
            plainLevel = level;
          }
        }
        if ((lo & snoop) === 0) unsnooped += count;
        else snooped += count;
        const iova = iovas[row] as number;
        const at = targets[row] as number;
        const end = at + pages;
        const low = (at < INTERRUPTS_END && end > INTERRUPTS) || iova < INTERRUPTS_END;
        if (low || end > addressEnd || iova >= oddFrom) addresses(batch, row, iova, at, pages);
        if (narrowed.length > 0) paths(batch, row, iova, access);
      }
    },
    end() {
      for (const [rule, { hit: first, count }] of met) tally.see(rule, first, setting, count);
      if (!any) {
        const text = `the table ${hex(target.root)} of ${name} maps nothing`;
        const location = { ...target.place, address: target.root };
        tally.see(
          first ? 'VTD-114' : 'VTD-082',
          { text, key: 'nothing', location, severity: 'note' },
          setting,
        );
      }
      if (!first && snooped > 0 && unsnooped > 0) {
        const text = `${snooped} leaves of ${name} have SNP, ${unsnooped} do not`;
        tally.see('VTD-109', { text, key: name, location: target.place }, setting);
      }
    },
  };
}
