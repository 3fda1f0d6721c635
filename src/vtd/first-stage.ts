import * as records from '../records/vtd.js';
import type { RecordType } from '../schema/record.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../schema/settings.js';
import { stageEntries } from './stage.js';
import type { EntryFormat } from './walk/format.js';

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
  return ENTRIES.format(settings);
}

const BITS = records.FS_PTE_BITS;
const ENTRIES = stageEntries({
  address: BITS.address,
  notAttributes: [BITS.address, BITS.p, BITS.rw, BITS.a, BITS.d, BITS.ea],
  large: records.FS_PDE_LEAF_BITS.ps,
  access: () => ({ present: BITS.p, read: BITS.p, write: BITS.rw }),
  page: records.fsPte,
  pageMasks: records.fsPteMasks,
  leaves: [records.fsPdeLeaf, records.fsPdpeLeaf],
  leafMasks: [records.fsPdeLeafMasks, records.fsPdpeLeafMasks],
  tables: [records.fsPdeTable, records.fsPdpeTable, records.fsPml4e, records.fsPml5e],
  tableMasks: [records.fsPdeTableMasks, records.fsPdpeTableMasks, records.fsPml4eMasks, records.fsPml5eMasks],
});

/**
 * The record type of a first-stage entry.
 *
 * @param level 1..5
 * @param leaf whether the entry maps a page; always true at level 1, never at levels 4 and 5
 */
export function firstStageEntry(level: number, leaf: boolean): RecordType<unknown> | undefined {
  return ENTRIES.entry(level, leaf);
}

/** Attributes of a first-stage leaf for people: `supervisor` where user requests are refused, else nothing. */
export function firstStageAttributes({ lo }: { readonly lo: number }): string {
  return (lo & records.FS_PTE_BITS.us.lo) === 0 ? 'supervisor' : '';
}
