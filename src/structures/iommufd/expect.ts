/** What a checker has to say of changed areas of the 2024 series. */
import { type Expectations, where } from '../../fuzz/expect/field.js';

const PAGE = 4096n;

export const expectations: Expectations = {
  fields: {
    'iova_len.value': where(
      ({ value }) => value === 0n || value % PAGE !== 0n,
      ['IOMMUFD-009', 'IOMMUFD-012'],
    ),
    'iova_start.value': where(
      ({ value }) => value % PAGE !== 0n,
      ['IOMMUFD-012', 'IOMMUFD-010', 'IOMMUFD-011'],
    ),
    'iommu_prot.value': where(({ value }) => (value & ~0x3fn) !== 0n, ['IOMMUFD-013']),
  },
};
