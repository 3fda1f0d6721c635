import * as records from '../records/vtd.js';
import type { RecordType } from '../schema/record.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../schema/settings.js';
import { compileFormat, type EntryFormat } from './walk/format.js';

/**
 * The masks of second-stage entries (vtd.md 1.8). Presence and permissions are R and W, or IR and IW where
 * SSIRWE is on; bit 7 selects a leaf at levels 2 and 3.
 *
 * @param settings of the unit; by default those that reserve the least
 *
 * @example
 * ```ts
 * import { secondStageFormat } from 'kho-toolkit';
 *
 * console.log(secondStageFormat().maxLevel); //=> 5
 * ```
 */
export function secondStageFormat(settings: VtdSettings = DEFAULT_SETTINGS): EntryFormat {
  const known = FORMATS.get(settings);
  if (known !== undefined) return known;
  const format = compile(settings);
  FORMATS.set(settings, format);
  return format;
}

const FORMATS = new WeakMap<VtdSettings, EntryFormat>();

function compile(settings: VtdSettings): EntryFormat {
  const bits = records.SS_PTE_BITS;
  const page = records.ssPteMasks(settings);
  const [read, write] = settings.ssirwe ? [bits.ir, bits.iw] : [bits.r, bits.w];
  const notAttributes = [bits.address, bits.r, bits.w, bits.a, bits.d];
  const attributeMask = (half: 'lo' | 'hi', ignored: number): number =>
    notAttributes.reduce((mask, field) => mask & ~field[half], ~ignored);
  return compileFormat({
    present: { lo: read.lo | write.lo, hi: read.hi | write.hi },
    read,
    write,
    large: records.SS_PDE_LEAF_BITS.ps.lo,
    addressHi: bits.address.hi,
    beyondWidth: {
      lo: bits.address.lo & ~page.addressLo,
      hi: bits.address.hi & ~page.addressHi,
    },
    attributes: { lo: attributeMask('lo', page.ignoredLo), hi: attributeMask('hi', page.ignoredHi) },
    table: [
      undefined,
      records.ssPdeTableMasks(settings),
      records.ssPdpeTableMasks(settings),
      records.ssPml4eMasks(settings),
      records.ssPml5eMasks(settings),
    ],
    leaf: [page, records.ssPdeLeafMasks(settings), records.ssPdpeLeafMasks(settings), undefined, undefined],
  });
}

const TABLES = [records.ssPdeTable, records.ssPdpeTable, records.ssPml4e, records.ssPml5e] as const;
const LEAVES = [records.ssPte, records.ssPdeLeaf, records.ssPdpeLeaf] as const;

/**
 * The record type of a second-stage entry.
 *
 * @param level 1..5
 * @param leaf whether the entry maps a page; always true at level 1, never at levels 4 and 5
 */
export function secondStageEntry(level: number, leaf: boolean): RecordType<unknown> | undefined {
  const shapes: readonly RecordType<unknown>[] = leaf && level <= 3 ? LEAVES : [records.ssPte, ...TABLES];
  return shapes[level - 1];
}

/** Attributes of a second-stage leaf for people: `snoop` where the SNP bit is set, else nothing. */
export function secondStageAttributes({ lo }: { readonly lo: number }): string {
  return (lo & records.SS_PTE_BITS.snp.lo) === 0 ? '' : 'snoop';
}
