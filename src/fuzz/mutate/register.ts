/** RTADDR of a unit: not in the memory, but what leads to the tables that are. */
import { RTADDR_REG_SIZE, rtaddrReg } from '../../records/vtd.js';
import type { RecordType } from '../../schema/record.js';
import { hex } from '../../schema/units.js';
import { expectRegister } from '../expect/vtd.js';
import { leafFields, readLeaf, writeLeaf } from '../fields.js';
import type { Mutator } from './context.js';
import { changeText, isAddress, numberChoice, pointerChoice } from './values.js';

/** Changes a field of the register. */
export const mutateRegister: Mutator = (context, random) => {
  const { target, instances } = context;
  const units = target.units ?? [];
  if (units.length === 0) return undefined;
  const index = random.below(units.length);
  const unit = units[index];
  if (unit === undefined) return undefined;
  const field = random.pick(leafFields(rtaddrReg as RecordType<unknown>));
  const bytes = new Uint8Array(RTADDR_REG_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, unit.rtaddr, true);
  const old = readLeaf(field, bytes);
  const [place] = instances.records;
  const choice =
    place !== undefined && isAddress(field) && random.chance(1 / 2)
      ? pointerChoice(context, place, field, old, random)
      : numberChoice(field, old, random);
  const written = writeLeaf(field, bytes, choice.value);
  bytes.set(written.bytes, written.at);
  const value = view.getBigUint64(0, true);
  if (value === unit.rtaddr) return undefined;
  return {
    level: 'field',
    words: `${field.name} of ${unit.name}: ${changeText(old, choice)}, the register's value is ${hex(value)}`,
    changes: [{ kind: 'register', unit: index, value }],
    expect: expectRegister(value),
  };
};
