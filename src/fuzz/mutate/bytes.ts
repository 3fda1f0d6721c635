/** Byte level: bits flipped, stretches copied from elsewhere or filled, the end cut off. */

import { FDT_HEADER_SIZE } from '../../records/fdt.js';
import { hex } from '../../schema/units.js';
import type { Random } from '../../synth/random.js';
import { isRfc } from '../../versions/generations.js';
import { fires, type Mutation, UNKNOWN } from '../mutation.js';
import { type FuzzTarget, part } from '../target.js';
import type { MutateContext, Mutator } from './context.js';

interface Stretch {
  readonly address: number;
  readonly length: number;
  readonly what: string;
}

const MAX_SPLICE = 64;

/** Damages bytes without regard to what they are. */
export const mutateBytes: Mutator = (context, random) => {
  const { target } = context;
  if (target.form === 'blob' && random.chance(1 / 5)) return truncate(target, random);
  const place = stretch(context, random);
  const old = part(target.segments, place.address, place.length);
  if (old === undefined || old.length === 0) return undefined;
  switch (random.below(3)) {
    case 0:
      return flip(place, old, random);
    case 1:
      return splice(context, place, old, random);
    default:
      return fill(place, old, random);
  }
};

/** A blob, or the bytes around a record. */
function stretch({ instances, target }: MutateContext, random: Random): Stretch {
  const { blobs, records } = instances;
  if (records.length > 0 && random.chance(2 / 3)) {
    const { address, record, what } = random.pick(records);
    return { address, length: record.size ?? 1, what };
  }
  if (blobs.length > 0) {
    const { address, bytes, rider } = random.pick(blobs);
    return { address, length: bytes.length, what: rider === undefined ? 'the tree' : `the blob of ${rider}` };
  }
  return { address: target.root.address, length: target.root.bytes.length, what: 'the blob' };
}

function mutation(place: Stretch, at: number, bytes: Uint8Array, words: string): Mutation {
  const address = place.address + at;
  return {
    level: 'byte',
    words: `${place.what}, byte ${at} (${hex(address)}): ${words}`,
    changes: [{ kind: 'write', address, bytes }],
    expect: UNKNOWN,
  };
}

function flip(place: Stretch, old: Uint8Array, random: Random): Mutation {
  const at = random.below(old.length);
  const bit = random.below(8);
  const before = old[at] ?? 0;
  const after = before ^ (1 << bit);
  return mutation(place, at, Uint8Array.of(after), `bit ${bit} flipped, ${hex(before)} -> ${hex(after)}`);
}

function splice(
  { target, instances }: MutateContext,
  place: Stretch,
  old: Uint8Array,
  random: Random,
): Mutation | undefined {
  const at = random.below(old.length);
  const length = 1 + random.below(Math.min(MAX_SPLICE, old.length - at));
  const from =
    instances.records.length === 0
      ? { address: target.root.address + random.below(target.root.bytes.length), what: 'elsewhere' }
      : random.pick(instances.records);
  const bytes = part(target.segments, from.address, length);
  if (bytes === undefined || bytes.every((byte, i) => byte === old[at + i])) return undefined;
  return mutation(place, at, bytes.slice(), `${length} bytes from ${from.what} (${hex(from.address)})`);
}

function fill(place: Stretch, old: Uint8Array, random: Random): Mutation | undefined {
  const at = random.below(old.length);
  const length = Math.min(old.length - at, 1 + random.below(16));
  const byte = random.pick([0, 0xff, 0x7f, 0x80, random.below(256)]);
  const bytes = new Uint8Array(length).fill(byte);
  if (bytes.every((each, i) => each === old[at + i])) return undefined;
  return mutation(place, at, bytes, `${length} bytes of ${hex(byte)}`);
}

function truncate(target: FuzzTarget, random: Random): Mutation | undefined {
  const { length } = target.root.bytes;
  if (length < 2) return undefined;
  const rest = random.chance(1 / 4) ? random.below(Math.min(length, FDT_HEADER_SIZE)) : random.below(length);
  const { tree } = target.handover;
  const total = tree?.header?.totalsize ?? 0;
  // Of Linux 6.19 on debugfs itself cuts copies off: what is left of an upstream tree is read as such a copy.
  const isTree = isRfc(target.handover.generation) && tree?.complete === true;
  return {
    level: 'byte',
    words: `the blob cut off after ${rest} of ${length} bytes`,
    changes: [{ kind: 'truncate', length: rest }],
    expect: isTree && rest < total ? fires(rest < FDT_HEADER_SIZE ? 'FDT-001' : 'FDT-006') : UNKNOWN,
  };
}
