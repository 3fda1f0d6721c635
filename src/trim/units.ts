/**
 * The structures of remapping units, entry by entry: what is in the tables that the registers lead to, page tables
 * included, and never what these map.
 */
import type { PhysicalMemory } from '../memory/physical.js';
import { PASID_DIR_ENTRY_SIZE, type ScalableContextEntry, scalableContextEntry } from '../records/vtd.js';
import type { VtdSettings } from '../schema/settings.js';
import { listDevices } from '../vtd/context/list.js';
import { type DevicePath, directoryEntries, type UnitTables } from '../vtd/context/path.js';
import { stageRequests } from '../vtd/context/stages.js';
import { pageAddress } from '../vtd/context/structure.js';
import { rootPointer } from '../vtd/registers.js';
import { iovasOf, pagesOf, targetsOf } from '../vtd/walk/batch.js';
import { mergeBatches } from '../vtd/walk/runs.js';
import type { WalkRequest } from '../vtd/walk/state.js';
import { walkTable } from '../vtd/walk/walk.js';
import {
  type ByteRanges,
  countBytes,
  createRangeCollector,
  type RangeCollector,
  touches,
  union,
  without,
} from './byte-ranges.js';
import type { TrimParts } from './parts.js';

/** A unit, and the one function of it that is wanted. */
export interface TrimUnit {
  /** Value of RTADDR_REG, mode bits included. */
  readonly rtaddr: bigint;
  readonly settings: VtdSettings;
  readonly device?: { readonly bus: number; readonly devfn: number };
}

const PAGE = 4096;
const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;
/** Tables that are walked again for their targets: these are the same, seen from other addresses. */
const SHARED_TABLES = 64;

/**
 * Keeps entries in use; the rest of their tables is zero, as it is where nothing was written. What is in memory that
 * devices reach is left out: a pointer that leads there leads to no table.
 *
 * @returns bytes of entries that were left out
 */
export function collectUnits(units: readonly TrimUnit[], memory: PhysicalMemory, parts: TrimParts): number {
  const records = createRangeCollector();
  const zeroed = createRangeCollector();
  for (const unit of units) collectStructures(unit, memory, { records, zeroed });
  for (const { request } of tablesOf(units, memory)) collectTables(request, { records, zeroed });
  const entries = records.finish();
  const pages = zeroed.finish();
  const mapped = mappedAmong(union(entries, pages), units, memory);
  const kept = without(entries, mapped);
  addAll(parts.records, kept);
  addAll(parts.zeroed, without(pages, mapped));
  return countBytes(entries) - countBytes(kept);
}

function addAll(collector: RangeCollector, { starts, ends, count }: ByteRanges): void {
  for (let i = 0; i < count; i++) collector.add(starts[i] ?? 0, (ends[i] ?? 0) - (starts[i] ?? 0));
}

type Kept = Pick<TrimParts, 'records' | 'zeroed'>;

function collectStructures(unit: TrimUnit, memory: PhysicalMemory, { records, zeroed }: Kept): void {
  zeroed.add(rootPointer(unit.rtaddr).address, PAGE);
  for (const { steps } of pathsOf(unit, memory)) {
    for (const { address, structure } of steps) {
      if (structure === undefined) continue;
      records.add(address, structure.type.size ?? 0);
      zeroed.add(address - (address % PAGE), PAGE);
      if (structure.type.name !== scalableContextEntry.name) continue;
      const context = structure.value as ScalableContextEntry;
      zeroed.add(pageAddress(context.pasiddirptr), directoryEntries(context) * PASID_DIR_ENTRY_SIZE);
    }
  }
}

function* pathsOf(unit: TrimUnit, memory: PhysicalMemory): Generator<DevicePath> {
  const { device } = unit;
  for (const path of listDevices(tables(unit, memory)))
    if (device === undefined || (path.bus === device.bus && path.devfn === device.devfn)) yield path;
}

function tables({ rtaddr, settings }: TrimUnit, memory: PhysicalMemory): UnitTables {
  return { rtaddr, settings, memory };
}

interface Table {
  readonly request: WalkRequest;
  readonly second: boolean;
}

/** The page tables of the host, each once. The first stage of a nested translation is in the guest's memory. */
function* tablesOf(units: readonly TrimUnit[], memory: PhysicalMemory): Generator<Table> {
  const seen = new Set<string>();
  for (const unit of units) {
    for (const path of pathsOf(unit, memory)) {
      for (const { stage, request } of stageRequests(path, tables(unit, memory))) {
        if (request.memory !== memory) continue;
        const key = `${stage} ${request.root} ${request.levels}`;
        if (seen.has(key)) continue;
        seen.add(key);
        yield { request, second: stage === 'second' };
      }
    }
  }
}

/** Keeps the present entries of every table page; hardware ignores all bits of the others (vtd.md 1.8). */
function collectTables(request: WalkRequest, { records, zeroed }: Kept): void {
  const { memory, format } = request;
  const bytes = new Uint8Array(PAGE);
  const words = new Int32Array(bytes.buffer);
  const walk = walkTable({
    ...request,
    sharedTableBudget: 0,
    onTable({ address }) {
      zeroed.add(address, PAGE);
      const known = Math.floor(memory.read(address, PAGE, bytes) / ENTRY);
      for (let i = 0; i < known; i++) {
        const lo = (words[2 * i] ?? 0) & format.presentLo;
        const hi = (words[2 * i + 1] ?? 0) & format.presentHi;
        if ((lo | hi) !== 0) records.add(address + i * ENTRY, ENTRY);
      }
    },
  });
  for (const _ of walk.batches);
}

/**
 * What of `pages` second stages map to devices elsewhere than at its own address: memory of a guest or of a driver, in
 * which a pointer that leads there finds no table. An identity map says nothing: it maps all memory, tables too.
 */
function mappedAmong(pages: ByteRanges, units: readonly TrimUnit[], memory: PhysicalMemory): ByteRanges {
  const found = createRangeCollector();
  for (const { request, second } of tablesOf(units, memory)) {
    if (!second) continue;
    for (const batch of mergeBatches(
      walkTable({ ...request, sharedTableBudget: SHARED_TABLES }).batches,
      request.format,
    )) {
      const targets = targetsOf(batch);
      const counts = pagesOf(batch);
      const iovas = iovasOf(batch);
      for (let i = 0; i < batch.length; i++) {
        const target = targets[i] ?? 0;
        if (target === iovas[i]) continue;
        const start = target * PAGE;
        const length = (counts[i] ?? 0) * PAGE;
        if (touches(pages, start, start + length)) found.add(start, length);
      }
    }
  }
  return found.finish();
}
