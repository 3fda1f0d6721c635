/** Rows on entries that point to tables, and on tables as wholes; each table comes once for each level. */
import { FS_PDE_TABLE_BITS, FS_PTE_BITS, SS_PDE_TABLE_BITS, SS_PTE_BITS } from '../../records/vtd.js';
import { hex } from '../../schema/units.js';
import { firstStageFormat } from '../../vtd/first-stage.js';
import { secondStageFormat } from '../../vtd/second-stage.js';
import { fromHalves } from '../../vtd/walk/anomaly.js';
import { ACCESS_READ, ACCESS_WRITE, ENTRIES_PER_TABLE, pagesPerEntry } from '../../vtd/walk/batch.js';
import { accessOf, type EntryFormat } from '../../vtd/walk/format.js';
import type { TableVisit } from '../../vtd/walk/state.js';
import type { Hit } from './row.js';
import type { Sink } from './sink.js';
import { isForeign, supervisorOnly, type Target } from './target.js';

const PAGE = 4096;
/** Stretches of input addresses whose path takes a permission away; more are not followed. */
const MAX_NARROWED = 4096;

/** Input addresses (page frame numbers) below an entry that lacks a permission. */
export interface Narrowed {
  readonly start: number;
  readonly end: number;
  readonly access: number;
}

export function formatOf({ stage, settings }: Target): EntryFormat {
  return stage === 'first' ? firstStageFormat(settings) : secondStageFormat(settings);
}

interface EntryCheck {
  readonly row: string;
  readonly what: string;
  /** Key and severity, where hits of several tables are one. */
  readonly more?: Partial<Hit>;
  test(lo: number, hi: number): boolean;
}

/** Entries without U/S are one finding for all tables of a unit: a kernel that leaves it away does so everywhere. */
export function userHit(target: Target): Partial<Hit> {
  const severity = supervisorOnly(target);
  return { severity, key: severity === 'note' ? target.name : `${target.unit ?? ''} ${severity}` };
}

function secondStageChecks({ settings, coherent, caps }: Target): EntryCheck[] {
  const bits = SS_PDE_TABLE_BITS;
  const software =
    SS_PTE_BITS.ignored52.hi | SS_PTE_BITS.ignored63.hi | (settings.ssirwe ? 0 : SS_PTE_BITS.ir.hi);
  const checks: EntryCheck[] = [
    {
      row: 'SS-18',
      what: 'has bits that no kernel writes',
      test: (_lo, hi) => (hi & software) !== 0,
    },
    {
      row: 'SS-25',
      what: 'has bits 6:2',
      test: (lo) => (lo & (bits.x.lo | bits.ignored3.lo)) !== 0,
    },
  ];
  if (!settings.ssade)
    checks.push({ row: 'SS-19', what: 'is accessed', test: (lo) => (lo & bits.a.lo) !== 0 });
  if (coherent === true) {
    checks.push({
      row: 'SS-26',
      what: 'has bit 10, though walks are coherent',
      test: (lo) => (lo & bits.ignored10.lo) !== 0,
    });
  }
  return [...checks, ...addressCheck(SS_PTE_BITS.address.hi, caps.given.haw)];
}

/** Bits 51:46, for hosts whose address width is not known. */
export function highAddressBits(addressHi: number): number {
  return addressHi & ~((1 << (46 - 32)) - 1);
}

function addressCheck(addressHi: number, known: boolean): EntryCheck[] {
  if (known) return [];
  const high = highAddressBits(addressHi);
  return [{ row: 'XR-5', what: 'has address bits above bit 45', test: (_lo, hi) => (hi & high) !== 0 }];
}

