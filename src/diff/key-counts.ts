/** How often keys were met: of a key that was met once a hash is held, not the key. */

import type { Key } from './entity.js';

/** A tree may have a million nodes; slots at first, and the share of them that is used at most. */
const SLOTS = 1024;
const FULL = 0.6;

export interface KeyCounts {
  /** Notes that a key was met; returns how often that was, this time included. */
  add(key: Key): number;
  /** How often it was met. */
  count(key: Key): number;
}

/**
 * Counts of keys in some 20 bytes a key, whatever its length. Two keys whose 53 bits of hash are made to meet count as
 * one: their things have other numbers then, and are compared with the same ones.
 */
export function createKeyCounts(): KeyCounts {
  let slots = new Float64Array(SLOTS);
  let used = 0;
  const more = new Map<Key, number>();

  function slotOf(hash: number): number {
    const last = slots.length - 1;
    let slot = (hash ^ (hash / 2 ** 32)) & last;
    for (let found = slots[slot]; found !== 0 && found !== hash; found = slots[slot])
      slot = (slot + 1) & last;
    return slot;
  }

  function grow(): void {
    const old = slots;
    slots = new Float64Array(2 * old.length);
    for (const hash of old) if (hash !== 0) slots[slotOf(hash)] = hash;
  }

  return {
    add(key) {
      const hash = hashOf(key);
      const slot = slotOf(hash);
      if (slots[slot] === 0) {
        slots[slot] = hash;
        if (++used > FULL * slots.length) grow();
        return 1;
      }
      const count = (more.get(key) ?? 1) + 1;
      more.set(key, count);
      return count;
    },
    count(key) {
      const hash = hashOf(key);
      return slots[slotOf(hash)] === 0 ? 0 : (more.get(key) ?? 1);
    },
  };
}

/** 53 bits, never 0; a key that is a number is one. */
function hashOf(key: Key): number {
  if (typeof key === 'number') return key;
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x5bd1e995);
    high ^= high >>> 15;
  }
  return joinedHash(low, high);
}

/** 53 bits of two hashes, never 0. */
export function joinedHash(low: number, high: number): number {
  return ((high ^ (high >>> 15)) & 0x1fffff) * 2 ** 32 + ((low ^ (low >>> 13)) >>> 0) || 1;
}
