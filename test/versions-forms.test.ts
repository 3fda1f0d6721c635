/** Forms of records: every structure that has several says whose each is. */
import { expect, test } from 'vitest';
import { recordTypes } from '../src/records/index.js';
import { formsOf } from '../src/structures/forms.js';
import { SUBJECTS } from '../src/structures/index.js';
import { DRAFTS_SEEN } from '../src/versions/drafts.js';
import { formReleases } from '../src/versions/forms.js';
import { RELEASES } from '../src/versions/table.js';

/** Halves of one structure, or entries of one table, told apart by a bit: no forms of different times. */
const SAME_TIME = /^(second|first)-stage |btf_member/;

test('each structure with more than one layout is in the table, and nothing else is', () => {
  for (const kernelName of new Set(recordTypes.map((record) => record.kernelName))) {
    const records = recordTypes.filter((record) => record.kernelName === kernelName);
    const names = records.map(({ name }) => name).sort();
    const forms = formsOf(names[0] ?? '').map(({ record }) => record);
    if (records.length === 1 || SAME_TIME.test(kernelName)) expect(forms, kernelName).toEqual([]);
    else expect([...forms].sort(), kernelName).toEqual(names);
  }
});

test('releases of forms', () => {
  const of = (record: string) =>
    formsOf(record)
      .filter((form) => form.record === record)
      .map(formReleases)[0];
  expect(of('memfd_luo_ser')).toBe('Linux 7.1 and later');
  expect(of('memfd_luo_ser_v1')).toBe('Linux 6.19 to 7.0');
  expect(of('luo_ser_v3')).toBe('no release');
  expect(of('root_entry')).toBeUndefined();
});

test('of every form of a draft it is known where it was seen, and no release has its handler', () => {
  const drafts = SUBJECTS.flatMap(({ forms }) => forms).filter(
    ({ source }) => !source.startsWith('upstream 3'),
  );
  expect(DRAFTS_SEEN.map(({ form }) => form).sort()).toEqual(drafts.map(({ id }) => id).sort());
  const names = new Set(drafts.flatMap((form) => form.names));
  expect(RELEASES.flatMap(({ files }) => files).filter((file) => names.has(file))).toEqual([]);
});
