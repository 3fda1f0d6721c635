/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const kho2Examples: { readonly [rule: string]: RuleExample } = {
  'KHO-123': {
    fault: 'beyond 2^52 (linux-7.3-live-update)',
    message: 'Scratch region 0, 0x10000000000000-0x10000000001000 (4 KiB), ends beyond 2^52',
    at: 'kho_scratch.addr  address 0x10000000000000',
  },
  'KHO-190': {
    fault: 'begins at 4 KiB (linux-7.3-live-update)',
    message: 'Scratch region 0, 0x17401000-0x17800000 (4092 KiB), begins within a page block of 2 MiB',
    at: 'kho_scratch.addr  address 0x17401000',
    found: '0x17401000',
    expected: 'a multiple of 0x200000',
  },
  'KHO-124': {
    fault: 'two that overlap (linux-7.3-live-update)',
    message:
      'Scratch region 1, 0x17600000-0x17a00000 (4 MiB), overlaps region 0, 0x17400000-0x17800000 (4 MiB)',
    at: 'kho_scratch.addr  address 0x17600000',
  },
  'KHO-125': {
    fault: 'a scratch array of 1 MiB (linux-7.3-live-update)',
    message: 'kho_data.scratch_size is 0x100000, more than the 0x40000 bytes of an early mapping',
    at: 'kho_data.scratch_size  address 0x18001000',
    bytes: '00 00 00 00 00 00 00 00 [00 00 00 00 00 00 00 00] 0a 00 00 00 20 00 00 00 (address 0x18000ff8)',
    found: '0x100000',
    expected: 'at most 0x40000',
  },
  'KHO-126': {
    fault: 'around a preserved page (linux-7.3-live-update)',
    message: '0x4ee000-0x4ef000 (4 KiB) is preserved and lies in scratch region 0, 0x400000-0x500000 (1 MiB)',
    at: 'address 0x4ee000',
    bytes:
      '[d0 0d fe ed] 00 00 01 95 00 00 00 38 00 00 01 5c 00 00 00 28 00 00 00 11 00 00 00 10 00 00 00 00 … (blob offset 0x0)',
  },
  'KHO-127': {
    fault: 'around the map (linux-7.3-live-update)',
    message: 'The map’s page at 0x4ed000 lies in scratch region 0',
    at: 'address 0x4ed000',
  },
  'KHO-131': {
    fault: 'the last chunk leads to the first (linux-6.18-handover)',
    message: 'next of chunk 9 at 0x44c1000 leads back to chunk 0 at 0x44b8000',
    at: 'khoser_mem_chunk_hdr.next  address 0x44c1000',
    bytes: '[00 80 4b 04 00 00 00 00] 0a 00 00 00 01 00 00 00 (address 0x44c1000)',
  },
  'KHO-132': {
    fault: 'more pointers than fit (linux-6.18-handover)',
    message: 'num_elms of the chunk at 0x44b8000 is 256, a page holds 255',
    at: 'khoser_mem_chunk_hdr.num_elms  address 0x44b800c',
    bytes: '00 90 4b 04 00 00 00 00 00 00 00 00 [00 01 00 00] (address 0x44b8000)',
    found: '256',
    expected: 'at most 255',
  },
  'KHO-133': {
    fault: 'a bitmap at 0 (linux-6.18-handover)',
    message: 'Bitmap 0 of the chunk at 0x44b8000 is at 0x0',
    at: 'khoser_mem_bitmap_ptr.bitmap  address 0x44b8018',
    bytes: '00 00 00 00 00 00 00 00 [00 00 00 00 00 00 00 00] (address 0x44b8010)',
  },
  'KHO-134': {
    fault: 'order 19 (linux-6.18-handover)',
    message: 'order of the chunk at 0x44c1000 is 19',
    at: 'khoser_mem_chunk_hdr.order  address 0x44c1008',
    bytes: '00 00 00 00 00 00 00 00 [13 00 00 00] 01 00 00 00 (address 0x44c1000)',
    found: '19',
    expected: 'at most 18',
  },
  'KHO-136': {
    fault: 'a start within a block (linux-6.18-handover)',
    message: 'phys_start 0 of the chunk at 0x44c1000 is 0x1000, no multiple of the block size 0x400000',
    at: 'khoser_mem_bitmap_ptr.phys_start  address 0x44c1010',
    bytes: '[00 10 00 00 00 00 00 00] 00 30 65 00 00 00 00 00 (address 0x44c1010)',
  },
  'KHO-137': {
    fault: 'a second chunk of one order (linux-6.18-handover)',
    message: 'A second bitmap of order 0 for 0x0',
    at: 'khoser_mem_bitmap_ptr.phys_start  address 0x130000010',
    bytes: '[00 00 00 00 00 00 00 00] 00 10 00 30 01 00 00 00 (address 0x130000010)',
  },
  'KHO-138': {
    fault: 'evidence for both forms (linux-6.18-handover)',
    message:
      'The map speaks for 512-byte bitmaps (phys_start 0x1000 is no multiple of what a page-size bitmap of order 0 covers) and against them (the blob of kho_test at 0x2914000 is preserved only if bitmaps have 4096 bytes)',
    at: 'khoser_mem_chunk  address 0x44b8000',
    bytes: '[00 90 4b 04 00 00 00 00] (address 0x44b8000)',
  },
  'KHO-141': {
    fault: 'a slot that is no page (linux-7.3-live-update)',
    message: 'The address 0x4ed800 of a radix node of level 4 is not page-aligned',
    at: 'kho_radix_node.table  address 0x4ed008',
    bytes: '[00 d8 4e 00 00 00 00 00] (address 0x4ed008)',
  },
  'KHO-142': {
    fault: 'two slots to one page (linux-7.1-live-update)',
    message: 'The radix node of level 4 at 0x4e4000 was reached before by another slot',
    at: 'kho_radix_node.table  address 0x4d9010',
    bytes: '[00 40 4e 00 00 00 00 00] (address 0x4d9010)',
  },
  'KHO-143': {
    fault: 'key 0 (linux-7.3-live-update)',
    message: 'The leaf at 0x140001000 has key 0, which stands for no block',
    at: 'kho_radix_leaf.bitmap  bit 0  address 0x140001000',
    bytes: '[01] (address 0x140001000)',
  },
  'KHO-144': {
    fault: 'a key of 58 bits (linux-7.3-live-update)',
    message: 'Slot 64 of the level-5 node at 0x4ed000 stands for keys of more than 53 bits',
    at: 'kho_radix_node.table  address 0x4ed200',
    bytes: '[00 50 00 40 01 00 00 00] (address 0x4ed200)',
  },
  'KHO-145': {
    fault: 'a page beyond 2^52 (linux-7.3-live-update)',
    message: '1 block of order 0 (4 KiB) at 0x20000000000000, beyond 2^52',
    at: 'address 0x20000000000000',
  },
  'KHO-161': {
    fault: '2 GiB (linux-7.1-live-update)',
    message: '1 block of order 19 (2 GiB) at 0x200000000',
    at: 'address 0x200000000',
    found: 'order 19',
    expected: 'at most 18',
  },
  'KHO-147': {
    fault: 'two orders at one head (linux-7.3-live-update)',
    message: '1 block of order 1 from 0x640000 on starts with blocks of order 0',
    at: 'address 0x640000',
  },
  'KHO-148': {
    fault: 'a page within a block (linux-7.3-live-update)',
    message: '1 block of order 4 from 0x6a0000 on overlaps blocks of order 0',
    at: 'address 0x6a0000',
  },
  'KHO-162': {
    fault: 'the root of the map (linux-7.3-live-update)',
    message: 'The map’s page at 0x4ed000 lies in a preserved block',
    at: 'address 0x4ed000',
  },
  'KHO-135': {
    fault: 'a folio of kho_test of order 11 (linux-6.18-handover)',
    message: 'The folio of kho_test at 0x10000000 is a block of order 11',
    at: 'address 0x10000000',
    found: 'order 11',
    expected: 'at most 10',
  },
  'KHO-150': {
    fault: 'a run of two pages that are two blocks (linux-7.3-live-update)',
    message:
      'the memfd of token 0xffffffffffffffff, session "vm-alpha": run 0 at 0x2dec000 of order 1 begins with a block of order 0',
    at: 'address 0x2dec000',
    found: 'order 0',
    expected: 'order 1',
  },
  'KHO-151': {
    fault: 'an FLB page that is not preserved (linux-7.3-live-update)',
    message: 'The FLB page at 0x2dab000 is not preserved',
    at: 'address 0x2dab000',
  },
  'KHO-153': {
    fault: 'files at no page (linux-7.1-live-update)',
    message: 'The files of session "vm-alpha" at 0x2024008 does not start a page',
    at: 'address 0x2024008',
    found: '0x2024008',
    expected: 'a multiple of 0x1000',
  },
  'KHO-155': {
    fault: 'a folio of order 11 (linux-7.3-live-update)',
    message: 'Folio 0 of the memfd of token 0x1a, session "vm-alpha" at 0x10000000 is a block of order 11',
    at: 'address 0x10000000',
    found: 'order 11',
    expected: 'at most 10',
  },
  'KHO-163': {
    fault: 'a folio that is the FLB page (linux-7.3-live-update)',
    message:
      'The page at 0x2dab000 belongs to the FLB page and to the memfd of token 0x1a, session "vm-alpha", folio 5',
    at: 'address 0x2dab000',
    found: '2 owners',
    expected: 'one',
  },
  'KHO-156': {
    fault: 'a block of nobody (linux-7.3-live-update)',
    message: 'Nothing refers to 1 block of order 3 at 0x10000000 (32 KiB)',
    at: 'address 0x10000000',
  },
  'KHO-191': {
    fault: 'regions of nine pages, which end within a block (linux-7.3-live-update)',
    message: 'A preserved block of memblock region "rsv-a" has 16 KiB at 0x1b924000 that nothing refers to',
    at: 'address 0x1b924000',
  },
  'KHO-192': {
    fault: 'a release that writes no kho-v4 (linux-7.3-live-update)',
    message:
      'No release writes both of this: the root is "kho-v4" (7.2 to 7.4-rc1), kexec-metadata names 7.1.13 (7.1)',
    at: '/compatible',
    bytes: '[6b 68 6f 2d 76 34 00] (blob offset 0x4c)',
    found: '7.1',
    expected: '7.2 to 7.4-rc1',
  },
  'KHO-160': {
    fault: 'taken over by Linux 6.16 (linux-6.18-handover)',
    message:
      'Linux 6.16 accepts it and reads other bytes than were written: it reads the map as bitmap-512, it is bitmap-page',
    at: '/compatible',
    bytes: '[6b 68 6f 2d 76 31 00] (blob offset 0x54)',
  },
  'KHO-225': {
    fault: 'two blocks that its kernel has not restored (linux-7.3-live-update)',
    message:
      '2 blocks that were handed to the running kernel (2052 KiB) have not been restored, beside the tree, its riders and reserve_mem; none of it is preserved for the next kexec',
    at: 'page.private  address 0x123400000',
    found: '2 marks KHOP, the first at 0x123400000',
    expected: 'none, once all sessions are retrieved and finished',
  },
  'KHO-226': {
    fault: 'the kernel of the dump has taken the tree over (linux-7.3-live-update)',
    message:
      'The running kernel has taken the tree over, so its map, LUO and kho_test are not judged: struct page of the tree has a mark',
    at: '/',
  },
};
