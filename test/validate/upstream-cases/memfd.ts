/** memfd files and what is preserved of them. */

import type { Handover } from '../../../src/abi/model.js';
import type { PhysicalMemory } from '../../../src/memory/physical.js';
import {
  file,
  folio,
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
  value,
} from '../upstream-patches.js';
import { type Case, descriptor, flb, list, V71, V73, V73N, V73W, V618 } from './case.js';

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

export const MEMFD: readonly Case[] = [
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
  V73('KHO-150', 'a run of two pages that are two blocks', (handover) => [
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
  V71('KHO-151', 'a session area of which one page is preserved', (handover, memory) => {
    const area = Number(handover.luo?.sessionsAddress);
    return [...forget(handover, memory, area, 4), ...keep(handover, memory, area, 0)];
  }),
  V71('KHO-151', 'an array of files of which one page is preserved', (handover, memory) => {
    const array = Number(session(handover).filesAddress);
    return [...forget(handover, memory, array, 1), ...keep(handover, memory, array, 0)];
  }),
  V73W('KHO-153', 'a record within a page', (handover) =>
    u64(file(handover).address + 48n, file(handover).data + 8n),
  ),
  V73W('KHO-155', 'a folio of order 11', (handover, memory) => [
    ...keep(handover, memory, BIG, 11),
    ...u32(folio(handover, 0), BIG / 4096),
  ]),
  V73('KHO-163', 'a folio that is the FLB page', (handover) =>
    u32(folio(handover, 5), (flb(handover, 0) - 16) / 4096),
  ),
  V73('KHO-163', 'a folio in a region of reserve_mem', (handover) => u32(folio(handover, 5), 0x1b91b)),
  V73('KHO-163', 'one run twice in a list', (handover) =>
    u64(list(handover) + 16, sure(memfd(handover).area.runs[0], 'run')),
  ),
  V71('KHO-163', "an FLB page that is a memfd's record", (handover) =>
    u64(value(handover, '/luo-flb', 'luo-flb-header', 'LUO'), file(handover).data),
  ),
  V618('KHO-163', 'kho_test has one folio twice', (handover) => {
    const at = sure(handover.khoTest?.area?.runs[0], 'list');
    const [first] = sure(handover.khoTest?.folios, 'folios');
    const { address, order } = sure(first, 'folio');
    return u64(at + 8, address + BigInt(order));
  }),
  V73W('KHO-156', 'a block without an owner', (handover, memory) => keep(handover, memory, BIG, 3)),
  V73W('KHO-156', 'a folio that its list no longer names', (handover) => u32(folio(handover, 5), 0)),
];
