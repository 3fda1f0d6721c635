/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const fdtExamples: { readonly [rule: string]: RuleExample } = {
  'FDT-001': {
    fault: '39 bytes of it (built by test/rfc)',
    message: 'The file is shorter than a devicetree header: 39 bytes',
    at: 'offset 0x0',
    bytes:
      '[d0 0d fe ed] 00 00 08 50 00 00 00 40 00 00 07 cc 00 00 00 30 00 00 00 11 00 00 00 10 00 00 00 00 … (blob offset 0x0)',
  },
  'FDT-002': {
    fault: 'one bit of the magic (built by test/rfc)',
    message: 'The magic number is not that of a devicetree blob: 0xd00dfeee',
    at: 'offset 0x0',
    bytes:
      '[d0 0d fe ee] 00 00 08 50 00 00 00 40 00 00 07 cc 00 00 00 30 00 00 00 11 00 00 00 10 00 00 00 00 … (blob offset 0x0)',
  },
  'FDT-003': {
    fault: 'version 18 (built by test/rfc)',
    message: 'No reader of version 17 can read this blob: version 18, last_comp_version 18',
    at: 'offset 0x14',
    bytes:
      '00 00 07 cc 00 00 00 30 [00 00 00 12] 00 00 00 12 00 00 00 00 00 00 00 84 00 00 07 8c 00 00 00 00 … (blob offset 0xc)',
  },
  'FDT-004': {
    fault: 'version 18, compatible with 16 (built by test/rfc)',
    message: 'The version is neither 16 nor 17: version 18, last_comp_version 16: it is read as if it were',
    at: 'offset 0x14',
    bytes:
      '00 00 07 cc 00 00 00 30 [00 00 00 12] 00 00 00 10 00 00 00 00 00 00 00 84 00 00 07 8c 00 00 00 00 … (blob offset 0xc)',
  },
  'FDT-005': {
    fault: 'totalsize 39 (built by test/rfc)',
    message: 'totalsize is smaller than the header: 39 bytes',
    at: 'offset 0x4',
    bytes:
      'd0 0d fe ed [00 00 00 27] 00 00 00 40 00 00 07 cc 00 00 00 30 00 00 00 11 00 00 00 10 00 00 00 00 … (blob offset 0x0)',
  },
  'FDT-006': {
    fault: 'the last 4 bytes cut off (linux-6.18-handover)',
    message: 'The file ends before totalsize: totalsize 236, file 232 bytes',
    at: 'offset 0x4',
    bytes:
      'd0 0d fe ed [00 00 00 ec] 00 00 00 40 00 00 00 c8 00 00 00 30 00 00 00 11 00 00 00 10 00 00 00 00 … (blob offset 0x0)',
  },
  'FDT-007': {
    fault: '4 bytes behind it (built by test/rfc)',
    message: 'There are bytes after totalsize: totalsize 2128, file 2132 bytes',
    at: 'offset 0x850',
    bytes: '70 61 74 69 62 6c 65 00 [00 00 00 00] (blob offset 0x848)',
  },
  'FDT-008': {
    fault: 'the reserve map at 0x20 (built by test/rfc)',
    message: 'A block starts inside the header: memory reserve map at 0x20',
    at: 'offset 0x10',
    bytes:
      '00 00 00 40 00 00 07 cc [00 00 00 20] 00 00 00 11 00 00 00 10 00 00 00 00 00 00 00 84 00 00 07 8c … (blob offset 0x8)',
  },
  'FDT-009': {
    fault: 'a strings block of 64 KiB (built by test/rfc)',
    message: 'A block ends beyond totalsize: strings block 0x7cc..0x107cc, totalsize 0x850',
    at: 'offset 0xc',
    bytes:
      '00 00 08 50 00 00 00 40 [00 00 07 cc] 00 00 00 30 00 00 00 11 00 00 00 10 00 00 00 00 00 01 00 00 … (blob offset 0x4)',
  },
  'FDT-010': {
    fault: 'the reserve map 4 bytes later (linux-7.1-live-update)',
    message: 'A block is not aligned (reserve map 8, structure 4): memory reserve map at 0x2c',
    at: 'offset 0x10',
    bytes:
      '00 00 00 3c 00 00 01 60 [00 00 00 2c] 00 00 00 11 00 00 00 10 00 00 00 00 00 00 00 39 00 00 01 24 … (blob offset 0x8)',
  },
  'FDT-011': {
    fault: 'the strings block 4 bytes earlier (built by test/rfc)',
    message: 'Two blocks share bytes: structure block 0x40..0x7cc, strings block 0x7c8..0x850',
    at: 'offset 0xc',
    bytes:
      '00 00 08 50 00 00 00 40 [00 00 07 c8] 00 00 00 30 00 00 00 11 00 00 00 10 00 00 00 00 00 00 00 88 … (blob offset 0x4)',
  },
  'FDT-012': {
    fault: 'a size in the last entry of the reserve map (built by test/rfc)',
    message: 'The memory reserve map has no entry of size 0 before the next block: 1 entries up to 0x40',
    at: 'offset 0x30',
    bytes:
      '00 00 00 00 00 00 00 00 [00 00 00 00] 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 01 00 00 00 00 … (blob offset 0x28)',
  },
  'FDT-013': {
    fault: '65537 entries in the reserve map (built by test/rfc)',
    message: 'The memory reserve map has more than 65536 entries; the rest is not listed: from 0x100030 on',
    at: 'offset 0x100030',
    bytes:
      '00 00 00 00 00 00 10 00 [00 00 00 00] 10 00 00 00 00 00 00 00 00 00 10 00 00 00 00 00 00 00 00 00 … (blob offset 0x100028)',
  },
  'FDT-014': {
    fault: 'an address in the last entry of the reserve map (built by test/rfc)',
    message: 'The last entry of the memory reserve map has size 0 but an address: address 0x1',
    at: 'offset 0x30',
    bytes:
      '00 00 00 00 00 00 00 00 [00 00 00 00] 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00 … (blob offset 0x28)',
  },
  'FDT-015': {
    fault: 'a token 5 in the root (built by test/rfc)',
    message: 'A structure token is none of 1, 2, 3, 4, 9: 0x5',
    at: '/  offset 0x7c4',
    bytes:
      '00 00 00 02 00 00 00 02 [00 00 00 05] 00 00 00 02 00 00 00 09 69 6f 6d 6d 75 2d 70 72 6f 74 00 69 … (blob offset 0x7bc)',
  },
  'FDT-016': {
    fault: 'a name up to the end of the structure block (built by test/rfc)',
    message: 'A node name has no NUL inside the structure block: at 0x7c4',
    at: '/  offset 0x7c4',
    bytes:
      '00 00 00 02 00 00 00 02 [00 00 00 01] 61 61 61 61 00 00 00 02 00 00 00 09 69 6f 6d 6d 75 2d 70 72 … (blob offset 0x7bc)',
  },
  'FDT-017': {
    fault: 'a length of 64 KiB (built by test/rfc)',
    message: 'A property ends beyond the structure block: length 65536, 48 bytes left from its tag on',
    at: '/iommufd/iommufds/4/ioases/1/0  offset 0x79c',
    bytes:
      '00 90 00 00 00 00 00 00 [00 00 00 03] 00 01 00 00 00 00 00 00 07 00 00 00 00 00 00 02 00 00 00 02 … (blob offset 0x794)',
  },
  'FDT-018': {
    fault: 'a name behind the strings block (built by test/rfc)',
    message:
      'The name offset of a property is not inside the strings block: name offset 0xffff, strings block of 0x84 bytes',
    at: '/iommufd/iommufds/4/ioases/1/0  offset 0x79c',
    bytes:
      '00 90 00 00 00 00 00 00 [00 00 00 03] 00 00 00 04 00 00 ff ff 07 00 00 00 00 00 00 02 00 00 00 02 … (blob offset 0x794)',
  },
  'FDT-019': {
    fault: 'a strings block without its last byte (linux-6.18-handover)',
    message:
      'A property name has no NUL inside the strings block: name offset 0x19, strings block of 0x23 bytes',
    at: '/  offset 0x48',
    bytes:
      '00 00 00 01 00 00 00 00 [00 00 00 03] 00 00 00 07 00 00 00 19 6b 68 6f 2d 76 31 00 00 00 00 00 03 … (blob offset 0x40)',
  },
  'FDT-020': {
    fault: 'a name of 1025 bytes (built by test/rfc)',
    message: 'A property name is longer than 1024 bytes and is not read: name offset 0x84',
    at: '/  offset 0x48',
    bytes:
      '00 00 00 01 00 00 00 00 [00 00 00 03] 00 00 00 00 00 00 00 84 00 00 00 03 00 00 00 07 00 00 00 79 … (blob offset 0x40)',
  },
  'FDT-021': {
    fault: 'a property before the root (built by test/rfc)',
    message: 'A property stands outside every node: at 0x40',
    at: 'offset 0x40',
    bytes:
      '00 00 00 00 00 00 00 00 [00 00 00 03] 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 03 … (blob offset 0x38)',
  },
  'FDT-022': {
    fault: 'a property behind the children (built by test/rfc)',
    message: 'A property follows a subnode of its node: at 0x7c4',
    at: '/  offset 0x7c4',
    bytes:
      '00 00 00 02 00 00 00 02 [00 00 00 03] 00 00 00 00 00 00 00 00 00 00 00 02 00 00 00 09 69 6f 6d 6d … (blob offset 0x7bc)',
  },
  'FDT-023': {
    fault: 'an FDT_END_NODE before the root (built by test/rfc)',
    message: 'An END_NODE closes no node: at 0x40',
    at: 'offset 0x40',
    bytes:
      '00 00 00 00 00 00 00 00 [00 00 00 02] 00 00 00 01 00 00 00 00 00 00 00 03 00 00 00 07 00 00 00 79 … (blob offset 0x38)',
  },
  'FDT-024': {
    fault: 'a NOP for the last FDT_END_NODE (built by test/rfc)',
    message: 'END stands inside a node: at 0x7c8',
    at: '/  offset 0x7c8',
    bytes:
      '00 00 00 02 00 00 00 04 [00 00 00 09] 69 6f 6d 6d 75 2d 70 72 6f 74 00 69 6f 76 61 2d 6c 65 6e 00 … (blob offset 0x7c0)',
  },
  'FDT-025': {
    fault: 'a NOP for FDT_END (built by test/rfc)',
    message: 'The structure block has no END token: block ends at 0x7cc',
    at: 'offset 0x7cc',
    bytes:
      '00 00 00 02 00 00 00 04 [69 6f 6d 6d] 75 2d 70 72 6f 74 00 69 6f 76 61 2d 6c 65 6e 00 69 6f 76 61 … (blob offset 0x7c4)',
  },
  'FDT-026': {
    fault: 'size_dt_struct 4 less (built by test/rfc)',
    message: 'The END token stands behind size_dt_struct: block ends at 0x7c8',
    at: 'offset 0x7c8',
    bytes:
      '00 00 00 02 00 00 00 02 [00 00 00 09] 69 6f 6d 6d 75 2d 70 72 6f 74 00 69 6f 76 61 2d 6c 65 6e 00 … (blob offset 0x7c0)',
  },
  'FDT-027': {
    fault: '4 bytes behind FDT_END (built by test/rfc)',
    message: 'The structure block goes on after its END token: 4 bytes',
    at: 'offset 0x7cc',
    bytes:
      '00 00 00 02 00 00 00 09 [00 00 00 04] 69 6f 6d 6d 75 2d 70 72 6f 74 00 69 6f 76 61 2d 6c 65 6e 00 … (blob offset 0x7c4)',
  },
  'FDT-028': {
    fault: 'NOPs for every token but FDT_END (built by test/rfc)',
    message: 'The structure block holds no node: at 0x40',
    at: 'offset 0x40',
    bytes:
      '00 00 00 00 00 00 00 00 [00 00 00 04] 00 00 00 04 00 00 00 04 00 00 00 04 00 00 00 04 00 00 00 04 … (blob offset 0x38)',
  },
  'FDT-029': {
    fault: 'a root named "a" (built by test/rfc)',
    message: 'The root node has a name: "a"',
    at: '/  offset 0x44',
    bytes:
      '00 00 00 00 00 00 00 01 [61 00 00 00] 00 00 00 03 00 00 00 07 00 00 00 79 6b 68 6f 2d 76 31 00 00 … (blob offset 0x3c)',
  },
  'FDT-030': {
    fault: 'a second root (built by test/rfc)',
    message: 'There is a second root node: at 0x7c8',
    at: '/  offset 0x7c8',
    bytes:
      '00 00 00 02 00 00 00 02 [00 00 00 01] 00 00 00 00 00 00 00 02 00 00 00 09 69 6f 6d 6d 75 2d 70 72 … (blob offset 0x7c0)',
  },
  'FDT-031': {
    fault: 'two nodes "a" in one child (linux-6.18-handover)',
    message: 'Two subnodes of a node have the same name: "a"',
    at: '/memblock  offset 0xc8',
    bytes:
      '61 00 00 00 00 00 00 02 [00 00 00 01] 61 00 00 00 00 00 00 02 00 00 00 02 00 00 00 02 00 00 00 09 … (blob offset 0xc0)',
  },
  'FDT-032': {
    fault: 'the first property twice (built by test/rfc)',
    message: 'Two properties of a node have the same name: "compatible"',
    at: '/  offset 0x5c',
    bytes:
      '6b 68 6f 2d 76 31 00 00 [00 00 00 03] 00 00 00 07 00 00 00 79 6b 68 6f 2d 76 31 00 00 00 00 00 01 … (blob offset 0x54)',
  },
};
