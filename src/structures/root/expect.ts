/** What a checker has to say of changed properties of the root tree. */
import { type Expectations, noPage, ofRecords } from '../../fuzz/expect/field.js';
import { fires, UNKNOWN } from '../../fuzz/mutation.js';
import { blobSize, preservedMemoryMap } from '../../records/kho_root.js';
import { factsOf } from '../../versions/generations.js';

export const expectations: Expectations = {
  fields: {
    ...ofRecords([preservedMemoryMap], {
      value(change) {
        if (change.value === 0n)
          return factsOf(change.target.handover.generation)?.mapWrittenLate === true
            ? UNKNOWN
            : fires('KHO-109');
        return noPage(change) ? fires('KHO-110') : UNKNOWN;
      },
    }),
    ...ofRecords([blobSize], { value: () => UNKNOWN }),
  },
};
