/** What a checker has to say of changed kho_mem records of the 2024 series, in properties and in the mem cache. */
import type { Expectations } from '../../fuzz/expect/field.js';
import { fires, UNKNOWN } from '../../fuzz/mutation.js';

const BEYOND = 1n << 52n;
const CACHE = fires('KHO-009', 'KHO-011', 'KHO-016');

export const expectations: Expectations = {
  fields: {
    /** Bit 0 of the address is a flag that only fs_mem has. */
    'kho_mem.addr'({ value, instance }) {
      if (instance.property === undefined) return CACHE;
      if (value >= BEYOND) return fires('KHO-004', 'KHO-005');
      const flagged = (value & 1n) !== 0n;
      if (/^\/guestmemfs\/fs_mem /.test(instance.what))
        return flagged ? UNKNOWN : fires('GMFS-003', 'KHO-009');
      return flagged ? fires('KHO-005', 'KHO-010') : UNKNOWN;
    },
    'kho_mem.len'({ value, instance }) {
      if (instance.property === undefined) return CACHE;
      return value === 0n || value > BEYOND ? fires('KHO-004') : UNKNOWN;
    },
  },
  lists: {
    kho_mem: {
      twice: fires('KHO-007', 'KHO-008', 'KHO-009', 'KHO-010'),
      zeroed: fires('KHO-004', 'KHO-009'),
      swapped: UNKNOWN,
    },
  },
};
