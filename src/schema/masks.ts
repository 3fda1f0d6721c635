import { type Condition, holds, type Lookup } from './condition.js';
import type { FieldInfo, RecordType } from './record.js';
import type { VtdSettings } from './settings.js';

/** Bits of one 64-bit word as unsigned 32-bit halves, ready for the operators of a hot loop. */
export interface EntryMask {
  /** Bits that must be 0. */
  readonly reservedLo: number;
  readonly reservedHi: number;
  /** Bits that nothing looks at. */
  readonly ignoredLo: number;
  readonly ignoredHi: number;
  /** Bits of a physical address below the host address width. */
  readonly addressLo: number;
  readonly addressHi: number;
}

/** Field tables of the capability registers, which give `cap.x` and `ecap.x` of a condition their places. */
export interface Registers {
  readonly cap: readonly FieldInfo[];
  readonly ecap: readonly FieldInfo[];
}

/** What was compiled for some settings: by type, and by the fields of the record that conditions look at. */
const COMPILED = new WeakMap<VtdSettings, Map<RecordType<never>, Map<string, readonly EntryMask[]>>>();
/** Combinations of such fields that are kept; entries of one kernel have a handful. */
const MAX_COMPILED = 4096;
/** The fields of a type that its own conditions look at. */
const OWN_FIELDS = new WeakMap<RecordType<never>, readonly string[]>();

function ownFields(type: RecordType<never>): readonly string[] {
  const known = OWN_FIELDS.get(type);
  if (known !== undefined) return known;
  const named = new Set(
    type.fields.flatMap(({ ignored, reserved }) =>
      [...(ignored?.names ?? []), ...(reserved?.names ?? [])].map(camel),
    ),
  );
  const own = type.fields.map(({ id }) => id).filter((id) => named.has(id));
  OWN_FIELDS.set(type, own);
  return own;
}

/**
 * The masks of a record of 64-bit words, one element for each word; compiled once for each of the settings and for
 * the fields that decide.
 *
 * @param value the record, when a condition looks at its fields
 * @throws Error when a condition names what neither settings, registers nor `value` have
 */
export function entryMasks<T extends object>(
  type: RecordType<T>,
  settings: VtdSettings,
  registers: Registers,
  value?: T,
): readonly EntryMask[] {
  const types = COMPILED.get(settings) ?? new Map<RecordType<never>, Map<string, readonly EntryMask[]>>();
  COMPILED.set(settings, types);
  const compiled = types.get(type as RecordType<never>) ?? new Map<string, readonly EntryMask[]>();
  types.set(type as RecordType<never>, compiled);
  let key = value === undefined ? '' : ' ';
  if (value !== undefined) {
    for (const id of ownFields(type as RecordType<never>))
      key += `${String((value as Record<string, unknown>)[id])} `;
  }
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const masks = compileMasks(type, settings, registers, value);
  if (compiled.size < MAX_COMPILED) compiled.set(key, masks);
  return masks;
}

/**
 * Compiles the masks of a record of 64-bit words, one element for each word.
 *
 * A field is ignored where its `ignored` condition holds; else reserved where `reserved` holds or where the
 * revision is outside `since`..`until`; else its bits above `limit` are reserved.
 *
 * @param value the record, when a condition looks at its fields
 * @throws Error when a condition names what neither settings, registers nor `value` have
 */
function compileMasks<T extends object>(
  type: RecordType<T>,
  settings: VtdSettings,
  registers: Registers,
  value?: T,
): readonly EntryMask[] {
  const words = (type.size ?? 0) / 8;
  const reserved = new Array<bigint>(words).fill(0n);
  const ignored = new Array<bigint>(words).fill(0n);
  const address = new Array<bigint>(words).fill(0n);
  const lookup = lookupIn(settings, registers, type.fields, value);
  const test = (condition: Condition | undefined): boolean =>
    condition !== undefined && holds(condition, lookup);
  for (const field of type.fields) {
    const bits = bitsOf(field);
    if (bits === undefined) continue;
    const { word, mask } = bits;
    const limit = field.limit === undefined ? 0n : mask & ~lowBits(limitOf(field, settings, registers));
    if (test(field.ignored)) ignored[word] = (ignored[word] ?? 0n) | mask;
    else if (test(field.reserved) || outside(field, settings.rev))
      reserved[word] = (reserved[word] ?? 0n) | mask;
    else reserved[word] = (reserved[word] ?? 0n) | limit;
    if (field.unit === 'address') address[word] = (address[word] ?? 0n) | (mask & ~limit);
  }
  return reserved.map((bits, word) => ({
    ...halves('reserved', bits),
    ...halves('ignored', ignored[word] ?? 0n),
    ...halves('address', address[word] ?? 0n),
  }));
}

