/** Which forms of the IOMMU series go with a generation. */
import { formById } from '../../structures/index.js';
import type { ListBinding, StructureForm } from '../../structures/structure.js';
import { listsOf } from '../../structures/text.js';
import { seriesWith } from '../../versions/drafts.js';
import type { UpstreamGeneration } from '../../versions/generations.js';

/** Forms that one kernel wrote, by the keys of their structures. */
export type IommuForms = Readonly<Record<'iommu' | 'iommufd' | 'pci' | 'vfioPci', StructureForm>>;

/** Those of the kernels that the series was posted against. */
export function iommuForms(abi: UpstreamGeneration): IommuForms {
  const forms = seriesWith(abi).flatMap((id) => formById(id) ?? []);
  const of = (key: string): StructureForm => {
    const form = forms.find(({ subject }) => subject === key);
    if (form === undefined) throw new RangeError(`nothing was posted of ${key}`);
    return form;
  };
  return { iommu: of('iommu'), iommufd: of('iommufd'), pci: of('pci'), vfioPci: of('vfioPci') };
}

/** A list of a form, which has it. */
export function listOf({ root, id }: StructureForm, key: string): ListBinding {
  const list = listsOf(root).find((each) => each.key === key);
  if (list === undefined) throw new RangeError(`${id} has no ${key}`);
  return list;
}
