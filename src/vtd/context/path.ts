import { ENTRY } from '../../memory/budget.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import * as records from '../../records/vtd.js';
import type { EntryMask } from '../../schema/masks.js';
import type { RecordType } from '../../schema/record.js';
import type { VtdSettings } from '../../schema/settings.js';
import { type RootPointer, rootPointer } from '../registers.js';
import { pageAddress, readStructure, reservedBits, type Structure } from './structure.js';
import { contextTranslation, type DeviceTranslation, pasidTranslation } from './translation.js';

/** The tables of one remapping unit. */
export interface UnitTables {
  readonly memory: PhysicalMemory;
  /** Value of RTADDR_REG, mode bits included. */
  readonly rtaddr: bigint;
  readonly settings: VtdSettings;
}

/** The structures on the way from the root table to a paging structure. */
export type StructureKind = 'root-entry' | 'context-entry' | 'pasid-directory-entry' | 'pasid-entry';

/**
 * One structure on the way: `invalid` is present with reserved bits set (hardware faults, the path continues,
 * to be shown), `unknown` is not in the dump.
 */
export interface DeviceStep {
  readonly kind: StructureKind;
  readonly address: number;
  readonly verdict: 'present' | 'absent' | 'invalid' | 'unknown';
  /** The entry, unless unknown. */
  readonly structure?: Structure<unknown>;
  /** For invalid entries: the offending bits of each word. */
  readonly reserved?: readonly bigint[];
}

/** What a device's requests go through. */
export interface DevicePath {
  readonly bus: number;
  readonly devfn: number;
  /** In scalable mode. */
  readonly pasid?: number;
  readonly steps: readonly DeviceStep[];
  /** What the last structure says; absent when the way there ends before. */
  readonly translation?: DeviceTranslation;
  /** Why there is no translation, when no structure is to blame. */
  readonly ends?: 'mode' | 'pasid-beyond-directory';
}

/** Masks that depend on the settings alone. */
interface UnitMasks {
  readonly root: readonly EntryMask[];
  /** For each half of a scalable root entry: only that half's word counts (vtd.md 1.2). */
  readonly rootHalves: readonly (readonly EntryMask[])[];
  readonly scalableContext: readonly EntryMask[];
  readonly directory: readonly EntryMask[];
}

const COMPILED = new WeakMap<VtdSettings, UnitMasks>();

/** Compiled once for each settings object: a listing looks at up to 65536 functions. */
function masksOf(settings: VtdSettings): UnitMasks {
  const known = COMPILED.get(settings);
  if (known !== undefined) return known;
  const scalableRoot = records.scalableRootEntryMasks(settings);
  const half = (kept: number) =>
    scalableRoot.map((mask, word) => (word === kept ? mask : { ...mask, reservedLo: 0, reservedHi: 0 }));
  const masks = {
    root: records.rootEntryMasks(settings),
    rootHalves: [half(0), half(1)],
    scalableContext: records.scalableContextEntryMasks(settings),
    directory: [records.pasidDirEntryMasks(settings)],
  };
  COMPILED.set(settings, masks);
  return masks;
}

/** A step and, when it could be read, the typed entry. */
interface Taken<T> {
  readonly step: DeviceStep;
  readonly entry?: Structure<T>;
}

/** Reads an entry and judges it: presence before reserved bits (vtd.md 2.1). */
function take<T>(
  unit: UnitTables,
  kind: StructureKind,
  type: RecordType<T>,
  address: number,
  present: (value: T) => boolean,
  masks: (value: T) => readonly EntryMask[],
): Taken<T> {
  // Directories that lead to each other's tables have more ways through them than any listing has time for.
  if (unit.memory.budget?.take('tables', ENTRY * (type.size ?? 0)) === false)
    return { step: { kind, address, verdict: 'unknown' } };
  const entry = readStructure(unit.memory, type, address);
  if (entry === undefined) return { step: { kind, address, verdict: 'unknown' } };
  const structure = entry as Structure<unknown>;
  if (!present(entry.value)) return { step: { kind, address, verdict: 'absent', structure }, entry };
  const reserved = reservedBits(entry.words, masks(entry.value));
  const invalid = reserved.some((bits) => bits !== 0n);
  if (!invalid) return { step: { kind, address, verdict: 'present', structure }, entry };
  return { step: { kind, address, verdict: 'invalid', structure, reserved }, entry };
}

function goesOn(step: DeviceStep): boolean {
  return step.verdict === 'present' || step.verdict === 'invalid';
}

