/** Which forms of the records of the IOMMU series go together, by the KHO generation that they were posted against. */
import type { UpstreamGeneration } from '../../abi/upstream/root.js';
import {
  iommuArrayHdrSer,
  iommuDeviceSer,
  iommuDeviceSerEarly,
  iommuDeviceSerList,
  iommuDeviceSerV1,
  iommuDomainSer,
  iommuDomainSerEarly,
  iommuDomainSerList,
  iommuDomainSerV1,
  iommufdHwptSer,
  iommufdHwptSerList,
  iommufdSer,
  iommufdSerList,
  iommuHwSer,
  iommuHwSerEarly,
  iommuHwSerList,
} from '../../records/draft_iommu.js';
import { formById } from '../../structures/index.js';

/** Forms that one kernel wrote, by their ids in the registry. */
export interface IommuForms {
  readonly iommu: 'iommu-liveupdate' | 'iommu-liveupdate-v1' | 'iommu-v1-list' | 'iommu-v1-early';
  readonly iommufd: 'iommufd-v1' | 'iommufd-v1-list';
  readonly pci: 'pci-version-2' | 'pci-v3' | 'pci-v1-wide';
  readonly vfio: 'vfio-pci-v2' | 'vfio-pci-v1' | 'vfio-pci-v1-iommufd';
}

const FEBRUARY: IommuForms = {
  iommu: 'iommu-v1-list',
  iommufd: 'iommufd-v1-list',
  pci: 'pci-v1-wide',
  vfio: 'vfio-pci-v1-iommufd',
};

/**
 * The series was posted from February 2026 on, against what was to become 7.0 (upstream 4.3 to 4.6).
 */
export const IOMMU_FORMS: Readonly<Record<UpstreamGeneration, IommuForms>> = {
  'kho-v1': FEBRUARY,
  'kho-v2': { ...FEBRUARY, iommu: 'iommu-v1-early' },
  'kho-v3': { iommu: 'iommu-liveupdate-v1', iommufd: 'iommufd-v1', pci: 'pci-v3', vfio: 'vfio-pci-v1' },
  'kho-v4': { iommu: 'iommu-liveupdate', iommufd: 'iommufd-v1', pci: 'pci-version-2', vfio: 'vfio-pci-v2' },
};

/** What a document says of the handler of a draft, or of its FLB: which form it is, and where that is known from. */
export function draftOf(form: string): {
  readonly draft: { readonly draft: string; readonly source: string };
} {
  const { title = form, source = '' } = formById(form) ?? {};
  return { draft: { draft: title, source } };
}

/** What a form of the state has of the fields that came or went. */
export interface StateForm {
  /** Bytes of an object of each list. */
  readonly sizes: Readonly<Record<'units' | 'domains' | 'devices', number>>;
  /** Objects have their position. */
  readonly positions: boolean;
  /** Domains have vasz and sign_extend, units the bitmap, devices the PASID fields. */
  readonly widths: boolean;
  /** Devices name the iommufd that owns their DMA. */
  readonly owners: boolean;
  /** Domains count their devices. */
  readonly counts: boolean;
}

function sizes(unit: Sized, domain: Sized, device: Sized): StateForm['sizes'] {
  return { units: unit.size ?? 0, domains: domain.size ?? 0, devices: device.size ?? 0 };
}

interface Sized {
  readonly size?: number | undefined;
}

export const STATE_FORMS: Readonly<Record<IommuForms['iommu'], StateForm>> = {
  'iommu-liveupdate': {
    sizes: sizes(iommuHwSer, iommuDomainSer, iommuDeviceSer),
    positions: false,
    widths: true,
    owners: true,
    counts: false,
  },
  'iommu-liveupdate-v1': {
    sizes: sizes(iommuHwSer, iommuDomainSerV1, iommuDeviceSerV1),
    positions: false,
    widths: true,
    owners: false,
    counts: false,
  },
  'iommu-v1-list': {
    sizes: sizes(iommuHwSerList, iommuDomainSerList, iommuDeviceSerList),
    positions: true,
    widths: false,
    owners: false,
    counts: false,
  },
  'iommu-v1-early': {
    sizes: sizes(iommuHwSerEarly, iommuDomainSerEarly, iommuDeviceSerEarly),
    positions: true,
    widths: false,
    owners: false,
    counts: true,
  },
};

/** Bytes of the head of a page of objects. */
export const PAGE_HEAD = iommuArrayHdrSer.size ?? 0;

/** Bytes of the record of an iommufd with its page tables. */
export function iommufdBytes(form: IommuForms['iommufd'], hwpts: number): number {
  const [head, element] =
    form === 'iommufd-v1' ? [iommufdSer, iommufdHwptSer] : [iommufdSerList, iommufdHwptSerList];
  return (head.size ?? 0) + hwpts * (element.size ?? 0);
}
