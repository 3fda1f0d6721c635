/** One way or more to make each upstream rule fail, on a captured core. */
import type { Handover } from '../../src/abi/model.js';
import type { DecodeOptions } from '../../src/decode/handover.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { BOOT, type BootOptions } from './upstream-boot.js';
import {
  chunk,
  cutProperty,
  dropProperty,
  file,
  folio,
  forget,
  keep,
  memfd,
  type Patches,
  patch,
  renameNode,
  session,
  setKey,
  sure,
  text,
  treeAt,
  u16,
  u32,
  u64,
  value,
} from './upstream-patches.js';

export type Dump = 'linux-6.18-handover' | 'linux-7.1-live-update' | 'linux-7.3-live-update';

export interface Case {
  readonly rule: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly dump: Dump;
  readonly what: string;
  readonly patches: (handover: Handover, memory: PhysicalMemory) => Patches;
  readonly options?: DecodeOptions;
  /** Lay out boot_params and its list, and follow them. */
  readonly boot?: BootOptions;
  /** Physical address of the tree, where it is not the fixture's. */
  readonly tree?: number;
  /** Changes what decoding cannot be brought to by bytes alone. */
  readonly adjust?: (handover: Handover) => Handover;
}

type Options = Omit<Case, 'rule' | 'severity' | 'dump' | 'what' | 'patches'>;

function on(dump: Dump, severity: Case['severity']) {
  return (rule: string, what: string, patches: Case['patches'], options: Options = {}): Case => ({
    rule,
    severity,
    dump,
    what,
    patches,
    ...options,
  });
}

