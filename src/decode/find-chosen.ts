/**
 * The device-tree way to a handover: `/chosen` of the tree that the next kernel is booted with names it
 * (drivers/of/fdt.c, early_init_dt_check_kho; upstream 2.1.2, rfc-2024 1.3).
 */
import type { AddressRange } from '../abi/model.js';
import type { FdtTree } from '../fdt/parse.js';
import { findNode, findProperty, propertyValue, rootNode } from '../fdt/tree.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { readBytes } from '../memory/read.js';
import { KHO_SCRATCH_SIZE, khoScratch, readKhoScratch } from '../records/kho_root.js';
import { hex } from '../schema/units.js';
import { dataView } from './bytes.js';
import { clearUnlike, restOfPage, SMALLEST_PAGE } from './upstream/reused.js';

/** A physical address and a size in bytes, as a property of `/chosen` has them. */
export interface ChosenRange {
  readonly address: bigint;
  readonly size: bigint;
}

/** What `/chosen` says about a handover. */
export interface ChosenHandover {
  /** Property that names the tree: `linux,kho-fdt`, or `linux,kho-dt` in the 2024 series. */
  readonly property: string;
  readonly tree: ChosenRange;
  /** The array of scratch regions; in the 2024 series the one region itself. */
  readonly scratch: ChosenRange;
  /** `linux,kho-mem`, the mem cache of the 2024 series. */
  readonly memCache?: ChosenRange;
  /** `linux,initrd-start` and `-end`, where both are there. */
  readonly initrd?: ChosenRange;
}

/** Bytes of a cell (devicetree specification 2.3.5). */
const CELL = 4;
/** Cells where the root node does not say it (devicetree specification 2.3.5). */
const DEFAULT_CELLS = { address: 2, size: 1 } as const;
/** Scratch regions believed; the kernel has one a NUMA node and two more. */
const MAX_SCRATCH = 4096;

/**
 * Reads `/chosen`.
 *
 * @returns the handover, or why the kernel would see none
 */
export function readChosen(tree: FdtTree): ChosenHandover | { readonly missing: string } {
  const chosen = findNode(tree, '/chosen');
  if (chosen < 0) return { missing: 'the device tree has no /chosen' };
  const cells = rootCells(tree);
  for (const [name, needed] of [
    ['linux,kho-fdt', ['linux,kho-scratch']],
    ['linux,kho-dt', ['linux,kho-scratch', 'linux,kho-mem']],
  ] as const) {
    if (findProperty(tree, chosen, name) < 0) continue;
    const ranges = [name, ...needed].map((property) => ({
      property,
      range: readRange(tree, chosen, property, cells),
    }));
    const bad = ranges.find(({ range }) => range === undefined);
    if (bad !== undefined) {
      const size = (cells.address + cells.size) * CELL;
      return { missing: `/chosen has ${name}, but no ${bad.property} of exactly ${size} bytes` };
    }
    const [own, scratch, memCache] = ranges.map(({ range }) => range);
    if (own === undefined || scratch === undefined) break;
    const initrd = readInitrd(tree, chosen);
    return {
      property: name,
      tree: own,
      scratch,
      ...(memCache === undefined ? {} : { memCache }),
      ...(initrd === undefined ? {} : { initrd }),
    };
  }
  return { missing: '/chosen has no linux,kho-fdt' };
}

/**
 * The scratch regions that `/chosen` leads to.
 *
 * @returns undefined when the array is not whole in memory
 */
export function chosenScratch(
  { property, scratch }: ChosenHandover,
  memory: PhysicalMemory,
): AddressRange[] | undefined {
  const { address, size } = scratch;
  if (property === 'linux,kho-dt') return [{ start: address, end: address + size }];
  return readScratch(memory, address, size);
}

/**
 * The array of scratch regions (`struct kho_scratch`).
 *
 * @param size bytes of the array
 * @returns undefined when it is not whole in memory, or no array
 */
export function readScratch(
  memory: PhysicalMemory,
  address: bigint,
  size: bigint,
): AddressRange[] | undefined {
  const count = Number(size) / KHO_SCRATCH_SIZE;
  if (!(Number.isInteger(count) && count > 0 && count <= MAX_SCRATCH)) return undefined;
  const bytes = readBytes(memory, address, Number(size));
  if (bytes === undefined) return undefined;
  const at = Number(address);
  const around = restOfPage({ memory, pageSize: SMALLEST_PAGE }, at + bytes.length);
  // Rules tell of regions that are empty.
  clearUnlike({ reused() {} }, khoScratch, { bytes, at }, 0, bytes.length, 'scratch array', around);
  const view = dataView(bytes);
  return Array.from({ length: count }, (_, i) => {
    const { addr, size } = readKhoScratch(view, i * KHO_SCRATCH_SIZE);
    return { start: addr, end: addr + size };
  });
}

/** What a property of `/chosen` says, for messages. */
export function chosenText({ property, tree }: ChosenHandover): string {
  return `${property} = ${hex(tree.address)}, ${tree.size} bytes`;
}

function rootCells(tree: FdtTree): { address: number; size: number } {
  const root = rootNode(tree);
  return {
    address: cellCount(tree, root, '#address-cells') ?? DEFAULT_CELLS.address,
    size: cellCount(tree, root, '#size-cells') ?? DEFAULT_CELLS.size,
  };
}

function cellCount(tree: FdtTree, root: number, name: string): number | undefined {
  const property = findProperty(tree, root, name);
  const value = property < 0 ? undefined : propertyValue(tree, property);
  if (value?.length !== CELL) return undefined;
  const count = dataView(value).getUint32(0);
  // Two cells make 64 bits; no machine has more.
  return count >= 1 && count <= 2 ? count : undefined;
}

function readRange(
  tree: FdtTree,
  node: number,
  name: string,
  cells: { address: number; size: number },
): ChosenRange | undefined {
  const property = findProperty(tree, node, name);
  const value = property < 0 ? undefined : propertyValue(tree, property);
  if (value === undefined || value.length !== (cells.address + cells.size) * CELL) return undefined;
  const view = dataView(value);
  return { address: readCells(view, 0, cells.address), size: readCells(view, cells.address, cells.size) };
}

/** The initrd; its bounds are numbers of one or two cells, whatever the root says (drivers/of/fdt.c). */
function readInitrd(tree: FdtTree, chosen: number): ChosenRange | undefined {
  const [start, end] = ['linux,initrd-start', 'linux,initrd-end'].map((name) => {
    const property = findProperty(tree, chosen, name);
    const value = property < 0 ? undefined : propertyValue(tree, property);
    const cells = (value?.length ?? 0) / CELL;
    return value !== undefined && (cells === 1 || cells === 2)
      ? readCells(dataView(value), 0, cells)
      : undefined;
  });
  if (start === undefined || end === undefined || end <= start) return undefined;
  return { address: start, size: end - start };
}

/** Big-endian, as all of a boot device tree. */
function readCells(view: DataView, first: number, count: number): bigint {
  let value = 0n;
  for (let i = first; i < first + count; i++) value = (value << 32n) | BigInt(view.getUint32(i * CELL));
  return value;
}
