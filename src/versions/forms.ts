/** Structures of one name that have had several layouts: which form is whose. */
import { RELEASES, type ReleaseAbi } from './table.js';

/** One form of a structure. */
export interface RecordForm {
  /** Name of the record in formats/. */
  readonly record: string;
  /** What has it, in words: ABI strings, or a mode of the hardware. */
  readonly of: string;
  /** Whether a release writes it. */
  readonly writes?: (abi: ReleaseAbi) => boolean;
}

const luo =
  (...versions: readonly string[]) =>
  ({ luo: version }: ReleaseAbi): boolean =>
    version !== undefined && versions.includes(version);
const never = (): boolean => false;

/** The forms of every structure that has more than one, newest first; but for those that bindings tell (structures/forms). */
const FORMS: readonly (readonly RecordForm[])[] = [
  [
    { record: 'luo_ser', of: 'luo-v5', writes: luo('luo-v5') },
    { record: 'luo_ser_composite', of: 'luo-v5 with a composite string', writes: never },
    { record: 'luo_ser_v4', of: 'luo-v4', writes: never },
    { record: 'luo_ser_v3', of: 'luo-v3', writes: never },
    { record: 'luo_ser_v2', of: 'luo-v2', writes: never },
  ],
  [
    { record: 'luo_session_ser', of: 'luo-v5', writes: luo('luo-v5') },
    { record: 'luo_session_ser_v1', of: 'luo-v1 to luo-v4', writes: luo('luo-v1') },
  ],
  [
    { record: 'luo_file_set_ser', of: 'luo-v5', writes: luo('luo-v5') },
    { record: 'luo_file_set_ser_v1', of: 'luo-v1 to luo-v4', writes: luo('luo-v1') },
  ],
  [
    { record: 'kho_data', of: 'kho-v1 and later', writes: () => true },
    { record: 'kho_data_rfc2024', of: 'rfc-2024', writes: never },
  ],
  [
    { record: 'vfio_pci_v2', of: 'vfio-pci-v2', writes: never },
    { record: 'vfio_pci_v1', of: 'vfio-pci-v1', writes: never },
    {
      record: 'vfio_pci_v1_iommufd',
      of: 'vfio-pci-v1 of the first postings, with the iommufd',
      writes: never,
    },
    { record: 'vfio_pci_v1_early', of: 'vfio-pci-v1 of the first postings', writes: never },
  ],
  [
    { record: 'iommu_flb_ser', of: 'iommu-liveupdate', writes: never },
    { record: 'iommu_flb_ser_v1', of: 'iommu-liveupdate-v1', writes: never },
  ],
  [
    { record: 'iommu_flb_ser_list', of: 'iommu-v1 as posted in February 2026', writes: never },
    { record: 'iommu_flb_ser_early', of: 'iommu-v1 of the early branch', writes: never },
  ],
  [
    { record: 'iommu_domain_ser', of: 'iommu-liveupdate', writes: never },
    { record: 'iommu_domain_ser_v1', of: 'iommu-liveupdate-v1', writes: never },
    { record: 'iommu_domain_ser_list', of: 'iommu-v1 as posted in February 2026', writes: never },
    { record: 'iommu_domain_ser_early', of: 'iommu-v1 of the early branch', writes: never },
  ],
  [
    { record: 'iommu_device_ser', of: 'iommu-liveupdate', writes: never },
    { record: 'iommu_device_ser_v1', of: 'iommu-liveupdate-v1', writes: never },
  ],
  [
    { record: 'iommu_device_intel_ser', of: 'iommu-liveupdate', writes: never },
    { record: 'iommu_device_intel_ser_v1', of: 'iommu-liveupdate-v1', writes: never },
  ],
  [
    { record: 'iommu_intel_ser', of: 'iommu-liveupdate and iommu-liveupdate-v1', writes: never },
    { record: 'iommu_intel_ser_early', of: 'iommu-v1', writes: never },
  ],
  [
    { record: 'iommu_device_ser_list', of: 'iommu-v1 as posted in February 2026', writes: never },
    { record: 'iommu_device_ser_early', of: 'iommu-v1 of the early branch', writes: never },
  ],
  [
    { record: 'iommu_hw_ser_list', of: 'iommu-v1 as posted in February 2026', writes: never },
    { record: 'iommu_hw_ser_early', of: 'iommu-v1 of the early branch', writes: never },
  ],
  [
    { record: 'pci_ser', of: 'pci', writes: never },
    { record: 'pci_ser_v1', of: 'pci-v1 of spring 2026 to pci-v3', writes: never },
    { record: 'pci_ser_v1_wide', of: 'pci-v1 as posted in February 2026', writes: never },
  ],
  [
    { record: 'pci_dev_ser', of: 'pci, pci-v2 and pci-v3', writes: never },
    { record: 'pci_dev_ser_v1', of: 'pci-v1 of spring 2026', writes: never },
    { record: 'pci_dev_ser_v1_wide', of: 'pci-v1 as posted in February 2026', writes: never },
  ],
  [
    { record: 'kvm_luo_ser', of: 'kvm_vm_luo_v1, later form', writes: never },
    { record: 'kvm_luo_ser_v1', of: 'kvm_vm_luo_v1, first form', writes: never },
  ],
  [
    { record: 'buffer_page', of: 'kernels with sub-buffer orders (6.8 on)', writes: never },
    { record: 'buffer_page_v2', of: 'kernels without', writes: never },
  ],
  [
    { record: 'scalable_root_entry', of: 'scalable mode' },
    { record: 'root_entry', of: 'legacy mode' },
  ],
  [
    { record: 'scalable_context_entry', of: 'scalable mode' },
    { record: 'context_entry', of: 'legacy mode' },
  ],
];

/** The forms of the structure that a record is one of, newest first; empty where none are told here. */
export function listedForms(record: string): readonly RecordForm[] {
  return FORMS.find((forms) => forms.some((form) => form.record === record)) ?? [];
}

/** Which releases write a form: `Linux 7.1 and later`, `Linux 6.19 to 7.0`, `no release`; undefined for hardware. */
export function formReleases({ writes }: RecordForm): string | undefined {
  if (writes === undefined) return undefined;
  const found = RELEASES.filter(writes).map(({ release }) => release);
  const [newest] = found;
  const oldest = found.at(-1);
  if (newest === undefined || oldest === undefined) return 'no release';
  if (newest === RELEASES[0]?.release) return `Linux ${oldest} and later`;
  return newest === oldest ? `Linux ${oldest}` : `Linux ${oldest} to ${newest}`;
}
