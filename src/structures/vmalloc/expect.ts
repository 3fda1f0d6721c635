/** What a checker has to say of changed descriptors and list pages of preserved vmalloc areas. */
import { anything, type Expectations, noPage, ofRecords, where } from '../../fuzz/expect/field.js';
import { fires, UNKNOWN } from '../../fuzz/mutation.js';
import { khoVmalloc, khoVmallocChunk, khoVmallocHdr } from '../../records/vmalloc.js';
import { elementRecord } from '../../schema/element.js';

const LIMIT = 1n << 52n;
const run = elementRecord(khoVmallocChunk, 'phys');

export const expectations: Expectations = {
  fields: {
    ...ofRecords([khoVmalloc], {
      first({ value }) {
        if (value === 0n) return fires('VMALLOC-009');
        return value >= LIMIT ? fires('VMALLOC-005') : UNKNOWN;
      },
      totalPages: ({ value }) =>
        fires(...(value > 0x7fff_ffffn / 8n ? ['VMALLOC-010'] : ['VMALLOC-001', 'VMALLOC-009'])),
      flags: where(({ value }) => (value & ~3n) !== 0n, ['VMALLOC-002'], anything),
      order: where(({ value }) => value > 13n, ['VMALLOC-003']),
    }),
    ...ofRecords([khoVmallocHdr], {
      next({ aim, value }) {
        if (aim === 'self') return fires('VMALLOC-004');
        if (value >= LIMIT) return fires('VMALLOC-005');
        return value === 0n ? fires('VMALLOC-001') : UNKNOWN;
      },
    }),
    ...ofRecords([run], {
      phys(change) {
        const { value, target } = change;
        if (value === 0n) return fires('VMALLOC-001');
        if (noPage(change) || value === BigInt(target.spare ?? -1))
          return fires('VMALLOC-006', 'VMALLOC-003');
        return UNKNOWN;
      },
    }),
  },
  lists: { [run.name]: { twice: UNKNOWN, zeroed: fires('VMALLOC-001'), swapped: UNKNOWN } },
  links: {
    [khoVmallocHdr.name]: { field: 'next', loop: fires('VMALLOC-004'), foreign: fires('VMALLOC-004') },
  },
};
