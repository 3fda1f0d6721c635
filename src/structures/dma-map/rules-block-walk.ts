/** The blocks of the guestmemfs region that the leaves of a domain reach, once for the rules that ask. */

import type { Domain } from '../../abi/model.js';
import type { Facts } from '../../validate/facts.js';
import type { Reached, WalkObserver } from '../../validate/rule.js';
import { type LeafBatch, pagesOf, targetsOf } from '../../vtd/walk/batch.js';
import { GUESTMEMFS_BLOCK } from '../guestmemfs/memory.js';
import { perDomain } from './rules-per-domain.js';

const PAGE = 4096n;
const BLOCK_PAGES = Number(GUESTMEMFS_BLOCK / PAGE);

export interface BlockWalk {
  /** What a rule has to watch; the second rule that shows the same costs nothing. */
  readonly observer: WalkObserver;
  /** A byte for each block of the region, 1 where leaves reach it; whole when the walk has ended. */
  readonly blocks: Uint8Array;
}

/** One for each domain of a validation. */
const known = perDomain<BlockWalk>();

/** @returns undefined when no region is handed over */
export function blockWalkOf(domain: Domain, facts: Facts): BlockWalk | undefined {
  return known(facts, domain, () => {
    const region = facts.fsMem();
    const count = facts.reachedBlocks()?.length;
    if (region === undefined || count === undefined) return undefined;
    return createBlockWalk(Number(region.start / PAGE), count);
  });
}

/**
 * @param start first page frame of the region
 * @param count blocks of the region
 */
function createBlockWalk(start: number, count: number): BlockWalk {
  const blocks = new Uint8Array(count);
  // Where blocks are granules, to be told those is enough; else a granule has parts of two of them.
  const aligned = start % BLOCK_PAGES === 0;
  let told: Reached | undefined;
  let last: LeafBatch | undefined;
  let serial = -1;
  return {
    blocks,
    observer: {
      watches: (from, end) => !aligned && from < start + count * BLOCK_PAGES && end > start,
      reached(reached) {
        if (!aligned || reached === told) return;
        told = reached;
        const { granules } = reached;
        const first = start / BLOCK_PAGES;
        for (let i = 0; i < granules.length; i++) {
          const block = (granules[i] as number) - first;
          if (block >= 0 && block < count) blocks[block] = 1;
        }
      },
      runs(batch) {
        if (batch === last && batch.serial === serial) return;
        last = batch;
        serial = batch.serial;
        const targets = targetsOf(batch);
        const lengths = pagesOf(batch);
        for (let row = 0; row < batch.length; row++) {
          const target = (targets[row] as number) - start;
          const from = Math.max(0, Math.floor(target / BLOCK_PAGES));
          const end = Math.floor((target + (lengths[row] as number) - 1) / BLOCK_PAGES);
          blocks.fill(1, from, Math.max(from, end + 1));
        }
      },
    },
  };
}
