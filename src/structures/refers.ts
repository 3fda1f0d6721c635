/** What addresses in structures lead to: elements of lists, by the names that these have there. */
import { formById } from './index.js';
import { elementAt } from './lists.js';
import type { Element, StructureList } from './model.js';
import type { Model, StructureForm, Target } from './structure.js';
import { listsOf } from './text.js';

/** An element, named. */
export interface Referred {
  readonly element: Model;
  /** E.g. `IOMMU domain of 0000:00:03.0`. */
  readonly name: string;
}

/** The structure that has the list that an address leads into. */
export function referredStructure(
  top: object,
  form: StructureForm,
  structure: Model,
  { subject }: Pick<Target, 'subject'>,
): Model | undefined {
  return subject === form.subject ? structure : ((top as Model)[subject] as Model | undefined);
}

/**
 * The element that an address leads to; undefined when it leads to none of the list, or nothing is known of the list.
 *
 * @param top what has the structures that stand by themselves: a handover
 * @param form of the structure that has the address, and its model
 */
export function referredElement(
  top: object,
  form: StructureForm,
  structure: Model,
  { subject, list }: Target,
  address: bigint,
): Referred | undefined {
  const owner = referredStructure(top, form, structure, { subject });
  if (owner === undefined) return undefined;
  const owning = formById(owner.form as string);
  const binding = owning === undefined ? undefined : listsOf(owning.root).find(({ key }) => key === list);
  const element = elementAt(owner[list] as StructureList<Model & Element> | undefined, address);
  if (binding === undefined || element === undefined) return undefined;
  return { element, name: `${binding.element.what} ${binding.identity(element, owner)}` };
}
