/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const flbExamples: { readonly [rule: string]: RuleExample } = {
  'FLB-001': {
    fault: 'two pages (linux-7.3-live-update)',
    message: 'pgcnt of the FLB header is 2',
    at: 'luo_flb_header_ser.pgcnt  address 0x2dab000',
    bytes: '[02 00 00 00 00 00 00 00] 03 00 00 00 00 00 00 00 (address 0x2dab000)',
    found: '2',
    expected: '1',
  },
  'FLB-002': {
    fault: '64 entries (linux-7.3-live-update)',
    message: 'The FLB header counts 64 entries, its page holds 63',
    at: 'luo_flb_header_ser.count  address 0x2dab008',
    bytes: '01 00 00 00 00 00 00 00 [40 00 00 00 00 00 00 00] (address 0x2dab000)',
    found: '64',
    expected: 'at most 63',
  },
  'FLB-003': {
    fault: 'two of one name (linux-7.3-live-update)',
    message: 'FLB 1 has the name "liveupdate-test-flb-v0" of an earlier one',
    at: 'luo_flb_ser.name  address 0x2dab050',
    bytes:
      '[6c 69 76 65 75 70 64 61 74 65 2d 74 65 73 74 2d 66 6c 62 2d 76 30] 00 00 00 00 00 00 00 00 00 00 (address 0x2dab050)',
  },
  'FLB-004': {
    fault: 'no users (linux-7.3-live-update)',
    message: 'count of FLB 0, "liveupdate-test-flb-v0", is 0',
    at: 'luo_flb_ser.count  address 0x2dab048',
    bytes: 'e0 be fe ca 0d f0 ed fe [00 00 00 00 00 00 00 00] (address 0x2dab040)',
    found: '0',
    expected: '1 to 2147483647',
  },
  'FLB-005': {
    fault: 'a name of nobody (linux-7.3-live-update)',
    message: 'No release has an FLB "iommu-v7" (entry 0)',
    at: 'luo_flb_ser.name  address 0x2dab010',
    bytes:
      '[69 6f 6d 6d 75 2d 76 37] 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 (address 0x2dab010)',
  },
  'FLB-006': {
    fault: 'more users of pci than files of vfio (linux-7.3-live-update)',
    message: 'count of FLB 2, "pci", is 2; all sessions together have 1 file that holds it',
    at: 'luo_flb_ser.count  address 0x2dab0c8',
    bytes: 'e2 be fe ca 0d f0 ed fe [02 00 00 00 00 00 00 00] (address 0x2dab0c0)',
    found: '2',
    expected: 'at most 1',
  },
  'FLB-008': {
    fault: 'fewer users than files (linux-7.3-live-update)',
    message: 'count of FLB 1, "liveupdate-test-flb-v1", is 1; 44 files hold it',
    at: 'luo_flb_ser.count  address 0x2dab088',
    bytes: 'e1 be fe ca 0d f0 ed fe [01 00 00 00 00 00 00 00] (address 0x2dab080)',
    found: '1',
    expected: '44',
  },
  'FLB-009': {
    fault: 'a file of vfio without pci (linux-7.3-live-update)',
    message: '1 file depends on the FLB "pci", and the FLB page has none of that name',
    at: 'luo_flb_header_ser.count  address 0x2dab000',
    bytes: '00 00 00 00 00 00 00 00 [01 00 00 00 00 00 00 00] (address 0x2daaff8)',
    found: 'nothing',
    expected: 'pci',
  },
  'FLB-007': {
    fault: 'an FLB less (linux-7.3-live-update)',
    message: 'Something stands behind the 2 FLBs that are counted',
    at: 'luo_flb_ser.name  address 0x2dab090',
    bytes:
      '[6c 69 76 65 75 70 64 61 74 65 2d 74 65 73 74 2d 66 6c 62 2d 76 32] 00 00 00 00 00 00 00 00 00 00 (address 0x2dab090)',
    found: 'nothing',
    expected: 'zeros',
  },
};
