/** Field level: one value of one record. */

import type { RecordInstance } from '../../references/instance.js';
import { bytesToText } from '../../schema/text.js';
import type { Random } from '../../synth/random.js';
import { expectField } from '../expect/index.js';
import { isNumeric, type LeafField, leafFields, readLeaf, writeLeaf } from '../fields.js';
import { type Mutation, UNKNOWN } from '../mutation.js';
import { type MutateContext, type Mutator, recordBytes } from './context.js';
import { type Choice, changeText, isAddress, numberChoice, pointerChoice, siblingValues } from './values.js';

/** Changes a field of a record. */
export const mutateField: Mutator = (context, random) => {
  if (context.byType.length === 0) return undefined;
  // By type, else the many folios would hide the few heads; by record, else the types with one record would.
  const instance = random.pick(
    random.chance(1 / 2) ? random.pick(context.byType) : context.instances.records,
  );
  const fields = leafFields(instance.record);
  if (fields.length === 0) return undefined;
  const field = random.pick(fields);
  const bytes = recordBytes(context, instance);
  if (bytes.length === 0) return undefined;
  if (isNumeric(field)) return changeNumber(context, instance, field, bytes, random);
  return field.info.kind === 'bytes' && field.bitOffset % 8 === 0
    ? changeBytes(context, instance, field, bytes, random)
    : undefined;
};

/** `luo_file_ser.token of session "vm-1" file 2`; a property goes by its path alone. */
function place({ what, property, record }: RecordInstance, { name }: LeafField): string {
  const alone = property !== undefined && record.fields.length === 1;
  return alone ? what : `${name} of ${what}`;
}

function changeNumber(
  context: MutateContext,
  instance: RecordInstance,
  field: LeafField,
  bytes: Uint8Array,
  random: Random,
): Mutation | undefined {
  const old = readLeaf(field, bytes);
  const others = siblingValues(context, instance, field);
  const choice = choose(context, instance, field, old, others, random);
  if (choice.value === old) return undefined;
  const { target } = context;
  const written = writeLeaf(field, bytes, choice.value);
  return {
    level: 'field',
    words: `${place(instance, field)}: ${changeText(old, choice)}`,
    changes: [{ kind: 'write', address: instance.address + written.at, bytes: written.bytes }],
    expect: expectField({
      target,
      instance,
      field,
      old,
      value: choice.value,
      others,
      otherTexts: [],
      ...(choice.aim === undefined ? {} : { aim: choice.aim }),
    }),
  };
}

function choose(
  context: MutateContext,
  instance: RecordInstance,
  field: LeafField,
  old: bigint,
  others: readonly bigint[],
  random: Random,
): Choice {
  if (others.length > 0 && random.chance(1 / 5))
    return { value: random.pick(others), note: 'as in another one' };
  if (isAddress(field) && random.chance(3 / 4)) return pointerChoice(context, instance, field, old, random);
  return numberChoice(field, old, random);
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789-_.';

/** Text that has no end, is empty, is another's, has another letter or no valid one; other bytes at random. */
function changeBytes(
  context: MutateContext,
  instance: RecordInstance,
  field: LeafField,
  bytes: Uint8Array,
  random: Random,
): Mutation | undefined {
  const at = field.bitOffset / 8;
  const length = field.bitWidth / 8;
  const old = bytes.subarray(at, at + length);
  const otherTexts = textsOf(context, instance, at, length);
  const made = field.info.text === true ? changeText8(old, otherTexts, random) : randomByte(old, random);
  if (made === undefined || made.bytes.every((byte, i) => byte === old[i])) return undefined;
  const { target } = context;
  const change = { target, instance, field, old: 0n, value: 0n, bytes: made.bytes, others: [], otherTexts };
  return {
    level: 'field',
    words: `${place(instance, field)}: ${made.words}`,
    changes: [{ kind: 'write', address: instance.address + at, bytes: made.bytes }],
    expect: field.info.text === true ? expectField(change) : UNKNOWN,
  };
}

function textsOf(context: MutateContext, instance: RecordInstance, at: number, length: number): Uint8Array[] {
  const members = instance.list === undefined ? [] : (context.byList.get(instance.list) ?? []);
  return members
    .filter((member) => member !== instance && member.record === instance.record)
    .map((member) => recordBytes(context, member).subarray(at, at + length));
}

interface NewBytes {
  readonly bytes: Uint8Array;
  readonly words: string;
}

function changeText8(old: Uint8Array, others: readonly Uint8Array[], random: Random): NewBytes {
  const shown = `"${bytesToText(old).text}"`;
  switch (random.below(5)) {
    case 0: {
      const letter = random.pick([...LETTERS]);
      return {
        bytes: old.slice().fill(letter.charCodeAt(0)),
        words: `${shown} -> "${letter}" ${old.length} times, without a NUL`,
      };
    }
    case 1:
      return { bytes: new Uint8Array(old.length), words: `${shown} -> ""` };
    case 2:
      if (others.length > 0) {
        const other = random.pick(others);
        return {
          bytes: other.slice(),
          words: `${shown} -> "${bytesToText(other).text}" (as in another one)`,
        };
      }
      break;
    case 3: {
      const bytes = old.slice();
      bytes[0] = 0xff;
      return { bytes, words: `${shown} -> its first byte 0xff, which is not UTF-8` };
    }
    default:
  }
  const bytes = old.slice();
  const end = Math.max(1, bytes.indexOf(0));
  bytes[random.below(end)] = random.pick([...LETTERS]).charCodeAt(0);
  return { bytes, words: `${shown} -> "${bytesToText(bytes).text}"` };
}

function randomByte(old: Uint8Array, random: Random): NewBytes {
  const bytes = old.slice();
  const at = random.below(bytes.length);
  const byte = random.below(256);
  const before = bytes[at] ?? 0;
  bytes[at] = byte;
  return { bytes, words: `byte ${at}: 0x${before.toString(16)} -> 0x${byte.toString(16)}` };
}
