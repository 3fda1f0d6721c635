/** Where the drafts were seen that no release has: the forms of `structures`, by their ids, newest first within a subject. */
import { GENERATIONS, type Generation, type UpstreamGeneration } from './generations.js';
import { RELEASES } from './table.js';

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

/**
 * Forms of the IOMMU series that were posted together, and the generation that the kernels of each posting had, newest
 * first. It was posted from February 2026 on, against what was to become 7.0 (upstream 4.3 to 4.6).
 */
const SERIES: readonly { readonly from: Generation; readonly forms: readonly string[] }[] = [
  { from: 'kho-v4', forms: ['iommu-liveupdate', 'iommufd-v1', 'pci-version-2', 'vfio-pci-v2'] },
  { from: 'kho-v3', forms: ['iommu-liveupdate-v1', 'iommufd-v1', 'pci-v3', 'vfio-pci-v1'] },
  { from: 'kho-v2', forms: ['iommu-v1-early', 'iommufd-v1-list', 'pci-v1-wide', 'vfio-pci-v1-iommufd'] },
  { from: 'kho-v1', forms: ['iommu-v1-list', 'iommufd-v1-list', 'pci-v1-wide', 'vfio-pci-v1-iommufd'] },
];

/** Forms that have a plan of their own in synthesised dumps: those of the series, and of the files of guest memory. */
export const PLANNED: ReadonlySet<string> = new Set([
  ...SERIES.flatMap(({ forms }) => forms),
  ...RELEASES.flatMap(({ files }) => files.slice(0, 1)),
]);

/** Ids of the forms that go with a generation. */
export function seriesWith(abi: UpstreamGeneration): readonly string[] {
  const at = GENERATIONS.indexOf(abi);
  return SERIES.find(({ from }) => GENERATIONS.indexOf(from) <= at)?.forms ?? [];
}
