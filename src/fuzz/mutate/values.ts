/** The values that a field is given. */

import type { RecordInstance } from '../../references/instance.js';
import { hex } from '../../schema/units.js';
import type { Random } from '../../synth/random.js';
import type { Aim } from '../expect/field.js';
import { type LeafField, readLeaf } from '../fields.js';
import { type MutateContext, recordBytes } from './context.js';

/** A value, and where it leads when the field is a pointer. */
export interface Choice {
  readonly value: bigint;
  readonly aim?: Aim;
  /** What it is, for the manifest. */
  readonly note?: string;
}

const SHIFTS = [8n, 12n, 16n, 21n, 31n, 32n, 47n, 52n, 53n, 63n];

/** An edge of the field's type, a neighbour, a bit, a defined or an undefined value. */
export function numberChoice({ info, bitWidth }: LeafField, old: bigint, random: Random): Choice {
  const limit = 1n << BigInt(bitWidth);
  const wrap = (value: bigint): bigint => BigInt.asUintN(bitWidth, value);
  switch (random.below(6)) {
    case 0:
      return { value: random.pick([0n, 1n, limit - 1n, limit - 2n, limit / 2n, wrap(limit / 2n - 1n)]) };
    case 1:
      return { value: wrap(old + random.pick([1n, -1n])) };
    case 2:
      return { value: wrap(old ^ (1n << BigInt(random.below(bitWidth)))) };
    case 3: {
      const defined = [...(info.values?.keys() ?? [])].map(BigInt);
      return {
        value:
          defined.length === 0
            ? wrap(old * 2n)
            : wrap(random.pick([...defined, ...defined.map((value) => value + 1n)])),
      };
    }
    case 4: {
      const value = wrap((1n << random.pick(SHIFTS)) + random.pick([-1n, 0n, 1n]));
      return { value };
    }
    default:
      return { value: random.bits(bitWidth) };
  }
}

/** Whether a field holds an address, in bytes or page frames. */
export function isAddress({ info: { unit, pointer } }: LeafField): boolean {
  return unit === 'address' || unit === 'pfn' || pointer !== undefined;
}

/** A pointer to nowhere, to itself, to another record, to freed memory, between, after all. */
export function pointerChoice(
  { target, addresses }: MutateContext,
  instance: RecordInstance,
  { info, bitWidth }: LeafField,
  old: bigint,
  random: Random,
): Choice {
  const { pageSize } = target.handover;
  const unit = info.unit === 'pfn' ? BigInt(pageSize) : 1n;
  const to = (address: number, aim: Aim, note: string): Choice => ({
    value: BigInt(address) / unit,
    aim,
    note,
  });
  switch (random.below(8)) {
    case 0:
      return { value: 0n, aim: 'null', note: 'nowhere' };
    case 1:
      return to(Math.floor(instance.address / pageSize) * pageSize, 'self', 'its own page');
    case 2:
      if (target.spare !== undefined) return to(target.spare, 'spare', 'a page that is not preserved');
      break;
    case 3: {
      const value = BigInt.asUintN(
        bitWidth,
        old + random.pick([1n, 8n, BigInt(pageSize / 2), BigInt(pageSize)]),
      );
      return { value, aim: 'unaligned' };
    }
    case 4: {
      const last = target.segments.at(-1);
      const end = (last?.address ?? 0) + (last?.bytes.length ?? 0);
      const pfn = Math.ceil(end / pageSize) + 1 + random.below(1 << 16);
      // Guest memory, which a trimmed dump has not, is preserved.
      const free = target.handover.preserved?.pages?.coveredUntil(pfn, LAST_PAGE) ?? pfn;
      return to(free * pageSize, 'outside', 'outside the dump');
    }
    case 5:
      return {
        value: BigInt.asUintN(bitWidth, random.pick([1n << 52n, 1n << 63n, (1n << 64n) - BigInt(pageSize)])),
        aim: 'beyond',
        note: 'beyond 2^52',
      };
    default: {
      if (addresses.length === 0) break;
      const { address, what } = random.pick(addresses);
      return to(address, 'record', what);
    }
  }
  return { value: BigInt.asUintN(bitWidth, old ^ 0x1000n), note: 'another page' };
}

/** Page frames end here. */
const LAST_PAGE = 2 ** 40;

/** What the field holds in the other records of the list. */
export function siblingValues(context: MutateContext, instance: RecordInstance, field: LeafField): bigint[] {
  const members = instance.list === undefined ? [] : (context.byList.get(instance.list) ?? []);
  return members
    .filter((member) => member !== instance && member.record === instance.record)
    .map((member) => readLeaf(field, recordBytes(context, member)));
}

/** `0x5 -> 0x6`. */
export function changeText(old: bigint, { value, note }: Choice): string {
  return `${hex(old)} -> ${hex(value)}${note === undefined ? '' : ` (${note})`}`;
}
