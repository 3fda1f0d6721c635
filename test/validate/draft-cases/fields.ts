/** Where the fields of a draft's records lie. */
import type { Handover, Location } from '../../../src/abi/model.js';
import type { IommuDevice, IommuDomain, IommuUnit } from '../../../src/structures/iommu/model.js';
import type { StructureModel } from '../../../src/structures/model.js';
import { type Held, heldOf } from '../../../src/validate/structures/held.js';
import { elementField, elementOf, fieldAt } from '../../../src/validate/structures/place.js';
import { sure } from '../upstream-patches.js';

export function held(handover: Handover, key: string, index = 0): Held {
  return sure(heldOf(handover, key)[index], `${key} ${index}`);
}

/** Without the field in this form the place is that of the record. */
function present({ field, address }: Location, id: string): bigint {
  if (field?.includes('.') !== true) throw new Error(`no ${id}`);
  return sure(address, id);
}

/** Address of a field of a structure's own record. */
export function own(handover: Handover, key: string, id: string, index = 0): bigint {
  const { form, model } = held(handover, key, index);
  return present(fieldAt(form.root, model.address, id), id);
}

/** Address of the field that leads to a structure: `data` of its file or FLB. */
export function holderData(handover: Handover, key: string, index = 0): bigint {
  return sure(held(handover, key, index).location.address, 'data');
}

/** Address of a field of an element, `part.field` in a vendor part. */
export function element(
  handover: Handover,
  key: string,
  list: string,
  index: number,
  id: string,
  of = 0,
): bigint {
  const { form, model } = held(handover, key, of);
  const items = (model as StructureModel & Record<string, { items: { address: bigint }[] }>)[list]?.items;
  return present(elementField(form, list, sure(items?.[index], `${list} ${index}`), id), id);
}

export const iommu = (handover: Handover, list: 'units' | 'domains' | 'devices', index: number, id: string) =>
  element(handover, 'iommu', list, index, id);

/** First page of a list of the IOMMU state. */
export function page(handover: Handover, list: 'units' | 'domains' | 'devices'): bigint {
  return sure(sure(handover.iommu, 'iommu')[list].pages?.[0], 'page').address;
}

export function device(handover: Handover, index = 0): IommuDevice {
  return sure(handover.iommu?.devices.items[index], 'device');
}

export function domain(handover: Handover, index = 0): IommuDomain {
  return sure(handover.iommu?.domains.items[index], 'domain');
}

export function unit(handover: Handover, index = 0): IommuUnit {
  return sure(handover.iommu?.units.items[index], 'unit');
}

/** Bytes of a unit in the form of the state. */
export function unitSize(handover: Handover): number {
  return sure(elementOf(held(handover, 'iommu').form, 'units')?.record.size, 'unit');
}
