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
  'VTD-145': {
    fault: 'pointer 0 (a machine of vtd.md 5)',
    message: 'root entry of bus 3b: CTP 0x0 is no context table, though the entry is present',
    at: 'root_entry.CTP  bits 63:12  address 0x1030273b0',
    bytes: '01 [00 00 00 00 00 00 00] 00 00 00 00 00 00 00 00 (address 0x1030273b0, word 0x1)',
    found: '0x0',
    expected: 'address of a context table',
  },
  'VTD-146': {
    fault: 'pointer of the upper half 0 (a machine of vtd.md 5)',
    message: 'root entry of bus 3b: UCTP 0x0 is no context table, though the entry is present',
    at: 'scalable_root_entry.UCTP  bits 127:76  address 0x1030273b0',
    bytes: '01 e0 03 03 01 00 00 00 01 [00 00 00 00 00 00 00] (address 0x1030273b0, word 0x1)',
    found: '0x0',
    expected: 'address of a context table',
  },
  'VTD-147': {
    fault: 'pointer 0 (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: PASIDDIRPTR 0x0 is no PASID directory, though the entry is present',
    at: 'scalable_context_entry.PASIDDIRPTR  bits 63:12  address 0x10303e000',
    bytes: '09 [04 00 00 00 00 00 00] 00 00 00 00 00 00 00 00 (address 0x10303e000, word 0x409)',
    found: '0x0',
    expected: 'address of a PASID directory',
  },
  'VTD-148': {
    fault: 'pointer 0 (a machine of vtd.md 5)',
    message: 'PASID directory entry of 3b:00.0: SMPTBLPTR 0x0 is no PASID table, though the entry is present',
    at: 'pasid_dir_entry.SMPTBLPTR  bits 63:12  address 0x103050000',
    bytes: '01 [00 00 00 00 00 00 00] (address 0x103050000, word 0x1)',
    found: '0x0',
    expected: 'address of a PASID table',
  },
  'VTD-149': {
    fault: 'pointer 0 (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: SSPTPTR 0x0 is no page table, though the entry is present',
    at: 'pasid_entry.SSPTPTR  bits 63:12  address 0x103051000',
    bytes: '89 [02 00 00 00 00 00 00] 05 00 80 00 00 00 00 00 (address 0x103051000, word 0x289)',
    found: '0x0',
    expected: 'address of a page table',
  },
  'VTD-150': {
    fault: 'pointer 0 (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0 PASID 0x41: FSPTPTR 0x0 is no page table, though the entry is present',
    at: 'pasid_entry.FSPTPTR  bits 191:140  address 0x103052040',
    bytes:
      '06 00 80 01 00 00 00 00 00 [00 00 00 00 00 00 00] 00 00 00 00 00 00 00 00 (address 0x103052048, word 0x0)',
    found: '0x0',
    expected: 'address of a page table',
  },
  'VTD-151': {
    fault: 'PDE to address 0 (a machine of vtd.md 5)',
    message: 'entry 0x27 of level 2 at 0x1030728d0 of 3b:00.0 PASID 0x41 points to a table at address 0',
    at: 'address 0x1030728d0  IOVA 0x7f0123400000-0x7f0123600000',
  },
  'VTD-152': {
    fault: 'context table in the first MiB (a machine of vtd.md 5)',
    message:
      'the context table of bus 3c, 0x5000, lies in the first MiB, which the kernel keeps free of tables; nor is it in the dump',
    at: 'address 0x1030273c0',
  },
  'VTD-153': {
    fault: 'a page of other data as context table (a machine of vtd.md 5)',
    message:
      'the context table of bus 3c, 0x103050000, is none: most of what would be present entries there has reserved bits',
    at: 'address 0x1030273c0',
  },
  'VTD-154': {
    fault: 'empty context table (a machine of vtd.md 5)',
    message: 'the context table of bus 3c, 0x103050000, has no present entry',
    at: 'address 0x1030273c0',
  },
  'VTD-155': {
    fault: 'P cleared (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.1 is not present but not 0: 0x103050408 0x0 0x0 0x0',
    at: 'address 0x10303e020',
    found: '0x103050408 0x0 0x0 0x0',
    expected: '0',
  },
  'VTD-156': {
    fault: 'P cleared (a machine of vtd.md 5)',
    message: 'PASID directory entry of 3b:00.0 is not present but not 0: 0x103052000',
    at: 'address 0x103050010',
  },
  'VTD-157': {
    fault: 'P and R/W clear (a machine of vtd.md 5)',
    message: 'entry 0x256789064 of level 1 at 0x1030732b8 of 3b:00.0 PASID 0x41 is not present, but is not 0',
    at: 'address 0x1030732b8  IOVA 0x7f0123457000-0x7f0123458000',
  },
  'VTD-158': {
    fault: 'AW one level short (a machine of vtd.md 5)',
    message:
      'the table 0x10303f000 of 3b:00.0 has 4 levels, its entry says 3 (AW), so its page tables are taken for the pages that it maps',
    at: 'context_entry.AW  address 0x10303e000',
    bytes: '[05] (address 0x10303e000)',
    found: '3 levels',
    expected: '4 levels',
  },
  'VTD-159': {
    fault: 'interrupt range as input of RID_PASID (a machine of vtd.md 5)',
    message: 'leaf 0x2500000e7 of 3b:00.0 at IOVA 0xfee00000 maps input addresses in the interrupt range',
    at: 'IOVA 0xfee00000-0xff000000',
  },
};
