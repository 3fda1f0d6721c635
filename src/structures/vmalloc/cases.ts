/** Dumps that break the rules on vmalloc areas, one fault each. */

import { type Case, descriptor, FREE, list, V73, V73W } from '../../../test/validate/upstream-cases/case.js';
import { forget, keep, memfd, patch, sure, u16, u32, u64 } from '../../../test/validate/upstream-patches.js';

export const CASES: readonly Case[] = [
  V73('VMALLOC-001', 'a page too many', (handover) => u32(descriptor(handover) + 8, 25)),
  V73('VMALLOC-001', 'a page too few', (handover) => u32(descriptor(handover) + 8, 23)),
  V73W('VMALLOC-002', 'an undefined flag', (handover) => u16(descriptor(handover) + 12, 0x11)),
  V73('VMALLOC-003', 'order 40', (handover) => u16(descriptor(handover) + 14, 40)),
  V73('VMALLOC-003', 'order 19, of which a run overflows', (handover) => u16(descriptor(handover) + 14, 19)),
  V73('VMALLOC-003', 'the largest order that there is', (handover) => u16(descriptor(handover) + 14, 0xffff)),
  V73W('VMALLOC-003', 'order 12', (handover) => u16(descriptor(handover) + 14, 12)),
  V73('VMALLOC-004', 'a list that leads to itself', (handover) => u64(list(handover), list(handover))),
  V73('VMALLOC-004', 'a list that leads to another', (handover) => u64(list(handover, 1), list(handover))),
  V73('VMALLOC-004', 'a list that continues in the block of sessions', (handover) =>
    u64(list(handover), handover.luo?.sessionsAddress ?? 0n),
  ),
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