/** The root entry of a bus, and where its context entry for a devfn is. */
export function takeRoot(
  unit: UnitTables,
  root: RootPointer,
  bus: number,
  devfn: number,
): { readonly step: DeviceStep; readonly contextAddress?: number } {
  const { settings } = unit;
  const address = Number(root.address) + bus * records.ROOT_ENTRY_SIZE;
  if (root.mode !== 'scalable') {
    const type = records.rootEntry;
    const masks = () => masksOf(settings).root;
    const { step, entry } = take(unit, 'root-entry', type, address, (value) => value.p === 1, masks);
    if (entry === undefined || !goesOn(step)) return { step };
    return { step, contextAddress: pageAddress(entry.value.ctp) + devfn * records.CONTEXT_ENTRY_SIZE };
  }
  // Word 0 serves devfn 0 to 0x7f, word 1 the rest.
  const upper = devfn >= 0x80;
  const masks = () => masksOf(settings).rootHalves[upper ? 1 : 0] ?? [];
  const present = (value: records.ScalableRootEntry) => (upper ? value.up : value.lp) === 1;
  const { step, entry } = take(unit, 'root-entry', records.scalableRootEntry, address, present, masks);
  if (entry === undefined || !goesOn(step)) return { step };
  const table = pageAddress(upper ? entry.value.uctp : entry.value.lctp);
  return { step, contextAddress: table + (devfn & 0x7f) * records.SCALABLE_CONTEXT_ENTRY_SIZE };
}

/** A legacy context entry. */
export function takeContext(unit: UnitTables, address: number): Taken<records.ContextEntry> {
  const masks = (value: records.ContextEntry) => records.contextEntryMasks(unit.settings, value);
  return take(unit, 'context-entry', records.contextEntry, address, (value) => value.p === 1, masks);
}

/** A scalable-mode context entry. */
export function takeScalableContext(unit: UnitTables, address: number): Taken<records.ScalableContextEntry> {
  const masks = () => masksOf(unit.settings).scalableContext;
  return take(unit, 'context-entry', records.scalableContextEntry, address, (value) => value.p === 1, masks);
}

/** An entry of a PASID directory. */
export function takeDirectoryEntry(unit: UnitTables, address: number): Taken<records.PasidDirEntry> {
  const masks = () => masksOf(unit.settings).directory;
  return take(unit, 'pasid-directory-entry', records.pasidDirEntry, address, (value) => value.p === 1, masks);
}

/** An entry of a PASID table. */
export function takePasidEntry(unit: UnitTables, address: number): Taken<records.PasidEntry> {
  const masks = (value: records.PasidEntry) => records.pasidEntryMasks(unit.settings, value);
  return take(unit, 'pasid-entry', records.pasidEntry, address, (value) => value.p === 1, masks);
}

/** Entries of a PASID table; a directory of PDTS code n has 2^(n + 7) entries (vtd.md 1.5, 1.6). */
export const PASIDS_PER_TABLE = 64;

/** @returns entries of the directory that a scalable context points to */
export function directoryEntries(context: records.ScalableContextEntry): number {
  return 2 ** (context.pdts + 7);
}

/**
 * Follows a device from the root table to what translates its requests.
 *
 * @param bus 0..255
 * @param devfn 0..255
 * @param pasid in scalable mode; RID_PASID of the context when absent. Legacy mode has none.
 */
export function devicePath(unit: UnitTables, bus: number, devfn: number, pasid?: number): DevicePath {
  const root = rootPointer(unit.rtaddr);
  const steps: DeviceStep[] = [];
  const path = { bus, devfn, steps };
  if (root.mode !== 'legacy' && root.mode !== 'scalable') return { ...path, ends: 'mode' };
  const rootStep = takeRoot(unit, root, bus, devfn);
  steps.push(rootStep.step);
  if (rootStep.contextAddress === undefined) return path;
  if (root.mode === 'legacy') {
    const { step, entry } = takeContext(unit, rootStep.contextAddress);
    steps.push(step);
    if (entry === undefined || !goesOn(step)) return path;
    return { ...path, translation: contextTranslation(entry.value) };
  }
  const context = takeScalableContext(unit, rootStep.contextAddress);
  steps.push(context.step);
  if (context.entry === undefined || !goesOn(context.step)) return path;
  const wanted = pasid ?? context.entry.value.ridPasid;
  const scalable = { ...path, pasid: wanted };
  const index = Math.floor(wanted / PASIDS_PER_TABLE);
  if (index >= directoryEntries(context.entry.value)) return { ...scalable, ends: 'pasid-beyond-directory' };
  const directory = pageAddress(context.entry.value.pasiddirptr);
  const directoryEntry = takeDirectoryEntry(unit, directory + index * records.PASID_DIR_ENTRY_SIZE);
  steps.push(directoryEntry.step);
  if (directoryEntry.entry === undefined || !goesOn(directoryEntry.step)) return scalable;
  const table = pageAddress(directoryEntry.entry.value.smptblptr);
  const entryAddress = table + (wanted % PASIDS_PER_TABLE) * records.PASID_ENTRY_SIZE;
  const { step, entry } = takePasidEntry(unit, entryAddress);
  steps.push(step);
  if (entry === undefined || !goesOn(step)) return scalable;
  return { ...scalable, translation: pasidTranslation(entry.value) };
}
