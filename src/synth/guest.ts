/**
 * Guest memory of preserved files: which folio is where, as functions of the position. Memory is dealt out in
 * units of 2 MiB; a unit is one folio, or as many smaller ones of one order as it holds.
 */
import { firstIndex } from '../memory/first-after.js';
import { happens, hash } from './random.js';
import { createShuffle, gather, scatter } from './shuffle.js';

/** What the guest memory of a dump shall be. */
export interface GuestPlan {
  /** Bytes. */
  readonly pageSize: number;
  /** Physical byte address of the first unit; a multiple of a unit. */
  readonly base: number;
  /** Picks one layout of many. */
  readonly key: number;
  /** 0: one folio a unit, in order; 1: single pages, scattered. */
  readonly fragmentation: number;
  readonly files: readonly GuestFilePlan[];
  /** Units that no file uses. */
  readonly spareUnits: number;
}

export interface GuestFilePlan {
  /** Pages that the file has; 0 for an empty one. */
  readonly pages: number;
  /** Fraction of the units that were never written before the file was preserved, 0 to 1: single pages, as the kernel fills them. */
  readonly holes: number;
}

/** Folios of one order that are in one unit. */
export interface UnitFolios {
  readonly order: number;
  /** 0 for a spare unit. */
  readonly count: number;
  /** Whether the order of the folios in memory is that in the file. */
  readonly straight: boolean;
  /** For the permutation of those that are not. */
  readonly choice: number;
}

/** Entry of a folio list. */
export interface FolioPlace {
  pfn: number;
  index: number;
}

export interface GuestFile {
  /** Folios in all. */
  readonly folios: number;
  /** Visits folios `first` to `first + count - 1`, in order of their index; the object is used again. */
  each(first: number, count: number, visit: (place: FolioPlace, position: number) => void): void;
}

export interface Guest {
  readonly plan: GuestPlan;
  /** Pages of a unit. */
  readonly unitPages: number;
  readonly unitOrder: number;
  /** Units in all, spare ones included. */
  readonly units: number;
  /** Page frame number of the first unit. */
  readonly basePfn: number;
  readonly files: readonly GuestFile[];
  /** What is in unit `position` of physical memory. */
  unitAt(position: number): UnitFolios;
  /** Page offset in a unit of folio `index` (of its file's order). */
  offsetOf(unit: UnitFolios, index: number): number;
}

const UNIT = 0x20_0000;
/** Units between two counts that are kept. */
const STRIDE = 64;
const ROUND = 2 ** 32;

/** Makes the functions; takes 8 bytes for each 128 MiB of guest memory. */
export function createGuest(plan: GuestPlan): Guest {
  const { pageSize, key, fragmentation } = plan;
  const unitPages = UNIT / pageSize;
  const unitOrder = Math.log2(unitPages);
  const unitsOf = plan.files.map(({ pages }) => Math.ceil(pages / unitPages));
  const starts: number[] = [];
  let used = 0;
  for (const units of unitsOf) {
    starts.push(used);
    used += units;
  }
  const units = used + plan.spareUnits;
  const basePfn = plan.base / pageSize;
  const shuffle = createShuffle(units, hash(key, 1), fragmentation);
  const unitKey = hash(key, 2);
  const holeKey = hash(key, 3);

  function orderOf(slot: number): number {
    const choice = hash(unitKey, slot, 1);
    if (!happens(fragmentation, unitKey, slot)) return unitOrder;
    // With full fragmentation there are single pages only.
    return choice < fragmentation * ROUND ? 0 : choice % unitOrder;
  }

  /** What unit number `unit` of a file has. */
  function folios(file: number, unit: number): UnitFolios {
    const { pages = 0, holes = 0 } = plan.files[file] ?? {};
    const slot = (starts[file] ?? 0) + unit;
    const left = pages - unit * unitPages;
    const choice = hash(unitKey, slot, 2);
    const straight = fragmentation === 0;
    // The end of a file that is not a whole unit is single pages.
    if (left < unitPages) return { order: 0, count: left, straight, choice };
    // Pinning the folios allocates what the file lacks, page by page (the handler's preserve in mm/).
    if (happens(holes, holeKey, slot)) return { order: 0, count: unitPages, straight, choice };
    const order = orderOf(slot);
    return { order, count: unitPages >> order, straight, choice };
  }

  /** The file of a slot; files without units are never one's. */
  function fileOf(slot: number): number {
    return Math.max(0, firstIndex(starts.length, (i) => (starts[i] ?? 0) <= slot) - 1);
  }

  function offsetOf({ order, straight, choice }: UnitFolios, index: number): number {
    return (straight ? index : scatter(index, unitPages >> order, choice)) << order;
  }

  function createFile(file: number): GuestFile {
    const count = unitsOf[file] ?? 0;
    const start = starts[file] ?? 0;
    const before = new Float64Array(Math.ceil(count / STRIDE) + 1);
    let total = 0;
    for (let unit = 0; unit < count; unit++) {
      if (unit % STRIDE === 0) before[unit / STRIDE] = total;
      total += folios(file, unit).count;
    }
    before[before.length - 1] = total;

    /** The unit that holds a folio, and the number of folios before it. */
    function locate(position: number): { unit: number; passed: number } {
      const low = Math.max(0, firstIndex(before.length, (i) => (before[i] ?? 0) <= position) - 1);
      let unit = low * STRIDE;
      let passed = before[low] ?? 0;
      for (; unit < count; unit++) {
        const here = folios(file, unit).count;
        if (passed + here > position) break;
        passed += here;
      }
      return { unit, passed };
    }

    return {
      folios: total,
      each(first, wanted, visit) {
        const end = Math.min(total, first + wanted);
        if (first >= end) return;
        const place = { pfn: 0, index: 0 };
        let position = first;
        let { unit, passed } = locate(first);
        for (; position < end; unit++) {
          const here = folios(file, unit);
          const base = basePfn + shuffle.forward(start + unit) * unitPages;
          for (let i = position - passed; i < here.count && position < end; i++) {
            place.pfn = base + offsetOf(here, i);
            place.index = unit * unitPages + (i << here.order);
            visit(place, position++);
          }
          passed += here.count;
        }
      },
    };
  }

  return {
    plan,
    unitPages,
    unitOrder,
    units,
    basePfn,
    files: plan.files.map((_, file) => createFile(file)),
    unitAt(position) {
      const slot = shuffle.backward(position);
      if (slot >= used) return { order: 0, count: 0, straight: true, choice: 0 };
      const file = fileOf(slot);
      return folios(file, slot - (starts[file] ?? 0));
    },
    offsetOf,
  };
}

/** Positions in memory of the folios of a unit, as runs of adjacent ones: [first, count] in folios. */
export function* unitRuns(unit: UnitFolios, unitPages: number): Generator<readonly [number, number]> {
  const slots = unitPages >> unit.order;
  if (unit.count === 0) return;
  if (unit.straight || unit.count === slots) {
    yield [0, unit.count];
    return;
  }
  let first = -1;
  for (let at = 0; at <= slots; at++) {
    const taken = at < slots && gather(at, slots, unit.choice) < unit.count;
    if (taken && first < 0) first = at;
    if (!taken && first >= 0) {
      yield [first, at - first];
      first = -1;
    }
  }
}
