import * as records from '../records/vtd.js';
import type { RecordType } from '../schema/record.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../schema/settings.js';
import { stageEntries } from './stage.js';
import type { EntryFormat } from './walk/format.js';

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
  return ENTRIES.format(settings);
}

const BITS = records.SS_PTE_BITS;
const ENTRIES = stageEntries({
  address: BITS.address,
  notAttributes: [BITS.address, BITS.r, BITS.w, BITS.a, BITS.d],
  large: records.SS_PDE_LEAF_BITS.ps,
  access({ ssirwe }) {
    const [read, write] = ssirwe ? [BITS.ir, BITS.iw] : [BITS.r, BITS.w];
    return { present: { lo: read.lo | write.lo, hi: read.hi | write.hi }, read, write };
  },
  page: records.ssPte,
  pageMasks: records.ssPteMasks,
  leaves: [records.ssPdeLeaf, records.ssPdpeLeaf],
  leafMasks: [records.ssPdeLeafMasks, records.ssPdpeLeafMasks],
  tables: [records.ssPdeTable, records.ssPdpeTable, records.ssPml4e, records.ssPml5e],
  tableMasks: [records.ssPdeTableMasks, records.ssPdpeTableMasks, records.ssPml4eMasks, records.ssPml5eMasks],
});

/**
 * The record type of a second-stage entry.
 *
 * @param level 1..5
 * @param leaf whether the entry maps a page; always true at level 1, never at levels 4 and 5
 */
export function secondStageEntry(level: number, leaf: boolean): RecordType<unknown> | undefined {
  return ENTRIES.entry(level, leaf);
}

/** Attributes of a second-stage leaf for people: `snoop` where the SNP bit is set, else nothing. */
export function secondStageAttributes({ lo }: { readonly lo: number }): string {
  return (lo & records.SS_PTE_BITS.snp.lo) === 0 ? '' : 'snoop';
}
