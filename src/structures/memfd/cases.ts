/** Dumps that break the rules on memfds, one fault each. */

import { type Case, descriptor, V73, V73N, V73W } from '../../../test/validate/upstream-cases/case.js';
import {
  file,
  folio,
  keep,
  memfd,
  type Patches,
  patch,
  sure,
  u32,
  u64,
} from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';

const BIG = 0x10000000;

/** A list whose entries from `to` on take the places from `from` on. */
function moved(handover: Handover, memory: PhysicalMemory, from: number, to: number): Patches {
  const { nrFolios, area } = memfd(handover);
  const bytes = new Uint8Array(4096 - to * 16);
  memory.read(folio(handover, to), bytes.length, bytes);
  const perPage = 256;
  const left = to - from;
  const pages = Number(nrFolios) / perPage;
  const patches = [...patch(folio(handover, from), bytes)];
  for (let page = 1; page < pages; page++) {
    const run = sure(area.runs[page], 'run');
    const next = new Uint8Array(4096);
    memory.read(run, 4096, next);
    patches.push(...patch(sure(area.runs[page - 1], 'run') + 4096 - left * 16, next.subarray(0, left * 16)));
    patches.push(...patch(run, next.subarray(left * 16)));
  }
  return [...patches, ...u64(descriptor(handover) - 8, nrFolios - BigInt(left))];
}

export const CASES: readonly Case[] = [
  V73('MEMFD-001', 'data 0', (handover) => u64(file(handover).address + 48n, 0)),
  V73('MEMFD-002', 'a seal of the future', (handover) => u32(memfd(handover).address + 16n, 0x41)),
  V73N('MEMFD-019', 'a file of MFD_NOEXEC_SEAL', (handover) => u32(memfd(handover).address + 16n, 0x20)),
  V73N('MEMFD-019', 'sealed against exec and writing', (handover) =>
    u32(memfd(handover).address + 16n, 0x28),
  ),
  V73W('MEMFD-003', 'a flag', (handover) => u32(memfd(handover).address + 20n, 1)),
  V73W('MEMFD-004', 'a negative position', (handover) => u64(memfd(handover).address, -1)),
  V73('MEMFD-005', 'a negative size', (handover) => u64(memfd(handover).address + 8n, -4096)),
  V73W('MEMFD-005', 'a size of 32 TiB', (handover) => u64(memfd(handover).address + 8n, 2n ** 45n)),
  V73('MEMFD-006', 'more folios than the list holds', (handover) =>
    u64(memfd(handover).address + 24n, 0x1801),
  ),
  V73('MEMFD-008', 'a page that is not preserved', (handover) => u32(folio(handover, 5), 0x7)),
  V73('MEMFD-008', 'a page within a block', (handover) => u32(folio(handover, 5), 0x6a1)),
  V73('MEMFD-009', 'pfn 0', (handover) => u32(folio(handover, 5), 0)),
  V73W('MEMFD-009', 'pfn 0 beyond the end of the file', (handover) => [
    ...u64(memfd(handover, 1).address + 8n, 0x1ff000),
    ...u32(folio(handover, 0x1ff, 1), 0),
  ]),
  V73W('MEMFD-010', 'beyond the end', (handover) => u64(memfd(handover, 1).address + 8n, 0x1ff000)),
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
  V73('MEMFD-020', 'a folio that is not dirty', (handover) => patch(folio(handover, 5) + 6, [0x20])),
  V73('MEMFD-020', 'a folio that is not up to date', (handover) => patch(folio(handover, 5) + 6, [0x10])),
  V73('MEMFD-021', 'a list that is cut', (handover) => u64(descriptor(handover, 1) - 8, 0x1f0)),
  V73('MEMFD-021', 'a size, and no folio', (handover) => u64(descriptor(handover, 1) - 8, 0)),
  V73('MEMFD-021', 'one byte more than the folios hold', (handover) =>
    u64(memfd(handover, 1).address + 8n, 0x200001),
  ),
  V73('MEMFD-021', 'an index that no folio has', (handover) => u64(folio(handover, 0x1ff, 1) + 8, 0x200)),
  V73('MEMFD-022', 'a folio of 2 MiB that is one page in the map', (handover, memory) => [
    ...keep(handover, memory, BIG, 0),
    ...u32(folio(handover, 0, 1), BIG / 4096),
    ...u64(descriptor(handover, 1) - 8, 1),
  ]),
  V73('MEMFD-022', 'a folio of 16 KiB that is two pages in the map', (handover, memory) => [
    ...keep(handover, memory, BIG, 1),
    ...u32(folio(handover, 4), BIG / 4096),
    // Entries 5 to 7 become 8 to 10, and so on to the end of the list.
    ...moved(handover, memory, 5, 8),
  ]),
  V73('MEMFD-016', 'a page of another file', (handover, memory) => {
    const bytes = new Uint8Array(8);
    memory.read(folio(handover, 4), 8, bytes);
    return patch(folio(handover, 5, 1), bytes);
  }),
  V73('MEMFD-018', 'one record for two files', (handover) =>
    u64(file(handover, 1).address + 48n, file(handover).data),
  ),
];
