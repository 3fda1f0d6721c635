/** A model with every key that there is. */
import type { Handover, Subtree } from '../../src/abi/model.js';
import { packRecords } from '../../src/abi/record-view.js';
import type { FileStructures, FlbStructures } from '../../src/abi/upstream/model.js';
import { blockBits } from '../../src/decode/upstream/block-bits.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { traceEventId } from '../../src/records/ftrace.js';
import { guestmemfsInode, mappingInode } from '../../src/records/guestmemfs.js';
import { khoMem } from '../../src/records/kho.js';
import { khoTestFolio } from '../../src/records/kho_test.js';
import { SUBJECTS } from '../../src/structures/index.js';
import { begin, blob, endNode, nop, prop, raw } from '../fdt/token-builder.js';
import { folioViewOf } from '../folio-view.js';
import { wholeModels } from '../structures/whole.js';
import type { Whole } from './whole.js';

const BIG = 0xffff_ffff_ffff_ffffn;
const NOT_TEXT = Uint8Array.of(0x61, 0xff, 0, 0x62);
const origin = { fdtPath: '/', token: 0, address: 1n };
const mem = packRecords(khoMem, [{ addr: 1n, len: BIG }]);
const range = { start: 0n, end: BIG };
const draft = { draft: 'draft', source: 'upstream 4', absent: true as const, version: 9 };
/** What the forms of structures have: keys of all of them in `schemas.test.ts`, of the newest here. */
const structures = Object.fromEntries(
  SUBJECTS.map(({ key, forms }) => [
    key,
    forms[0] === undefined ? undefined : wholeModels(forms[0]).next().value,
  ]),
) as unknown as Required<FileStructures & FlbStructures> & Required<Pick<Subtree, 'pstore'>>;
const { iommu, pci, hugetlb, pstore, ...held } = structures;
const foliosInfo = { first: 1n, totalPages: 2, flags: 0xffff, order: 0 };
const addresses = Float64Array.of(0, 2 ** 52 - 4096);
const area = { descriptor: foliosInfo, chunks: addresses, runs: addresses, runSize: 4096, complete: true };
const runs = [{ pfn: 1n, flags: 3, index: BIG, count: 2, step: 512 }];
const blocks = [{ address: 1n, count: 2n, next: 0n }];
const pages = blockBits(
  [
    { address: 0n, order: 0, count: 1 },
    { address: 1n << 26n, order: 10, count: 2 },
  ],
  65536,
);
export const location = {
  ...{ fdtPath: '/a', property: 'b', field: 'c.d', bits: '11:0' },
  ...{ address: BIG, iova: 0n, iovaEnd: BIG + 1n, fileOffset: 1n },
};
const inode = {
  ...{ flags: -1, siblingIno: 1n, childIno: 2n, mappings: BIG, numMappings: 1, longTermPins: -1 },
  padding4: Uint8Array.of(0, 1, 2, 3),
  filename: new Uint8Array(255).fill(0xff),
  padding279: Uint8Array.of(9),
};
/** Names that are not UTF-8, a NOP, a name outside the strings block, and no FDT_END. */
const oddTree = parseFdt(
  blob({
    struct: [begin(''), prop(0, [1]), prop(99, []), nop, [raw(0, 0, 0, 1, 0xff, 0, 0, 0)], endNode, endNode],
    strings: [raw(0xff, 0)],
    reserve: [[1n, BIG]],
    header: { sizeDtStruct: 4096 },
    trailing: Uint8Array.of(1),
  }),
);
export const subtree = {
  name: 'x',
  address: 1n,
  size: 1n,
  blob: NOT_TEXT,
  known: false,
  draft,
  pstore,
  origin,
};
const setup = { scratchAddr: 1n, scratchSize: 1n };
export const everything: Whole<Handover> = {
  kind: 'handover',
  generation: 'kho-v4',
  takenOver: { why: 'why', gone: ['LUO'], tentative: true },
  unrestored: () => ({ pageSize: 4096, addresses, orders: Uint8Array.of(0, 1), unread: 0, kept: new Set() }),
  pageSize: 65536,
  pageSizeReason: 'why',
  writerRelease: '7.3.4',
  diagnostics: [{ code: 'a-b', message: 'c', location }],
  missing: [{ part: 'map', what: 'x', address: 1n, owner: 1n }],
  reused: { ranges: [{ what: 'x', start: 1, end: 2, tail: true }], unjudged: [] },
  tree: oddTree,
  namedTree: oddTree,
  fdtAddress: 1n,
  memory: segmentsMemory([], 'nothing'),
  preserved: { ranges: [range], pages },
  setupData: {
    ...{ bootParams: 1n, element: 1n, len: 48, fdtAddress: 1n },
    rfc2024: { dtAddr: 1n, dtSize: 1n, memCacheAddr: 1n, memCacheSize: 1n, ...setup },
    khoData: { fdtAddr: 1n, fdtSize: 1n, ...setup },
  },
  strayElements: [],
  brokenEntry: {
    ...{ how: 'setup_data', address: 1n, state: 'unreadable', others: [2n] },
    list: { bootParams: 1n, element: 1n, ends: 'absent' },
  },
  unreadableRoot: true,
  image: [{ what: 'the initrd', start: 1n, end: 2n, field: 'a.b', namedAt: 3n, copied: true }],
  scratch: [range],
  memCache: mem,
  preservedMemoryMap: 1n,
  preservedMap: {
    ...{ form: 'chunks', bitmapSize: 512, bitmapReason: 'why', ambiguous: true, depth: 4, complete: false },
    chunks: [],
    pages: addresses,
    slots: addresses,
  },
  subtrees: [{ ...subtree, tree: oddTree }],
  iommufds: [
    {
      ...{ persistentId: BIG, nodeName: 'x', origin },
      ioases: [
        {
          ...{ id: 1, nodeName: 'x', pinnedFileHandle: 0n, origin },
          areas: [{ index: 0, nodeName: 'x', iovaStart: BIG, iovaLen: 0n, iommuProt: -1, origin }],
        },
      ],
    },
  ],
  domains: [
    {
      ...{ persistentId: BIG, nodeName: 'x', mem, pgd: BIG, agaw: -1, origin },
      devices: [{ index: 9, nodeName: 'x', bus: 255, devfn: 255, origin }],
    },
  ],
  guestmemfs: {
    ...{ superblock: mem, mappingsBlocks: mem, numInodes: BIG, origin },
    fsMem: { addr: 0n, len: 1n },
    mappingsToInode: { addr: 0n, len: 1n },
    files: [
      {
        ...{ ...inode, name: inode.filename, ino: 1, longTermPins: 0, mappingPage: 1n, origin },
        blocks: BigUint64Array.of(1n, 2n, BIG),
        extents: [range],
      },
    ],
    state: {
      superblock: {
        ...{ nextFreeIno: 1n, allocatedInodes: 1n, inodes: BIG, allocatorBitmap: BIG },
        ...{ allocationLock: 1, serialised: 255, padding: new Uint8Array(3) },
      },
      inodes: packRecords(guestmemfsInode, [inode, { ...inode, flags: 0 }]),
      index: packRecords(mappingInode, [{ ino: 1 }, { ino: -1 }, { ino: 0 }]),
    },
  },
  ftrace: {
    events: packRecords(traceEventId, [{ fingerprint: 1, type: 0xffff_ffff }]),
    globalTrace: { traceFlags: 1, cpus: [{ id: 0, nodeName: 'x', cpu: -1, mem, origin }], origin },
    origin,
  },
  memblock: {
    compatible: 'memblock-v1',
    regions: [{ name: 'n', nodeName: 'n', compatible: 'reserve-mem-v1', start: 1n, size: BIG, origin }],
    origin,
  },
  luo: {
    ...{ compatible: 'luo-v5', version: 'luo-v5', liveupdateNumber: BIG, abiHeader: 1n, origin },
    ...{ sessionsAddress: 1n, sessionCount: 7n, sessionBlocks: blocks },
    ...{ flbsAddress: 1n, flbPages: 1n, flbCount: 7n },
    sessions: [
      {
        ...{ name: NOT_TEXT, count: 1n, filesAddress: 1n, fileBlocks: blocks, origin },
        files: [
          {
            ...{ compatible: NOT_TEXT, token: BIG, data: BIG, draft, origin },
            ...held,
            memfd: {
              ...{
                form: 'memfd-v2',
                address: 1n,
                version: 'memfd-v2',
                pos: BIG,
                size: BIG,
                seals: 0xffff_ffff,
                flags: 0,
                nrFolios: 2n,
              },
              ...{ area, origin },
              folios: folioViewOf(2, () => runs),
            },
          },
        ],
      },
    ],
    flbs: [{ name: NOT_TEXT, data: 1n, count: 1n, draft, iommu, pci, hugetlb, origin }],
  },
  iommu,
  pci,
  kexecMetadata: { version: 1, previousRelease: NOT_TEXT, kexecCount: 1, origin },
  khoTest: {
    ...{ compatible: 'kho-test-v1', magic: 0xffff_ffff, nrFolios: 1, csum: 2, csumComputed: 3, origin },
    ...{ foliosInfo, area },
    foliosInline: packRecords(khoTestFolio, [{ value: BIG }]),
    folios: [{ address: 4096n, order: 3 }],
  },
};
