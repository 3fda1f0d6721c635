import type { PhysicalMemory } from '../../memory/physical.js';
import { PASID_DIR_ENTRY_SIZE, PASID_ENTRY_SIZE, type ScalableContextEntry } from '../../records/vtd.js';
import { type RootPointer, rootPointer } from '../registers.js';
import {
  type DevicePath,
  type DeviceStep,
  directoryEntries,
  PASIDS_PER_TABLE,
  takeContext,
  takeDirectoryEntry,
  takePasidEntry,
  takeRoot,
  takeScalableContext,
  type UnitTables,
} from './path.js';
import { pageAddress } from './structure.js';
import { contextTranslation, pasidTranslation } from './translation.js';

/** What a listing came across that is not a device: told once per place. */
export type ListNotice =
  /** The translation table mode is neither legacy nor scalable: nothing was listed. */
  | { readonly kind: 'mode'; readonly mode: RootPointer['mode'] }
  /** A structure is not in the dump or has reserved bits set. */
  | { readonly kind: 'step'; readonly bus: number; readonly devfn: number; readonly step: DeviceStep }
  /** PASID directories and tables of this size are not written by anyone: the rest of the PASIDs were left out. */
  | { readonly kind: 'pasid-budget'; readonly bus: number; readonly devfn: number };

/** A function of a device, and the PASID where the entry is one of a PASID. */
export interface EntryOwner {
  readonly bus: number;
  readonly devfn: number;
  readonly pasid?: number;
}

/** How a listing is bounded and reported. */
export interface ListOptions {
  /** Called for each present entry on the way, with reserved bits or not, wherever it leads and whatever is there. */
  readonly onEntry?: (owner: EntryOwner, step: DeviceStep) => void;
  /** Called for what keeps devices from the listing. */
  readonly onNotice?: (notice: ListNotice) => void;
  /** Entries of PASID directories and tables that are looked at before the listing leaves the rest out. */
  readonly pasidBudget?: number;
}

/** Two full directories of 2^20 PASIDs. */
const LEAST_PASIDS = 2 ** 21;

const budgets = new WeakMap<PhysicalMemory, number>();

/** Entries of PASID directories and tables that a dump can have: hundreds of devices have directories of 2^20 PASIDs. */
export function pasidBudgetOf(memory: PhysicalMemory): number {
  const known = budgets.get(memory);
  if (known !== undefined) return known;
  let bytes = 0;
  for (const { start, end, state } of memory.distinct?.() ?? memory.known())
    if (state === 'present') bytes += end - start;
  const budget = Math.max(LEAST_PASIDS, Math.floor(bytes / PASID_DIR_ENTRY_SIZE));
  budgets.set(memory, budget);
  return budget;
}

interface Listing {
  readonly unit: UnitTables;
  readonly notice: (notice: ListNotice) => void;
  readonly onEntry: ListOptions['onEntry'];
  /** Addresses of entries that were told about; several ways may lead to one. */
  readonly told: Set<number>;
  budget: number;
}

/** Reports a step that is worth it; tells whether to continue after it. */
function passes(l: Listing, owner: EntryOwner, step: DeviceStep): boolean {
  const { bus, devfn } = owner;
  const odd = step.verdict === 'unknown' || step.verdict === 'invalid';
  if (odd && !l.told.has(step.address)) {
    l.told.add(step.address);
    l.notice({ kind: 'step', bus, devfn, step });
  }
  const isPresent = step.verdict === 'present' || step.verdict === 'invalid';
  if (isPresent) l.onEntry?.(owner, step);
  return isPresent;
}

