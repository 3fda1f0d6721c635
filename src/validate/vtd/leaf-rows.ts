/** Rows on leaves. The common case, a leaf with nothing odd, costs a few comparisons a run. */
import { FS_PDE_LEAF_BITS, FS_PTE_BITS, MemoryType, SS_PTE_BITS } from '../../records/vtd.js';
import { hex } from '../../schema/units.js';
import { INTERRUPT_RANGE, INTERRUPT_RANGE_END } from '../../vtd/interrupt-range.js';
import { fromHalves } from '../../vtd/walk/anomaly.js';
import {
  ACCESS_READ,
  ACCESS_WRITE,
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
} from '../../vtd/walk/batch.js';
import type { Hit } from './row.js';
import type { Sink } from './sink.js';
import { highAddressBits, type Narrowed, userHit } from './table-rows.js';
import { isForeign, type Target } from './target.js';

// V8 reads an imported constant from its module's cell each time, also within a loop; one of this module is folded.
const INTERRUPTS = INTERRUPT_RANGE;
const INTERRUPTS_END = INTERRUPT_RANGE_END;
const PAGE = 4096;

/** A row of a batch. */
interface Leaf {
  readonly lo: number;
  readonly hi: number;
  readonly level: number;
  readonly access: number;
}

interface LeafCheck {
  readonly row: string;
  readonly what: string;
  readonly depends?: 'cap' | 'ecap';
  /** Key and severity, where hits of several tables are one. */
  readonly more?: Partial<Hit>;
  test(leaf: Leaf): boolean;
}

function secondStageChecks({ settings, caps, nestingParent }: Target): LeafCheck[] {
  const bits = SS_PTE_BITS;
  const types: readonly number[] = Object.values(MemoryType);
  const typed = settings.mode === 'scalable' && settings.emte && caps.given.ecap && caps.ecap.mts === 1;
  const software = bits.ignored52.hi | bits.ignored63.hi | (settings.ssirwe ? 0 : bits.ir.hi);
  const low = bits.x.lo | (typed ? 0 : bits.emt.lo | bits.ipat.lo);
  const checks: LeafCheck[] = [
    { row: 'SS-18', what: 'has bits that no kernel writes', test: ({ hi }) => (hi & software) !== 0 },
    { row: 'SS-25', what: 'has bits 6:2', test: ({ lo }) => (lo & low) !== 0 },
    { row: 'SS-26', what: 'has bit 10', test: ({ lo }) => (lo & bits.ignored10.lo) !== 0 },
    { row: 'SS-30', what: 'can be written but not read', test: ({ access }) => access === ACCESS_WRITE },
  ];
  if (settings.ssade) {
    const dirty = ({ lo }: Leaf) => (lo & (bits.a.lo | bits.d.lo)) === bits.d.lo;
    checks.push({ row: 'SS-20', what: 'is dirty but not accessed', test: dirty });
  } else {
    const used = ({ lo }: Leaf) => (lo & (bits.a.lo | bits.d.lo)) !== 0;
    checks.push({ row: 'SS-19', what: 'is accessed or dirty', test: used });
  }
  if (typed) {
    const type = ({ lo }: Leaf) => !types.includes((lo & bits.emt.lo) >>> bits.emt.shift);
    checks.push({ row: 'SS-12', what: 'has an undefined memory type', test: type });
  }
  if (nestingParent)
    checks.push({ row: 'SS-29', what: 'is read-only', test: ({ access }) => access === ACCESS_READ });
  if (!caps.given.ecap) {
    const snoop = ({ lo }: Leaf) => (lo & bits.snp.lo) !== 0;
    checks.push({ row: 'SS-6', what: 'has SNP, which needs ECAP.SC', depends: 'ecap', test: snoop });
  }
  if (!caps.given.cap) {
    const large = (wanted: number) => (leaf: Leaf) => leaf.level === wanted;
    checks.push(
      { row: 'SS-8', what: 'maps 2 MiB, which needs bit 0 of CAP.SSLPS', depends: 'cap', test: large(2) },
      { row: 'SS-9', what: 'maps 1 GiB, which needs bit 1 of CAP.SSLPS', depends: 'cap', test: large(3) },
    );
  }
  if (!caps.given.haw) checks.push(highAddress(bits.address.hi));
  return checks;
}

function highAddress(addressHi: number): LeafCheck {
  const high = highAddressBits(addressHi);
  return { row: 'XR-5', what: 'has address bits above bit 45', test: ({ hi }) => (hi & high) !== 0 };
}

