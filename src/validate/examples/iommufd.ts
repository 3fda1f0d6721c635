/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const iommufdExamples: { readonly [rule: string]: RuleExample } = {
  'IOMMUFD-001': {
    fault: '/iommufd compatible changed (built by test/rfc)',
    message: '/iommufd is "iommufd-v1"',
    at: '/iommufd/compatible',
    bytes: '[69 6f 6d 6d 75 66 64 2d 76 31 00] (blob offset 0x5f8)',
    found: 'iommufd-v1',
    expected: 'iommufd-v0',
  },
  'IOMMUFD-002': {
    fault: 'no ioases (built by test/rfc)',
    message: '/iommufd/iommufds/4 has no ioases node',
    at: '/iommufd/iommufds/4',
  },
  'IOMMUFD-003': {
    fault: '/iommufd/iommufds/* name changed (built by test/rfc)',
    message: 'iommufd node "0" is no persistent id',
    at: '/iommufd/iommufds/0',
    found: '0',
    expected: '1..4294967295 in decimal',
  },
  'IOMMUFD-004': {
    fault: '/iommufd/iommufds/* name changed (built by test/rfc)',
    message: 'no iommufd has persistent id 1, which is the one that every sysfs file rebuilds (there: 2, 4)',
    at: '/iommufd/iommufds',
  },
  'IOMMUFD-005': {
    fault: '/iommufd/iommufds/*/ioases/* name changed (built by test/rfc)',
    message: 'IOAS node "x" is no object id',
    at: '/iommufd/iommufds/1/ioases/x',
  },
  'IOMMUFD-006': {
    fault: '/iommufd/iommufds/*/ioases/* name changed (built by test/rfc)',
    message: 'IOAS ids of iommufd 1 change on restore: 5, 2 become 1, 2',
    at: '/iommufd/iommufds/1',
  },
  'IOMMUFD-007': {
    fault: '/iommufd/iommufds/*/ioases/* pinned-file-handle changed (built by test/rfc)',
    message: '/iommufd/iommufds/1/ioases/1 has no pinned-file-handle, though other IOASes have one',
    at: '/iommufd/iommufds/1/ioases/1/pinned-file-handle',
  },
  'IOMMUFD-008': {
    fault: '/iommufd/iommufds/*/ioases/*/* name changed (built by test/rfc)',
    message: '/iommufd/iommufds/1/ioases/1/9 is area 1 of its IOAS by position',
    at: '/iommufd/iommufds/1/ioases/1/9',
    found: '9',
    expected: '1',
  },
  'IOMMUFD-009': {
    fault: '/iommufd/iommufds/*/ioases/*/* iova-len changed (built by test/rfc)',
    message: '/iommufd/iommufds/1/ioases/1/1 is empty, at IOVA 0x210000',
    at: '/iommufd/iommufds/1/ioases/1/1/iova-len  IOVA 0x210000',
    bytes: '[00 00 00 00 00 00 00 00] (blob offset 0x6b0)',
  },
  'IOMMUFD-010': {
    fault: '/intel-iommu/domains/* agaw changed (built by test/rfc)',
    message: '/iommufd/iommufds/1/ioases/1/2 ends beyond the 39 bits of its domain: 0x10000224000 + 0x200000',
    at: '/iommufd/iommufds/1/ioases/1/2/iova-len  IOVA 0x10000224000-0x10000424000',
    bytes: '[00 00 20 00 00 00 00 00] (blob offset 0x6f4)',
  },
  'IOMMUFD-011': {
    fault: '/iommufd/iommufds/*/ioases/*/* iova-start changed (built by test/rfc)',
    message: 'areas 0 and 1 of /iommufd/iommufds/1/ioases/1 overlap at IOVA 0x0-0x14000 (80 KiB)',
    at: '/iommufd/iommufds/1/ioases/1/1  IOVA 0x0-0x14000',
  },
  'IOMMUFD-012': {
    fault: '/iommufd/iommufds/*/ioases/*/* iova-len changed (built by test/rfc)',
    message: '/iommufd/iommufds/1/ioases/1/1 is not page aligned: 0x210000 + 0x13800',
    at: '/iommufd/iommufds/1/ioases/1/1/iova-len  IOVA 0x210000-0x223800',
    bytes: '[00 38 01 00 00 00 00 00] (blob offset 0x6b0)',
  },
  'IOMMUFD-013': {
    fault: '/iommufd/iommufds/*/ioases/*/* iommu-prot changed (built by test/rfc)',
    message: '/iommufd/iommufds/1/ioases/1/0 has undefined bits in iommu-prot: 0x47',
    at: '/iommufd/iommufds/1/ioases/1/0/iommu-prot  IOVA 0x0-0x200000',
    bytes: '[47 00 00 00] (blob offset 0x680)',
  },
  'IOMMUFD-014': {
    fault: 'areas without a domain (built by test/rfc)',
    message: 'iommufd 4 has 1 areas and no /intel-iommu/domains/4',
    at: '/iommufd/iommufds/4',
  },
};
