/** Dumps that break the rules on lists in blocks, one fault each. */

import {
  type Case,
  FREE,
  list,
  luo,
  movedIntoBlock,
  V73,
  V73N,
  V73W,
} from '../../../test/validate/upstream-cases/case.js';
import { forget, keep, type Patches, session, sure, u64 } from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';

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

export const CASES: readonly Case[] = [
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
