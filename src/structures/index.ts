/** The registry: every structure that the engines handle, by what names it where it hangs. */
import { ownVersion } from '../schema/composite.js';
import { foundSubjects } from './bindings-found.js';
import type { CountedFolios } from './folios.js';
import { inOrder } from './order.js';
import type { StructureForm, Subject } from './structure.js';

/**
 * All subjects, in the order in which documents and reports show them. The build finds them (tools/found.js); one that has
 * no place of its own here comes last.
 */
export const SUBJECTS: readonly Subject[] = inOrder(foundSubjects, [
  'iommu',
  'pci',
  'hugetlb',
  'memfd',
  'iommufd',
  'vfioPci',
  'hugeMemfd',
  'guestMemfd',
  'kvmVm',
  'kvmVcpu',
  'pstore',
]);

/** Those of no release. */
export const DRAFTS: readonly Subject[] = SUBJECTS.filter(({ released }) => released !== true);

const FORMS: ReadonlyMap<string, StructureForm> = new Map(
  SUBJECTS.flatMap(({ forms }) => forms.map((form): [string, StructureForm] => [form.id, form])),
);

/** The form of a model; undefined for an id that none has. */
export function formById(id: string): StructureForm | undefined {
  return FORMS.get(id);
}

/** The subject of a key; undefined for a key that none has. */
export function subjectByKey(key: string): Subject | undefined {
  return SUBJECTS.find((subject) => subject.key === key);
}

/**
 * The subject that a name stands for, and its forms of that name, the newest first.
 *
 * @param name as a LUO file, an FLB or a child of the root has it. What follows a `;` names the structures that the
 *   record embeds, and says nothing of its own layout (upstream 4.1).
 */
export function namedForms(
  holder: Subject['holder'],
  name: string,
): { readonly subject: Subject; readonly forms: readonly StructureForm[] } | undefined {
  const own = ownVersion(name);
  for (const subject of SUBJECTS) {
    if (subject.holder !== holder) continue;
    const forms = subject.forms.filter(({ names }) => names.includes(own));
    if (forms.length > 0) return { subject, forms };
  }
  return undefined;
}

/** Forms of what a child of the root is, by its name, the newest first. */
export function subtreeForms(name: string): readonly StructureForm[] {
  return namedForms('child', name)?.forms ?? [];
}

/** What an object of the model, or of a document, has of the subjects of a holder. */
export function* structuresOf(
  object: object,
  holder?: Subject['holder'],
): Generator<{ readonly subject: Subject; readonly value: unknown }> {
  for (const subject of SUBJECTS) {
    if (holder !== undefined && subject.holder !== holder) continue;
    const value = (object as { readonly [key: string]: unknown })[subject.key];
    if (value !== undefined) yield { subject, value };
  }
}

/** The lists of folios that a file has, by what has them. */
export function* folioListsOf(
  file: object,
): Generator<{ readonly subject: Subject; readonly list: CountedFolios }> {
  for (const { subject, value } of structuresOf(file, 'file'))
    if ('folios' in (value as object) && 'area' in (value as object))
      yield { subject, list: value as CountedFolios };
}