function firstStageChecks(target: Target): EntryCheck[] {
  const { settings, kernelDomain, walksSnooped, caps, nested, addressBits } = target;
  const bits = FS_PDE_TABLE_BITS;
  const flags = bits.p.lo | bits.rw.lo | bits.us.lo | bits.a.lo;
  const low = PAGE - 1;
  const checks: EntryCheck[] = [
    {
      row: 'FS-7',
      what: 'refuses user requests',
      more: userHit(target),
      test: (lo) => (lo & bits.us.lo) === 0,
    },
    {
      row: 'FS-8',
      what: 'takes write permission away',
      more: isForeign(target) ? { severity: 'note' } : {},
      test: (lo) => (lo & bits.rw.lo) === 0,
    },
    { row: 'FS-14', what: 'has bit 63', test: (_lo, hi) => (hi & bits.xd.hi) !== 0 },
    { row: 'FS-17', what: 'has bits 62:52', test: (_lo, hi) => (hi & bits.ignored52.hi) !== 0 },
  ];
  if (!settings.eafe)
    checks.push({ row: 'FS-18', what: 'has EA, though EAFE is 0', test: (lo) => (lo & bits.ea.lo) !== 0 });
  if (walksSnooped === false) {
    checks.push({
      row: 'FS-12',
      what: 'is not accessed, and walks are not snooped',
      test: (lo) => (lo & bits.a.lo) === 0,
    });
  }
  if (kernelDomain && !nested) {
    checks.push({
      row: 'FS-19',
      what: 'has other low bits than Linux writes',
      test: (lo) => (lo & low) !== flags && (lo & low) !== (flags | bits.ignored9.lo),
    });
  }
  if (addressBits !== undefined) {
    const end = 2 ** (addressBits - 12);
    const above = (lo: number, hi: number) => (hi & bits.address.hi) * 0x100000 + (lo >>> 12) >= end;
    checks.push({ row: 'FS-11', what: `has an address beyond ${addressBits} bits`, test: above });
  } else checks.push(...addressCheck(FS_PTE_BITS.address.hi, caps.given.haw));
  return checks;
}

/**
 * Watches the tables of a walk.
 *
 * @param narrowed receives the input addresses whose path lacks a permission
 */
export function watchTables(
  sink: Sink,
  target: Target,
  owner: number,
  narrowed: Narrowed[],
): (table: TableVisit) => void {
  const { tally, pages } = sink;
  const { setting, name, stage, nested, levels } = target;
  const format = formatOf(target);
  const checks = stage === 'first' ? firstStageChecks(target) : secondStageChecks(target);
  const { addressBits } = target;
  const plainBelow = addressBits === undefined ? Number.POSITIVE_INFINITY : 2 ** (addressBits - 32);
  let plainLo = -1;
  let plainHi = -1;
  return (table) => {
    const { address, level, iova, entryAddress, lo, hi, empty } = table;
    // Tables of a nested first stage are guest-physical: no page of the host.
    if (!nested) pages.add(address, level, owner);
    // Most entries differ from the one before in their address only.
    if (!empty && address !== 0 && level < levels && (lo & (PAGE - 1)) === plainLo && hi === plainHi) return;
    const location = {
      ...target.place,
      ...(entryAddress < 0 ? {} : { address: BigInt(entryAddress) }),
      iova: BigInt(iova) * BigInt(PAGE),
    };
    if (level < levels && empty) {
      const text = `table ${hex(address)} of level ${level} of ${name} has no present entry`;
      tally.see('SS-27', { text, key: name, location: { ...location, address: BigInt(address) } }, setting);
    }
    if (entryAddress < 0) return;
    const see = (row: string, what: string, more: Partial<Hit> = {}) => {
      const entry = hex(fromHalves(lo, hi));
      const text = `entry ${entry} of level ${level + 1} at ${hex(entryAddress)} of ${name} ${what}`;
      tally.see(row, { text, key: `${name} table`, found: entry, location, ...more }, setting);
    };
    const access = accessOf(format, lo, hi);
    if (access !== (ACCESS_READ | ACCESS_WRITE)) {
      const end = iova + ENTRIES_PER_TABLE * pagesPerEntry(level);
      if (narrowed.length < MAX_NARROWED) narrowed.push({ start: iova, end, access });
      if (stage === 'second')
        see('SS-17', `takes ${(access & ACCESS_READ) === 0 ? 'read' : 'write'} permission away`);
    }
    if (address === 0 && !nested)
      see(stage === 'second' ? 'SS-32' : '1.9 table at 0', 'points to a table at address 0');
    let plain = access === (ACCESS_READ | ACCESS_WRITE);
    for (const check of checks) {
      if (!check.test(lo, hi)) continue;
      see(check.row, check.what, check.more);
      plain = false;
    }
    // An address limit may cut through the low half, so only where the whole high half is below it.
    if (plain && hi < plainBelow) {
      plainLo = lo & (PAGE - 1);
      plainHi = hi;
    }
  };
}
