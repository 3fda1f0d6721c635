/** Looks at the root, context and PASID tables of a unit: every table page once, however often it is used. */
import * as records from '../../records/vtd.js';
import { hex } from '../../schema/units.js';
import { devicePath } from '../context/path.js';
import { pageAddress } from '../context/structure.js';
import { rootPointer } from '../registers.js';
import { CONTEXT_TABLE, ROOT_TABLE } from './page-log.js';
import { createPasids, type Pasids } from './pasids.js';
import { isTorn, leadsAstray, lookOf, seeEmpty, seeNoRam, seeNoTable, TORN } from './pointed.js';
import type { Entry, Hit, Place, Scope, VtdRule } from './row.js';
import { contextEntryRows, usesTables } from './rows/context-entry.js';
import { registerRows } from './rows/registers.js';
import { legacyRootRows, scalableRootRows, staleRoot } from './rows/root-entry.js';
import { scalableContextRows } from './rows/scalable-context.js';
import { createSharedIds, type SharedIds } from './shared-ids.js';
import { judge, readKnown, type Sink, wordsOf } from './sink.js';
import type { Setting } from './tally.js';
import { placeName, placeSubject, type Target } from './target.js';
import { createTargetList, type TargetList } from './target-list.js';
import { type Capabilities, capabilitiesOf, type VtdUnit } from './unit.js';

const PAGE = 4096;
/** FPD of a context entry, in both modes. */
const FPD = 2n;
const STRUCTURES: readonly Scope[] = [
  'root-entry',
  'legacy-root-entry',
  'scalable-root-entry',
  'context-entry',
  'scalable-context-entry',
  'pasid-directory-entry',
  'pasid-entry',
  'second-stage',
  'first-stage',
  'table',
  'unit-table',
  'domain-device',
];

interface Unit {
  readonly sink: Sink;
  readonly unit: VtdUnit;
  readonly caps: Capabilities;
  readonly setting: Setting;
  readonly scalable: boolean;
  readonly ids: SharedIds;
  readonly list: TargetList;
  readonly pasids: Pasids;
  /** Context tables by address, with the bus that named them first. */
  readonly contextTables: Map<number, string>;
  readonly only: { readonly bus: number; readonly devfn: number } | undefined;
}

/**
 * Judges the structures of a unit.
 *
 * @param only look at this function alone
 * @returns the tables to walk; none where the mode is neither legacy nor scalable
 */
export function inspectUnit(sink: Sink, unit: VtdUnit, only: Unit['only']): Target[] {
  const caps = capabilitiesOf(unit.settings, unit.given);
  const root = rootPointer(unit.rtaddr);
  const mode = root.mode === 'scalable' ? 'scalable' : 'legacy';
  const setting: Setting = {
    mode,
    given: unit.given,
    ...(unit.byRecord === true ? { quiet: true as const } : {}),
  };
  if (unit.byRecord !== true) sink.seen.add('registers');
  const register: Entry<records.RtaddrReg> = {
    type: records.rtaddrReg,
    value: root.fields,
    words: [unit.rtaddr],
    address: -1,
    place: { bus: 0 },
    unit,
    caps,
  };
  judge(sink, registerRows, register, setting, `RTADDR_REG of ${unit.name}`);
  if (root.mode !== 'legacy' && root.mode !== 'scalable') return [];
  const list = createTargetList(sink, setting);
  const ids = createSharedIds(sink, setting);
  const state: Unit = {
    sink,
    unit,
    caps,
    setting,
    scalable: mode === 'scalable',
    ids,
    list,
    pasids: createPasids({ sink, unit, caps, setting, ids, list }),
    contextTables: new Map(),
    only,
  };
  inspectRootTable(state, Number(root.address));
  if (only !== undefined) reportMissing(state, only);
  return list.targets();
}

function inspectRootTable(u: Unit, address: number): void {
  const { sink, only } = u;
  const bytes = readKnown(sink.memory, address, PAGE);
  if (bytes.length < PAGE) {
    sink.absent(STRUCTURES, `the root table of ${u.unit.name}`, address + bytes.length);
    if (bytes.length === 0) {
      // Where it should lie is known all the same.
      if (u.unit.recorded === true) sink.pages.add(address, ROOT_TABLE, -1);
      return;
    }
  }
  sink.pages.add(address, ROOT_TABLE, -1);
  sink.seen.add('root-entry');
  sink.seen.add(u.scalable ? 'scalable-root-entry' : 'legacy-root-entry');
  const view = new DataView(bytes.buffer);
  const size = records.ROOT_ENTRY_SIZE;
  for (let bus = 0; (bus + 1) * size <= bytes.length; bus++) {
    if (only !== undefined && only.bus !== bus) continue;
    const offset = bus * size;
    const words = wordsOf(view, offset, size);
    if (words.every((word) => word === 0n)) continue;
    const base = { words, address: address + offset, place: { bus }, unit: u.unit, caps: u.caps };
    if (u.scalable) scalableRoot(u, { ...base, ...typed(records.scalableRootEntry, view, offset) });
    else legacyRoot(u, { ...base, ...typed(records.rootEntry, view, offset) });
  }
}