/** {@link entryMasks} of a record that is a single 64-bit word. */
export function entryMask<T extends object>(
  type: RecordType<T>,
  settings: VtdSettings,
  registers: Registers,
  value?: T,
): EntryMask {
  const [mask] = entryMasks(type, settings, registers, value);
  if (mask === undefined) throw new Error(`${type.name} is not a 64-bit word`);
  return mask;
}

/** Value of a capability field (e.g. `sc` of ECAP_REG), or undefined when the register has no such field. */
function registerField(fields: readonly FieldInfo[], register: bigint, id: string): bigint | undefined {
  const field = fields.find((candidate) => candidate.id === id);
  if (field?.bitOffset === undefined || field.bitWidth === undefined) return undefined;
  return (register >> BigInt(field.bitOffset)) & lowBits(field.bitWidth);
}

function lookupIn(
  settings: VtdSettings,
  registers: Registers,
  fields: readonly FieldInfo[],
  value: object | undefined,
): Lookup {
  return (name) => {
    const [scope, id] = name.split('.');
    if (id !== undefined) {
      if (scope === 'cap') return registerField(registers.cap, settings.cap, camel(id));
      return scope === 'ecap' ? registerField(registers.ecap, settings.ecap, camel(id)) : undefined;
    }
    const own = camel(name);
    if (value !== undefined && fields.some((field) => field.id === own)) {
      const content: unknown = (value as Readonly<Record<string, unknown>>)[own];
      return typeof content === 'number' || typeof content === 'bigint' ? BigInt(content) : undefined;
    }
    return settingOf(settings, name);
  };
}

function settingOf(settings: VtdSettings, name: string): bigint | string | undefined {
  switch (name) {
    case 'mode':
      return settings.mode;
    case 'rev':
    case 'haw':
      return BigInt(settings[name]);
    case 'ssirwe':
    case 'ssade':
    case 'emte':
    case 'eafe':
    case 'hpte':
      return settings[name] ? 1n : 0n;
    default:
      return undefined;
  }
}

/** The 64-bit word that a field is in and its bits there; undefined if not an integer. */
function bitsOf(field: FieldInfo): { word: number; mask: bigint } | undefined {
  if (field.kind !== 'uint' || field.bitOffset === undefined || field.bitWidth === undefined)
    return undefined;
  return {
    word: Math.floor(field.bitOffset / 64),
    mask: lowBits(field.bitWidth) << BigInt(field.bitOffset % 64),
  };
}

/** Number of bits of the word, from bit 0, that the field may use. */
function limitOf(field: FieldInfo, settings: VtdSettings, registers: Registers): number {
  if (field.limit === 'haw') return settings.haw;
  // CAP_REG.ND codes the width of a domain id as 4 + 2 * ND; 7 is reserved and the field ends at 16 bits.
  const nd = Number(registerField(registers.cap, settings.cap, 'nd') ?? 6n);
  return ((field.bitOffset ?? 0) % 64) + Math.min(16, 4 + 2 * nd);
}

function outside(field: FieldInfo, rev: number): boolean {
  return (field.since !== undefined && rev < field.since) || (field.until !== undefined && rev > field.until);
}

function lowBits(width: number): bigint {
  return (1n << BigInt(width)) - 1n;
}

function halves<N extends string>(name: N, bits: bigint): { [K in `${N}Lo` | `${N}Hi`]: number } {
  const result = {
    [`${name}Lo`]: Number(bits & 0xffff_ffffn),
    [`${name}Hi`]: Number(bits >> 32n),
  };
  return result as { [K in `${N}Lo` | `${N}Hi`]: number };
}

/** `sc_x` → `scX`: conditions use the names of formats/, field tables those of the interfaces. */
function camel(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
