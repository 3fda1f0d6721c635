import * as records from '../records/vtd.js';
import type { RecordType } from '../schema/record.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../schema/settings.js';
import { compileFormat, type EntryFormat } from './walk/format.js';

/**
 * The masks of first-stage entries (vtd.md 1.9): present and readable by P, writable by R/W; bit 7 selects a
 * leaf at levels 2 and 3. In a nested translation the addresses are guest-physical.
 *
 * @param settings of the unit; by default those that reserve the least
 *
 * @example
 * ```ts
 * import { firstStageFormat } from 'kho-toolkit';
 *
 * console.log(firstStageFormat().maxLevel); //=> 5
 * ```
 */
export function firstStageFormat(settings: VtdSettings = DEFAULT_SETTINGS): EntryFormat {
  const known = FORMATS.get(settings);
  if (known !== undefined) return known;
  const format = compile(settings);
  FORMATS.set(settings, format);
  return format;
}

const FORMATS = new WeakMap<VtdSettings, EntryFormat>();

function compile(settings: VtdSettings): EntryFormat {
  const bits = records.FS_PTE_BITS;
  const page = records.fsPteMasks(settings);
  const notAttributes = [bits.address, bits.p, bits.rw, bits.a, bits.d, bits.ea];
  const attributeMask = (half: 'lo' | 'hi', ignored: number): number =>
    notAttributes.reduce((mask, field) => mask & ~field[half], ~ignored);
  return compileFormat({
    present: bits.p,
    read: bits.p,
    write: bits.rw,
    large: records.FS_PDE_LEAF_BITS.ps.lo,
    addressHi: bits.address.hi,
    beyondWidth: {
      lo: bits.address.lo & ~page.addressLo,
      hi: bits.address.hi & ~page.addressHi,
    },
    attributes: { lo: attributeMask('lo', page.ignoredLo), hi: attributeMask('hi', page.ignoredHi) },
    table: [
      undefined,
      records.fsPdeTableMasks(settings),
      records.fsPdpeTableMasks(settings),
      records.fsPml4eMasks(settings),
      records.fsPml5eMasks(settings),
    ],
    leaf: [page, records.fsPdeLeafMasks(settings), records.fsPdpeLeafMasks(settings), undefined, undefined],
  });
}

const TABLES = [records.fsPdeTable, records.fsPdpeTable, records.fsPml4e, records.fsPml5e] as const;
const LEAVES = [records.fsPte, records.fsPdeLeaf, records.fsPdpeLeaf] as const;

/**
 * The record type of a first-stage entry.
 *
 * @param level 1..5
 * @param leaf whether the entry maps a page; always true at level 1, never at levels 4 and 5
 */
export function firstStageEntry(level: number, leaf: boolean): RecordType<unknown> | undefined {
  const shapes: readonly RecordType<unknown>[] = leaf && level <= 3 ? LEAVES : [records.fsPte, ...TABLES];
  return shapes[level - 1];
}

/** Attributes of a first-stage leaf for people: `supervisor` where user requests are refused, else nothing. */
export function firstStageAttributes({ lo }: { readonly lo: number }): string {
  return (lo & records.FS_PTE_BITS.us.lo) === 0 ? 'supervisor' : '';
}
