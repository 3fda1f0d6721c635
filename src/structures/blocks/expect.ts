/** What a checker has to say of changed headers of blocks. */
import { capacity, type Expectations, type FieldRule, link, ofRecords } from '../../fuzz/expect/field.js';
import { fires, UNKNOWN } from '../../fuzz/mutation.js';
import { khoBlockHeaderSer } from '../../records/kho_block.js';

/** Files are counted a second time in their session. */
const files: FieldRule = ({ instance }) =>
  instance.list?.startsWith('blocks of files') === true ? fires('LUO-011') : UNKNOWN;

export const expectations: Expectations = {
  fields: ofRecords([khoBlockHeaderSer], {
    count: (change) =>
      change.value === 0n || change.value > capacity(change) ? fires('BLOCK-003') : files(change),
    next: link(['BLOCK-004', 'BLOCK-001', 'BLOCK-007'], ['BLOCK-001'], files),
  }),
  links: {
    [khoBlockHeaderSer.name]: { field: 'next', loop: fires('BLOCK-001'), foreign: fires('BLOCK-007') },
  },
};
