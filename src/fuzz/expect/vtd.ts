/**
 * Structures of remapping units and RTADDR (vtd.md 1.1 to 1.7 and 3): which bits are reserved comes from the
 * schema's masks with the unit's settings, as hardware has it: reserved bits count where an entry is present.
 */
import * as records from '../../records/vtd.js';
import type { EntryMask } from '../../schema/masks.js';
import type { VtdSettings } from '../../schema/settings.js';
import { reservedBits } from '../../vtd/context/structure.js';
import type { VtdUnit } from '../../vtd/rules/unit.js';
import { writeLeaf } from '../fields.js';
import { ACCEPTED, type Expectation, fires, UNKNOWN } from '../mutation.js';
import { part } from '../target.js';
import { type FieldChange, type FieldRule, fieldKey, type LinkRules } from './field.js';

/** How entries of one kind are judged. */
interface EntryKind<T> {
  readonly read: (view: DataView, at: number) => T;
  /** Whether a word is looked at. */
  readonly present: (value: T, word: number) => boolean;
  readonly masks: (settings: VtdSettings, value: T) => readonly EntryMask[];
  /** What fires for reserved bits, by word. */
  readonly reserved: readonly (readonly string[])[];
  /** What else is wrong with the entry as it is now, by the field that was changed. */
  readonly fields?: Readonly<Record<string, (value: T) => readonly string[] | undefined>>;
}

function entryRule<T>(kind: EntryKind<T>, id: string): FieldRule {
  return (change: FieldChange): Expectation => {
    const { target, instance, field } = change;
    const unit: VtdUnit | undefined = target.units?.[instance.unit ?? -1];
    const before = part(target.segments, instance.address, instance.record.size ?? 0);
    if (unit === undefined || before === undefined) return UNKNOWN;
    const bytes = before.slice();
    const written = writeLeaf(field, bytes, change.value);
    bytes.set(written.bytes, written.at);
    const view = new DataView(bytes.buffer);
    const value = kind.read(view, 0);
    const words = Array.from({ length: bytes.length / 8 }, (_, word) => view.getBigUint64(word * 8, true));
    const reserved = reservedBits(words, kind.masks(unit.settings, value));
    const wrong = reserved.findIndex((bits, word) => bits !== 0n && kind.present(value, word));
    if (wrong >= 0) return fires(...(kind.reserved[wrong] ?? []));
    const word = Math.floor(field.bitOffset / 64);
    if (!kind.present(value, word)) return UNKNOWN;
    if (id.startsWith('ignored')) return ACCEPTED;
    const rules = kind.fields?.[id]?.(value);
    return rules === undefined ? UNKNOWN : fires(...rules);
  };
}

/** The rules of a record's fields, by the names of the schema. */
function rulesOf<T>(
  record: { readonly name: string; readonly fields: readonly { readonly id: string }[] },
  kind: EntryKind<T>,
): Record<string, FieldRule> {
  return Object.fromEntries(
    record.fields.map(({ id }) => [fieldKey(record.name, id), entryRule(kind, id)] as const),
  );
}

const TYPES: readonly number[] = Object.values(records.PasidTranslationType);
const CONTEXT_TYPES: readonly number[] = Object.values(records.ContextTranslationType);
/** Address width codes of 3, 4 and 5 levels (vtd.md 1.11). */
const WIDTHS = [1, 2, 3];

const rootKind: EntryKind<records.RootEntry> = {
  read: records.readRootEntry,
  present: ({ p }) => p === 1,
  masks: (settings) => records.rootEntryMasks(settings),
  reserved: [['VTD-010', 'VTD-011'], ['VTD-012']],
};

const scalableRootKind: EntryKind<records.ScalableRootEntry> = {
  read: records.readScalableRootEntry,
  present: ({ lp, up }, word) => (word === 0 ? lp : up) === 1,
  masks: (settings) => records.scalableRootEntryMasks(settings),
  reserved: [['VTD-013'], ['VTD-014']],
};

