/** Random documents of structures, along their bindings. */
import fc from 'fast-check';
import type { FieldInfo } from '../../src/schema/record.js';
import {
  type FieldBinding,
  fieldBinding,
  flagKeys,
  type ListBinding,
  type RecordBinding,
  type StructureForm,
} from '../../src/structures/structure.js';
import type { Json } from '../rfc/json.js';

type Arb = fc.Arbitrary<Json>;

const u64 = fc.bigInt(0n, 2n ** 64n - 1n).map((value) => `0x${value.toString(16)}`);

/** A structure of one form as JSON, without addresses: its place is up to the writer. */
export function documentArb(form: StructureForm): Arb {
  return recordArb(form.root, form).map((record) => ({ form: form.id, ...typed(record) }));
}

/**
 * Units have the type that their vendor part says, and devices no part but that of a unit: theirs is chosen by the
 * type of a unit, which random addresses do not find.
 */
function typed({ units, devices, ...rest }: Json): Json {
  const part = (unit: Json): bigint =>
    'contextTables' in unit || 'rootTable' in unit ? 1n : 'l1State' in unit ? 2n : 0n;
  return {
    ...rest,
    ...(units === undefined
      ? {}
      : {
          units: (units as Json[]).map((unit) => ({
            ...unit,
            type: typeof unit.type === 'number' ? Number(part(unit)) : `0x${part(unit).toString(16)}`,
          })),
        }),
    ...(devices === undefined
      ? {}
      : {
          devices: (devices as Json[]).map(
            ({
              pasidTable: _,
              maxPasid: _1,
              l1Cdtab: _2,
              numL2: _3,
              l2States: _4,
              pad: _5,
              restored: _6,
              ...device
            }) => device,
          ),
        }),
  };
}

function recordArb(binding: RecordBinding, form?: StructureForm): Arb {
  const parts = binding.record.fields.map((info) => {
    if (form?.version !== undefined && info.id === form.version.field) {
      const [version = 0] = form.version.values;
      return fc.constant({ [info.id]: typeof version === 'bigint' ? `0x${version.toString(16)}` : version });
    }
    return fieldArb(fieldBinding(binding, info.id), info, binding);
  });
  if (binding.follows !== undefined) parts.push(listArb(binding.follows));
  return fc.tuple(...parts).map((all) => Object.assign({}, ...all) as Json);
}

function listArb({ key, element }: ListBinding, maxLength = 12): Arb {
  return fc.array(recordArb(element), { maxLength }).map((items) => ({ [key]: items }));
}

/** Whether a field counts what another one lists: it follows from the list then. */
function counts(binding: RecordBinding, id: string): boolean {
  return binding.record.fields.some((info) => {
    const field = fieldBinding(binding, info.id);
    return (field.kind === 'folios' || field.kind === 'records') && field.count === id;
  });
}

function fieldArb(field: FieldBinding, info: FieldInfo, binding: RecordBinding): Arb {
  switch (field.kind) {
    case 'value':
      if (field.countOf !== undefined) return fc.constant({});
      if (counts(binding, info.id)) return fc.constant({});
      if (field.hidden === true)
        return fc.option(valueArb(info), { nil: undefined }).map((value) => shown(field.key, value));
      if (field.form === 'bdf') return fc.nat(0xffff).map((bdf) => ({ [field.key]: bdf }));
      return valueArb(info).map((value) => ({
        // Shown as hex whatever its width.
        [field.key]:
          field.form !== undefined && typeof value === 'number' ? `0x${value.toString(16)}` : value,
      }));
    case 'flags':
      return fc
        .tuple(...flagKeys(info).map(({ key }) => fc.boolean().map((set) => (set ? { [key]: true } : {}))))
        .map((all) => Object.assign({}, ...all));
    case 'chain':
    case 'area':
      return listArb(field.list, 300);
    case 'inside':
      return recordArb(field.record);
    case 'held':
      return fc.constant({});
    case 'records':
      return listArb(field.list, info.length);
    case 'one':
      return fc.oneof(
        fc.constant({ [`${field.key}Address`]: '0x0' }),
        recordArb(field.record).map((record) => ({ [field.key]: record })),
      );
    case 'folios':
      return fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 30 }), { maxLength: 700 }).map((pfns) => ({
        folios: pfns.map((pfn, i) => ({
          pfn: `0x${pfn.toString(16)}`,
          flags: i % 2 === 0 ? '0x3' : '0x1',
          index: `0x${(3 * i).toString(16)}`,
        })),
      }));
    case 'variant':
      return fc.oneof(fc.constant({}), ...Object.values(field.variants).map((variant) => recordArb(variant)));
  }
}

function shown(key: string, value: unknown): Json {
  const isNothing =
    value === undefined ||
    value === 0 ||
    value === '0x0' ||
    (typeof value === 'string' && /^0*$/.test(value));
  return isNothing ? {} : { [key]: value };
}

function valueArb({ kind, bitWidth = 64, length = 0, element }: FieldInfo): fc.Arbitrary<unknown> {
  if (kind === 'array' && element !== undefined)
    return fc.array(valueArb(element), { minLength: length, maxLength: length });
  if (kind === 'bytes') {
    const size = bitWidth / 8;
    return fc
      .uint8Array({ minLength: size, maxLength: size })
      .map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  }
  if (bitWidth > 32) return u64;
  const high = 2 ** (kind === 'sint' ? bitWidth - 1 : bitWidth);
  return fc.integer({ min: kind === 'sint' ? -high : 0, max: high - 1 });
}