/** A type and the value of that type at an offset; the caller guarantees the bytes. */
function typed<T>(
  type: Entry<T>['type'],
  view: DataView,
  offset: number,
): { type: Entry<T>['type']; value: T } {
  const value = type.read?.(view, offset);
  if (value === undefined) throw new Error(`${type.name} has no fixed size`);
  return { type, value };
}

function legacyRoot(u: Unit, entry: Entry<records.RootEntry>): void {
  const { value } = entry;
  if (staleRoot({ legacy: true, value })) seeStale(u, 'VTD-015', 'root entry', entry);
  if (value.p === 0) return;
  judge(u.sink, legacyRootRows, entry, u.setting, 'root entry');
  inspectContextTable(u, entry, pageAddress(value.ctp), 0);
}

function scalableRoot(u: Unit, entry: Entry<records.ScalableRootEntry>): void {
  const { value } = entry;
  if (staleRoot({ legacy: false, value })) seeStale(u, 'VTD-015', 'root entry', entry);
  judge(u.sink, scalableRootRows, entry, u.setting, 'root entry');
  if (value.lp === 1) inspectContextTable(u, entry, pageAddress(value.lctp), 0);
  if (value.up === 1) inspectContextTable(u, entry, pageAddress(value.uctp), 0x80);
}

/**
 * What an entry without P is. FPD counts in it, alone; and the kernel writes and clears the words of an entry one after
 * the other, so that a first word of 0 beside others can be of a moment when nothing is in use.
 */
function staleSeverity(first: bigint, rest: readonly bigint[]): Partial<Hit> {
  if (first === FPD && rest.every((word) => word === 0n)) return { severity: 'note' };
  return first === 0n ? { severity: 'warning' } : {};
}

/** An entry that is not present but not 0. */
function seeStale<T>(u: Unit, rule: VtdRule, what: string, { place, words, address }: Entry<T>): void {
  const found = words.map(hex).join(' ');
  const torn = isTorn(words);
  const text = `${what} of ${placeName(place)} is not present but not 0: ${found}${torn ? TORN : ''}`;
  const subject = placeSubject(place);
  const location = { address: BigInt(address) };
  const [first = 0n, ...rest] = words;
  const severity = rule === 'VTD-015' ? {} : staleSeverity(first, rest);
  u.sink.tally.see(
    rule,
    { text, key: torn ? 'torn' : '', subject, location, found, expected: '0', ...severity },
    u.setting,
  );
}

