/** Lists of pages: vmalloc areas and blocks. */
import type { Handover } from '../../../src/abi/model.js';
import {
  forget,
  keep,
  memfd,
  type Patches,
  patch,
  session,
  sure,
  u16,
  u32,
  u64,
} from '../upstream-patches.js';
import { type Case, descriptor, FREE, list, luo, movedIntoBlock, V73, V73N, V73W, V618 } from './case.js';

/** What another owner has there. */
const OTHER = new TextEncoder().encode('what another owner has there, again and again. '.repeat(4));

/** Memory that was used again. */
export const REUSED: readonly Case[] = [
  V73W('KHO-240', 'bytes after the name of a session', (handover) =>
    patch(Number(session(handover).address) + 48, OTHER.subarray(0, 8)),
  ),
  V73('KHO-240', 'a list page that was used again', (handover) => patch(list(handover), OTHER)),
  V618('KHO-240', 'a chunk of the map that was used again', (handover) =>
    patch(Number(sure(handover.preservedMap?.chunks?.[0], 'chunk').address) + 16, OTHER.subarray(0, 128)),
  ),
];

export const VMALLOC: readonly Case[] = [
  V73('VMALLOC-001', 'a page too many', (handover) => u32(descriptor(handover) + 8, 25)),
  V73('VMALLOC-001', 'a page too few', (handover) => u32(descriptor(handover) + 8, 23)),
  V73W('VMALLOC-002', 'an undefined flag', (handover) => u16(descriptor(handover) + 12, 0x11)),
  V73('VMALLOC-003', 'order 40', (handover) => u16(descriptor(handover) + 14, 40)),
  V73('VMALLOC-003', 'order 19, of which a run overflows', (handover) => u16(descriptor(handover) + 14, 19)),
  V73('VMALLOC-003', 'the largest order that there is', (handover) => u16(descriptor(handover) + 14, 0xffff)),
  V73W('VMALLOC-003', 'order 12', (handover) => u16(descriptor(handover) + 14, 12)),
  V73('VMALLOC-004', 'a list that leads to itself', (handover) => u64(list(handover), list(handover))),
  V73('VMALLOC-004', 'a list that leads to another', (handover) => u64(list(handover, 1), list(handover))),
  V73('VMALLOC-005', 'a list page that is not preserved', (handover, memory) =>
    forget(handover, memory, list(handover)),
  ),
  V73('VMALLOC-005', 'a list page within a block', (handover, memory) => {
    const page = list(handover);
    const block = page - (page % 0x4000);
    const start = block === page ? page - 0x4000 : block;
    return [...forget(handover, memory, page), ...keep(handover, memory, start, block === page ? 3 : 2)];
  }),
  V73W('VMALLOC-005', 'a list page that starts a block of two pages', (handover, memory) => {
    const bytes = new Uint8Array(4096);
    memory.read(list(handover), bytes.length, bytes);
    return [
      ...forget(handover, memory, list(handover)),
      ...keep(handover, memory, FREE, 1),
      ...patch(FREE, bytes),
      ...u64(descriptor(handover), FREE),
    ];
  }),
  V73('VMALLOC-005', 'a list that leads nowhere', (handover) => u64(list(handover), 1n << 60n)),
  V73('VMALLOC-006', 'a run that is not preserved', (handover, memory) =>
    forget(handover, memory, sure(memfd(handover).area.runs[1], 'run')),
  ),
  V73('VMALLOC-006', 'a run that is not a page of RAM', (handover) => u64(list(handover) + 16, 1n << 60n)),
  V73W('VMALLOC-006', 'a run with low bits', (handover) =>
    u64(list(handover) + 16, sure(memfd(handover).area.runs[1], 'run') + 0x800),
  ),
  V73W('VMALLOC-007', 'a run in a block of two pages', (handover, memory) => {
    const run = sure(memfd(handover).area.runs[0], 'run');
    return [...forget(handover, memory, run), ...keep(handover, memory, run, 1)];
  }),
  V73W('VMALLOC-008', 'an entry after the end', (handover) => u64(list(handover) + 8 + 30 * 8, 0x1000)),
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

export const BLOCK: readonly Case[] = [
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
    ...movedIntoBlock(handover, memory, fileBlock(handover)),
    ...u64(session(handover).address + 64n, FREE + handover.pageSize),
  ]),
  V73N('BLOCK-005', 'the start of a larger one', (handover, memory) => [
    ...forget(handover, memory, fileBlock(handover)),
    ...keep(handover, memory, fileBlock(handover), 1),
  ]),
  V73('BLOCK-004', 'a link that is not a page, to bytes that are missing', (handover) =>
    u64(fileBlock(handover), 0x7fff_f001),
  ),
  V73('BLOCK-004', 'a link into a list page of a memfd', (handover) =>
    u64(fileBlock(handover, 1), list(handover) + 8),
  ),
  V73('BLOCK-007', 'files that continue in a list page of a memfd', (handover) =>
    u64(fileBlock(handover, 1), list(handover)),
  ),
  V73('BLOCK-007', 'two sessions with one list', (handover) =>
    u64(session(handover, 1).address + 64n, fileBlock(handover)),
  ),
];