function firstStageChecks(target: Target): LeafCheck[] {
  const { settings, caps, nested, kernelDomain, walksSnooped } = target;
  const bits = FS_PTE_BITS;
  const low = PAGE - 1;
  const readOnly = bits.p.lo | bits.us.lo | bits.a.lo;
  const writable = readOnly | bits.rw.lo | bits.d.lo;
  const large = FS_PDE_LEAF_BITS.ps.lo;
  const written: readonly number[] = [readOnly, writable, readOnly | large, writable | large];
  const checks: LeafCheck[] = [
    {
      row: 'FS-7',
      what: 'refuses user requests',
      more: userHit(target),
      test: ({ lo }) => (lo & bits.us.lo) === 0,
    },
    { row: 'FS-14', what: 'has bit 63', test: ({ hi }) => (hi & bits.xd.hi) !== 0 },
    { row: 'FS-17', what: 'has bits 62:52', test: ({ hi }) => (hi & bits.ignored52.hi) !== 0 },
  ];
  if (!settings.eafe)
    checks.push({
      row: 'FS-18',
      what: 'has EA, though EAFE is 0',
      test: ({ lo }) => (lo & bits.ea.lo) !== 0,
    });
  if (walksSnooped === false) {
    checks.push({
      row: 'FS-12',
      what: 'lacks its accessed or dirty bit, and walks are not snooped',
      test: ({ lo }) => (lo & bits.a.lo) === 0 || ((lo & bits.rw.lo) !== 0 && (lo & bits.d.lo) === 0),
    });
  }
  if (kernelDomain && !nested) {
    checks.push({
      row: 'FS-19',
      what: 'has other low bits than Linux writes',
      test: ({ lo }) => !written.includes(lo & low),
    });
  }
  if (!caps.given.cap) {
    const what = 'maps 1 GiB, which needs CAP.FS1GP';
    checks.push({ row: 'FS-4', what, depends: 'cap', test: ({ level }) => level === 3 });
  }
  if (!nested && !caps.given.haw) checks.push(highAddress(bits.address.hi));
  return checks;
}

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
  const checks = first ? firstStageChecks(target) : secondStageChecks(target);
  const upperHalf = 2 ** (9 * levels - 1);
  const addressEnd = addressBits === undefined ? Number.POSITIVE_INFINITY : 2 ** (addressBits - 12);
  /** Input addresses from here on are worth a look. */
  const oddFrom = first && kernelDomain ? upperHalf : Number.POSITIVE_INFINITY;
  const snoop = SS_PTE_BITS.snp.lo;
  const met = new Map<string, { readonly hit: Hit; count: number }>();
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

  /** Only the first leaf that breaks a row is put into words; millions may follow. */
  function see(
    code: string,
    batch: LeafBatch,
    row: number,
    what: string,
    depends?: 'cap' | 'ecap',
    more?: Partial<Hit>,
  ): void {
    const count = leavesOfRow(pagesOf(batch)[row] ?? 0, batch.level[row] ?? 1);
    const known = met.get(code);
    if (known !== undefined) {
      known.count += count;
      return;
    }
    const found = hit(batch, row, what);
    met.set(code, { hit: { ...found, ...(depends === undefined ? {} : { depends }), ...more }, count });
  }

  /** Whether no check objects to the bits of a row. */
  function bitsArePlain(batch: LeafBatch, row: number, leaf: Leaf): boolean {
    let plain = true;
    for (const check of checks) {
      if (!check.test(leaf)) continue;
      plain = false;
      see(check.row, batch, row, check.what, check.depends, check.more);
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
        first ? 'FS-13' : 'SS-14',
        batch,
        row,
        `maps to ${hex(at * PAGE)}, which meets the interrupt range`,
      );
    if (withoutPasid && iova < INTERRUPTS_END && iova + pages > INTERRUPTS)
      see(first ? '3.14 first stage' : 'SS-31', batch, row, 'maps input addresses in the interrupt range');
    if (first && kernelDomain && iova >= upperHalf) see('FS-16', batch, row, 'is in the upper half');
    if (at + pages > addressEnd) see('FS-11', batch, row, `has an address beyond ${addressBits} bits`);
  }

  function paths(batch: LeafBatch, row: number, iova: number, access: number): void {
    let left = access;
    for (const { start, end, access: kept } of narrowed) if (iova >= start && iova < end) left &= kept;
    if (left === 0 && !first) see('SS-1', batch, row, 'has no permission left over its path');
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
      for (const [code, { hit: first, count }] of met) tally.see(code, first, setting, count);
      if (!any) {
        const text = `the table ${hex(target.root)} of ${name} maps nothing`;
        const location = { ...target.place, address: target.root };
        tally.see(first ? 'FS-1' : 'SS-1', { text, key: 'nothing', location, severity: 'note' }, setting);
      }
      if (!first && snooped > 0 && unsnooped > 0) {
        const text = `${snooped} leaves of ${name} have SNP, ${unsnooped} do not`;
        tally.see('SS-28', { text, key: name, location: target.place }, setting);
      }
    },
  };
}
