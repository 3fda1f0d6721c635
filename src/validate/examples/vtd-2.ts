/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const vtd2Examples: { readonly [rule: string]: RuleExample } = {
  'VTD-043': {
    fault: 'bit 46 (a machine of vtd.md 5)',
    message:
      'context entry of 3b:00.0: PASIDDIRPTR 0x400103050 has address bits at or above the host address width of 46 bits; fault reason 0x42 (SCT.3)',
    at: 'scalable_context_entry.PASIDDIRPTR  bits 63:12  address 0x10303e000',
    bytes: '09 [04 05 03 01 40 00 00] 00 00 00 00 00 00 00 00 (address 0x10303e000, word 0x400103050409)',
    found: '0x400103050000',
    expected: 'below 0x400000000000',
  },
  'VTD-044': {
    fault: 'RID_PASID without RPS (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: RID_PASID 0x41 needs ECAP.RPS; fault reason 0x42 (SCT.3)',
    at: 'scalable_context_entry.RID_PASID  bits 83:64  address 0x10303e000',
    bytes: '09 04 05 03 01 00 00 00 [41 00 00] 00 00 00 00 00 00 00 00 (address 0x10303e000, word 0x41)',
  },
  'VTD-045': {
    fault: 'bit 85 (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: bits 127:85 0x1 is reserved; fault reason 0x42 (SCT.3)',
    at: 'scalable_context_entry.(reserved)  bits 127:85  address 0x10303e000',
    bytes:
      '09 04 05 03 01 00 00 00 00 00 [20 00 00 00 00 00] 00 00 00 00 00 00 00 00 (address 0x10303e000, word 0x200000)',
    found: '0x1',
    expected: '0',
  },
  'VTD-046': {
    fault: 'PRE without DTE (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: PRE 0x1 is set while DTE is 0; fault reason 0x43 (SCT.4.1)',
    at: 'scalable_context_entry.PRE  bit 4  address 0x10303e000',
    bytes: '[19] 04 05 03 01 00 00 00 00 (address 0x10303e000, word 0x103050419)',
    found: '0x1',
    expected: '0, or DTE set',
  },
  'VTD-047': {
    fault: 'RID_PASID beyond the directory (a machine of vtd.md 5)',
    message:
      'context entry of 3b:00.0: RID_PASID 0x8000 lies beyond the directory of 32768 PASIDs; fault reason 0x43 (SCT.4.2)',
    at: 'scalable_context_entry.RID_PASID  bits 83:64  address 0x10303e000',
    bytes: '09 04 05 03 01 00 00 00 [00 80 00] 00 00 00 00 00 00 00 00 (address 0x10303e000, word 0x8000)',
    found: '0x8000',
    expected: 'below 0x8000',
  },
  'VTD-048': {
    fault: 'EPTR without PASIDE (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: EPTR 0x1 is set while PASIDE is 0; fault reason 0x43 (SCT.4.3)',
    at: 'scalable_context_entry.EPTR  bit 6  address 0x10303e000',
    bytes: '[41] 04 05 03 01 00 00 00 00 (address 0x10303e000, word 0x103050441)',
    found: '0x1',
    expected: '0, or PASIDE set',
  },
  'VTD-049': {
    fault: 'directory not in the dump (a machine of vtd.md 5)',
    message:
      'the PASID directory 0x103028000 of 3b:00.0 is not in the dump from 0x103028000 on; fault reason 0x50 (SPD.1) on access',
    at: 'address 0x10303e000',
  },
  'VTD-050': {
    fault: 'RID_PASID 0x41 (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: RID_PASID 0x41 is not what Linux writes',
    at: 'scalable_context_entry.RID_PASID  bits 83:64  address 0x10303e000',
    bytes: '09 04 05 03 01 00 00 00 [41 00 00] 00 00 00 00 00 00 00 00 (address 0x10303e000, word 0x41)',
  },
  'VTD-051': {
    fault: 'PASID 0 absent (a machine of vtd.md 5)',
    message:
      'context entry of 3b:00.0: PASID 0x0, that of requests without PASID, has no present entry; fault reason 0x59 (SPT.2) on access',
    at: 'address 0x10303e000',
  },
  'VTD-052': {
    fault: 'directory entry absent (a machine of vtd.md 5)',
    message: 'the PASID directory entry of 3b:00.0 is not present; fault reason 0x51 (SPD.2) on access',
    at: 'address 0x103050000',
  },
  'VTD-053': {
    fault: 'bit 2 (a machine of vtd.md 5)',
    message: 'PASID directory entry of 3b:00.0: bits 11:2 0x1 is reserved; fault reason 0x52 (SPD.3)',
    at: 'pasid_dir_entry.(reserved)  bits 11:2  address 0x103050000',
    bytes: '[05 10] 05 03 01 00 00 00 (address 0x103050000, word 0x103051005)',
    found: '0x1',
    expected: '0',
  },
  'VTD-054': {
    fault: 'bit 46 (a machine of vtd.md 5)',
    message:
      'PASID directory entry of 3b:00.0: SMPTBLPTR 0x400103051 has address bits at or above the host address width of 46 bits; fault reason 0x52 (SPD.3)',
    at: 'pasid_dir_entry.SMPTBLPTR  bits 63:12  address 0x103050000',
    bytes: '01 [10 05 03 01 40 00 00] (address 0x103050000, word 0x400103051001)',
    found: '0x400103051000',
    expected: 'below 0x400000000000',
  },
  'VTD-055': {
    fault: 'table not in the dump (a machine of vtd.md 5)',
    message:
      'the PASID table 0x103028000 of 3b:00.0, PASIDs from 0x80 is not in the dump; fault reason 0x58 (SPT.1) on access',
    at: 'address 0x103050010',
  },
  'VTD-056': {
    fault: 'FPD (a machine of vtd.md 5)',
    message: 'PASID directory entry of 3b:00.0: FPD 0x1 masks faults',
    at: 'pasid_dir_entry.FPD  bit 1  address 0x103050000',
    bytes: '[03] 10 05 03 01 00 00 00 (address 0x103050000, word 0x103051003)',
  },
  'VTD-057': {
    fault: 'one table twice (a machine of vtd.md 5)',
    message:
      'the PASID table 0x103051000 of 3b:00.0, PASIDs from 0x80 is also that of 3b:00.0, PASIDs from 0x0',
    at: 'address 0x103050010',
  },
  'VTD-058': {
    fault: 'PASID entry absent (a machine of vtd.md 5)',
    message: 'the PASID entry of 3b:00.0 is not present; fault reason 0x59 (SPT.2) on access',
    at: 'address 0x103051000',
  },
  'VTD-059': {
    fault: 'bit 10 (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: bits 11:10 0x1 is reserved; fault reason 0x5a (SPT.3)',
    at: 'pasid_entry.(reserved)  bits 11:10  address 0x103051000',
    bytes: '89 [06] 06 03 01 00 00 00 05 00 (address 0x103051000, word 0x103060689)',
    found: '0x1',
    expected: '0',
  },
  'VTD-060': {
    fault: 'bit 46 (a machine of vtd.md 5)',
    message:
      'PASID entry of 3b:00.0: SSPTPTR 0x400103060 has address bits at or above the host address width of 46 bits; fault reason 0x5a (SPT.3)',
    at: 'pasid_entry.SSPTPTR  bits 63:12  address 0x103051000',
    bytes: '89 [02 06 03 01 40 00 00] 05 00 80 00 00 00 00 00 (address 0x103051000, word 0x400103060289)',
    found: '0x400103060000',
    expected: 'below 0x400000000000',
  },
  'VTD-061': {
    fault: 'bit 80 (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: bits 86:80 0x1 is reserved; fault reason 0x5a (SPT.3)',
    at: 'pasid_entry.(reserved)  bits 86:80  address 0x103051000',
    bytes: '89 02 06 03 01 00 00 00 05 00 [81] 00 00 00 00 00 00 00 00 (address 0x103051000, word 0x810005)',
    found: '0x1',
    expected: '0',
  },
  'VTD-062': {
    fault: 'bit 136 (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: bits 139:136 0x1 is reserved; fault reason 0x5a (SPT.3)',
    at: 'pasid_entry.(reserved)  bits 139:136  address 0x103051000',
    bytes: '05 00 80 00 00 00 00 00 00 [01] 00 00 00 00 00 00 00 00 (address 0x103051008, word 0x100)',
    found: '0x1',
    expected: '0',
  },
  'VTD-063': {
    fault: 'fourth word (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: bits 255:192 0x1 is reserved; fault reason 0x5a (SPT.3)',
    at: 'pasid_entry.(reserved)  bits 255:192  address 0x103051000',
    bytes:
      '00 00 00 00 00 00 00 00 [01 00 00 00 00 00 00 00] 00 00 00 00 00 00 00 00 (address 0x103051010, word 0x1)',
    found: '0x1',
    expected: '0',
  },
  'VTD-064': {
    fault: 'CD without MTS (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: CD 0x1 needs ECAP.MTS; fault reason 0x5a (SPT.3)',
    at: 'pasid_entry.CD  bit 89  address 0x103051000',
    bytes:
      '89 02 06 03 01 00 00 00 05 00 80 [02] 00 00 00 00 00 00 00 00 (address 0x103051000, word 0x2800005)',
  },
  'VTD-065': {
    fault: 'domain id of 9 bits, ND 2 (a machine of vtd.md 5)',
    message:
      'PASID entry of 3b:00.0: DID 0x123 needs more than the 8 bits that CAP.ND gives; fault reason 0x5a (SPT.3)',
    at: 'pasid_entry.DID  bits 79:64  address 0x103051000',
    bytes: '89 02 06 03 01 00 00 00 [23 01] 80 00 00 00 00 00 00 00 (address 0x103051000, word 0x800123)',
  },
  'VTD-066': {
    fault: 'PGTT 5 (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: PGTT 0x5 is reserved; fault reason 0x5b (SPT.4.2)',
    at: 'pasid_entry.PGTT  bits 8:6  address 0x103051000',
    bytes: '[49 01] 06 03 01 00 00 00 05 00 (address 0x103051000, word 0x103060149)',
    found: '0x5',
    expected: '1 to 4',
  },
  'VTD-067': {
    fault: 'AW 3 (a machine of vtd.md 5)',
    message:
      'PASID entry of 3b:00.0: AW 0x3 needs bit 3 of CAP.SAGAW, which is 0x4; fault reason 0x5b (SPT.4.1)',
    at: 'pasid_entry.AW  bits 4:2  address 0x103051000',
    bytes: '[8d] 02 06 03 01 00 00 00 05 (address 0x103051000, word 0x10306028d)',
  },
  'VTD-068': {
    fault: 'FSPM 1 (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0 PASID 0x41: FSPM 0x1 needs CAP.FS5LP; fault reason 0x5b (SPT.4.3)',
    at: 'pasid_entry.FSPM  bits 131:130  address 0x103052040',
    bytes: '06 00 80 01 00 00 00 00 [04] 00 07 03 01 00 00 00 00 (address 0x103052048, word 0x103070004)',
  },
  'VTD-069': {
    fault: 'guest table beyond 48 bits (a machine of vtd.md 5)',
    message:
      'PASID entry of 3b:00.0: FSPTPTR 0x1000000000 lies beyond the 48 bits of the second stage; fault reason 0x5b (SPT.4.4)',
    at: 'pasid_entry.FSPTPTR  bits 191:140  address 0x103051000',
    bytes:
      '05 00 80 00 00 00 00 00 00 [00 00 00 00 00 01 00] 00 00 00 00 00 00 00 00 (address 0x103051008, word 0x1000000000000)',
  },
  'VTD-070': {
    fault: 'top table not in the dump (a machine of vtd.md 5)',
    message: 'the top table 0x103028000 of 3b:00.0 is not in the dump',
    at: 'address 0x103051000',
  },
  'VTD-071': {
    fault: 'SSADE without PWSNP (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: SSADE 0x1 is set while PWSNP is 0; fault reason 0x7c (SSS.5) on access',
    at: 'pasid_entry.SSADE  bit 9  address 0x103051000',
    bytes: '89 [02] 06 03 01 00 00 00 05 00 (address 0x103051000, word 0x103060289)',
    found: '0x1',
    expected: '0, or PWSNP set',
  },
  'VTD-072': {
    fault: 'SSADE without SMPWCS (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: SSADE 0x1 needs ECAP.SSADS and ECAP.SMPWCS; fault reason 0x5a (SPT.3)',
    at: 'pasid_entry.SSADE  bit 9  address 0x103051000',
    bytes: '89 [02] 06 03 01 00 00 00 05 00 (address 0x103051000, word 0x103060289)',
  },
  'VTD-073': {
    fault: 'DID 0, caching mode (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: DID 0x0 is reserved where CAP.CM is set',
    at: 'pasid_entry.DID  bits 79:64  address 0x103051000',
    bytes: '89 02 06 03 01 00 00 00 [00 00] 80 00 00 00 00 00 00 00 (address 0x103051000, word 0x800000)',
  },
  'VTD-074': {
    fault: 'one id with and without second stage (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0 PASID 0x41: DID 0x5 stands for no second stage, that of 3b:00.0 for one',
    at: 'pasid_entry.DID  bits 79:64  address 0x103052040',
    bytes: '49 00 00 00 00 00 00 00 [05 00] 80 01 00 00 00 00 00 00 (address 0x103052040, word 0x1800005)',
  },
  'VTD-075': {
    fault: 'one id, two tables (a machine of vtd.md 5)',
    message:
      'PASID entry of 3b:00.0 PASID 0x1: DID 0x5 has table 0x103061000 with AW 2, that of 3b:00.0 has 0x103060000 with AW 2',
    at: 'pasid_entry.DID  bits 79:64  address 0x103051040',
    bytes: '89 12 06 03 01 00 00 00 [05 00] 80 00 00 00 00 00 00 00 (address 0x103051040, word 0x800005)',
  },
  'VTD-076': {
    fault: 'one table with and without SSADE (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0 PASID 0x1: SSADE 0x0 for table 0x103060000, for which 3b:00.0 has 1',
    at: 'pasid_entry.SSADE  bit 9  address 0x103051040',
    bytes: '89 [00] 06 03 01 00 00 00 05 00 (address 0x103051040, word 0x103060089)',
  },
  'VTD-077': {
    fault: 'one first stage, two modes (a machine of vtd.md 5)',
    message:
      'PASID entry of 3b:00.0 PASID 0x41: FSPTPTR 0x103070 has FSPM 0, EAFE 0, but 3b:00.0 PASID 0x1 has FSPM 1, EAFE 0',
    at: 'pasid_entry.FSPTPTR  bits 191:140  address 0x103052040',
    bytes:
      '06 00 80 01 00 00 00 00 00 [00 07 03 01 00 00 00] 00 00 00 00 00 00 00 00 (address 0x103052048, word 0x103070000)',
  },
  'VTD-078': {
    fault: 'second stage with a first-stage pointer (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0: FSPTPTR 0x103070 is not used by this translation type',
    at: 'pasid_entry.FSPTPTR  bits 191:140  address 0x103051000',
    bytes:
      '05 00 80 00 00 00 00 00 00 [00 07 03 01 00 00 00] 00 00 00 00 00 00 00 00 (address 0x103051008, word 0x103070000)',
    found: '0x103070',
    expected: '0',
  },
  'VTD-079': {
    fault: 'P cleared (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0 PASID 0x1 is not present but not 0: 0x103060288',
    at: 'address 0x103051040',
  },
  'VTD-080': {
    fault: 'WPE without SRE (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0 PASID 0x41: WPE 0x1 is set while SRE is 0',
    at: 'pasid_entry.WPE  bit 132  address 0x103052040',
    bytes: '06 00 80 01 00 00 00 00 [10] 00 07 03 01 00 00 00 00 (address 0x103052048, word 0x103070010)',
  },
  'VTD-081': {
    fault: 'PGSNP without SC (a machine of vtd.md 5)',
    message: 'PASID entry of 3b:00.0 PASID 0x41: PGSNP 0x1 needs ECAP.SC; fault reason 0x5a (SPT.3)',
    at: 'pasid_entry.PGSNP  bit 88  address 0x103052040',
    bytes:
      '49 00 00 00 00 00 00 00 06 00 80 [01] 00 00 00 00 00 00 07 03 (address 0x103052040, word 0x1800006)',
  },
  'VTD-082': {
    fault: 'read-only leaf below a write-only table (a machine of vtd.md 5)',
    message:
      'leaf 0x234567001 of 3b:00.0 at IOVA 0x123456789000 keeps no permission over its path; fault reason 0x6 (LGN.3) on access',
    at: 'IOVA 0x123456789000-0x12345678a000',
  },
};
