/** An area's numbers. */
import type { IoasArea } from '../../abi/model.js';

const SPACE = 1n << 64n;

/** IOMMU_READ and IOMMU_WRITE of include/linux/iommu.h. */
export const IOMMU_READ = 1;
export const IOMMU_WRITE = 2;

/** The IOVAs of an area, half-open; undefined when it lacks a number, is empty, or wraps. */
export function areaRange({ iovaStart, iovaLen }: IoasArea): { start: bigint; end: bigint } | undefined {
  if (iovaStart === undefined || iovaLen === undefined || iovaLen === 0n) return undefined;
  return iovaStart + iovaLen > SPACE ? undefined : { start: iovaStart, end: iovaStart + iovaLen };
}
