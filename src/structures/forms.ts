/** Records of one structure that has had several layouts: which form is whose. */
import { listedForms, type RecordForm } from '../versions/forms.js';
import { SUBJECTS } from './index.js';

/** The forms of the structure that a record is one of, newest first; empty where it has only one. */
export function formsOf(record: string): readonly RecordForm[] {
  const subject = SUBJECTS.find(
    ({ released, forms }) => released === true && forms.some(({ root }) => root.record.name === record),
  );
  if (subject === undefined || subject.forms.length < 2) return listedForms(record);
  return subject.forms.map(({ id, root, names }) => ({
    record: root.record.name,
    of: id,
    writes: ({ files }) => names.some((name) => files.includes(name)),
  }));
}
