/** Dumps that break the rules on iommufds of the 2024 series. */
import { removeNode, setKey, setProperty } from '../../../test/rfc/corrupt.js';
import { AREA, type FieldCase, IOAS_PATH, type RuleCase, rename, text } from '../../../test/rfc/sample.js';

export const RFC_FIELDS: readonly FieldCase[] = [
  ['/intel-iommu/domains/* agaw', setKey('domains.0.agaw', 1), ['IOMMUFD-010', 'VTD-158']],
  ['/iommufd compatible', setProperty('/iommufd', 'compatible', text('iommufd-v1')), ['IOMMUFD-001']],
  ['/iommufd/iommufds/* name', rename('/iommufd/iommufds/1', '2'), ['IOMMUFD-004', 'DMAR-019']],
  ['/iommufd/iommufds/* name', rename('/iommufd/iommufds/4', '0'), ['IOMMUFD-003']],
  ['/iommufd/iommufds/* name', rename('/iommufd/iommufds/4', '04'), ['IOMMUFD-003']],
  ['/iommufd/iommufds/*/ioases/* name', rename(IOAS_PATH, '5'), ['IOMMUFD-006']],
  ['/iommufd/iommufds/*/ioases/* name', rename(IOAS_PATH, 'x'), ['IOMMUFD-005']],
  [
    '/iommufd/iommufds/*/ioases/* pinned-file-handle',
    setProperty(IOAS_PATH, 'pinned-file-handle'),
    ['IOMMUFD-007'],
  ],
  ['/iommufd/iommufds/*/ioases/*/* name', rename(`${IOAS_PATH}/1`, '9'), ['IOMMUFD-008']],
  ['/iommufd/iommufds/*/ioases/*/* iova-start', setKey(`${AREA}.1.iovaStart`, '0x0'), ['IOMMUFD-011']],
  [
    '/iommufd/iommufds/*/ioases/*/* iova-start',
    setKey(`${AREA}.2.iovaStart`, '0xfffffffffffff000'),
    ['IOMMUFD-010'],
  ],
  ['/iommufd/iommufds/*/ioases/*/* iova-len', setKey(`${AREA}.1.iovaLen`, '0x0'), ['IOMMUFD-009']],
  ['/iommufd/iommufds/*/ioases/*/* iova-len', setKey(`${AREA}.1.iovaLen`, '0x13800'), ['IOMMUFD-012']],
  ['/iommufd/iommufds/*/ioases/*/* iommu-prot', setKey(`${AREA}.0.iommuProt`, 0x47), ['IOMMUFD-013']],
];

export const RFC_RULES: readonly RuleCase[] = [
  ['IOMMUFD-002', 'no ioases', removeNode('/iommufd/iommufds/4/ioases')],
  ['IOMMUFD-014', 'areas without a domain', removeNode('/intel-iommu/domains/4')],
];
