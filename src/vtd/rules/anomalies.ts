/** What a walk noticed, as rows of the rule table. */
import { FS_PDE_LEAF_BITS, FS_PTE_BITS, SS_PDE_LEAF_BITS, SS_PTE_BITS } from '../../records/vtd.js';
import { hex } from '../../schema/units.js';
import type { WalkAnomaly } from '../walk/anomaly.js';
import { leadsAstray, seeNoRam } from './pointed.js';
import type { Hit, VtdRule } from './row.js';
import type { Sink } from './sink.js';
import { isForeign, type Target } from './target.js';

const U32 = 0xffff_ffffn;

/** `62, 11`: the bits that are set, runs joined as `20:12`. */
export function bitList(mask: bigint): string {
  const parts: string[] = [];
  for (let bit = 63; bit >= 0; bit--) {
    if (((mask >> BigInt(bit)) & 1n) === 0n) continue;
    const high = bit;
    while (bit > 0 && ((mask >> BigInt(bit - 1)) & 1n) === 1n) bit--;
    parts.push(high === bit ? `${high}` : `${high}:${bit}`);
  }
  return parts.join(', ');
}

/** A hit on an entry of a table. */
function onEntry(target: Target, anomaly: WalkAnomaly, what: string, mask = 0n): Hit {
  const { entryAddress, entry, level, iova, iovaEnd } = anomaly;
  const where = entryAddress === undefined ? '' : ` at ${hex(entryAddress)}`;
  return {
    text: `entry ${hex(entry)} of level ${level}${where} of ${target.name} ${what}`,
    key: `${target.name} ${level} ${mask}${anomaly.folded ? ' folded' : ''}`,
    found: hex(entry),
    location: {
      ...target.place,
      ...(entryAddress === undefined ? {} : { address: BigInt(entryAddress) }),
      iova,
      iovaEnd,
      ...(mask === 0n ? {} : { bits: bitList(mask) }),
    },
    ...(mask === 0n ? {} : { expected: hex(entry & ~mask) }),
  };
}

/** Whether an entry maps a page by its form. */
function isLeaf({ level, entry }: WalkAnomaly): boolean {
  return level === 1 || (level <= 3 && (entry & BigInt(SS_PDE_LEAF_BITS.ps.lo)) !== 0n);
}

function bitOf({ lo, hi }: { readonly lo: number; readonly hi: number }): bigint {
  return (BigInt(hi >>> 0) << 32n) | (BigInt(lo >>> 0) & U32);
}

const SNP = bitOf(SS_PTE_BITS.snp);
const IW = bitOf(SS_PTE_BITS.iw);
const WRITE = bitOf(FS_PTE_BITS.rw);

function reservedBits(sink: Sink, target: Target, anomaly: WalkAnomaly): void {
  const { tally } = sink;
  const { bits = 0n, count } = anomaly;
  const { setting } = target;
  if (target.stage === 'first') {
    // Bit 7 above level 3 is told apart by the walker; what is left is below a page's size.
    tally.see(
      anomaly.level === 3 ? 'VTD-118' : 'VTD-119',
      onEntry(target, anomaly, `has reserved bits ${bitList(bits)}`, bits),
      setting,
      count,
    );
    return;
  }
  if ((bits & IW) !== 0n)
    tally.see('VTD-085', onEntry(target, anomaly, 'has bit 62, which is reserved', IW), setting, count);
  if ((bits & SNP) !== 0n) {
    const leaf = isLeaf(anomaly);
    const what = leaf
      ? 'has SNP, which needs ECAP.SC'
      : 'points to a table and has bit 11, which is reserved';
    tally.see(leaf ? 'VTD-087' : 'VTD-086', onEntry(target, anomaly, what, SNP), setting, count);
  }
}

function pageSize(sink: Sink, target: Target, anomaly: WalkAnomaly): void {
  const { tally } = sink;
  const { level, count } = anomaly;
  const first = target.stage === 'first';
  const bit = BigInt(first ? FS_PDE_LEAF_BITS.ps.lo : SS_PDE_LEAF_BITS.ps.lo);
  const see = (rule: VtdRule, what: string) =>
    tally.see(rule, onEntry(target, anomaly, what, bit), target.setting, count);
  if (level > 3) see(first ? 'VTD-116' : 'VTD-088', 'has bit 7, which is reserved at this level');
  else if (first) see('VTD-117', 'maps 1 GiB, which needs CAP.FS1GP');
  else if (level === 2) see('VTD-089', 'maps 2 MiB, which needs bit 0 of CAP.SSLPS');
  else see('VTD-090', 'maps 1 GiB, which needs bit 1 of CAP.SSLPS');
}

/** The table that an entry leads to, for messages. */
function child({ table = 0 }: WalkAnomaly): string {
  return hex(table);
}

/** Where the entry is that points to the top table. */
function entryPlace({ entryAddress }: Target): { address?: bigint } {
  return entryAddress === undefined ? {} : { address: BigInt(entryAddress) };
}

