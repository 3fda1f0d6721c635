/**
 * The table pages that a walk has entered: an open-addressing hash from groups of page frames to the set of levels
 * (bit n = level n) at which each page was entered. Tables are mostly allocated next to each other, so that a slot
 * serves several: 16 bytes a slot, at most half of them used.
 */
export interface VisitedTables {
  /** Slots in use. */
  size: number;
  /** Numbers of groups plus one; 0 is a free slot. */
  keys: Float64Array;
  /** By page of the slot's group. */
  levels: Uint8Array;
}

/** Pages of a group. */
const GROUP = 8;

/** @returns an empty set */
export function createVisitedTables(): VisitedTables {
  return { size: 0, keys: new Float64Array(64), levels: new Uint8Array(64 * GROUP) };
}

/** Multiplicative hash of a number below 2^52 by its two halves. */
function slotOf(key: number, mask: number): number {
  // `|` takes a number modulo 2^32.
  const low = Math.imul(key | 0, 0x9e3779b1);
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
const QUICK = 2 ** 14;

function grow(set: VisitedTables): void {
  const keys = new Float64Array(set.keys.length * (set.keys.length < QUICK ? 4 : 2));
  const levels = new Uint8Array(keys.length * GROUP);
  for (let i = 0; i < set.keys.length; i++) {
    const key = set.keys[i] as number;
    if (key === 0) continue;
    const slot = find(keys, key);
    keys[slot] = key;
    for (let page = 0; page < GROUP; page++)
      levels[slot * GROUP + page] = set.levels[i * GROUP + page] as number;
  }
  set.keys = keys;
  set.levels = levels;
}

/**
 * Notes that a table page is entered at a level.
 *
 * @param pfn page frame number of the table page, below 2^52
 * @param level 1..6
 * @returns the levels (bit n = level n) at which the page had been entered before; 0 for a new page
 */
export function visitTable(set: VisitedTables, pfn: number, level: number): number {
  const key = Math.floor(pfn / GROUP) + 1;
  const slot = find(set.keys, key);
  const at = slot * GROUP + ((pfn | 0) & (GROUP - 1));
  const before = set.levels[at] as number;
  set.levels[at] = before | (1 << level);
  if (set.keys[slot] === 0) addKey(set, slot, key);
  return before;
}

/**
 * The same of a page that was entered at no level yet.
 *
 * @returns false where it was at one, which notes nothing
 */
export function visitNew(set: VisitedTables, pfn: number, level: number): boolean {
  const key = Math.floor(pfn / GROUP) + 1;
  const slot = find(set.keys, key);
  const at = slot * GROUP + ((pfn | 0) & (GROUP - 1));
  if (set.levels[at] !== 0) return false;
  set.levels[at] = 1 << level;
  if (set.keys[slot] === 0) addKey(set, slot, key);
  return true;
}

function addKey(set: VisitedTables, slot: number, key: number): void {
  set.keys[slot] = key;
  set.size++;
  if (set.size * 2 > set.keys.length) grow(set);
}
