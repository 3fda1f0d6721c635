/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const vtd1Examples: { readonly [rule: string]: RuleExample } = {
  'VTD-001': {
    fault: 'TTM 2 (a machine of vtd.md 5)',
    message:
      'RTADDR_REG of dmar0: TTM 0x2 is reserved; extended mode of revision 2.x is not decoded; fault reason 0x30 (RTA.1.2)',
    at: 'rtaddr_reg.TTM  bits 11:10',
  },
  'VTD-002': {
    fault: 'scalable without SMTS (a machine of vtd.md 5)',
    message:
      'RTADDR_REG of dmar0: TTM 0x1 selects scalable mode, which needs ECAP.SMTS; fault reason 0x30 (RTA.1.3)',
    at: 'rtaddr_reg.TTM  bits 11:10',
  },
  'VTD-003': {
    fault: 'abort-DMA without ADMS (a machine of vtd.md 5)',
    message:
      'RTADDR_REG of dmar0: TTM 0x3 selects abort-DMA mode, which needs ECAP.ADMS; fault reason 0x30 (RTA.1.1)',
    at: 'rtaddr_reg.TTM  bits 11:10',
  },
  'VTD-004': {
    fault: 'SSIRWE in legacy mode (a machine of vtd.md 5)',
    message: 'RTADDR_REG of dmar0: SSIRWE 0x1 is set in legacy mode; fault reason 0x30 (RTA.1.4)',
    at: 'rtaddr_reg.SSIRWE  bit 7',
    found: '0x1',
    expected: '0',
  },
  'VTD-005': {
    fault: 'bit 0 (a machine of vtd.md 5)',
    message: 'RTADDR_REG of dmar0: bits 6:0 0x1 is reserved',
    at: 'rtaddr_reg.(reserved)  bits 6:0',
    found: '0x1',
    expected: '0',
  },
  'VTD-006': {
    fault: 'root table 0 while TES is set (a machine of vtd.md 5)',
    message: 'RTADDR_REG of dmar0: RTA 0x0 is no root table, though GSTS_REG.TES is set',
    at: 'rtaddr_reg.RTA  bits 63:12',
  },
  'VTD-008': {
    fault: 'abort-DMA (a machine of vtd.md 5)',
    message:
      'RTADDR_REG of dmar0: TTM 0x3 selects abort-DMA mode, which Linux reads as scalable; fault reason 0x33 (RTA.4) on access',
    at: 'rtaddr_reg.TTM  bits 11:10',
  },
  'VTD-009': {
    fault: 'bus without root entry (a machine of vtd.md 5)',
    message: 'the root entry of 01:00.0 is not present; fault reason 0x1 (LRT.2) on access',
    at: 'address 0x103027010',
  },
  'VTD-010': {
    fault: 'bit 1 (a machine of vtd.md 5)',
    message: 'root entry of bus 3b: bits 11:1 0x1 is reserved; fault reason 0xa (LRT.3)',
    at: 'root_entry.(reserved)  bits 11:1  address 0x1030273b0',
    bytes: '[03 e0] 03 03 01 00 00 00 00 00 (address 0x1030273b0, word 0x10303e003)',
    found: '0x1',
    expected: '0',
  },
  'VTD-011': {
    fault: 'bit 46 (a machine of vtd.md 5)',
    message:
      'root entry of bus 3b: CTP 0x40010303e has address bits at or above the host address width of 46 bits; fault reason 0xa (LRT.3)',
    at: 'root_entry.CTP  bits 63:12  address 0x1030273b0',
    bytes: '01 [e0 03 03 01 40 00 00] 00 00 00 00 00 00 00 00 (address 0x1030273b0, word 0x40010303e001)',
    found: '0x40010303e000',
    expected: 'below 0x400000000000',
  },
  'VTD-012': {
    fault: 'second word (a machine of vtd.md 5)',
    message: 'root entry of bus 3b: bits 127:64 0x1 is reserved; fault reason 0xa (LRT.3)',
    at: 'root_entry.(reserved)  bits 127:64  address 0x1030273b0',
    bytes: '01 e0 03 03 01 00 00 00 [01 00 00 00 00 00 00 00] (address 0x1030273b0, word 0x1)',
    found: '0x1',
    expected: '0',
  },
  'VTD-013': {
    fault: 'bit 1 of the lower half (a machine of vtd.md 5)',
    message: 'root entry of bus 3b: bits 11:1 0x1 is reserved; fault reason 0x3a (SRT.3)',
    at: 'scalable_root_entry.(reserved)  bits 11:1  address 0x1030273b0',
    bytes: '[03 e0] 03 03 01 00 00 00 00 00 (address 0x1030273b0, word 0x10303e003)',
    found: '0x1',
    expected: '0',
  },
  'VTD-014': {
    fault: 'bit 46 of the upper half (a machine of vtd.md 5)',
    message:
      'root entry of bus 3b: UCTP 0x400000000 has address bits at or above the host address width of 46 bits; fault reason 0x3a (SRT.3)',
    at: 'scalable_root_entry.UCTP  bits 127:76  address 0x1030273b0',
    bytes: '01 e0 03 03 01 00 00 00 01 [00 00 00 00 40 00 00] (address 0x1030273b0, word 0x400000000001)',
    found: '0x400000000000',
    expected: 'below 0x400000000000',
  },
  'VTD-015': {
    fault: 'pointer without P (a machine of vtd.md 5)',
    message: 'root entry of bus 3c is not present but not 0: 0x10303e000 0x0',
    at: 'address 0x1030273c0',
    found: '0x10303e000 0x0',
    expected: '0',
  },
  'VTD-016': {
    fault: 'context table not in the dump (a machine of vtd.md 5)',
    message: 'the context table 0x103028000 of bus 3c is not in the dump; fault reason 0x9 (LCT.1) on access',
    at: 'address 0x1030273c0',
  },
  'VTD-017': {
    fault: 'two buses, one context table (a machine of vtd.md 5)',
    message: 'root entry: bus 3c has the context table 0x10303e000, which bus 3b has too',
    at: 'address 0x1030273c0',
  },
  'VTD-018': {
    fault: 'function without context (a machine of vtd.md 5)',
    message: 'the context entry of 3b:00.1 is not present; fault reason 0x2 (LCT.2) on access',
    at: 'address 0x10303e010',
  },
  'VTD-019': {
    fault: 'bit 4 (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: bits 11:4 0x1 is reserved; fault reason 0xb (LCT.3)',
    at: 'context_entry.(reserved)  bits 11:4  address 0x10303e000',
    bytes: '[15 f0] 03 03 01 00 00 00 02 23 (address 0x10303e000, word 0x10303f015)',
    found: '0x1',
    expected: '0',
  },
  'VTD-020': {
    fault: 'bit 46 (a machine of vtd.md 5)',
    message:
      'context entry of 3b:00.0: SSPTPTR 0x40010303f has address bits at or above the host address width of 46 bits; fault reason 0xb (LCT.3)',
    at: 'context_entry.SSPTPTR  bits 63:12  address 0x10303e000',
    bytes: '05 [f0 03 03 01 40 00 00] 02 23 00 00 00 00 00 00 (address 0x10303e000, word 0x40010303f005)',
    found: '0x40010303f000',
    expected: 'below 0x400000000000',
  },
  'VTD-021': {
    fault: 'bit 71 (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: bit 71 0x1 is reserved; fault reason 0xb (LCT.3)',
    at: 'context_entry.(reserved)  bit 71  address 0x10303e000',
    bytes: '05 f0 03 03 01 00 00 00 [82] 23 00 00 00 00 00 00 (address 0x10303e000, word 0x2382)',
    found: '0x1',
    expected: '0',
  },
  'VTD-022': {
    fault: 'bit 88 (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: bits 127:88 0x1 is reserved; fault reason 0xb (LCT.3)',
    at: 'context_entry.(reserved)  bits 127:88  address 0x10303e000',
    bytes: '05 f0 03 03 01 00 00 00 02 23 00 [01 00 00 00 00] (address 0x10303e000, word 0x1002302)',
    found: '0x1',
    expected: '0',
  },
  'VTD-023': {
    fault: 'domain id of 9 bits, ND 2 (a machine of vtd.md 5)',
    message:
      'context entry of 3b:00.0: DID 0x123 needs more than the 8 bits that CAP.ND gives; fault reason 0xb (LCT.3)',
    at: 'context_entry.DID  bits 87:72  address 0x10303e000',
    bytes: '05 f0 03 03 01 00 00 00 02 [23 01] 00 00 00 00 00 (address 0x10303e000, word 0x12302)',
  },
  'VTD-024': {
    fault: 'TT 3 (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: TT 0x3 is reserved; fault reason 0x3 (LCT.4.2)',
    at: 'context_entry.TT  bits 3:2  address 0x10303e000',
    bytes: '[0d] f0 03 03 01 00 00 00 02 (address 0x10303e000, word 0x10303f00d)',
    found: '0x3',
    expected: '0, 1 or 2',
  },
  'VTD-025': {
    fault: 'TT 1 without DT (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: TT 0x1 needs ECAP.DT; fault reason 0x3 (LCT.4.2)',
    at: 'context_entry.TT  bits 3:2  address 0x10303e000',
    bytes: '[05] f0 03 03 01 00 00 00 02 (address 0x10303e000, word 0x10303f005)',
  },
  'VTD-026': {
    fault: 'TT 2 without PT (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: TT 0x2 needs ECAP.PT; fault reason 0x3 (LCT.4.2)',
    at: 'context_entry.TT  bits 3:2  address 0x10303e000',
    bytes: '[09] 00 00 00 00 00 00 00 02 (address 0x10303e000, word 0x9)',
  },
  'VTD-027': {
    fault: 'AW 5 (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: AW 0x5 is reserved; fault reason 0x3 (LCT.4.1)',
    at: 'context_entry.AW  bits 66:64  address 0x10303e000',
    bytes: '05 f0 03 03 01 00 00 00 [05] 23 00 00 00 00 00 00 (address 0x10303e000, word 0x2305)',
    found: '0x5',
    expected: '1, 2 or 3',
  },
  'VTD-028': {
    fault: 'AW 3 (a machine of vtd.md 5)',
    message:
      'context entry of 3b:00.0: AW 0x3 needs bit 3 of CAP.SAGAW, which is 0x6; fault reason 0x3 (LCT.4.1)',
    at: 'context_entry.AW  bits 66:64  address 0x10303e000',
    bytes: '05 f0 03 03 01 00 00 00 [03] 23 00 00 00 00 00 00 (address 0x10303e000, word 0x2303)',
  },
  'VTD-029': {
    fault: 'pass-through with AW 1 (a machine of vtd.md 5)',
    message:
      'context entry of 3b:00.0: AW 0x1 is not the largest that CAP.SAGAW has; fault reason 0x3 (LCT.4.1)',
    at: 'context_entry.AW  bits 66:64  address 0x10303e000',
    bytes: '09 00 00 00 00 00 00 00 [01] 01 00 00 00 00 00 00 (address 0x10303e000, word 0x101)',
    found: '0x1',
    expected: '2',
  },
  'VTD-030': {
    fault: 'top table not in the dump (a machine of vtd.md 5)',
    message: 'the top table 0x103028000 of 3b:00.0 is not in the dump; fault reason 0x3 (LCT.4.3) on access',
    at: 'address 0x10303e000',
  },
  'VTD-031': {
    fault: 'pointer 0 (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: SSPTPTR 0x0 is no page table, though the entry is present',
    at: 'context_entry.SSPTPTR  bits 63:12  address 0x10303e000',
    bytes: '05 [00 00 00 00 00 00 00] 02 23 00 00 00 00 00 00 (address 0x10303e000, word 0x5)',
    found: '0x0',
    expected: 'address of a page table',
  },
  'VTD-032': {
    fault: 'DID 0, caching mode (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: DID 0x0 is reserved where CAP.CM is set',
    at: 'context_entry.DID  bits 87:72  address 0x10303e000',
    bytes: '05 f0 03 03 01 00 00 00 02 [00 00] 00 00 00 00 00 (address 0x10303e000, word 0x2)',
  },
  'VTD-033': {
    fault: 'DID 1 with a table (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: DID 0x1 is not what Linux gives to tables',
    at: 'context_entry.DID  bits 87:72  address 0x10303e000',
    bytes: '05 f0 03 03 01 00 00 00 02 [01 00] 00 00 00 00 00 (address 0x10303e000, word 0x102)',
    found: '0x1',
    expected: '2 or more',
  },
  'VTD-034': {
    fault: 'FPD (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: FPD 0x1 masks the faults of the device',
    at: 'context_entry.FPD  bit 1  address 0x10303e000',
    bytes: '[07] f0 03 03 01 00 00 00 02 (address 0x10303e000, word 0x10303f007)',
  },
  'VTD-035': {
    fault: 'ignored bits (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: bits 70:67 0x1 is free for software',
    at: 'context_entry.(ignored)  bits 70:67  address 0x10303e000',
    bytes: '05 f0 03 03 01 00 00 00 [0a] 23 00 00 00 00 00 00 (address 0x10303e000, word 0x230a)',
  },
  'VTD-036': {
    fault: 'P cleared (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.1 is not present but not 0: 0x10303f004 0x2402',
    at: 'address 0x10303e010',
    found: '0x10303f004 0x2402',
    expected: '0',
  },
  'VTD-037': {
    fault: 'one id, two tables (a machine of vtd.md 5)',
    message:
      'context entry of 3b:00.1: DID 0x23 has table 0x103040000 with AW 2, that of 3b:00.0 has 0x10303f000 with AW 2',
    at: 'context_entry.DID  bits 87:72  address 0x10303e010',
    bytes: '05 00 04 03 01 00 00 00 02 [23 00] 00 00 00 00 00 (address 0x10303e010, word 0x2302)',
  },
  'VTD-038': {
    fault: 'one table, two ids (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.1: DID 0x24 goes with table 0x10303f000, which has id 0x23 for 3b:00.0',
    at: 'context_entry.DID  bits 87:72  address 0x10303e010',
    bytes: '05 f0 03 03 01 00 00 00 02 [24 00] 00 00 00 00 00 (address 0x10303e010, word 0x2402)',
  },
  'VTD-040': {
    fault: 'function without context (a machine of vtd.md 5)',
    message: 'the context entry of 3b:00.1 is not present; fault reason 0x41 (SCT.2) on access',
    at: 'address 0x10303e020',
  },
  'VTD-041': {
    fault: 'bit 7 (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: bits 8:7 0x1 is reserved; fault reason 0x42 (SCT.3)',
    at: 'scalable_context_entry.(reserved)  bits 8:7  address 0x10303e000',
    bytes: '[89 04] 05 03 01 00 00 00 00 00 (address 0x10303e000, word 0x103050489)',
    found: '0x1',
    expected: '0',
  },
  'VTD-042': {
    fault: 'HPTE without HPTS (a machine of vtd.md 5)',
    message: 'context entry of 3b:00.0: HPTE 0x1 needs ECAP.HPTS; fault reason 0x42 (SCT.3)',
    at: 'scalable_context_entry.HPTE  bit 5  address 0x10303e000',
    bytes: '[29] 04 05 03 01 00 00 00 00 (address 0x10303e000, word 0x103050429)',
  },
};
