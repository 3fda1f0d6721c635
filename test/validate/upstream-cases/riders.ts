/** kexec-metadata, memblock and kho_test. */
import type { Handover } from '../../../src/abi/model.js';

import {
  cutProperty,
  dropProperty,
  file,
  forget,
  keep,
  patch,
  renameNode,
  sure,
  text,
  u32,
  u64,
  value,
} from '../upstream-patches.js';
import { blob, type Case, V71W, V73, V73W, V618 } from './case.js';

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

export const RIDERS: readonly Case[] = [
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
  V73('MEMBLOCK-007', 'two of one name', (handover) => renameNode(handover, '/rsv-a', 'pstore', 'memblock')),
  V73W('MEMBLOCK-008', 'a size of 0', (handover) => u64(value(handover, '/rsv-a', 'size', 'memblock'), 0)),
  V73W('KHO-192', 'a release that writes no kho-v4', (handover) =>
    text(blob(handover, 'kexec-metadata') + 4, '7.1.13\0'),
  ),
  V71W('KHO-192', 'a handler of other releases', (handover) => {
    const { compatible, address } = file(handover);
    return text(address, compatible[7] === 0x31 ? 'memfd-v2' : 'memfd-v1');
  }),
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
