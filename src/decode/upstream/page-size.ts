/**
 * The page size of an upstream handover is nowhere in its data. The old kernel has preserved its root
 * tree and every blob, so that the map, read with the right page size, holds them.
 */

import type { Form, Generation, SetupDataKho, Subtree } from '../../abi/model.js';
import { blockSize } from '../../memory/blocks.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { readBytes } from '../../memory/read.js';
import { radixShape } from '../../structures/map/shape.js';
import { FACTS } from '../../versions/generations.js';
import { bitmapSizes, chunksHave } from './bitmap-form.js';
import { readChunks } from './map-chunks.js';
import { radixHas } from './map-radix.js';

/** Page sizes of x86-64 and arm64. */
const PAGE_SIZES = [4096, 16384, 65536] as const;
/** Orders tried for a blob; blobs have a page or a few. */
const MAX_BLOB_ORDER = 10;

/** Addresses whose common alignment tells the page size; by chance it happens to one in 4^(n-1) trees or less. */
const MIN_ALIGNED = 5;

export interface PageSizeEvidence {
  readonly generation: Generation;
  readonly memory: PhysicalMemory;
  readonly map: bigint;
  readonly fdtAddress?: bigint;
  readonly subtrees: readonly Subtree[];
  readonly setupData?: SetupDataKho;
  readonly form?: Form;
}

/** @returns undefined when nothing tells */
export function findPageSize(evidence: PageSizeEvidence): { pageSize: number; reason: string } | undefined {
  const { fdtAddress, subtrees, setupData } = evidence;
  const stated = PAGE_SIZES.find((size) => BigInt(size) === setupData?.khoData?.fdtSize);
  if (stated !== undefined) return { pageSize: stated, reason: 'kho_data.fdt_size, which is one page' };
  const addresses = subtrees.flatMap(({ address }) => (address === undefined ? [] : [address]));
  const aligned = PAGE_SIZES.filter((size) =>
    [evidence.map, ...addresses, ...(fdtAddress === undefined ? [] : [fdtAddress])].every(
      (address) => address % BigInt(size) === 0n,
    ),
  );
  let best: { pageSize: number; found: number } | undefined;
  for (const pageSize of aligned) {
    const found = countFound(evidence, pageSize, addresses);
    if (found > (best?.found ?? 0)) best = { pageSize, found };
  }
  if (best !== undefined) {
    return {
      pageSize: best.pageSize,
      reason: `the map read with it holds ${best.found} of the ${addresses.length + (fdtAddress === undefined ? 0 : 1)} blobs`,
    };
  }
  const [only, ...others] = aligned;
  if (only === undefined) return undefined;
  if (others.length === 0) return { pageSize: only, reason: 'the alignment of the addresses' };
  // Where the map is not in the dump: pages of a smaller size would all be so by chance.
  const largest = others.at(-1);
  const count = 1 + addresses.length + (fdtAddress === undefined ? 0 : 1);
  if (largest === undefined || count < MIN_ALIGNED || !isAbsent(evidence)) return undefined;
  return { pageSize: largest, reason: `the alignment of all ${count} addresses` };
}

function isAbsent({ memory, map }: PageSizeEvidence): boolean {
  return map !== 0n && readBytes(memory, map, 8) === undefined;
}

/** How many of the tree and its blobs the map preserves, read with a page size. */
function countFound(evidence: PageSizeEvidence, pageSize: number, addresses: readonly bigint[]): number {
  const { generation, memory, map, fdtAddress, form } = evidence;
  if (FACTS[generation].map === 'chunks') {
    const { chunks } = readChunks(memory, map, pageSize, undefined);
    const all = fdtAddress === undefined ? addresses : [...addresses, fdtAddress];
    return all.filter((address) =>
      bitmapSizes(form, pageSize).some((size) => chunksHave(memory, chunks, pageSize, size, address)),
    ).length;
  }
  const shape = radixShape(generation, pageSize, form);
  const has = (address: bigint, order: number): boolean => radixHas(memory, map, shape, address, order);
  const blobs = addresses.filter((address) => {
    for (let order = 0; order <= MAX_BLOB_ORDER; order++) {
      const block = blockSize(order, pageSize);
      if (has(address - (address % block), order)) return true;
    }
    return false;
  });
  return blobs.length + (fdtAddress !== undefined && has(fdtAddress, 0) ? 1 : 0);
}

/** Whether a kho-v3 tree with 16 KiB pages is one of 7.1-rc1 to -rc5: only its shallower reading finds the blobs. */
export function isShortRadix(evidence: Omit<PageSizeEvidence, 'form'>, pageSize: number): boolean {
  if (FACTS[evidence.generation].mayHaveShortKey !== true || pageSize !== 16384) return false;
  const addresses = evidence.subtrees.flatMap(({ address }) => (address === undefined ? [] : [address]));
  if (countFound(evidence, pageSize, addresses) > 0) return false;
  return countFound({ ...evidence, form: 'radix-4-levels' }, pageSize, addresses) > 0;
}
