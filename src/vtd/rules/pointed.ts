/** What an entry's pointer leads to: whether the page can be, and is, a table of the kind that it should be. */
import type { EntryMask } from '../../schema/masks.js';
import { hex } from '../../schema/units.js';
import { reservedBits } from '../context/structure.js';
import { LOW_MEMORY } from './ram.js';
import { type Sink, wordsOf } from './sink.js';
import type { Setting } from './tally.js';

/** Entries with reserved bits from which on a page is not a table, if most of its present ones have them. */
const MANY = 8;
const LOW_HALF = 0xffff_ffffn;

export const TORN = '; its low half is 0, which no kernel leaves: half of it is missing';

/** Whether the half of an entry that holds P is 0 and something else is not: both halves are written at once. */
export function isTorn(words: readonly bigint[]): boolean {
  const [first = 0n, ...rest] = words;
  return (first & LOW_HALF) === 0n && (first !== 0n || rest.some((word) => word !== 0n));
}

/** `other`: most present entries have reserved bits, so it is not a table of this kind. */
export type Look = 'empty' | 'table' | 'other';

/** @param masks reserved bits of the entry at an offset, by word; entries are present when bit 0 is set */
export function lookOf(
  bytes: Uint8Array,
  size: number,
  masks: (view: DataView, at: number) => readonly EntryMask[],
): Look {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let present = 0;
  let broken = 0;
  for (let at = 0; at + size <= bytes.length; at += size) {
    if ((view.getUint8(at) & 1) === 0) continue;
    present++;
    if (reservedBits(wordsOf(view, at, size), masks(view, at)).some((bits) => bits !== 0n)) broken++;
  }
  if (broken >= MANY && broken * 2 > present) return 'other';
  return present === 0 ? 'empty' : 'table';
}

const FOUR_GIB = 2 ** 32;
const PAGE = 4096;
/** A core that lacks a page has others about it. */
const NEAR = 0x100_0000;

/**
 * Whether a pointer to a page that is not in the dump leads where no table is: to no RAM, or where one leads of
 * which half is missing.
 *
 * @param entryAddress where the pointer is
 */
export function leadsAstray(sink: Sink, address: number, entryAddress: number): boolean {
  return !sink.ram.canHoldTable(address) || halfMissing(sink, address, entryAddress) !== undefined;
}

/**
 * Which half of a pointer seems to be missing. A table below 4 GiB, named by an entry above, is nothing odd: the dump
 * has to hold the page that the high half of the entry's own address makes of it, and nothing near the one below.
 */
function halfMissing({ memory }: Sink, address: number, entryAddress: number): string | undefined {
  if (address % FOUR_GIB === 0)
    return 'is a multiple of 4 GiB, as if the low half of the pointer were missing';
  const above = address + Math.floor(entryAddress / FOUR_GIB) * FOUR_GIB;
  if (address >= FOUR_GIB || above < FOUR_GIB) return undefined;
  const near = Math.max(0, address - NEAR);
  if (!holds(memory, above, above + PAGE) || holds(memory, near, address + NEAR)) return undefined;
  return 'is below 4 GiB and its pointer above, as if the high half of the pointer were missing';
}

/** Whether a memory holds any byte of [start, end). */
function holds(memory: Sink['memory'], start: number, end: number): boolean {
  for (const { state } of memory.runs(start, end)) if (state !== 'absent') return true;
  return false;
}

/** A table that no RAM holds; `entryAddress` is where the pointer is. */
export function seeNoRam(
  sink: Sink,
  setting: Setting,
  what: string,
  address: number,
  entryAddress: number,
  count = 1,
): void {
  const { tally, ram } = sink;
  const half = halfMissing(sink, address, entryAddress);
  let why: string;
  if (address < LOW_MEMORY) why = 'is in the first MiB, which the kernel keeps free of tables';
  else if (!ram.canHoldTable(address))
    why = ram.known ? 'is not RAM (/proc/iomem)' : 'is above all RAM that the dump shows';
  else why = half ?? 'is not RAM';
  const text = `the ${what}, ${hex(address)}, ${why}; nor is it in the dump`;
  const location = { address: BigInt(entryAddress) };
  tally.see('VTD-152', { text, key: `${entryAddress}`, found: hex(address), location }, setting, count);
}

/** A page that is not a table of the kind. */
export function seeNoTable(
  { tally }: Sink,
  setting: Setting,
  what: string,
  address: number,
  entryAddress: number,
): void {
  const text = `the ${what}, ${hex(address)}, is not one: most of its present entries would have reserved bits`;
  const location = { address: BigInt(entryAddress) };
  tally.see('VTD-153', { text, key: `${entryAddress}`, found: hex(address), location }, setting);
}

/** A table without a present entry. */
export function seeEmpty(
  { tally }: Sink,
  setting: Setting,
  what: string,
  address: number,
  entryAddress: number,
): void {
  const text = `the ${what}, ${hex(address)}, has no present entry`;
  const location = { address: BigInt(entryAddress) };
  tally.see('VTD-154', { text, key: `${entryAddress}`, found: hex(address), location }, setting);
}
