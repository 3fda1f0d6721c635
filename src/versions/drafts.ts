/** Where the drafts were seen that no release has: the forms of `structures`, by their ids, newest first within a subject. */

/** A form of a draft. */
export interface DraftSeen {
  /** Id of the form in the registry of structures. */
  readonly form: string;
  /** Where its layout was seen. */
  readonly seen: string;
  /** KHO generation that it was captured with, or that the kernels had when it was posted. */
  readonly with?: string;
}

const CAPTURE = 'captured: the serialisers of the series, ported onto Linux 7.3.4';
const FEBRUARY = 'list post of February 2026';

export const DRAFTS_SEEN: readonly DraftSeen[] = [
  { form: 'iommu-liveupdate', seen: `${CAPTURE}; SMMUv3 in headers only`, with: 'kho-v4' },
  { form: 'iommu-liveupdate-v1', seen: 'samikhawaja/linux@07a493131c2b', with: 'kho-v3' },
  { form: 'iommu-v1-list', seen: FEBRUARY, with: 'kho-v1' },
  { form: 'iommu-v1-early', seen: 'samikhawaja/linux@ef754267767f', with: 'kho-v1' },
  { form: 'pci-version-2', seen: `${CAPTURE}; analogdevicesinc/linux@39f8a23bd04b`, with: 'kho-v4' },
  { form: 'pci-version-1', seen: `${CAPTURE}; in linux-next for 7.4`, with: 'kho-v4' },
  { form: 'pci-v3', seen: 'mailing list, spring 2026', with: 'kho-v3' },
  { form: 'pci-v2', seen: 'mailing list, spring 2026', with: 'kho-v3' },
  { form: 'pci-v1', seen: 'linux-mm/linux-mm@3bb8a42d4b99', with: 'kho-v3' },
  { form: 'pci-v1-wide', seen: FEBRUARY, with: 'kho-v1' },
  { form: 'hugetlb-v1', seen: 'intel-lab-lkp/linux@1e9e91b4882b' },
  { form: 'iommufd-v1', seen: `${CAPTURE}; samikhawaja/linux@fd339b51d927`, with: 'kho-v4' },
  { form: 'iommufd-v1-list', seen: FEBRUARY, with: 'kho-v1' },
  { form: 'vfio-pci-v2', seen: CAPTURE, with: 'kho-v4' },
  { form: 'vfio-pci-v1', seen: CAPTURE, with: 'kho-v4' },
  { form: 'vfio-pci-v1-early', seen: FEBRUARY, with: 'kho-v1' },
  { form: 'vfio-pci-v1-iommufd', seen: FEBRUARY, with: 'kho-v1' },
  { form: 'huge-memfd-v1', seen: 'intel-lab-lkp/linux@e99e331639f1' },
  { form: 'guest_memfd_luo_v1', seen: 'mailing list, mid 2026' },
  { form: 'kvm_vm_luo_v1', seen: 'mailing list, mid 2026' },
  { form: 'kvm_vm_luo_v1-first', seen: 'mailing list, mid 2026' },
  { form: 'kvm_vcpu_luo_v1', seen: 'mailing list, mid 2026' },
  { form: 'pstore-kho', seen: 'intel-lab-lkp/linux@a485b526b2c0' },
  { form: 'pstore-kho-v1', seen: 'an older revision of the same' },
];