function absentTable(sink: Sink, target: Target, anomaly: WalkAnomaly): void {
  const { tally } = sink;
  const { entryAddress, table = 0, count } = anomaly;
  const { setting, stage, name, isRefused } = target;
  const beyond = target.addressBits !== undefined && table >= 2 ** target.addressBits;
  if (!beyond && isRefused?.(table) === true) {
    const what = 'the second stage does not map for reading';
    const hit =
      entryAddress === undefined
        ? {
            text: `the top table ${hex(target.root)} of ${name} is one that ${what}`,
            found: hex(target.root),
          }
        : onEntry(target, anomaly, `points to table ${child(anomaly)}, which ${what}`);
    const location = entryAddress === undefined ? { ...target.place, ...entryPlace(target) } : {};
    const row = entryAddress === undefined ? 'VTD-143' : 'VTD-144';
    tally.see(row, { location, ...hit, key: `${name} refused` }, setting, count);
    return;
  }
  const scopes = [`${stage}-stage`, 'table', 'unit-table'] as const;
  const at = entryAddress ?? target.entryAddress;
  if (!target.nested && table >= 2 ** target.settings.haw) {
    // The entry has its own finding: bits at or above the host address width.
    sink.blocked(scopes, `tables of ${name} are not reached`);
    return;
  }
  if (!target.nested && table !== 0 && at !== undefined && leadsAstray(sink, table, at)) {
    const what =
      entryAddress === undefined
        ? `top table of ${name}`
        : `table of level ${anomaly.level - 1} of ${name} below entry ${hex(anomaly.entry)}`;
    seeNoRam(sink, setting, what, table, at, count);
    sink.blocked(scopes, `tables of ${name} are not reached`);
    return;
  }
  sink.absent(scopes, 'a page-table page', table);
  if (entryAddress !== undefined && target.addressBits !== undefined && table >= 2 ** target.addressBits) {
    const hit = onEntry(target, anomaly, `has an address beyond ${target.addressBits} bits`);
    tally.see('VTD-124', { ...hit, key: `${name} table` }, setting, count);
    return;
  }
  if (entryAddress !== undefined && table === 0 && !target.nested) {
    const hit = onEntry(target, anomaly, 'points to a table at address 0');
    tally.see(stage === 'second' ? 'VTD-113' : 'VTD-151', { ...hit, key: `${name} table` }, setting, count);
    return;
  }
  if (entryAddress !== undefined) {
    const hit = onEntry(target, anomaly, `points to table ${child(anomaly)}, which is not in the dump`);
    tally.see(stage === 'first' ? 'VTD-123' : 'VTD-094', { ...hit, key: name }, setting, count);
    return;
  }
  const location = {
    ...target.place,
    address: BigInt(target.entryAddress ?? table),
  };
  const text = `the top table ${hex(target.root)} of ${name} is not in the dump`;
  const row = target.domain !== undefined ? 'VTD-094' : setting.mode === 'scalable' ? 'VTD-070' : 'VTD-030';
  tally.see(row, { text, location, found: hex(target.root) }, setting, count);
}

/** Puts what a walk of a target noticed into the tally. */
export function seeAnomalies(sink: Sink, target: Target, anomalies: readonly WalkAnomaly[]): void {
  for (const anomaly of anomalies) seeAnomaly(sink, target, anomaly);
}

function seeAnomaly(sink: Sink, target: Target, anomaly: WalkAnomaly): void {
  const { tally } = sink;
  const { setting, stage } = target;
  const { count, bits = 0n, level, table = 0 } = anomaly;
  const first = stage === 'first';
  const see = (rule: VtdRule, what: string, more: Partial<Hit> = {}, mask = bits) =>
    tally.see(rule, { ...onEntry(target, anomaly, what, mask), ...more }, setting, count);
  const odd: Partial<Hit> = isForeign(target) ? { severity: 'note' } : {};
  switch (anomaly.kind) {
    case 'address-width':
      see(
        first ? 'VTD-115' : 'VTD-084',
        `has address bits ${bitList(bits)} at or above the host address width of ${target.settings.haw} bits`,
        { key: `${target.name} ${level}` },
      );
      return;
    case 'reserved-bits':
      reservedBits(sink, target, anomaly);
      return;
    case 'misaligned-leaf':
      see(
        first ? (level === 3 ? 'VTD-118' : 'VTD-119') : level === 3 ? 'VTD-092' : 'VTD-091',
        `maps ${level === 3 ? '1 GiB' : '2 MiB'} and has bits ${bitList(bits)}, which are reserved`,
        { key: `${target.name} ${level}` },
      );
      return;
    case 'page-size':
      pageSize(sink, target, anomaly);
      return;
    case 'not-present':
      if (!first) see('VTD-083', 'has no permission, but is not 0');
      else if ((anomaly.entry & WRITE) !== 0n) see('VTD-128', 'is not present, but has bit 1', odd, WRITE);
      else if (!isForeign(target)) see('VTD-157', 'is not present, but is not 0');
      return;
    case 'beyond-width':
      if (first) return;
      see('VTD-096', 'maps addresses beyond the usable width');
      return;
    case 'loop':
      see('VTD-102', `points to table ${child(anomaly)}, which is above it`, {
        key: `${target.name} ${table}`,
        ...odd,
      });
      return;
    case 'shared-table':
      see('VTD-103', `points to table ${child(anomaly)}, to which another entry points as well`, {
        key: anomaly.folded ? `${target.name} folded` : `${table}`,
        ...odd,
      });
      return;
    case 'walk-budget':
      see(
        'VTD-103',
        'points to a table that was already walked; with so many of them, it was not walked again',
        {
          key: `${target.name} budget`,
          severity: 'note',
        },
      );
      return;
    case 'two-levels':
      see('VTD-133', `points to table ${child(anomaly)}, which is also used at another level`, {
        key: `${table}`,
        ...odd,
      });
      return;
    case 'table-absent':
      absentTable(sink, target, anomaly);
      return;
    case 'misaligned-root':
    case 'unsupported-levels':
      // The entry that says so has rows of its own (CT-10, PE-10, DMAR-007).
      return;
  }
}
