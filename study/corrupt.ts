/** One field of a record with another content. */
import type { PhysicalMemory } from '../src/memory/physical.js';
import type { Random } from '../src/synth/random.js';
import type { Patch } from './dumps.js';
import type { Site } from './fields.js';

/** A change that leaves at least one bit different; undefined where the bytes are not in the dump. */
export function corrupted(site: Site, memory: PhysicalMemory, random: Random): Patch | undefined {
  const first = Math.floor(site.bit / 8);
  const length = Math.ceil((site.bit + site.width) / 8) - first;
  const address = site.address + first;
  const bytes = new Uint8Array(length);
  if (memory.read(address, length, bytes) !== length) return undefined;
  const changed = site.width > 64 ? longChange(bytes, random) : numberChange(bytes, site, random);
  return changed === undefined ? undefined : { address, bytes: changed };
}

/** Text and other bytes: one bit, the first byte, or no end. */
function longChange(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = bytes.slice();
  const zero = bytes.indexOf(0);
  const used = zero < 0 ? bytes.length : Math.max(1, zero);
  const way = random.below(4);
  if (way === 0 && changed[0] !== 0) changed[0] = 0;
  else if (way === 1 && zero >= 0) changed.fill(0x61);
  else {
    const at = random.below(used);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
  }
  return changed;
}

/** A number: one bit, one more or less, nothing, everything, or anything. */
function numberChange(
  bytes: Uint8Array,
  { bit, width, endian }: Site,
  random: Random,
): Uint8Array | undefined {
  const ordered = endian === 'be' ? bytes.toReversed() : bytes;
  let whole = 0n;
  for (let i = ordered.length - 1; i >= 0; i--) whole = (whole << 8n) | BigInt(ordered[i] ?? 0);
  const shift = BigInt(bit % 8);
  const mask = ((1n << BigInt(width)) - 1n) << shift;
  const before = (whole & mask) >> shift;
  const after = BigInt.asUintN(width, otherNumber(before, width, random));
  if (after === before) return undefined;
  let rest = (whole & ~mask) | (after << shift);
  const changed = new Uint8Array(ordered.length);
  for (let i = 0; i < changed.length; i++, rest >>= 8n) changed[i] = Number(rest & 0xffn);
  return endian === 'be' ? changed.reverse() : changed;
}

function otherNumber(before: bigint, width: number, random: Random): bigint {
  const ways = [
    () => before ^ (1n << BigInt(random.below(width))),
    () => before + 1n,
    () => before - 1n,
    () => 0n,
    () => -1n,
    () => random.bits(width),
  ] as const;
  return (ways[random.below(ways.length)] ?? ways[0])();
}