const V618 = on('linux-6.18-handover', 'error');
const V71 = on('linux-7.1-live-update', 'error');
const V73 = on('linux-7.3-live-update', 'error');
const V73W = on('linux-7.3-live-update', 'warning');
const nothing = (): Patches => [];
const u32be = (address: number, value: number): Patches =>
  patch(address, [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
/** Bytes of a fresh page behind everything that the fixtures hold. */
const FREE = 0x1_3000_0000;

function fresh(page: number): number {
  return FREE + page * 4096;
}

function flb(handover: Handover, index: number): number {
  return Number(sure(handover.luo?.flbsAddress, 'FLB page')) + 16 + index * 64;
}

const luoSessions = (handover: Handover): bigint => sure(handover.luo?.sessionsAddress, 'session area');
const luo = (handover: Handover): number => Number(sure(handover.luo?.origin?.address, 'LUO'));
const blob = (handover: Handover, name: string): number =>
  Number(
    sure(
      handover.subtrees?.find((each) => each.name === name),
      name,
    ).address,
  );

/** Descriptor of the folio list, behind seals and flags since memfd-v2. */
const descriptor = (handover: Handover, index = 0, of = 0): number =>
  Number(memfd(handover, index, of).address) + (memfd(handover, index, of).seals === undefined ? 24 : 32);
const list = (handover: Handover, index = 0, of = 0): number =>
  sure(memfd(handover, index, of).area.chunks[0], 'list page');
const region = (start: number, end: number) => ({ start: BigInt(start), end: BigInt(end) });

const ENTRY: readonly Case[] = [
  V73('KHO-101', 'an element behind leads back', nothing, { boot: { next: BOOT.element } }),
  V73('KHO-102', 'two elements of type 10', nothing, { boot: { second: true } }),
  V73('KHO-103', 'a short element', nothing, { boot: { len: 24 } }),
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
  V73W('KHO-121', 'half a region', nothing, { boot: { scratchSize: 40n } }),
  V73('KHO-125', 'a scratch array of 1 MiB', nothing, { boot: { scratchSize: 1n << 20n } }),
];

const ROOT: readonly Case[] = [
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
  V73('KHO-112', 'two kho_test', (handover) => renameNode(handover, '/memblock', 'kho_test')),
  V73('KHO-113', 'no address', (handover) => dropProperty(handover, '/memblock', 'preserved-data')),
  V618('KHO-113', 'no address in kho-v1', (handover) => dropProperty(handover, '/memblock', 'fdt')),
  V73('KHO-113', 'an address of 4 bytes', (handover) => cutProperty(handover, '/LUO', 'preserved-data')),
  V73('KHO-114', 'no length', (handover) => dropProperty(handover, '/memblock', 'blob-size')),
  V73W('KHO-115', 'a length that is not the tree’s', (handover) =>
    u64(value(handover, '/memblock', 'blob-size'), 300),
  ),
  V73W('KHO-115', 'a length beyond what is preserved', (handover) =>
    u64(value(handover, '/kexec-metadata', 'blob-size'), 0x1800),
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
];

const WRITTEN: readonly Case[] = [
  V73W('KHO-120', 'a boot CPU in the header', (handover) => u32be(treeAt(handover).address + 28, 1)),
  V73W('KHO-120', 'a totalsize beyond the strings', (handover) => u32be(treeAt(handover).address + 4, 409)),
  V73W('KHO-120', 'a rider’s header of an edited tree', (handover) =>
    u32be(treeAt(handover, 'memblock').address + 16, 0x28),
  ),
  { ...V71('LUO-020', 'a session less', (handover) => u64(luoSessions(handover), 1)), severity: 'warning' },
  V73W('FLB-007', 'an FLB less', (handover) => u64(flb(handover, 0) - 8, 2)),
];

const SCRATCH: readonly Case[] = [
  V73('KHO-122', 'empty regions only', nothing, { options: { scratch: [region(0, 0), region(4096, 4096)] } }),
  V73('KHO-123', 'beyond 2^52', nothing, { options: { scratch: [region(2 ** 52, 2 ** 52 + 4096)] } }),
  V73W('KHO-123', 'half a page', nothing, { options: { scratch: [region(0x17400000, 0x17400800)] } }),
  V73W('KHO-124', 'two that overlap', nothing, {
    options: { scratch: [region(0x17400000, 0x17600000), region(0x17500000, 0x17700000)] },
  }),
  V73('KHO-126', 'around a preserved page', nothing, { options: { scratch: [region(0x400000, 0x500000)] } }),
  V73('KHO-127', 'around the map', nothing, { options: { scratch: [region(0x4ed000, 0x4ee000)] } }),
];

const CHUNKS: readonly Case[] = [
  V618('KHO-131', 'the last chunk leads to the first', (handover) =>
    u64(chunk(handover, -1).address, chunk(handover).address),
  ),
  V618('KHO-131', 'the last chunk leads nowhere', (handover) => u64(chunk(handover, -1).address, 1n << 60n)),
  V618('KHO-132', 'more pointers than fit', (handover) => u32(chunk(handover).address + 12n, 256)),
  V618('KHO-133', 'a bitmap at 0', (handover) => u64(chunk(handover).address + 24n, 0)),
  V618('KHO-134', 'order 19', (handover) => u32(chunk(handover, -1).address + 8n, 19)),
  V618('KHO-135', 'a folio of kho_test of order 11', (handover) => [
    ...u64(chunk(handover, -1).address, fresh(0)),
    ...u64(fresh(0), 0),
    ...u32(fresh(0) + 8, 11),
    ...u32(fresh(0) + 12, 1),
    ...u64(fresh(0) + 16, 0),
    ...u64(fresh(0) + 24, fresh(1)),
    // 8 MiB at 0x10000000 is block 32.
    ...patch(fresh(1) + 4, [1]),
    { address: fresh(0), zeroLength: 8192 },
    ...u64(sure(handover.khoTest?.area?.runs[0], 'list'), 0x10000000 | 11),
  ]),
  V618('KHO-136', 'a start within a block', (handover) => u64(chunk(handover, -1).address + 16n, 0x1000)),
  {
    ...V618('KHO-136', 'a start within a bitmap', (handover) => u64(chunk(handover).address + 16n, 0x1000)),
    severity: 'warning',
  },
  {
    ...V618(
      'KHO-137',
      'a second chunk of one order',
      (handover) => [
        ...u64(chunk(handover, -1).address, fresh(0)),
        ...u64(fresh(0), 0),
        ...u32(fresh(0) + 8, 0),
        ...u32(fresh(0) + 12, 1),
        ...u64(fresh(0) + 16, chunk(handover).pointers.at(0).physStart),
        ...u64(fresh(0) + 24, fresh(1)),
        { address: fresh(0), zeroLength: 8192 },
      ],
      { options: { form: 'bitmap-page' } },
    ),
    severity: 'warning',
  },
  {
    ...V618('KHO-138', 'evidence for both forms', (handover) => u64(chunk(handover).address + 16n, 0x1000)),
    severity: 'warning',
  },
];

const ODD = 0x640000;

const RADIX: readonly Case[] = [
  V73('KHO-141', 'a slot that is no page', (handover) =>
    u64(Number(handover.preservedMemoryMap) + 8, 0x4ed800),
  ),
  V73('KHO-142', 'two slots to one page', (handover, memory) => {
    const root = Number(handover.preservedMemoryMap);
    const bytes = new Uint8Array(8);
    memory.read(root + 2 * 8, 8, bytes);
    return patch(root + 8, bytes);
  }),
  V73('KHO-143', 'key 0', (handover, memory) => setKey(handover, memory, 0n)),
  V73('KHO-144', 'a key of 58 bits', (handover, memory) => setKey(handover, memory, 1n << 57n)),
  V73('KHO-145', '32 TiB', (handover, memory) => keep(handover, memory, 0n, 33)),
  V73('KHO-145', 'a page beyond 2^52', (handover, memory) => keep(handover, memory, 1n << 53n, 0)),
  V73('KHO-147', 'two orders at one head', (handover, memory) => keep(handover, memory, ODD, 1)),
  V73('KHO-148', 'a page within a block', (handover, memory) => keep(handover, memory, 0x6a1000, 0)),
  V618('KHO-147', 'two orders at one head in kho-v1', (handover) => {
    // The same bitmaps once more, as blocks of the order above.
    const last = chunk(handover, -1);
    return [
      ...u64(last.address, fresh(0)),
      ...u32(fresh(0) + 8, 1),
      ...u32(fresh(0) + 12, 1),
      ...u64(fresh(0) + 24, fresh(1)),
      ...patch(fresh(1) + (0x634 >> 4), [1 << ((0x634 >> 1) & 7)]),
      { address: fresh(0), zeroLength: 8192 },
    ];
  }),
];

const VMALLOC: readonly Case[] = [
  V73('VMALLOC-001', 'a page too many', (handover) => u32(descriptor(handover) + 8, 25)),
  V73('VMALLOC-001', 'a page too few', (handover) => u32(descriptor(handover) + 8, 23)),
  V73W('VMALLOC-002', 'an undefined flag', (handover) => u16(descriptor(handover) + 12, 0x11)),
  V73('VMALLOC-003', 'order 40', (handover) => u16(descriptor(handover) + 14, 40)),
  V73('VMALLOC-004', 'a list that leads to itself', (handover) => u64(list(handover), list(handover))),
  V73('VMALLOC-004', 'a list that leads to another', (handover) => u64(list(handover, 1), list(handover))),
  V73('VMALLOC-005', 'a list page that is not preserved', (handover, memory) =>
    forget(handover, memory, list(handover)),
  ),
  V73('VMALLOC-005', 'a list that leads nowhere', (handover) => u64(list(handover), 1n << 60n)),
  V73('VMALLOC-006', 'a run that is not preserved', (handover, memory) =>
    forget(handover, memory, sure(memfd(handover).area.runs[1], 'run')),
  ),
  V73('VMALLOC-006', 'a run that is no page', (handover) => u64(list(handover) + 16, 0x3de1800)),
  V73W('VMALLOC-007', 'a run in a block of two pages', (handover, memory) => {
    const run = sure(memfd(handover).area.runs[0], 'run');
    return [...forget(handover, memory, run), ...keep(handover, memory, run, 1)];
  }),
  V73W('VMALLOC-008', 'an entry behind the end', (handover) => u64(list(handover) + 8 + 30 * 8, 0x1000)),
  V73('VMALLOC-009', 'no list', (handover) => u64(descriptor(handover), 0)),
  V73('VMALLOC-010', '2^30 pages', (handover) => u32(descriptor(handover) + 8, 2 ** 30)),
];

const sessionBlock = (handover: Handover): number => Number(sure(handover.luo?.sessionsAddress, 'sessions'));
const fileBlock = (handover: Handover, of = 0): number => Number(session(handover, of).filesAddress);

/** A chain of more blocks than the kernel takes, each with one nameless session. */
function longChain(handover: Handover): Patches {
  const blocks = 10_001;
  const at = (i: number): number => FREE + i * 4096;
  return [
    ...u64(luo(handover) + 16, at(0)),
    ...Array.from({ length: blocks }, (_, i) => [
      ...u64(at(i), i + 1 < blocks ? at(i + 1) : 0),
      ...u64(at(i) + 8, 1),
    ]).flat(),
    { address: FREE, zeroLength: blocks * 4096 },
  ];
}

const BLOCK: readonly Case[] = [
  V73('BLOCK-001', 'sessions that lead back', (handover) =>
    u64(sessionBlock(handover), sessionBlock(handover)),
  ),
  V73('BLOCK-001', 'files that lead back', (handover) => u64(fileBlock(handover), fileBlock(handover))),
  V73('BLOCK-002', '10001 blocks', longChain),
  V73('BLOCK-003', 'an empty block', (handover) => u64(sessionBlock(handover) + 8, 0)),
  V73('BLOCK-003', 'too many files', (handover) => u64(fileBlock(handover) + 8, 64)),
  V73('BLOCK-004', 'files at no page', (handover) =>
    u64(session(handover).address + 64n, fileBlock(handover) + 8),
  ),
  V73('BLOCK-004', 'sessions beyond 2^52', (handover) => u64(luo(handover) + 16, 1n << 60n)),
  V73('BLOCK-005', 'a block that is not preserved', (handover, memory) =>
    forget(handover, memory, fileBlock(handover)),
  ),
  V73W('BLOCK-005', 'a block in a larger one', (handover, memory) => [
    ...forget(handover, memory, fileBlock(handover)),
    ...keep(handover, memory, fileBlock(handover), 1),
  ]),
  V73('BLOCK-004', 'a link that is no page, to bytes that are not there', (handover) =>
    u64(fileBlock(handover), 0x7fff_f001),
  ),
  V73('BLOCK-004', 'a link into a list page of a memfd', (handover) =>
    u64(fileBlock(handover, 1), list(handover) + 8),
  ),
  V73('BLOCK-007', 'files that go on in a list page of a memfd', (handover) =>
    u64(fileBlock(handover, 1), list(handover)),
  ),
  V73('BLOCK-007', 'two sessions with one list', (handover) =>
    u64(session(handover, 1).address + 64n, fileBlock(handover)),
  ),
];

const RIDERS: readonly Case[] = [
  V73('KMETA-001', 'version 2', (handover) => u32(blob(handover, 'kexec-metadata'), 2)),
  V73('KMETA-001', 'a short record', (handover) => u64(value(handover, '/kexec-metadata', 'blob-size'), 72)),
  V73W('KMETA-002', 'no NUL', (handover) =>
    patch(blob(handover, 'kexec-metadata') + 4, new Uint8Array(65).fill(0x37)),
  ),
  V73W('KMETA-002', 'no release', (handover) =>
    patch(blob(handover, 'kexec-metadata') + 4, new Uint8Array(65)),
  ),
  V73('MEMBLOCK-001', 'memblock-v2', (handover) =>
    text(value(handover, '/', 'compatible', 'memblock'), 'memblock-v2'),
  ),
  V618('MEMBLOCK-003', 'reserve-mem-v2', (handover) =>
    text(value(handover, '/pstore', 'compatible', 'memblock'), 'reserve-mem-v2'),
  ),
  V73('MEMBLOCK-003', 'no start', (handover) => dropProperty(handover, '/pstore', 'start', 'memblock')),
  V73('MEMBLOCK-003', 'a size of 4 bytes', (handover) =>
    cutProperty(handover, '/pstore', 'size', 'memblock'),
  ),
  V73('MEMBLOCK-005', 'a page of a region is not preserved', (handover, memory) =>
    forget(handover, memory, 0x1b81b000),
  ),
  V73('MEMBLOCK-006', 'two that overlap', (handover) =>
    u64(value(handover, '/rsv-a', 'start', 'memblock'), 0x1b820000),
  ),
  V73('KTEST-001', 'kho-test-v2', (handover) =>
    text(value(handover, '/', 'compatible', 'kho_test'), 'kho-test-v2'),
  ),
  V618('KTEST-001', 'another magic', (handover) => u32(value(handover, '/', 'magic', 'kho_test'), 1)),
  V73('KTEST-001', 'no csum', (handover) => dropProperty(handover, '/data', 'csum', 'kho_test', 4)),
  V73('KTEST-002', '513 folios in a page', (handover) =>
    u32(value(handover, '/data', 'nr_folios', 'kho_test'), 513),
  ),
  V73('KTEST-003', 'another order', (handover) => {
    const [first] = sure(handover.khoTest?.folios, 'folios');
    const { address, order } = sure(first, 'folio');
    return u64(sure(handover.khoTest?.area?.runs[0], 'list'), address + BigInt(order + 1));
  }),
  V73('KTEST-003', 'another sum', (handover) => {
    const folios = [...sure(handover.khoTest?.folios, 'folios')];
    return folios.map(({ address, order }) => ({ address: Number(address), zeroLength: 4096 << order }));
  }),
];

const LUO: readonly Case[] = [
  V73('LUO-002', 'luo-v6', (handover) => text(luo(handover), 'luo-v6')),
  V73('LUO-002', 'luo-v4, which no release reads', (handover) => text(luo(handover), 'luo-v4')),
  V73('LUO-002', 'other memory', (handover) => patch(luo(handover), [0x7f, 0x45, 0x4c, 0x46])),
  V73('LUO-002', 'a short blob', (handover) => u64(value(handover, '/LUO', 'blob-size'), 24)),
  V71('LUO-003', 'luo-session-v1', (handover) =>
    text(value(handover, '/luo-session', 'compatible', 'LUO'), 'luo-session-v1'),
  ),
  V71('LUO-003', 'no number', (handover) => dropProperty(handover, '/', 'liveupdate-number', 'LUO')),
  V71('LUO-003', 'no luo-flb', (handover) => renameNode(handover, '/luo-flb', 'luo-flx', 'LUO')),
  V71('LUO-003', 'another version', (handover) => text(value(handover, '/', 'compatible', 'LUO'), 'luo-v9')),
  V73W('LUO-017', 'a page of a larger block', (handover, memory) => [
    ...forget(handover, memory, luo(handover)),
    ...keep(handover, memory, luo(handover), 1),
  ]),
  V71('LUO-005', '820 sessions', (handover) => u64(sure(handover.luo?.sessionsAddress, 'area'), 820)),
  V73W('LUO-006', 'no NUL', (handover) => patch(session(handover).address, new Uint8Array(64).fill(0x61))),
  V73W('LUO-007', 'no name', (handover) => patch(session(handover).address, new Uint8Array(64))),
  V73('LUO-008', 'two of one name', (handover) =>
    patch(session(handover, 1).address, session(handover).name),
  ),
  V73W('LUO-009', 'a count without files', (handover) => u64(session(handover, 2).address + 72n, 3)),
  V73('LUO-011', 'a file too many', (handover) => u64(session(handover).address + 72n, 3)),
  V71('LUO-011', 'more files than the array holds', (handover) => u64(session(handover).address + 72n, 129)),
  V71('LUO-019', 'two sessions with one array', (handover) =>
    u64(session(handover, 1).address + 64n, session(handover).filesAddress),
  ),
  V73('LUO-012', 'memfd-v9', (handover) => text(file(handover).address, 'memfd-v9')),
  V71('LUO-012', 'the handler of 6.19', (handover) => text(file(handover).address, 'memfd-v1')),
  V73('LUO-013', 'no NUL', (handover) => patch(file(handover).address, new Uint8Array(48).fill(0x61))),
  V73('LUO-014', 'two equal tokens', (handover) =>
    u64(file(handover, 1).address + 56n, file(handover).token),
  ),
  V73W('FLB-001', 'two pages', (handover) => u64(flb(handover, 0) - 16, 2)),
  V73('FLB-002', '64 entries', (handover) => u64(flb(handover, 0) - 8, 64)),
  V73('FLB-003', 'two of one name', (handover) => text(flb(handover, 1), 'liveupdate-test-flb-v0')),
  V73('FLB-003', 'no NUL', (handover) => patch(flb(handover, 1), new Uint8Array(48).fill(0x61))),
  V73W('FLB-004', 'no users', (handover) => u64(flb(handover, 0) + 56, 0)),
  V73W('FLB-005', 'a name of nobody', (handover) => text(flb(handover, 0), 'iommu-v7', 48)),
  V73W('FLB-006', 'more users than files', (handover) => u64(flb(handover, 0) + 56, 1000)),
];

const BIG = 0x10000000;

const MEMFD: readonly Case[] = [
  V73('MEMFD-001', 'data 0', (handover) => u64(file(handover).address + 48n, 0)),
  V73('MEMFD-002', 'a seal of the future', (handover) => u32(memfd(handover).address + 16n, 0x41)),
  V73W('MEMFD-003', 'a flag', (handover) => u32(memfd(handover).address + 20n, 1)),
  V73W('MEMFD-004', 'a negative position', (handover) => u64(memfd(handover).address, -1)),
  V73('MEMFD-005', 'a negative size', (handover) => u64(memfd(handover).address + 8n, -4096)),
  V73W('MEMFD-005', 'a size of 32 TiB', (handover) => u64(memfd(handover).address + 8n, 2n ** 45n)),
  V73('MEMFD-006', 'more folios than the list holds', (handover) =>
    u64(memfd(handover).address + 24n, 0x1801),
  ),
  V73('MEMFD-008', 'a page that nobody preserved', (handover) => u32(folio(handover, 5), 0x7)),
  V73('MEMFD-008', 'a page within a block', (handover) => u32(folio(handover, 5), 0x6a1)),
  V73W('MEMFD-009', 'pfn 0', (handover) => u32(folio(handover, 5), 0)),
  V73W('MEMFD-010', 'behind the end', (handover) => u64(folio(handover, 0x1ff, 1) + 8, 0x200)),
  V73('MEMFD-011', 'a block of 4 pages at index 1', (handover, memory) => [
    ...keep(handover, memory, BIG, 2),
    ...u32(folio(handover, 1), BIG / 4096),
  ]),
  V73('MEMFD-012', 'two of one index', (handover) => u64(folio(handover, 5) + 8, 4)),
  V73('MEMFD-012', 'two of one index, out of order', (handover) => u64(folio(handover, 5) + 8, 2)),
  V73W('MEMFD-013', 'a flag of the future', (handover) => patch(folio(handover, 5) + 6, [0x70])),
  V73('MEMFD-014', 'one page twice', (handover, memory) => {
    const bytes = new Uint8Array(8);
    memory.read(folio(handover, 4), 8, bytes);
    return patch(folio(handover, 5), bytes);
  }),
  V73('MEMFD-016', 'a page of another file', (handover, memory) => {
    const bytes = new Uint8Array(8);
    memory.read(folio(handover, 4), 8, bytes);
    return patch(folio(handover, 5, 1), bytes);
  }),
  V73('MEMFD-018', 'one record for two files', (handover) =>
    u64(file(handover, 1).address + 48n, file(handover).data),
  ),
  V73W('KHO-150', 'a run of two pages that are two blocks', (handover) => [
    ...u16(descriptor(handover, 1) + 14, 1),
    ...u64(list(handover, 1) + 16, 0),
  ]),
  V73('KHO-151', 'an FLB page that is not preserved', (handover, memory) =>
    forget(handover, memory, flb(handover, 0) - 16),
  ),
  V71('KHO-151', 'a session area within a block', (handover, memory) => {
    const area = Number(handover.luo?.sessionsAddress);
    return [...forget(handover, memory, area, 4), ...keep(handover, memory, area - (area % 0x40000), 6)];
  }),
  V73W('KHO-153', 'a record within a page', (handover) =>
    u64(file(handover).address + 48n, file(handover).data + 8n),
  ),
  V73W('KHO-155', 'a folio of order 11', (handover, memory) => [
    ...keep(handover, memory, BIG, 11),
    ...u32(folio(handover, 0), BIG / 4096),
  ]),
  V73W('KHO-156', 'a block of nobody', (handover, memory) => keep(handover, memory, BIG, 3)),
  V73W('KHO-156', 'a folio that its list no longer names', (handover) => u32(folio(handover, 5), 0)),
];

export const CASES: readonly Case[] = [
  ...ENTRY,
  ...ROOT,
  ...WRITTEN,
  ...SCRATCH,
  ...CHUNKS,
  ...RADIX,
  ...VMALLOC,
  ...BLOCK,
  ...RIDERS,
  ...LUO,
  ...MEMFD,
];
