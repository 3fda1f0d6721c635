/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const kho1Examples: { readonly [rule: string]: RuleExample } = {
  'KHO-001': {
    fault: 'the structure block at 0x38, as libfdt’s other writer puts it (built by test/rfc)',
    message: 'off_mem_rsvmap is 0x28, the sequential writer leaves 0x30 there',
    at: 'fdt_header.off_mem_rsvmap',
    bytes:
      '00 00 00 40 00 00 07 cc [00 00 00 28] 00 00 00 11 00 00 00 10 00 00 00 00 00 00 00 84 00 00 07 8c … (blob offset 0x8)',
    found: '0x28',
    expected: '0x30',
  },
  'KHO-002': {
    fault: '/ compatible changed (built by test/rfc)',
    message: 'the root is compatible with "kho-v9"',
    at: '/compatible',
    bytes: '[6b 68 6f 2d 76 39 00] (blob offset 0x54)',
    found: 'kho-v9',
    expected: 'kho-v1',
  },
  'KHO-003': {
    fault: '/ftrace/global-trace/cpu* mem changed (built by test/rfc)',
    message: '/ftrace/global-trace/cpu0/mem has 24 bytes, no multiple of 16',
    at: '/ftrace/global-trace/cpu0/mem',
    bytes: '[00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00] (blob offset 0x120)',
    found: '24 bytes',
    expected: 'a multiple of 16',
  },
  'KHO-004': {
    fault: '/intel-iommu/domains/* mem changed (built by test/rfc)',
    message: 'record 1 of /intel-iommu/domains/1/mem is empty: addr 0x10001000, len 0x0',
    at: '/intel-iommu/domains/1/mem  kho_mem.len  address 0x10001000',
    bytes:
      '00 10 00 10 00 00 00 00 [00 00 00 00 00 00 00 00] 00 20 00 10 00 00 00 00 00 10 00 00 00 00 00 00 … (blob offset 0x290)',
  },
  'KHO-005': {
    fault: 'a bit that is no flag (built by test/rfc)',
    message: 'record 1 of /intel-iommu/domains/1/mem has bits set below bit 3 that are no flag: 0x10001002',
    at: '/intel-iommu/domains/1/mem  kho_mem.addr  bits 2:0  address 0x10001002',
    bytes:
      '00 10 00 00 00 00 00 00 [02 10 00 10 00 00 00 00] 00 10 00 00 00 00 00 00 00 20 00 10 00 00 00 00 … (blob offset 0x288)',
  },
  'KHO-006': {
    fault: '/intel-iommu/domains/* mem changed (built by test/rfc)',
    message:
      'record 1 of /intel-iommu/domains/1/mem, 0x40000000-0x40001000 (4 KiB), intersects scratch 0x40000000-0x50000000 (256 MiB)',
    at: '/intel-iommu/domains/1/mem  kho_mem.addr  address 0x40000000',
    bytes:
      '00 10 00 00 00 00 00 00 [00 00 00 40 00 00 00 00] 00 10 00 00 00 00 00 00 00 20 00 10 00 00 00 00 … (blob offset 0x288)',
  },
  'KHO-007': {
    fault: '/ftrace/global-trace/cpu* mem changed (built by test/rfc)',
    message:
      '0x20901000-0x20902000 (4 KiB) is covered twice: by record 1 of /ftrace/global-trace/cpu0/mem and by record 3 of /ftrace/global-trace/cpu0/mem',
    at: '/ftrace/global-trace/cpu0/mem  kho_mem.addr  address 0x20901000',
    bytes:
      '40 00 00 00 00 00 00 00 [00 10 90 20 00 00 00 00] 00 10 00 00 00 00 00 00 40 00 80 20 00 00 00 00 … (blob offset 0x128)',
  },
  'KHO-008': {
    fault: '/intel-iommu/domains/* mem changed (built by test/rfc)',
    message:
      '1 record of /intel-iommu/domains/1/mem in the NOINIT region 0x10001000-0x10002000 (4 KiB) or on the page behind it: 0x10002000',
    at: '/intel-iommu/domains/1/mem  kho_mem.addr  address 0x10002000',
    bytes:
      '00 10 00 00 00 00 00 00 [00 20 00 10 00 00 00 00] 00 10 00 00 00 00 00 00 00 30 00 10 00 00 00 00 … (blob offset 0x298)',
  },
  'KHO-009': {
    fault: 'kho_mem.addr changed (built by test/rfc)',
    message: 'mem cache entry 0 is not what the tree gives (6 entries, computed 6)',
    at: 'kho_mem.addr  address 0x4ffe0000',
    bytes: '[00 00 00 30 00 00 00 00] 00 b0 00 00 00 00 00 00 (address 0x4ffe0000)',
    found: '(0x30000000, 0xb000)',
    expected: '(0x10000000, 0xb000)',
  },
  'KHO-010': {
    fault: '/intel-iommu/domains/* mem changed (built by test/rfc)',
    message: 'record 1 of /intel-iommu/domains/1/mem is flagged NOINIT: 0x10001000-0x10002000 (4 KiB)',
    at: '/intel-iommu/domains/1/mem  kho_mem.addr  bit 0  address 0x10001000',
    bytes:
      '00 10 00 00 00 00 00 00 [01 10 00 10 00 00 00 00] 00 10 00 00 00 00 00 00 00 20 00 10 00 00 00 00 … (blob offset 0x288)',
    found: '0x10001001',
    expected: '0x10001000',
  },
  'KHO-011': {
    fault: 'nothing: a tree in which the kernel counts a page too many (built by test/rfc)',
    message:
      'the mem cache covers a page too many: entry 5 goes on to 0x101400fff, the NOINIT region ends at 0x101400000',
    at: 'kho_mem.addr  address 0x4ffe0050',
    bytes: '[01 00 00 00 01 00 00 00] ff 0f 40 01 00 00 00 00 (address 0x4ffe0050)',
    found: '0x1400fff',
    expected: '0x1400000',
  },
  'KHO-012': {
    fault: 'kho_data_rfc2024.scratch_addr changed (built by test/rfc)',
    message:
      'the tree, 0x4fd00000-0x4fd00850 (2128 B), is not inside scratch 0x50000000-0x60000000 (256 MiB)',
    at: 'kho_data.dt_addr  address 0x4fd00000',
  },
  'KHO-013': {
    fault: 'two nodes "a" in one child (built by test/rfc)',
    message: 'Two subnodes of a node have the same name: "a"',
    at: '/iommufd',
  },
  'KHO-014': {
    fault: 'no /guestmemfs (built by test/rfc)',
    message: 'there is no /guestmemfs, though iommufds have areas: their memory is not handed over',
    at: '/guestmemfs',
    found: 'nothing',
    expected: '/guestmemfs',
  },
  'KHO-015': {
    fault: 'a property that nobody writes (built by test/rfc)',
    message: '/intel-iommu/account_mode: no property of this node (defined: none)',
    at: '/intel-iommu/account_mode',
    bytes: '[01] (blob offset 0x26c)',
  },
  'KHO-016': {
    fault: 'the index page in the region (built by test/rfc)',
    message:
      "the NOINIT flag of 0x100000000-0x101400000 (20 MiB) is lost in mem cache entry 6: a record at the region's start was folded into it",
    at: 'kho_mem.addr  bit 0  address 0x4ffe0060',
    bytes: '[00] 00 00 00 01 00 00 00 00 (address 0x4ffe0060, word 0x100000000)',
    found: '0x100000000',
    expected: '0x100000001',
  },
  'KHO-017': {
    fault: 'dt_addr leads to the mem cache (built by test/rfc)',
    message:
      'dt_addr of the element at 0x40001070 is 0x4ffe0000, where no tree is; one lies at 0x4fd00000, in the element’s scratch 0x40000000-0x50000000 (256 MiB)',
    at: 'kho_data.dt_addr  address 0x40001080',
    bytes: '[00 00 fe 4f 00 00 00 00] 50 08 00 00 00 00 00 00 (address 0x40001080)',
    found: '0x4ffe0000',
    expected: '0x4fd00000',
  },
  'KHO-170': {
    fault: 'what findTrees says of a page of zeros (linux-7.3-live-update)',
    message:
      'kho_data.fdt_addr names 0x130000000 as the root tree, where no root tree lies; a complete tree lies at 0x4ee000, where nothing leads',
    at: 'fdt_header.magic  address 0x130000000',
    bytes:
      '[d0 0d fe ed] 00 00 01 95 00 00 00 38 00 00 01 5c 00 00 00 28 00 00 00 11 00 00 00 10 00 00 00 00 … (blob offset 0x0)',
    found: '0x130000000',
    expected: '0x4ee000',
  },
  'KHO-171': {
    fault: 'an initrd over the tree (linux-7.3-live-update)',
    message: 'The initrd, 0x4ee000-0x4ef000 (4 KiB), lies in preserved memory',
    at: 'address 0x4ee000',
    bytes:
      '[d0 0d fe ed] 00 00 01 95 00 00 00 38 00 00 01 5c 00 00 00 28 00 00 00 11 00 00 00 10 00 00 00 00 … (blob offset 0x0)',
    found: '0x4ee000-0x4ef000 (4 KiB)',
    expected: 'a place in scratch',
  },
  'KHO-101': {
    fault: 'an element behind leads back (linux-7.3-live-update)',
    message: 'The setup_data list of boot_params at 0x18000000 comes back to 0x18001000 after 1 element',
    at: 'setup_data.next  address 0x18001000',
    bytes: '[00 10 00 18 00 00 00 00] 0a 00 00 00 20 00 00 00 (address 0x18001000)',
    found: 'nothing',
    expected: 'a next of 0, or the address of an element',
  },
  'KHO-102': {
    fault: 'two elements of type 10 with two trees (linux-7.3-live-update)',
    message: '2 elements of type 10: 0x18001000, 0x18001100',
    at: 'setup_data.type  address 0x18001100',
    bytes: '00 00 00 00 00 00 00 00 [00 00 00 00] 00 00 00 00 (address 0x180010f8)',
    found: '2 elements',
    expected: 'one',
  },
  'KHO-103': {
    fault: 'an element of no bytes (linux-7.3-live-update)',
    message: 'setup_data.len of the element at 0x18001000 is 0, struct kho_data has 32 bytes',
    at: 'setup_data.len  address 0x18001000',
    bytes: '00 00 00 00 00 00 00 00 00 00 00 00 [00 00 00 00] (address 0x18000ff4)',
    found: '0',
    expected: '32',
  },
  'KHO-104': {
    fault: 'no bytes (linux-7.3-live-update)',
    message: 'kho_data.fdt_size is 0x0, so that nothing is mapped',
    at: 'kho_data.fdt_size  address 0x18001000',
    bytes: '00 00 00 00 00 00 00 00 [00 00 00 00 00 00 00 00] 0a 00 00 00 20 00 00 00 (address 0x18000ff8)',
    found: '0x0',
    expected: '0x1000',
  },
  'KHO-105': {
    fault: 'what the loader says of /chosen (linux-7.3-live-update)',
    message: '/chosen has linux,kho-fdt, but linux,kho-scratch is not there',
  },
  'KHO-106': {
    fault: 'a copy at an odd multiple of 4 (linux-6.18-handover)',
    message: 'The tree lies at 0x130000004; the kernel gives it a page of its own',
    at: 'address 0x130000004',
    bytes:
      '[d0 0d fe ed] 00 00 00 ec 00 00 00 40 00 00 00 c8 00 00 00 30 00 00 00 11 00 00 00 10 00 00 00 00 … (blob offset 0x0)',
    found: '0x130000004',
    expected: 'a multiple of 0x1000',
  },
  'KHO-108': {
    fault: 'kho-v9 (linux-7.3-live-update)',
    message: 'The root is compatible with "kho-v9"',
    at: '/compatible',
    bytes: '[6b 68 6f 2d 76 39 00] (blob offset 0x4c)',
    found: 'kho-v9',
    expected: 'kho-v4',
  },
  'KHO-120': {
    fault: 'a boot CPU in the header (linux-7.3-live-update)',
    message: 'boot_cpuid_phys of the tree is 0x1, the kernel’s writer leaves 0x0 there',
    at: 'fdt_header.boot_cpuid_phys  address 0x4ee01c',
    bytes:
      '00 00 00 11 00 00 00 10 [00 00 00 01] 00 00 00 39 00 00 01 24 00 00 00 00 00 00 00 00 00 00 00 00 … (blob offset 0x14)',
    found: '0x1',
    expected: '0x0',
  },
  'KHO-109': {
    fault: 'none (linux-7.3-live-update)',
    message: 'The root has no preserved-memory-map',
    at: '/preserved-memory-map',
  },
  'KHO-110': {
    fault: 'no page (linux-7.3-live-update)',
    message: 'preserved-memory-map is 0x4ed008, no multiple of the page size 4096',
    at: '/preserved-memory-map  address 0x4ed008',
    bytes: '[08 d0 4e 00 00 00 00 00] (blob offset 0x60)',
    found: '0x4ed008',
    expected: 'a multiple of 0x1000 below 2^52',
  },
  'KHO-111': {
    fault: 'the page is not in the map (linux-7.3-live-update)',
    message: 'The tree’s page at 0x4ee000 is not in the preserved memory map',
    at: 'address 0x4ee000',
    bytes:
      '[d0 0d fe ed] 00 00 01 95 00 00 00 38 00 00 01 5c 00 00 00 28 00 00 00 11 00 00 00 10 00 00 00 00 … (blob offset 0x0)',
  },
  'KHO-112': {
    fault: 'two kho_test (linux-7.3-live-update)',
    message: 'A second child "kho_test", blob at 0x652000, is never reached',
    at: '/kho_test  address 0x652000',
  },
  'KHO-113': {
    fault: 'no address (linux-7.3-live-update)',
    message: '/memblock has no preserved-data',
    at: '/memblock/preserved-data',
    found: 'nothing',
    expected: '8 bytes',
  },
  'KHO-114': {
    fault: 'no length (linux-7.3-live-update)',
    message: '/memblock has no blob-size',
    at: '/memblock/blob-size',
    found: 'nothing',
    expected: '8 bytes',
  },
  'KHO-115': {
    fault: 'a length that is not the tree’s (linux-7.3-live-update)',
    message: 'blob-size of memblock is 0x12c, its tree has 294 bytes',
    at: '/memblock/blob-size  address 0x2dac000',
    bytes: '[2c 01 00 00 00 00 00 00] (blob offset 0x84)',
    found: '0x12c',
    expected: '0x126',
  },
  'KHO-116': {
    fault: 'a blob that is not in the map (linux-7.3-live-update)',
    message: 'The blob of memblock at 0x2dac000 (294 bytes): 0x2dac000-0x2dac126 (294 B) is not preserved',
    at: '/memblock  address 0x2dac000',
  },
  'KHO-117': {
    fault: 'no magic (linux-7.3-live-update)',
    message: 'The blob of memblock at 0x2dac000 is no devicetree blob',
    at: '/memblock  address 0x2dac000',
  },
  'KHO-118': {
    fault: 'a name with other characters (linux-7.3-live-update)',
    message: 'The child name "mem,bloc" is not made of letters, digits, "_" and "-"',
    at: '/mem,bloc',
  },
  'KHO-119': {
    fault: 'a tree of 5000 bytes (linux-6.18-handover)',
    message: 'The tree has 5000 bytes, a page 4096',
    at: 'fdt_header.totalsize',
    bytes:
      'd0 0d fe ed [00 00 13 88] 00 00 00 40 00 00 00 c8 00 00 00 30 00 00 00 11 00 00 00 10 00 00 00 00 … (blob offset 0x0)',
    found: '5000',
    expected: 'at most 4096',
  },
  'KHO-121': {
    fault: 'half a region (linux-7.3-live-update)',
    message: 'kho_data.scratch_size is 40, no multiple of 16',
    at: 'kho_data.scratch_size  address 0x18001000',
    bytes: '00 00 00 00 00 00 00 00 [00 00 00 00 00 00 00 00] 0a 00 00 00 20 00 00 00 (address 0x18000ff8)',
    found: '40',
    expected: 'a multiple of 16',
  },
  'KHO-122': {
    fault: 'empty regions only (linux-7.3-live-update)',
    message: '2 scratch regions, none with memory',
    at: 'kho_scratch.size',
  },
};
