/** The structures that hang on files, FLBs and children of a document. */
import { formById, namedForms, SUBJECTS, structuresOf } from '../../structures/index.js';
import type { StructureForm, Subject } from '../../structures/structure.js';
import { jsonObject, ModelError } from '../from-json.js';
import { type Json, jsonWide, optionalWide } from '../upstream/json.js';
import type { Place } from '../upstream/place.js';
import { recordBytes, writeStructure } from './write.js';

/** `data` of a file: the address of its structure, or what the document says. */
export function fileData(place: Place, file: Json, path: string): bigint {
  for (const { subject, value } of structuresOf(file, 'file')) {
    const own = `${path}.${subject.key}`;
    const json = jsonObject(value, own);
    const name = typeof file.compatible === 'string' ? file.compatible : '';
    const given = optionalWide(file.data, `${path}.data`);
    return writeStructure(place, formOf(subject, json, name, own), json, given, own);
  }
  return jsonWide(file.data, `${path}.data`);
}

/**
 * `data` of an FLB: the address of its structure, or what the document says.
 *
 * @param written keys of structures at the top of the document that an FLB before this one holds
 */
export function flbData(
  place: Place,
  document: Json,
  flb: Json,
  name: string,
  path: string,
  written: Set<string>,
): bigint {
  const subject = namedForms('flb', name)?.subject;
  const given = optionalWide(flb.data, `${path}.data`);
  if (subject === undefined) return jsonWide(flb.data, `${path}.data`);
  const { key } = subject;
  const atTop = subject.top === true && flb[key] === undefined && !written.has(key);
  const value = atTop ? document[key] : flb[key];
  if (value === undefined) return jsonWide(flb.data, `${path}.data`);
  const own = atTop ? key : `${path}.${key}`;
  if (atTop) written.add(key);
  const json = jsonObject(value, own);
  return writeStructure(place, formOf(subject, json, name, own), json, given, own);
}

/**
 * Says which structures at the top of a document no FLB holds: nothing leads to them.
 *
 * @param flbs where the document has FLBs
 */
export function reportUnnamed(
  place: Place,
  document: Json,
  written: ReadonlySet<string>,
  flbs: string,
): void {
  for (const { key, top, what, forms } of SUBJECTS) {
    if (top !== true || document[key] === undefined || written.has(key)) continue;
    const names = [...new Set(forms.flatMap(({ names }) => names))].join(', ');
    place.messages.push(`${key} is left out: ${flbs} has no entry that holds the ${what} (${names})`);
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

/** The form that a document names; of one that names none the newest of the holder's name. */
function formOf(subject: Subject, json: Json, name: string, path: string): StructureForm {
  if (json.form === undefined) {
    const form = namedForms(subject.holder, name)?.forms[0] ?? subject.forms[0];
    if (form !== undefined) return form;
  }
  const form = typeof json.form === 'string' ? formById(json.form) : undefined;
  if (form?.subject === subject.key) return form;
  throw new ModelError(`${path}.form: expected one of ${subject.forms.map(({ id }) => id).join(', ')}`);
}
