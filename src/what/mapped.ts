/** Which I/O virtual addresses lead to memory: looked up in the leaves as a walk lists them. */
import { accessesOf, iovasOf, type LeafBatch, pagesOf, pagesPerEntry, targetsOf } from '../vtd/walk/batch.js';
import type { Addresses } from './addresses.js';

/** One way to an address. */
export interface Mapping {
  /** Physical address of the top table. */
  readonly root: bigint;
  /** That leads to the address itself, in bytes; not sign-extended. */
  readonly iova: bigint;
  /** Bytes that the leaf maps. */
  readonly size: number;
  /** ACCESS_READ, ACCESS_WRITE of the leaf. */
  readonly access: number;
}

/** Ways that are told of one address; more are counted. */
const MOST = 1024;
const PAGE = 4096;

export interface MappingLookup {
  take(batch: LeafBatch, root: bigint): void;
  /**
   * A run of leaves: frames of 4 KiB.
   *
   * @param level of the leaves, 1 = PTE
   */
  add(root: bigint, iova: number, target: number, pages: number, level: number, access: number): void;
  /** By index in the addresses. */
  readonly found: readonly (readonly Mapping[])[];
  /** How many more there are. */
  readonly more: Float64Array;
}

export function createMappingLookup(addresses: Addresses): MappingLookup {
  const { sorted } = addresses;
  const found: Mapping[][] = Array.from({ length: sorted.length }, () => []);
  const more = new Float64Array(sorted.length);
  const low = Math.floor((sorted[0] ?? Number.POSITIVE_INFINITY) / PAGE);
  const high = Math.floor((sorted[sorted.length - 1] ?? -1) / PAGE);
  function add(
    root: bigint,
    first: number,
    target: number,
    pages: number,
    level: number,
    access: number,
  ): void {
    const start = target * PAGE;
    for (const i of addresses.within(start, start + pages * PAGE)) {
      const own = found[i] as Mapping[];
      if (own.length >= MOST) {
        more[i] = (more[i] as number) + 1;
        continue;
      }
      const iova = BigInt(first * PAGE) + BigInt((sorted[i] as number) - start);
      own.push({ root, iova, size: pagesPerEntry(level) * PAGE, access });
    }
  }
  return {
    found,
    more,
    add,
    take(batch, root) {
      const targets = targetsOf(batch);
      const pages = pagesOf(batch);
      for (let row = 0; row < batch.length; row++) {
        const target = targets[row] as number;
        const count = pages[row] as number;
        if (target > high || target + count <= low) continue;
        add(
          root,
          iovasOf(batch)[row] as number,
          target,
          count,
          batch.level[row] as number,
          accessesOf(batch)[row] as number,
        );
      }
    },
  };
}