const contextKind: EntryKind<records.ContextEntry> = {
  read: records.readContextEntry,
  present: ({ p }) => p === 1,
  masks: (settings, value) => records.contextEntryMasks(settings, value),
  reserved: [
    ['VTD-019', 'VTD-020'],
    ['VTD-021', 'VTD-022'],
  ],
  fields: {
    fpd: ({ fpd }) => (fpd === 1 ? ['VTD-034'] : undefined),
    tt: ({ tt }) => (CONTEXT_TYPES.includes(tt) ? undefined : ['VTD-024']),
    aw: ({ tt, aw }) =>
      tt !== records.ContextTranslationType.passThrough && !WIDTHS.includes(aw) ? ['VTD-027'] : undefined,
    ssptptr: ({ tt, ssptptr }) =>
      tt !== records.ContextTranslationType.passThrough && ssptptr === 0n ? ['VTD-031'] : undefined,
  },
};

const scalableContextKind: EntryKind<records.ScalableContextEntry> = {
  read: records.readScalableContextEntry,
  present: ({ p }) => p === 1,
  masks: (settings) => records.scalableContextEntryMasks(settings),
  reserved: [['VTD-041', 'VTD-042', 'VTD-043'], ['VTD-044', 'VTD-045'], ['VTD-045'], ['VTD-045']],
  fields: {
    pre: ({ pre, dte }) => (pre === 1 && dte === 0 ? ['VTD-046'] : undefined),
  },
};

const directoryKind: EntryKind<records.PasidDirEntry> = {
  read: records.readPasidDirEntry,
  present: ({ p }) => p === 1,
  masks: (settings) => [records.pasidDirEntryMasks(settings)],
  reserved: [['VTD-053', 'VTD-054']],
  fields: { fpd: ({ fpd }) => (fpd === 1 ? ['VTD-056'] : undefined) },
};

const pasidKind: EntryKind<records.PasidEntry> = {
  read: records.readPasidEntry,
  present: ({ p }) => p === 1,
  masks: (settings, value) => records.pasidEntryMasks(settings, value),
  reserved: [
    ['VTD-059', 'VTD-060', 'VTD-064'],
    ['VTD-061', 'VTD-064'],
    ['VTD-062', 'VTD-063', 'VTD-064'],
    ...Array.from({ length: 5 }, () => ['VTD-063', 'VTD-064']),
  ],
  fields: { pgtt: ({ pgtt }) => (TYPES.includes(pgtt) ? undefined : ['VTD-066']) },
};

/** By `record.field` of the schemas. */
export const vtdFields: Readonly<Record<string, FieldRule>> = {
  ...rulesOf(records.rootEntry, rootKind),
  ...rulesOf(records.scalableRootEntry, scalableRootKind),
  ...rulesOf(records.contextEntry, contextKind),
  ...rulesOf(records.scalableContextEntry, scalableContextKind),
  ...rulesOf(records.pasidDirEntry, directoryKind),
  ...rulesOf(records.pasidEntry, pasidKind),
};

/** What has to be said of RTADDR with another value (vtd.md 1.1, RA-1 to RA-8). */
export function expectRegister(value: bigint): Expectation {
  const view = new DataView(new ArrayBuffer(records.RTADDR_REG_SIZE));
  view.setBigUint64(0, value, true);
  const { ttm, ssirwe, reserved0, reserved8 } = records.readRtaddrReg(view, 0);
  if (ttm === records.TableMode.extended) return fires('VTD-001');
  if (ttm === records.TableMode.abortDma) return fires('VTD-003', 'VTD-008');
  if (ssirwe === 1 && ttm === records.TableMode.legacy) return fires('VTD-004');
  if (reserved0 !== 0 || reserved8 !== 0) return fires('VTD-005');
  // An address beyond the host's width is not a row: there is no table at it.
  return UNKNOWN;
}

/** Entries that lead to another table. */
const TABLE: LinkRules = {
  field: 'address',
  // The VTD rules, of domains that LUO hands over; a table that is led back to is one of two levels.
  loop: fires('DMAR-015', 'DMAR-016', 'MAP-003', 'MAP-004', 'VTD-102', 'VTD-103', 'VTD-104'),
  foreign: UNKNOWN,
};

/** By record. */
export const vtdLinks: Readonly<Record<string, LinkRules>> = {
  ss_pde_table: TABLE,
  ss_pdpe_table: TABLE,
  ss_pml4e: TABLE,
  ss_pml5e: TABLE,
};
