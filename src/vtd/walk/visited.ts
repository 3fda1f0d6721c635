/**
 * The table pages that a walk has entered: an open-addressing hash from page frame number to the set of
 * levels (bit n = level n) at which the page was entered. Nine bytes a slot, at most half full.
 */
export interface VisitedTables {
  size: number;
  /** Page frame numbers plus one; 0 is a free slot. */
  keys: Float64Array;
  levels: Uint8Array;
}

/** @returns an empty set */
export function createVisitedTables(): VisitedTables {
  return { size: 0, keys: new Float64Array(64), levels: new Uint8Array(64) };
}

/** Multiplicative hash of a page frame number below 2^52 by its two halves. */
function slotOf(key: number, mask: number): number {
  const low = Math.imul((key % 0x100000000) | 0, 0x9e3779b1);
  const high = Math.imul((key / 0x100000000) | 0, 0x85ebca6b);
  const mixed = low ^ high;
  return (mixed ^ (mixed >>> 15)) & mask;
}

function find(keys: Float64Array, key: number): number {
  const mask = keys.length - 1;
  let slot = slotOf(key, mask);
  for (;;) {
    const there = keys[slot];
    if (there === key || there === 0) return slot;
    slot = (slot + 1) & mask;
  }
}

/** Below so many slots a set grows fourfold: rehashing is a tenth of a walk otherwise. */
const QUICK = 2 ** 17;

function grow(set: VisitedTables): void {
  const keys = new Float64Array(set.keys.length * (set.keys.length < QUICK ? 4 : 2));
  const levels = new Uint8Array(keys.length);
  for (let i = 0; i < set.keys.length; i++) {
    const key = set.keys[i] as number;
    if (key === 0) continue;
    const slot = find(keys, key);
    keys[slot] = key;
    levels[slot] = set.levels[i] as number;
  }
  set.keys = keys;
  set.levels = levels;
}

/**
 * Notes that a table page is entered at a level.
 *
 * @param pfn page frame number of the table page
 * @param level 1..6
 * @returns the levels (bit n = level n) at which the page had been entered before; 0 for a new page
 */
export function visitTable(set: VisitedTables, pfn: number, level: number): number {
  const key = pfn + 1;
  const slot = find(set.keys, key);
  const before = set.levels[slot] as number;
  set.levels[slot] = before | (1 << level);
  if (before === 0) {
    set.keys[slot] = key;
    set.size++;
    if (set.size * 2 > set.keys.length) grow(set);
  }
  return before;
}