/** The present PASID entries of one context, in directory order. */
function* pasidPaths(
  l: Listing,
  path: DevicePath,
  context: ScalableContextEntry,
): Generator<DevicePath, void> {
  const { bus, devfn } = path;
  const directory = pageAddress(context.pasiddirptr);
  const entries = directoryEntries(context);
  for (let index = 0; index < entries; index++) {
    if (l.budget-- <= 0) return l.notice({ kind: 'pasid-budget', bus, devfn });
    const { step, entry } = takeDirectoryEntry(l.unit, directory + index * PASID_DIR_ENTRY_SIZE);
    if (!passes(l, { bus, devfn }, step)) {
      // What follows an unknown entry in a directory is mostly unknown too: one notice is enough.
      if (step.verdict === 'unknown') return;
      continue;
    }
    const table = pageAddress(entry?.value.smptblptr ?? 0n);
    for (let slot = 0; slot < PASIDS_PER_TABLE; slot++) {
      if (l.budget-- <= 0) return l.notice({ kind: 'pasid-budget', bus, devfn });
      const last = takePasidEntry(l.unit, table + slot * PASID_ENTRY_SIZE);
      const pasid = index * PASIDS_PER_TABLE + slot;
      if (!passes(l, { bus, devfn, pasid }, last.step) || last.entry === undefined) {
        if (last.step.verdict === 'unknown') break;
        continue;
      }
      yield {
        bus,
        devfn,
        pasid,
        steps: [...path.steps, step, last.step],
        translation: pasidTranslation(last.entry.value),
      };
    }
  }
}

function* devicePaths(
  l: Listing,
  root: RootPointer,
  bus: number,
  devfn: number,
): Generator<DevicePath, 'absent' | 'listed'> {
  const rootStep = takeRoot(l.unit, root, bus, devfn);
  // The root entry is told about once for each half that it has.
  const first = devfn === 0 || (root.mode === 'scalable' && devfn === 0x80);
  if (first) passes(l, { bus, devfn }, rootStep.step);
  if (rootStep.contextAddress === undefined) return 'absent';
  if (root.mode === 'legacy') {
    const { step, entry } = takeContext(l.unit, rootStep.contextAddress);
    if (passes(l, { bus, devfn }, step) && entry !== undefined) {
      yield { bus, devfn, steps: [rootStep.step, step], translation: contextTranslation(entry.value) };
    }
    return step.verdict === 'unknown' ? 'absent' : 'listed';
  }
  const { step, entry } = takeScalableContext(l.unit, rootStep.contextAddress);
  if (passes(l, { bus, devfn }, step) && entry !== undefined) {
    const path = { bus, devfn, steps: [rootStep.step, step] };
    let pasids = 0;
    for (const found of pasidPaths(l, path, entry.value)) {
      yield found;
      pasids++;
    }
    if (pasids === 0) yield path;
  }
  return step.verdict === 'unknown' ? 'absent' : 'listed';
}

/**
 * Lists the devices of a unit in order of bus and devfn: in legacy mode every present context entry; in
 * scalable mode every present PASID entry of every present context, and a context without any once, without
 * `pasid`. The work is bounded by the 65536 functions and the PASID budget.
 *
 * @example
 * ```ts
 * import { DEFAULT_SETTINGS, listDevices, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { memory, rtaddr } = synthesise(planFromSeed({ abi: 'rfc-2024', domains: 1, devices: 2 }));
 * if (rtaddr !== undefined) console.log([...listDevices({ memory, rtaddr, settings: DEFAULT_SETTINGS })].length);
 * //=> 2
 * ```
 */
export function* listDevices(unit: UnitTables, options: ListOptions = {}): Generator<DevicePath, void> {
  const { onNotice = () => {}, onEntry, pasidBudget = pasidBudgetOf(unit.memory) } = options;
  const listing: Listing = { unit, notice: onNotice, onEntry, told: new Set(), budget: pasidBudget };
  const root = rootPointer(unit.rtaddr);
  if (root.mode !== 'legacy' && root.mode !== 'scalable') {
    onNotice({ kind: 'mode', mode: root.mode });
    return;
  }
  for (let bus = 0; bus < 256; bus++) {
    for (let devfn = 0; devfn < 256; devfn++) {
      const result = yield* devicePaths(listing, root, bus, devfn);
      // Without a context table there is nothing for the functions that it serves.
      if (result === 'absent') devfn |= root.mode === 'scalable' ? 0x7f : 0xff;
    }
  }
}
