/** Findings carry whose they are as data: whatever name or number a message quotes of a subject, `subject` has it. */
import type { Finding, Subject } from '../../../src/validate/rule.js';

/** What messages say of subjects, and the key that has to be there then. Only tests read messages. */
const SAID: readonly (readonly [RegExp, readonly (keyof Subject)[]])[] = [
  [/\bsession "/i, ['session']],
  [/\btoken 0x[0-9a-f]+/, ['token']],
  [/\bdomain (?:id )?\d+(?![x\d])/, ['domain']],
  [/\binode \d+/, ['inode']],
  [/\bPASID (?:0x)?[0-9a-f]+ /, ['pasid']],
  [/\bioas \d+/i, ['ioas']],
  [/\bcpu \d+/i, ['cpu']],
  [/\bFLB (?:\d+, )?"/, ['handler']],
  [/\bregion "/, ['node']],
  [/\b(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b/, ['device']],
];

/** Rules whose messages name others than the subject, or several: a list, a page with two owners, a table of all. */
const OTHERS =
  /^(GMFS-007|GMFS-009|GMFS-011|GMFS-012|IOMMU-011|IOMMU-013|IOMMU-030|IOMMUFD-110|KHO-163|VTD-103|VTD-133)$/;

/** Names that a message may quote without their being its subject: that of a whole table, the target of a pointer. */
/** What a message says of a subject that the finding does not have as data. */
export function subjectsMissing({ rule, message, subject = {} }: Finding): string[] {
  if (OTHERS.test(rule)) return [];
  return SAID.flatMap(([said, keys]) =>
    said.test(message) ? keys.filter((key) => subject[key] === undefined) : [],
  ).map((key) => `${rule} ${key}: ${message}`);
}
