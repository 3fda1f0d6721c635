/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const vtd4Examples: { readonly [rule: string]: RuleExample } = {
  'VTD-126': {
    fault: 'interrupt range (a machine of vtd.md 5)',
    message:
      'leaf 0xfee00067 of 3b:00.0 PASID 0x41 at IOVA 0x7f0123456000 maps to 0xfee00000, which meets the interrupt range; fault reason 0x87 (SGN.8) on access',
    at: 'IOVA 0x7f0123456000-0x7f0123457000',
  },
  'VTD-127': {
    fault: 'XD (a machine of vtd.md 5)',
    message: 'leaf 0x8000000256789067 of 3b:00.0 PASID 0x41 at IOVA 0x7f0123456000 has bit 63',
    at: 'IOVA 0x7f0123456000-0x7f0123457000',
  },
  'VTD-128': {
    fault: 'P cleared (a machine of vtd.md 5)',
    message:
      'entry 0x256789066 of level 1 at 0x1030732b8 of 3b:00.0 PASID 0x41 is not present, but has bit 1',
    at: 'bit 1  address 0x1030732b8  IOVA 0x7f0123457000-0x7f0123458000',
    found: '0x256789066',
    expected: '0x256789064',
  },
  'VTD-129': {
    fault: 'upper half (a machine of vtd.md 5)',
    message: 'leaf 0x256789067 of 3b:00.0 PASID 0x41 at IOVA 0x800123456000 lies in the upper half',
    at: 'IOVA 0x800123456000-0x800123457000',
  },
  'VTD-130': {
    fault: 'bit 52 (a machine of vtd.md 5)',
    message: 'leaf 0x10000256789067 of 3b:00.0 PASID 0x41 at IOVA 0x7f0123456000 has bits 62:52',
    at: 'IOVA 0x7f0123456000-0x7f0123457000',
  },
  'VTD-131': {
    fault: 'EA (a machine of vtd.md 5)',
    message: 'leaf 0x256789467 of 3b:00.0 PASID 0x41 at IOVA 0x7f0123456000 has EA, though EAFE is 0',
    at: 'IOVA 0x7f0123456000-0x7f0123457000',
  },
  'VTD-132': {
    fault: 'PWT (a machine of vtd.md 5)',
    message:
      'leaf 0x25678906f of 3b:00.0 PASID 0x41 at IOVA 0x7f0123456000 has other low bits than Linux writes',
    at: 'IOVA 0x7f0123456000-0x7f0123457000',
  },
  'VTD-133': {
    fault: 'the context table as page table (a machine of vtd.md 5)',
    message: 'page 0x10303e000 serves as a context table and a page table of level 1 of the unit, 3b:00.0',
    at: 'address 0x10303e000',
  },
  'VTD-134': {
    fault: 'a domain with another table than its device (a machine of vtd.md 5)',
    message:
      '3b:00.0 of domain 1 has the table 0x10303f000 with 4 levels, the handover says 0x103040000 with 4 levels',
    found: 'the table 0x10303f000 with 4 levels',
    expected: '0x103040000 with 4 levels',
  },
  'VTD-136': {
    fault: 'page tables that are not preserved (a machine of vtd.md 5)',
    message:
      'of 4 pages with page tables of 3b:00.0, 4 are not preserved: 0x10303f000 (level 4), 0x103040000 (level 3), 0x103041000 (level 2), 0x103042000 (level 1)',
    at: 'address 0x10303f000',
    found: '0 of 4 preserved',
    expected: 'all of them',
  },
  'VTD-137': {
    fault: 'bit 46, width not known (a machine of vtd.md 5)',
    message: 'leaf 0x400234567003 of 3b:00.0 at IOVA 0x123456789000 has address bits above bit 45',
    at: 'IOVA 0x123456789000-0x12345678a000',
  },
  'VTD-138': {
    fault: 'a mapped page that is not preserved (a machine of vtd.md 5)',
    message: '3b:00.0 maps IOVA 0x123456789000-0x12345678a000 (4 KiB) to 0x234567000, which is not preserved',
    at: 'address 0x234567000  IOVA 0x123456789000-0x12345678a000',
  },
  'VTD-139': {
    fault: 'bit 46 of the root table (a machine of vtd.md 5)',
    message:
      'RTADDR_REG of dmar0: RTA 0x400103027 has address bits at or above the host address width of 46 bits; fault reason 0x8 (LRT.1)',
    at: 'rtaddr_reg.RTA  bits 63:12',
    found: '0x400103027000',
    expected: 'below 0x400000000000',
  },
  'VTD-140': {
    fault: 'one id and PASID, two first stages (a machine of vtd.md 5)',
    message:
      'PASID entry of 3b:00.1 PASID 0x41: DID 0x6 and the same PASID have the first stage 0x103074000, with 3b:00.0 PASID 0x41 0x103070000',
    at: 'pasid_entry.DID  bits 79:64  address 0x103055040',
    bytes: '49 00 00 00 00 00 00 00 [06 00] 80 01 00 00 00 00 00 40 (address 0x103055040, word 0x1800006)',
  },
  'VTD-141': {
    fault: 'FPD (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: FPD 0x1 masks the faults of the device',
    at: 'scalable_context_entry.FPD  bit 1  address 0x10303e000',
    bytes: '[0b] 04 05 03 01 00 00 00 00 (address 0x10303e000, word 0x10305040b)',
  },
  'VTD-142': {
    fault: 'FPD (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: FPD 0x1 masks the faults of the PASID',
    at: 'pasid_entry.FPD  bit 1  address 0x103051000',
    bytes: '[8b] 02 06 03 01 00 00 00 05 (address 0x103051000, word 0x10306028b)',
  },
  'VTD-143': {
    fault: 'a top table that the guest has not (a machine of vtd.md 5)',
    message:
      'the top table 0x5000 of 3b:00.0 is one that the second stage does not map for reading; fault reason 0x75 (SFS.6) on access',
    at: 'address 0x103051000',
  },
  'VTD-144': {
    fault: 'a table that the guest has not (a machine of vtd.md 5)',
    message:
      'entry 0x5027 of level 4 at 0x1000 of 3b:00.0 points to table 0x5000, which the second stage does not map for reading; fault reason 0x76 (SFS.7) on access',
    at: 'address 0x1000  IOVA 0x0-0x8000000000',
  },
};
