/** What a checker has to say of changed fields of kho_test. */
import { always, type Expectations, ofRecords } from '../../fuzz/expect/field.js';
import { UNKNOWN } from '../../fuzz/mutation.js';
import { csum, khoTestFolio, khoTestMagic } from '../../records/kho_test.js';

export const expectations: Expectations = {
  fields: {
    ...ofRecords([khoTestMagic], { value: always('KTEST-001') }),
    ...ofRecords([csum], { value: () => UNKNOWN }),
  },
  lists: { [khoTestFolio.name]: { twice: UNKNOWN, zeroed: UNKNOWN, swapped: UNKNOWN } },
};
