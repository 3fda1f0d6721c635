/** What a preserved memory map has to keep: blocks that are listed one by one, and those of the guest memory. */

import type { PreservedBlocks } from '../abi/upstream/model.js';
import { firstIndex } from '../memory/first-after.js';
import { grouped } from '../schema/grouped.js';
import type { MapBlocks } from '../structures/map/layout.js';
import { setBits } from '../structures/map/pages.js';
import { type Guest, unitRuns } from './guest.js';

/** Adjacent blocks of one order; numbers are page frames. */
export interface KeptRun {
  readonly pfn: number;
  readonly order: number;
  readonly count: number;
}

/** The blocks of a map, without one of them being stored twice. */
export interface KeptBlocks extends MapBlocks {
  /** By rising address, neighbours of one order joined. */
  blocks(): Iterable<PreservedBlocks>;
}

/**
 * @param listed blocks outside the guest memory, in any order
 */
export function keptBlocks(
  pageSize: number,
  listed: readonly KeptRun[],
  guests: readonly Guest[],
): KeptBlocks {
  const runs = joined(listed);
  const byOrder = grouped(runs, ({ order }) => order);

  function* all(): Generator<KeptRun> {
    const sources = [...guests].sort((a, b) => a.basePfn - b.basePfn);
    let at = 0;
    for (const guest of sources) {
      for (; at < runs.length; at++) {
        const run = runs[at];
        if (run === undefined || run.pfn >= guest.basePfn) break;
        yield run;
      }
      yield* guestRuns(guest);
    }
    for (; at < runs.length; at++) {
      const run = runs[at];
      if (run !== undefined) yield run;
    }
  }

  return {
    pageSize,
    *blocks() {
      for (const { pfn, order, count } of joining(all())) {
        yield { address: BigInt(pfn) * BigInt(pageSize), order, count };
      }
    },
    fill(bitmap, order, first, bits, at) {
      const list = byOrder.get(order) ?? [];
      for (let i = firstReaching(list, order, first); i < list.length; i++) {
        const run = list[i];
        if (run === undefined) break;
        const start = run.pfn / 2 ** order;
        if (start >= first + bits) break;
        const low = Math.max(start, first);
        const high = Math.min(start + run.count, first + bits);
        setBits(bitmap, at + low - first, at + high - first);
      }
      for (const guest of guests) fillGuest(guest, bitmap, order, first, bits, at);
    },
    groups(bits) {
      const found = new Map<number, Set<number>>();
      const add = (order: number, block: number, count: number): void => {
        let set = found.get(order);
        if (set === undefined) {
          set = new Set();
          found.set(order, set);
        }
        const end = Math.floor((block + count - 1) / bits);
        for (let group = Math.floor(block / bits); group <= end; group++) set.add(group);
      };
      for (const { pfn, order, count } of runs) add(order, pfn / 2 ** order, count);
      for (const guest of guests) {
        for (let position = 0; position < guest.units; position++) {
          const unit = guest.unitAt(position);
          const block = (guest.basePfn + position * guest.unitPages) / 2 ** unit.order;
          for (const [first, count] of unitRuns(unit, guest.unitPages)) add(unit.order, block + first, count);
        }
      }
      return new Map(
        [...found]
          .sort(([a], [b]) => a - b)
          .map(([order, set]) => [order, [...set].sort((a, b) => a - b)] as const),
      );
    },
  };
}

function* guestRuns(guest: Guest): Generator<KeptRun> {
  for (let position = 0; position < guest.units; position++) {
    const unit = guest.unitAt(position);
    const base = guest.basePfn + position * guest.unitPages;
    for (const [first, count] of unitRuns(unit, guest.unitPages)) {
      yield { pfn: base + first * 2 ** unit.order, order: unit.order, count };
    }
  }
}

function fillGuest(
  guest: Guest,
  bitmap: Uint8Array,
  order: number,
  first: number,
  bits: number,
  at: number,
): void {
  if (order > guest.unitOrder) return;
  const scale = 2 ** order;
  const { basePfn, unitPages, units } = guest;
  const from = Math.max(0, Math.floor((first * scale - basePfn) / unitPages));
  const to = Math.min(units, Math.ceil(((first + bits) * scale - basePfn) / unitPages));
  for (let position = from; position < to; position++) {
    const unit = guest.unitAt(position);
    if (unit.order !== order) continue;
    const block = (basePfn + position * unitPages) / scale;
    for (const [start, count] of unitRuns(unit, unitPages)) {
      const low = Math.max(block + start, first);
      const high = Math.min(block + start + count, first + bits);
      if (low < high) setBits(bitmap, at + low - first, at + high - first);
    }
  }
}

function joined(listed: readonly KeptRun[]): KeptRun[] {
  return [...joining([...listed].sort((a, b) => a.pfn - b.pfn || a.order - b.order))];
}

function* joining(runs: Iterable<KeptRun>): Generator<KeptRun> {
  let last: { pfn: number; order: number; count: number } | undefined;
  for (const { pfn, order, count } of runs) {
    if (last !== undefined && last.order === order && last.pfn + last.count * 2 ** order === pfn) {
      last.count += count;
      continue;
    }
    if (last !== undefined) yield last;
    last = { pfn, order, count };
  }
  if (last !== undefined) yield last;
}

/** The first run that ends after block `first`. */
function firstReaching(list: readonly KeptRun[], order: number, first: number): number {
  return firstIndex(list.length, (i) => {
    const run = list[i];
    return run !== undefined && run.pfn / 2 ** order + run.count <= first;
  });
}
