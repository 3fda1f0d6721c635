/** Parts of a handover that structures are, for what of them is not in a dump. */
export const STRUCTURE_PARTS = ['iommu', 'iommufd', 'vfio', 'pci', 'draft'] as const;

/** `draft` is every structure that has no part of its own. */
export type StructurePart = (typeof STRUCTURE_PARTS)[number];
