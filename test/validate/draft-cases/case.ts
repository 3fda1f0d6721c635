/** Short forms for the cases of drafts. */
import type { DraftCase, DraftName } from './base.js';

/** Cases on one dump: `synthesised with NAME` is one for any structure, by the name that it hangs under. */
export function on(dump: DraftName, severity: DraftCase['severity']) {
  return (rule: string, what: string, patches: DraftCase['patches']): DraftCase => ({
    rule,
    severity,
    dump,
    what,
    patches,
  });
}

export const LEGACY = on('linux-7.3-iommu-legacy', 'error');
export const LEGACYW = on('linux-7.3-iommu-legacy', 'warning');
export const FIRST = on('linux-7.3-iommu-first-stage', 'error');
export const FIRSTW = on('linux-7.3-iommu-first-stage', 'warning');
export const FORMS = on('linux-7.3-iommu-v1-forms', 'error');
export const POSTED = on('made iommu-v1', 'error');
export const POSTEDW = on('made iommu-v1', 'warning');
export const GUEST = on('made memory and kvm', 'error');
export const GUESTW = on('made memory and kvm', 'warning');
export const PCI1W = on('made pci-v1', 'warning');
export const PCI3 = on('made pci-v3', 'error');
export const SECONDW = on('synthesised second stage', 'warning');
export const KHO1 = on('synthesised kho-v1', 'error');
export const KHO3 = on('synthesised kho-v3', 'error');
export const KHO3W = on('synthesised kho-v3', 'warning');
export const SMMU = on('made smmuv3', 'error');
export const SMMUW = on('made smmuv3', 'warning');
export const PSTORE = on('made pstore', 'error');
