/** Where the translation tables are that a handed-over IOMMU state speaks of. */
import { RTADDR_REG_BITS } from '../../records/vtd.js';
import type { Translation, TranslationTable, TranslationUnit } from '../structure.js';
import { IOMMU_TYPE, type IommuDomain, type IommuState, type IommuUnit } from './model.js';

/** RTADDR_REG.TTM of scalable mode, which is 1. */
export const SCALABLE = 1n << BigInt(RTADDR_REG_BITS.ttm.shift);
/** Bits of the context bitmap for functions 0x80 and up, which have tables of their own in scalable mode alone. */
const UPPER_HALVES = 0xaaaa_aaaa_aaaa_aaaan;

/**
 * Whether a unit's tables are of scalable mode, which nothing records: a device of it has a PASID directory, or there
 * are context tables for the upper half of a bus.
 */
export function isScalable({ devices }: Pick<IommuState, 'devices'>, { address, intel }: IommuUnit): boolean {
  if (intel?.contextTables?.some((word) => (word & UPPER_HALVES) !== 0n) === true) return true;
  return devices.items.some(
    (device) => device.unit === address && !device.deleted && (device.intel?.pasidTable ?? 0n) !== 0n,
  );
}

/** What the RTADDR register of an Intel unit holds; undefined for another unit, or one that is out of use. */
export function rootAddress(state: Pick<IommuState, 'devices'>, unit: IommuUnit): bigint | undefined {
  if (unit.deleted || unit.type !== IOMMU_TYPE.intel || unit.intel === undefined) return undefined;
  return unit.intel.rootTable | (isScalable(state, unit) ? SCALABLE : 0n);
}

/** The top tables of domains that are in use, and the root tables of Intel units. */
export function iommuTranslation(state: IommuState): Translation {
  const units = state.units.items.flatMap((unit): TranslationUnit[] => {
    const rtaddr = rootAddress(state, unit);
    return rtaddr === undefined ? [] : [{ name: `unit 0x${unit.token.toString(16)}`, rtaddr }];
  });
  return { units, tables: state.domains.items.flatMap(domainTable) };
}

/** The kernel counts levels from 0; no table has more than five. */
function domainTable({ address, topTable, topLevel, signExtend, deleted }: IommuDomain): TranslationTable[] {
  if (deleted || topLevel > 4n) return [];
  return [
    {
      element: address,
      what: `IOMMU domain 0x${address.toString(16)}`,
      root: topTable,
      levels: Number(topLevel) + 1,
      // Only the first stage extends the sign; that it does not says nothing.
      stage: signExtend === 1 ? 'first' : 'second',
    },
  ];
}
