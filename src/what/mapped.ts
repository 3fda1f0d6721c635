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
  return {
    found,
    more,
    take(batch, root) {
      const targets = targetsOf(batch);
      const pages = pagesOf(batch);
      for (let row = 0; row < batch.length; row++) {
        const target = targets[row] as number;
        if (target > high || target + (pages[row] as number) <= low) continue;
        const start = target * PAGE;
        for (const i of addresses.within(start, start + (pages[row] as number) * PAGE)) {
          const own = found[i] as Mapping[];
          if (own.length >= MOST) {
            more[i] = (more[i] as number) + 1;
            continue;
          }
          const offset = (sorted[i] as number) - start;
          const iova = BigInt((iovasOf(batch)[row] as number) * PAGE) + BigInt(offset);
          const size = pagesPerEntry(batch.level[row] as number) * PAGE;
          own.push({ root, iova, size, access: accessesOf(batch)[row] as number });
        }
      }
    },
  };
}
