/** What a checker has to say of changed kexec-metadata. */
import {
  always,
  type Expectations,
  empty,
  type FieldRule,
  ofRecords,
  unterminated,
} from '../../fuzz/expect/field.js';
import { ACCEPTED, fires, UNKNOWN } from '../../fuzz/mutation.js';
import { khoKexecMetadata } from '../../records/kexec_metadata.js';

/** A name of a release that writes something else is told; any other text is as good as another. */
const releaseName: FieldRule = (change) => {
  if (unterminated(change) || empty(change)) return fires('KMETA-002');
  return /^\d+\.\d+/.test(String.fromCharCode(...(change.bytes ?? []))) ? UNKNOWN : ACCEPTED;
};

export const expectations: Expectations = {
  fields: ofRecords([khoKexecMetadata], {
    version: always('KMETA-001'),
    previousRelease: releaseName,
    kexecCount: ({ value }) => (value === 0n ? fires('KMETA-003') : ACCEPTED),
  }),
};
