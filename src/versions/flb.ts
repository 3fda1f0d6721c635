/**
 * Which files hold which FLB (file-lifecycle-bound state of LUO): data. A handler registers the FLBs that it
 * depends on (kernel/liveupdate/luo_flb.c liveupdate_register_flb), and each of its files counts one.
 */

/** FLBs of one owner, in all forms of their name. */
export interface FlbOwner {
  /** Its name without a version. */
  readonly label: string;
  readonly name: RegExp;
  /** Handlers whose files hold the FLB. */
  readonly handlers: RegExp;
  /** Whether a handler's files cannot be restored without it; the kernel's own test is a matter of configuration. */
  readonly needed: boolean;
  /** Those whose files were never written without it, as far as any form is known. */
  readonly always?: RegExp;
  /** A release has it; the others are drafts (upstream 4.3, 4.5, 4.8). */
  readonly released: boolean;
}

export const FLB_OWNERS: readonly FlbOwner[] = [
  // lib/tests/liveupdate.c liveupdate_test_register: with every file handler.
  {
    label: 'liveupdate-test-flb',
    name: /^liveupdate-test-flb-v\d+$/,
    handlers: /^/,
    needed: false,
    released: true,
  },
  {
    label: 'pci',
    name: /^pci(?:-v\d+)?$/,
    handlers: /^vfio-pci-v\d+$/,
    needed: true,
    // The first form of vfio-pci-v1 is older than the state.
    always: /^vfio-pci-v(?!1$)\d+$/,
    released: false,
  },
  {
    label: 'iommu-liveupdate',
    name: /^iommu(?:-liveupdate)?(?:-v\d+)?$/,
    handlers: /^iommufd-v\d+$/,
    needed: true,
    always: /^iommufd-v\d+$/,
    released: false,
  },
  { label: 'hugetlb', name: /^hugetlb-v\d+$/, handlers: /^huge-memfd-v\d+$/, needed: true, released: false },
];

/** The owner of an FLB by its name; undefined for an unknown one. */
export function flbOwner(name: string): FlbOwner | undefined {
  return FLB_OWNERS.find((owner) => owner.name.test(name));
}
