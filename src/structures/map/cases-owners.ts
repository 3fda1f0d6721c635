/** Dumps in which a preserved page has no owner, two, or one that cannot restore it, one fault each. */

import {
  type Case,
  descriptor,
  flb,
  list,
  V71,
  V73,
  V73W,
  V618,
} from '../../../test/validate/upstream-cases/case.js';
import {
  file,
  folio,
  forget,
  keep,
  memfd,
  session,
  sure,
  u16,
  u32,
  u64,
  value,
} from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';

const BIG = 0x10000000;

/** Pages that are kept for good, alone and at even frames, the next page unused. */
function lonelyPages({ fdtAddress, subtrees = [], luo, pageSize, preserved }: Handover): number[] {
  const blobs = subtrees.filter(({ name }) => name === 'memblock' || name === 'kexec-metadata');
  return [luo?.flbsAddress, ...blobs.map(({ address }) => address), fdtAddress]
    .map((address) => Number(address ?? pageSize))
    .filter((address) => {
      const pfn = address / pageSize;
      return pfn % 2 === 0 && preserved?.pages?.contains(pfn + 1) === false;
    });
}

export const CASES: readonly Case[] = [
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
  V73W('KHO-191', 'a block of two pages for one', (handover, memory) => {
    const [start] = lonelyPages(handover);
    const address = sure(start, 'page');
    return [...forget(handover, memory, address), ...keep(handover, memory, address, 1)];
  }),
  V73W('KHO-191', 'regions of nine pages, which end within a block', (handover) =>
    (handover.memblock?.regions ?? []).flatMap(({ name }) =>
      u64(value(handover, `/${name}`, 'size', 'memblock'), 9n * BigInt(handover.pageSize)),
    ),
  ),
];
