/**
 * The tree of the 2024 series: KHO v3 (Graf), guestmemfs and iommu(fd) persistence (Gowans); kernel/kexec_kho_out.c of
 * that tree. A folder for each child of the root.
 *
 * Nodes and properties are in the order in which the kernel writes them. The order of the root's
 * children is that of the notifier chain: ftrace, intel-iommu, guestmemfs, iommufd.
 */
import { RFC_COMPATIBLE } from '../../versions/generations.js';
import { ftrace } from '../ftrace/tree.js';
import { guestmemfs } from '../guestmemfs/tree.js';
import { intelIommu } from '../intel-iommu/tree.js';
import { iommufdNode } from '../iommufd/tree.js';
import type { TreeBinding } from '../tree.js';

export const rfc2024: TreeBinding = {
  compatible: RFC_COMPATIBLE,
  root: {
    name: { literal: '' },
    place: { merge: true },
    compatible: RFC_COMPATIBLE,
    properties: [],
    children: [ftrace, intelIommu, guestmemfs, iommufdNode],
  },
};
