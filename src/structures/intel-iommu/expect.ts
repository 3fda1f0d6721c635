/** What a checker has to say of changed domains of the 2024 series. */
import { always, type Expectations, noPage, where } from '../../fuzz/expect/field.js';

export const expectations: Expectations = {
  fields: {
    'persistent_id.value': always('DMAR-006'),
    'pgd.value': where((change) => change.value === 0n || noPage(change), ['DMAR-008']),
    'agaw.value': where(({ value }) => value > 3n, ['DMAR-007']),
  },
};
