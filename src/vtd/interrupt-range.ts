/**
 * Input addresses that are interrupt messages and are not translated (vtd.md 3, SS-31): the kernel reserves
 * 0xfee00000-0xfeefffff on every unit (`intel_iommu_get_resv_regions`), and iommufd maps nothing there.
 */

/** First page frame number of the range. */
export const INTERRUPT_RANGE = 0xfee00;
/** First page frame number after it. */
export const INTERRUPT_RANGE_END = 0xfef00;
