/** Dumps that break the rules on the way to the tree and on the root, one fault each. */

import { BOOT } from '../../../test/validate/upstream-boot.js';
import {
  blob,
  type Case,
  fresh,
  nothing,
  u32be,
  V71,
  V71W,
  V73,
  V73N,
  V73W,
  V618,
} from '../../../test/validate/upstream-cases/case.js';
import {
  cutProperty,
  dropProperty,
  file,
  forget,
  type Patches,
  patch,
  renameNode,
  sure,
  text,
  treeAt,
  u32,
  u64,
  value,
} from '../../../test/validate/upstream-patches.js';
import { BOOT_PARAMS } from '../../records/kho.js';

/** The fields of boot_params that say where the initrd is. */
function initrd(address: bigint, size: number): Patches {
  return [
    ...u32(BOOT.params + BOOT_PARAMS.ramdiskImage, Number(address & 0xffffffffn)),
    ...u32(BOOT.params + BOOT_PARAMS.extRamdiskImage, Number(address >> 32n)),
    ...u32(BOOT.params + BOOT_PARAMS.ramdiskSize, size),
  ];
}

/** Where setup_data of linux-7.3-live-update says that the scratch array is. */
const SCRATCH_ARRAY = 0x1abf0000;

export const CASES: readonly Case[] = [
  V73('KHO-101', 'a later element leads back', nothing, { boot: { next: BOOT.element } }),
  V73('KHO-102', 'two elements of type 10 with two trees', () => u64(BOOT.second + 16, fresh(0)), {
    boot: { second: true },
  }),
  { ...V73W('KHO-102', 'two elements that say the same', nothing, { boot: { second: true } }) },
  V73('KHO-103', 'an element of no bytes', nothing, { boot: { len: 0 } }),
  V73('KHO-103', 'an element longer than an early mapping', nothing, { boot: { len: 0x50000 } }),
  { ...V73W('KHO-103', 'a short element in one page', nothing, { boot: { len: 24 } }) },
  V73('KHO-104', 'no bytes', nothing, { boot: { fdtSize: 0n }, options: { pageSize: 4096 } }),
  { ...V73W('KHO-103', 'the payload of the 2024 series', nothing, { boot: { len: 40 } }) },
  V73('KHO-104', 'fewer bytes than the tree has', nothing, {
    boot: { fdtSize: 64n },
    options: { pageSize: 4096 },
  }),
  V73W('KHO-104', 'two pages', nothing, { boot: { fdtSize: 8192n }, options: { pageSize: 4096 } }),
  V73('KHO-105', 'what the loader says of /chosen', nothing, {
    adjust: (handover) => ({
      ...handover,
      diagnostics: [
        {
          code: 'chosen',
          message: '/chosen has linux,kho-fdt, but linux,kho-scratch is not there',
          location: {},
        },
      ],
    }),
  }),
  V73N('KHO-226', 'the kernel of the dump has taken over the tree', nothing, {
    adjust: (handover) => ({ ...handover, takenOver: { why: 'struct page of the tree has a mark' } }),
  }),
  V73N('KHO-225', 'two blocks that its kernel has not restored', nothing, {
    adjust: (handover) => ({
      ...handover,
      unrestored: () => ({
        pageSize: 4096,
        addresses: Float64Array.of(Number(handover.fdtAddress), 0x1_2340_0000, 0x1_2360_0000),
        orders: Uint8Array.of(0, 0, 9),
        unread: 0,
        kept: new Set([Number(handover.fdtAddress)]),
      }),
    }),
  }),
  V73('KHO-170', 'what findTrees says of a page of zeros', nothing, {
    adjust: (handover) => ({
      ...handover,
      brokenEntry: {
        how: 'setup_data',
        address: BigInt(fresh(0)),
        state: 'unreadable',
        others: [sure(handover.fdtAddress, 'address')],
      },
    }),
  }),
  V73(
    'KHO-171',
    'an initrd over the tree',
    (handover) => initrd(sure(handover.fdtAddress, 'address'), 4096),
    {
      boot: {},
    },
  ),
  V73W('KHO-171', 'an initrd outside scratch', () => initrd(0x10_0000n, 4096), { boot: {} }),
  V73(
    'KHO-106',
    'a copy at an odd multiple of 4',
    (handover) => patch(fresh(0) + 4, treeAt(handover).tree.bytes),
    {
      tree: fresh(0) + 4,
    },
  ),
  V73W('KHO-106', 'a copy in a page', (handover) => patch(fresh(0) + 64, treeAt(handover).tree.bytes), {
    tree: fresh(0) + 64,
  }),
  V73('KHO-108', 'kho-v9', (handover) => text(value(handover, '/', 'compatible'), 'kho-v9'), {
    options: { assume: 'kho-v4' },
  }),
  V73('KHO-109', 'none', (handover) => dropProperty(handover, '/', 'preserved-memory-map')),
  V73('KHO-109', 'four bytes', (handover) => cutProperty(handover, '/', 'preserved-memory-map')),
  V73('KHO-109', '0', (handover) => u64(value(handover, '/', 'preserved-memory-map'), 0)),
  V618('KHO-109', '0 in 6.18, with children', (handover) =>
    u64(value(handover, '/', 'preserved-memory-map'), 0),
  ),
  V73('KHO-110', 'no page', (handover) => u64(value(handover, '/', 'preserved-memory-map'), 0x4ed008)),
  V73('KHO-110', 'beyond 2^52', (handover) => u64(value(handover, '/', 'preserved-memory-map'), 1n << 60n)),
  V73('KHO-111', 'the page is not in the map', (handover, memory) =>
    forget(handover, memory, sure(handover.fdtAddress, 'address')),
  ),
  V73(
    'KHO-111',
    'the page is in scratch, and setup_data names it',
    (handover, memory) => {
      const address = sure(handover.fdtAddress, 'address');
      return [
        ...forget(handover, memory, address),
        ...u64(SCRATCH_ARRAY, address),
        ...u64(SCRATCH_ARRAY + 8, handover.pageSize),
      ];
    },
    { boot: {} },
  ),
  V73('KHO-112', 'two kho_test', (handover) => renameNode(handover, '/memblock', 'kho_test')),
  V73('KHO-113', 'no address', (handover) => dropProperty(handover, '/memblock', 'preserved-data')),
  V618('KHO-113', 'no address in kho-v1', (handover) => dropProperty(handover, '/memblock', 'fdt')),
  V73('KHO-113', 'an address of 4 bytes', (handover) => cutProperty(handover, '/LUO', 'preserved-data')),
  V73('KHO-114', 'no length', (handover) => dropProperty(handover, '/memblock', 'blob-size')),
  V73W('KHO-115', "a length that is not the tree's", (handover) =>
    u64(value(handover, '/memblock', 'blob-size'), 300),
  ),
  V73W('KHO-115', 'a length beyond what is preserved', (handover) =>
    u64(value(handover, '/kexec-metadata', 'blob-size'), 0x1800),
  ),
  V73W('KHO-115', 'a length that is not that of struct luo_ser', (handover) =>
    u64(value(handover, '/LUO', 'blob-size'), 40),
  ),
  V73('KHO-116', 'a blob that is not in the map', (handover, memory) =>
    forget(handover, memory, blob(handover, 'memblock')),
  ),
  V73('KHO-117', 'no magic', (handover) => u32(blob(handover, 'memblock'), 0)),
  V71('KHO-117', 'a broken LUO tree', (handover) => u32(treeAt(handover, 'LUO').address + 8, 0xffff)),
  V73W('KHO-118', 'an unknown property', (handover) => {
    // The name offset of blob-size, moved into the middle of the string.
    const at = value(handover, '/memblock', 'blob-size') - 1;
    return patch(at, [0x31]);
  }),
  V73W('KHO-118', 'a name with other characters', (handover) =>
    renameNode(handover, '/memblock', 'mem,bloc'),
  ),
  {
    ...V73('KHO-118', 'a child that no release has', (handover) =>
      renameNode(handover, '/memblock', 'memclock'),
    ),
    severity: 'note',
  },
  V73(
    'KHO-119',
    'a tree of 5000 bytes',
    (handover) => [
      ...patch(fresh(0) + 4, [0, 0, 0x13, 0x88]),
      ...patch(fresh(0), treeAt(handover).tree.bytes),
      { address: fresh(0), zeroLength: 8192 },
    ],
    { tree: fresh(0) },
  ),
  V73W('KHO-120', 'a boot CPU in the header', (handover) => u32be(treeAt(handover).address + 28, 1)),
  V73W('KHO-120', 'a totalsize beyond the strings', (handover) => u32be(treeAt(handover).address + 4, 409)),
  V73W('KHO-120', "a rider's header of an edited tree", (handover) =>
    u32be(treeAt(handover, 'memblock').address + 16, 0x28),
  ),
  V73W('KHO-192', 'a release that writes no kho-v4', (handover) =>
    text(blob(handover, 'kexec-metadata') + 4, '7.1.13\0'),
  ),
  V71W('KHO-192', 'a handler of other releases', (handover) => {
    const { compatible, address } = file(handover);
    return text(address, compatible[7] === 0x31 ? 'memfd-v2' : 'memfd-v1');
  }),
];
