/** What a checker has to say of changed chunks and radix nodes of the preserved memory map. */
import {
  above,
  capacity,
  type Expectations,
  type FieldRule,
  noPage,
  ofRecords,
  where,
} from '../../fuzz/expect/field.js';
import { fires, UNKNOWN } from '../../fuzz/mutation.js';
import { khoserMemBitmapPtr, khoserMemChunkHdr } from '../../records/kho_map.js';
import { MAP_TREE } from './pages.js';

const LIMIT = 1n << 52n;
const { slot } = MAP_TREE;

/** The size of a chunk's blocks is computed for each bitmap, and for none where there are none. */
const chunkOrder: FieldRule = ({ value, instance, target }) => {
  const chunk = target.handover.preservedMap?.chunks?.find(
    ({ address }) => address === BigInt(instance.address),
  );
  return value > 18n && chunk?.numElms !== 0 ? fires('KHO-134') : UNKNOWN;
};

export const expectations: Expectations = {
  fields: {
    ...ofRecords([khoserMemChunkHdr], {
      next: where(({ aim, value }) => aim === 'self' || value >= LIMIT, ['KHO-131']),
      order: chunkOrder,
      numElms: where(above(capacity), ['KHO-132']),
    }),
    ...ofRecords([khoserMemBitmapPtr], {
      physStart: where(noPage, ['KHO-136', 'KHO-145']),
      bitmap: where(({ value }) => value === 0n || value >= LIMIT, ['KHO-133']),
    }),
    ...ofRecords([slot], {
      table(change) {
        if (change.value === 0n) return UNKNOWN;
        if (noPage(change)) return fires('KHO-141');
        return change.others.includes(change.value) ? fires('KHO-142', 'KHO-144') : UNKNOWN;
      },
    }),
  },
  lists: {
    [slot.name]: { twice: fires('KHO-142'), zeroed: UNKNOWN, swapped: UNKNOWN },
    [khoserMemBitmapPtr.name]: { twice: UNKNOWN, zeroed: fires('KHO-133'), swapped: UNKNOWN },
  },
  links: {
    [khoserMemChunkHdr.name]: { field: 'next', loop: fires('KHO-131'), foreign: UNKNOWN },
    [slot.name]: { field: 'table', loop: UNKNOWN, foreign: UNKNOWN },
  },
};
