/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const vtd3Examples: { readonly [rule: string]: RuleExample } = {
  'VTD-083': {
    fault: 'no permission (a machine of vtd.md 5)',
    message: 'entry 0x234567800 of level 1 at 0x103042c48 of 3b:00.0 has no permission, but is not 0',
    at: 'address 0x103042c48  IOVA 0x123456789000-0x12345678a000',
  },
  'VTD-084': {
    fault: 'bit 46 (a machine of vtd.md 5)',
    message:
      'entry 0x400234567003 of level 1 at 0x103042c48 of 3b:00.0 has address bits 46 at or above the host address width of 46 bits; fault reason 0xc (LSS.2)',
    at: 'bit 46  address 0x103042c48  IOVA 0x123456789000-0x12345678a000',
    found: '0x400234567003',
    expected: '0x234567003',
  },
  'VTD-085': {
    fault: 'bit 62 (a machine of vtd.md 5)',
    message:
      'entry 0x4000000234567003 of level 1 at 0x103042c48 of 3b:00.0 has bit 62, which is reserved; fault reason 0xc (LSS.2)',
    at: 'bit 62  address 0x103042c48  IOVA 0x123456789000-0x12345678a000',
    found: '0x4000000234567003',
    expected: '0x234567003',
  },
  'VTD-086': {
    fault: 'SNP on a table (a machine of vtd.md 5)',
    message:
      'entry 0x103041803 of level 3 at 0x103040688 of 3b:00.0 points to a table and has bit 11, which is reserved; fault reason 0xc (LSS.2)',
    at: 'bit 11  address 0x103040688  IOVA 0x123440000000-0x123480000000',
    found: '0x103041803',
    expected: '0x103041003',
  },
  'VTD-087': {
    fault: 'SNP without SC (a machine of vtd.md 5)',
    message:
      'entry 0x234567803 of level 1 at 0x103042c48 of 3b:00.0 has SNP, which needs ECAP.SC; fault reason 0xc (LSS.2)',
    at: 'bit 11  address 0x103042c48  IOVA 0x123456789000-0x12345678a000',
    found: '0x234567803',
    expected: '0x234567003',
  },
  'VTD-088': {
    fault: 'bit 7 in a PML4E (a machine of vtd.md 5)',
    message:
      'entry 0x103040083 of level 4 at 0x10303f120 of 3b:00.0 has bit 7, which is reserved at this level; fault reason 0xc (LSS.2)',
    at: 'bit 7  address 0x10303f120  IOVA 0x120000000000-0x128000000000',
    found: '0x103040083',
    expected: '0x103040003',
  },
  'VTD-089': {
    fault: '2 MiB without SSLPS (a machine of vtd.md 5)',
    message:
      'entry 0x240000083 of level 2 at 0x1030415a8 of 3b:00.0 maps 2 MiB, which needs bit 0 of CAP.SSLPS; fault reason 0xc (LSS.2)',
    at: 'bit 7  address 0x1030415a8  IOVA 0x123456a00000-0x123456c00000',
    found: '0x240000083',
    expected: '0x240000003',
  },
  'VTD-090': {
    fault: '1 GiB without SSLPS (a machine of vtd.md 5)',
    message:
      'entry 0x280000083 of level 3 at 0x103040690 of 3b:00.0 maps 1 GiB, which needs bit 1 of CAP.SSLPS; fault reason 0xc (LSS.2)',
    at: 'bit 7  address 0x103040690  IOVA 0x123480000000-0x1234c0000000',
    found: '0x280000083',
    expected: '0x280000003',
  },
  'VTD-091': {
    fault: 'bit 12 of 2 MiB (a machine of vtd.md 5)',
    message:
      'entry 0x240001083 of level 2 at 0x1030415a8 of 3b:00.0 maps 2 MiB and has bits 12, which are reserved; fault reason 0xc (LSS.2)',
    at: 'bit 12  address 0x1030415a8  IOVA 0x123456a00000-0x123456c00000',
    found: '0x240001083',
    expected: '0x240000083',
  },
  'VTD-092': {
    fault: 'bit 12 of 1 GiB (a machine of vtd.md 5)',
    message:
      'entry 0x280001083 of level 3 at 0x103040690 of 3b:00.0 maps 1 GiB and has bits 12, which are reserved; fault reason 0xc (LSS.2)',
    at: 'bit 12  address 0x103040690  IOVA 0x123480000000-0x1234c0000000',
    found: '0x280001083',
    expected: '0x280000083',
  },
  'VTD-093': {
    fault: 'memory type 2 (a machine of vtd.md 5)',
    message: 'leaf 0x234567013 of 3b:00.0 at IOVA 0x1000 has an undefined memory type',
    at: 'IOVA 0x1000-0x2000',
  },
  'VTD-094': {
    fault: 'page table not in the dump (a machine of vtd.md 5)',
    message:
      'entry 0x103028003 of level 2 at 0x103041598 of 3b:00.0 points to table 0x103028000, which is not in the dump; fault reason 0x7 (LSS.1) on access',
    at: 'address 0x103041598  IOVA 0x123456600000-0x123456800000',
  },
  'VTD-095': {
    fault: 'interrupt range (a machine of vtd.md 5)',
    message:
      'leaf 0xfee00003 of 3b:00.0 at IOVA 0x123456789000 maps to 0xfee00000, which meets the interrupt range; fault reason 0xe (LGN.4) on access',
    at: 'IOVA 0x123456789000-0x12345678a000',
  },
  'VTD-096': {
    fault: 'beyond MGAW (a machine of vtd.md 5)',
    message:
      'entry 0x103040003 of level 4 at 0x10303f120 of 3b:00.0 maps addresses beyond the usable width; fault reason 0x4 (LGN.1.1) on access',
    at: 'address 0x10303f120  IOVA 0x120000000000-0x128000000000',
  },
  'VTD-098': {
    fault: 'table without W (a machine of vtd.md 5)',
    message: 'entry 0x103041001 of level 3 at 0x103040688 of 3b:00.0 takes write permission away',
    at: 'address 0x103040688  IOVA 0x123440000000',
  },
  'VTD-099': {
    fault: 'bit 52 (a machine of vtd.md 5)',
    message: 'leaf 0x10000234567003 of 3b:00.0 at IOVA 0x123456789000 has bits that no kernel writes',
    at: 'IOVA 0x123456789000-0x12345678a000',
  },
  'VTD-100': {
    fault: 'A in legacy mode (a machine of vtd.md 5)',
    message: 'leaf 0x234567103 of 3b:00.0 at IOVA 0x123456789000 is accessed or dirty',
    at: 'IOVA 0x123456789000-0x12345678a000',
  },
  'VTD-101': {
    fault: 'D without A (a machine of vtd.md 5)',
    message: 'leaf 0x234567203 of 3b:00.0 at IOVA 0x1000 is dirty but not accessed',
    at: 'IOVA 0x1000-0x2000',
  },
  'VTD-102': {
    fault: 'cycle (a machine of vtd.md 5)',
    message:
      'entry 0x10303f003 of level 2 at 0x103041598 of 3b:00.0 points to table 0x10303f000, which is above it',
    at: 'address 0x103041598  IOVA 0x123456600000-0x123456800000',
  },
  'VTD-103': {
    fault: 'one table twice (a machine of vtd.md 5)',
    message:
      'entry 0x103042003 of level 2 at 0x1030415a0 of 3b:00.0 points to table 0x103042000, to which another entry points too',
    at: 'address 0x1030415a0  IOVA 0x123456800000-0x123456a00000',
  },
  'VTD-104': {
    fault: 'a leaf maps the root table (a machine of vtd.md 5)',
    message: '3b:00.0 can write a page of the VT-d structures: IOVA 0x123456789000 leads to 0x103027000',
    at: 'address 0x103027000  IOVA 0x123456789000-0x12345678a000',
  },
  'VTD-106': {
    fault: 'bit 2 (a machine of vtd.md 5)',
    message: 'leaf 0x234567007 of 3b:00.0 at IOVA 0x123456789000 has bits 6:2',
    at: 'IOVA 0x123456789000-0x12345678a000',
  },
  'VTD-107': {
    fault: 'bit 10 on a leaf (a machine of vtd.md 5)',
    message: 'leaf 0x234567403 of 3b:00.0 at IOVA 0x123456789000 has bit 10',
    at: 'IOVA 0x123456789000-0x12345678a000',
  },
  'VTD-108': {
    fault: 'empty table (a machine of vtd.md 5)',
    message: 'table 0x103042000 of level 1 of 3b:00.0 has no present entry',
    at: 'address 0x103042000  IOVA 0x123456600000',
  },
  'VTD-109': {
    fault: 'leaves with and without SNP (a machine of vtd.md 5)',
    message: '1 leaves of 3b:00.0 have SNP, 2 have not',
  },
  'VTD-110': {
    fault: 'read-only leaf of a nesting parent (a machine of vtd.md 5)',
    message: 'leaf 0x234568001 of 3b:00.0 at IOVA 0x2000 is read-only',
    at: 'IOVA 0x2000-0x3000',
  },
  'VTD-111': {
    fault: 'write-only leaf (a machine of vtd.md 5)',
    message: 'leaf 0x234567002 of 3b:00.0 at IOVA 0x123456789000 can be written but not read',
    at: 'IOVA 0x123456789000-0x12345678a000',
  },
  'VTD-112': {
    fault: 'interrupt range as input (a machine of vtd.md 5)',
    message: 'leaf 0x250000083 of 3b:00.0 at IOVA 0xfee00000 maps input addresses in the interrupt range',
    at: 'IOVA 0xfee00000-0xff000000',
  },
  'VTD-113': {
    fault: 'table at 0 (a machine of vtd.md 5)',
    message: 'entry 0x3 of level 2 at 0x103041598 of 3b:00.0 points to a table at address 0',
    at: 'address 0x103041598  IOVA 0x123456600000-0x123456800000',
  },
  'VTD-114': {
    fault: 'empty first stage (a machine of vtd.md 5)',
    message: 'the table 0x103070000 of 3b:00.0 PASID 0x41 maps nothing; fault reason 0x71 (SFS.2) on access',
    at: 'address 0x103070000',
  },
  'VTD-115': {
    fault: 'bit 46 (a machine of vtd.md 5)',
    message:
      'entry 0x400256789067 of level 1 at 0x1030732b0 of 3b:00.0 PASID 0x41 has address bits 46 at or above the host address width of 46 bits; fault reason 0x72 (SFS.3)',
    at: 'bit 46  address 0x1030732b0  IOVA 0x7f0123456000-0x7f0123457000',
    found: '0x400256789067',
    expected: '0x256789067',
  },
  'VTD-116': {
    fault: 'bit 7 in a PML4E (a machine of vtd.md 5)',
    message:
      'entry 0x1030710a7 of level 4 at 0x1030707f0 of 3b:00.0 PASID 0x41 has bit 7, which is reserved at this level; fault reason 0x72 (SFS.3)',
    at: 'bit 7  address 0x1030707f0  IOVA 0x7f0000000000-0x7f8000000000',
    found: '0x1030710a7',
    expected: '0x103071027',
  },
  'VTD-117': {
    fault: '1 GiB without FS1GP (a machine of vtd.md 5)',
    message:
      'entry 0x2800000e7 of level 3 at 0x103071020 of 3b:00.0 PASID 0x41 maps 1 GiB, which needs CAP.FS1GP; fault reason 0x72 (SFS.3)',
    at: 'bit 7  address 0x103071020  IOVA 0x7f0100000000-0x7f0140000000',
    found: '0x2800000e7',
    expected: '0x280000067',
  },
  'VTD-118': {
    fault: 'bit 13 of 1 GiB (a machine of vtd.md 5)',
    message:
      'entry 0x2800020e7 of level 3 at 0x103071020 of 3b:00.0 PASID 0x41 maps 1 GiB and has bits 13, which are reserved; fault reason 0x72 (SFS.3)',
    at: 'bit 13  address 0x103071020  IOVA 0x7f0100000000-0x7f0140000000',
    found: '0x2800020e7',
    expected: '0x2800000e7',
  },
  'VTD-119': {
    fault: 'bit 13 of 2 MiB (a machine of vtd.md 5)',
    message:
      'entry 0x2600020e7 of level 2 at 0x1030728d0 of 3b:00.0 PASID 0x41 maps 2 MiB and has bits 13, which are reserved; fault reason 0x72 (SFS.3)',
    at: 'bit 13  address 0x1030728d0  IOVA 0x7f0123400000-0x7f0123600000',
    found: '0x2600020e7',
    expected: '0x2600000e7',
  },
  'VTD-120': {
    fault: 'U/S clear (a machine of vtd.md 5)',
    message:
      'leaf 0x256789063 of 3b:00.0 PASID 0x41 at IOVA 0x7f0123456000 refuses user requests; fault reason 0x81 (SGN.2) on access',
    at: 'IOVA 0x7f0123456000-0x7f0123457000',
  },
  'VTD-121': {
    fault: 'R/W clear in a table (a machine of vtd.md 5)',
    message:
      'entry 0x103073025 of level 2 at 0x1030728d0 of 3b:00.0 PASID 0x41 takes write permission away; fault reason 0x85 (SGN.6) on access',
    at: 'address 0x1030728d0  IOVA 0x7f0123400000',
  },
  'VTD-123': {
    fault: 'page table not in the dump (a machine of vtd.md 5)',
    message:
      'entry 0x103028027 of level 2 at 0x1030728d0 of 3b:00.0 PASID 0x41 points to table 0x103028000, which is not in the dump; fault reason 0x70 (SFS.1) on access',
    at: 'address 0x1030728d0  IOVA 0x7f0123400000-0x7f0123600000',
  },
  'VTD-124': {
    fault: 'guest address beyond the second stage (a machine of vtd.md 5)',
    message:
      'entry 0x1000000001027 of level 4 at 0x1000 of 3b:00.0 has an address beyond 48 bits; fault reason 0x74 (SFS.5)',
    at: 'address 0x1000  IOVA 0x0-0x8000000000',
  },
  'VTD-125': {
    fault: 'not dirty, walks not snooped (a machine of vtd.md 5)',
    message:
      'leaf 0x256789027 of 3b:00.0 PASID 0x41 at IOVA 0x7f0123456000 lacks its accessed or dirty bit, and walks are not snooped; fault reason 0x90 (SFS.9) on access',
    at: 'IOVA 0x7f0123456000-0x7f0123457000',
  },
};
