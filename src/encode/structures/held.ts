/** The structures at the top of a document, and those that hang on children of the root. */
import { SUBJECTS, structuresOf } from '../../structures/index.js';
import { jsonObject } from '../from-json.js';
import type { Json } from '../upstream/json.js';
import type { Place } from '../upstream/place.js';
import { formOf, recordBytes, writeStructure } from './write.js';

/**
 * Says which structures at the top of a document no FLB holds: nothing leads to them.
 *
 * @param flbs where the document has FLBs
 */
export function reportUnnamed({ top, messages }: Place, flbs: string): void {
  for (const { key, what, forms, top: atTop } of SUBJECTS) {
    if (atTop !== true || top?.document[key] === undefined || top.written.has(key)) continue;
    const names = [...new Set(forms.flatMap(({ names }) => names))].join(', ');
    messages.push(`${key} is left out: ${flbs} has no entry that holds the ${what} (${names})`);
  }
}

/** A child's blob with the record that the document has for it in its place. */
export function heldBlob(
  place: Place,
  subtree: Json,
  bytes: Uint8Array | undefined,
  path: string,
): Uint8Array | undefined {
  for (const { subject, value } of structuresOf(subtree, 'child')) {
    const own = `${path}.${subject.key}`;
    const json = jsonObject(value, own);
    const form = formOf(subject, json, typeof subtree.name === 'string' ? subtree.name : '', own);
    if (form.tree !== undefined) {
      writeStructure(place, form, json, undefined, own);
      return bytes;
    }
    const record = recordBytes(place, form, json, own);
    const blob = new Uint8Array(Math.max(record.length, bytes?.length ?? 0));
    blob.set(bytes ?? record);
    blob.set(record);
    return blob;
  }
  return bytes;
}