/** @param first devfn of the table's first entry in scalable mode, where a table serves half a bus */
function inspectContextTable<T>(u: Unit, root: Entry<T>, address: number, first: number): void {
  const { sink, only, setting } = u;
  if (only !== undefined && u.scalable && only.devfn >= 0x80 !== first >= 0x80) return;
  const half = u.scalable ? (first === 0 ? 'the lower half of ' : 'the upper half of ') : '';
  const name = `${half}${placeName(root.place)}`;
  const known = u.contextTables.get(address);
  if (known !== undefined) {
    const text = `root entry: ${name} has the context table ${hex(address)}, which is also that of ${known}`;
    sink.tally.see(
      'VTD-017',
      { text, key: `${address}`, location: { address: BigInt(root.address) } },
      setting,
    );
    return;
  }
  u.contextTables.set(address, name);
  // Addresses at or above the host address width are reported as such and lead nowhere.
  const what = `context table of ${name}`;
  const why = `the ${what} is not reached`;
  if (address === 0 || address >= 2 ** u.caps.settings.haw) {
    sink.blocked(STRUCTURES.slice(3), why);
    return;
  }
  const bytes = readKnown(sink.memory, address, PAGE);
  if (bytes.length === 0 && leadsAstray(sink, address, root.address)) {
    seeNoRam(sink, setting, what, address, root.address);
    sink.blocked(STRUCTURES.slice(3), why);
    return;
  }
  if (bytes.length < PAGE) {
    const text = `the context table ${hex(address)} of ${name} is not in the dump`;
    sink.tally.see('VTD-016', { text, location: { address: BigInt(root.address) } }, setting);
    sink.absent(STRUCTURES.slice(3), 'a context table', address + bytes.length);
  }
  if (bytes.length === 0) {
    if (u.unit.recorded === true) sink.pages.add(address, CONTEXT_TABLE, -1);
    return;
  }
  const { settings } = u.caps;
  const looks = u.scalable
    ? lookOf(bytes, records.SCALABLE_CONTEXT_ENTRY_SIZE, () => records.scalableContextEntryMasks(settings))
    : lookOf(bytes, records.CONTEXT_ENTRY_SIZE, (view, at) =>
        records.contextEntryMasks(settings, records.readContextEntry(view, at)),
      );
  if (looks === 'other') {
    seeNoTable(sink, setting, what, address, root.address);
    sink.blocked(STRUCTURES.slice(3), why);
    return;
  }
  // Of a unit that is handed over the record tells which tables there are (IOMMU-054).
  if (looks === 'empty' && bytes.length === PAGE && u.unit.recorded !== true)
    seeEmpty(sink, setting, what, address, root.address);
  sink.pages.add(address, CONTEXT_TABLE, -1);
  sink.seen.add(u.scalable ? 'scalable-context-entry' : 'context-entry');
  const view = new DataView(bytes.buffer);
  const size = u.scalable ? records.SCALABLE_CONTEXT_ENTRY_SIZE : records.CONTEXT_ENTRY_SIZE;
  for (let index = 0; (index + 1) * size <= bytes.length; index++) {
    const place: Place = { bus: root.place.bus, devfn: first + index };
    if (only !== undefined && only.devfn !== place.devfn) continue;
    const words = wordsOf(view, index * size, size);
    if (words.every((word) => word === 0n)) continue;
    const base = { words, address: address + index * size, place, unit: u.unit, caps: u.caps };
    if (u.scalable)
      scalableContext(u, { ...base, ...typed(records.scalableContextEntry, view, index * size) });
    else legacyContext(u, { ...base, ...typed(records.contextEntry, view, index * size) });
  }
}

function legacyContext(u: Unit, entry: Entry<records.ContextEntry>): void {
  const { value } = entry;
  if (value.p === 0) {
    seeStale(u, 'VTD-036', 'context entry', entry);
    return;
  }
  judge(u.sink, contextEntryRows, entry, u.setting, 'context entry');
  if (!usesTables(value)) return;
  u.ids.context(entry);
  u.list.context(entry);
}

function scalableContext(u: Unit, entry: Entry<records.ScalableContextEntry>): void {
  if (entry.value.p === 0) {
    const [first, ...rest] = entry.words;
    // FPD is what hardware looks at in an absent entry.
    const fpd = BigInt(entry.value.fpd) << BigInt(records.SCALABLE_CONTEXT_ENTRY_BITS.fpd.shift);
    if (first !== fpd || rest.some((word) => word !== 0n)) seeStale(u, 'VTD-155', 'context entry', entry);
    return;
  }
  judge(u.sink, scalableContextRows, entry, u.setting, 'context entry');
  u.pasids.directory(entry);
}

/** Where the way of the device that was asked for ends. */
const MISSING = {
  'root-entry': 'VTD-009',
  'context-entry': 'VTD-018',
  'pasid-directory-entry': 'VTD-052',
  'pasid-entry': 'VTD-058',
} as const;

function reportMissing(u: Unit, only: { readonly bus: number; readonly devfn: number }): void {
  const { sink, unit, setting } = u;
  const { memory } = sink;
  const { steps } = devicePath(
    { memory, rtaddr: unit.rtaddr, settings: unit.settings },
    only.bus,
    only.devfn,
  );
  const last = steps.at(-1);
  if (last?.verdict !== 'absent') return;
  const row = u.scalable && last.kind === 'context-entry' ? 'VTD-040' : MISSING[last.kind];
  const text = `the ${last.kind.replaceAll('-', ' ').replace('pasid', 'PASID')} of ${placeName(only)} is not present`;
  const subject = placeSubject(only);
  sink.tally.see(row, { text, subject, location: { address: BigInt(last.address) } }, setting);
  if (last.kind === 'context-entry') sink.seen.add(u.scalable ? 'scalable-context-entry' : 'context-entry');
}
