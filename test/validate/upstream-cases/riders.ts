/** kexec-metadata, memblock and kho_test. */

import {
  cutProperty,
  dropProperty,
  forget,
  patch,
  sure,
  text,
  u32,
  u64,
  value,
} from '../upstream-patches.js';
import { blob, type Case, V73, V73W, V618 } from './case.js';

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
