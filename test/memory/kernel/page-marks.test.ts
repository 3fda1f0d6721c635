/** Page tables and struct pages made by hand, right and wrong: what the captures have is in test/decode/second-round.test.ts. */
import { describe, expect, test } from 'vitest';
import { pageMarks } from '../../../src/memory/kernel/page-marks.js';
import { kernelPageTables } from '../../../src/memory/kernel/page-tables.js';
import { type MemorySegment, segmentsMemory } from '../../../src/memory/segments.js';
import { parseVmcoreinfo } from '../../../src/memory/vmcoreinfo.js';

const KHOP = 0x4b484f50;
const PRESENT = 1n;

/** A table of 8-byte entries at a physical address. */
function table(address: number, entries: Readonly<Record<number, bigint>>, size = 4096): MemorySegment {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of Object.entries(entries)) view.setBigUint64(Number(index) * 8, value, true);
  return { address, bytes };
}

/** A page of struct pages of `size` bytes, with marks at frames of it. */
function structPages(
  address: number,
  marks: Readonly<Record<number, number>>,
  size = 64,
  page = 4096,
): MemorySegment {
  const bytes = new Uint8Array(page);
  const view = new DataView(bytes.buffer);
  for (const [frame, order] of Object.entries(marks)) {
    view.setUint32(Number(frame) * size + 40, order, true);
    view.setUint32(Number(frame) * size + 44, KHOP, true);
  }
  return { address, bytes };
}

const memoryOf = (...segments: MemorySegment[]) => segmentsMemory(segments, 'tables');
const info = (...lines: string[]) =>
  parseVmcoreinfo(new TextEncoder().encode(['OSRELEASE=7.3.4', ...lines].join('\n')));

describe('x86-64, four levels', () => {
  const notes = info(
    'PAGESIZE=4096',
    'SYMBOL(swapper_pg_dir)=ffffffff81002000',
    'NUMBER(phys_base)=-16777216',
    'NUMBER(pgtable_l5_enabled)=0',
    'SYMBOL(vmemmap)=ffffea0000000000',
    'SIZE(page)=64',
    'OFFSET(page.private)=40',
  );
  // swapper_pg_dir - __START_KERNEL_map + phys_base = 0x2000; 0xffffea00… has index 0x1d4 in the top table.
  const tables = [
    table(0x2000, { 468: 0x3000n | PRESENT | (1n << 63n) }),
    table(0x3000, { 0: 0x4000n | PRESENT }),
    table(0x4000, { 0: 0x5000n | PRESENT, 1: 0x20_0000n | PRESENT | (1n << 7n) }),
    table(0x5000, { 0: 0x6000n | PRESENT, 2: 0x7000n | PRESENT, 3: 0n }),
  ];
  const memory = memoryOf(
    ...tables,
    structPages(0x6000, { 3: 0, 8: 3, 9: 3 }),
    structPages(0x20_0000, { 0: 9 }),
  );

  test('addresses are translated, through a page of 2 MiB too', () => {
    const kernel = kernelPageTables(memory, notes);
    expect(kernel?.translate(0xffff_ea00_0000_0123n)).toBe(0x6123);
    expect(kernel?.translate(0xffff_ea00_0020_1234n)).toBe(0x20_1234);
    expect(kernel?.translate(0xffff_ea00_0000_1000n)).toBeUndefined();
    expect(kernel?.translate(0x0000_ea00_0000_0000n)).toBeUndefined();
  });

  test('marks: the head of a block, aligned to its order; what is not there is counted', () => {
    const marks = pageMarks(memory, notes);
    expect([3, 8, 4].map((frame) => marks?.orderAt(frame * 4096 + 7))).toEqual([0, 3, undefined]);
    expect(marks?.orderAt(128 * 4096)).toBe('absent');
    const { addresses, orders, unread } = marks?.blocks() ?? {};
    expect([...(addresses ?? [])]).toEqual([0x3000, 0x8000, 0x8000_000]);
    expect([...(orders ?? [])]).toEqual([0, 3, 9]);
    // The page at 0x7000, and all but one of the 2 MiB.
    expect(unread).toBe(512);
  });

  test('tables that lead back to themselves, or are full of one another, end', () => {
    const loop = memoryOf(
      table(0x2000, Object.fromEntries(Array.from({ length: 512 }, (_, i) => [i, 0x2000n | PRESENT]))),
    );
    expect(pageMarks(loop, notes)?.blocks().addresses).toHaveLength(0);
  });

  test('without what it takes there are no marks', () => {
    expect(pageMarks(memory, info('PAGESIZE=4096'))).toBeUndefined();
    expect(
      pageMarks(memory, info('SYMBOL(swapper_pg_dir)=ffffffff81002000', 'NUMBER(phys_base)=0')),
    ).toBeUndefined();
  });
});

test('arm64 with pages of 16 KiB: three levels of 47 bits, memory that begins at 1 GiB', () => {
  const notes = info(
    'PAGESIZE=16384',
    'SYMBOL(swapper_pg_dir)=ffff800081000000',
    'NUMBER(kimage_voffset)=0xffff800040ff0000',
    'NUMBER(VA_BITS)=47',
    'NUMBER(TCR_EL1_T1SZ)=0x11',
    'NUMBER(VMEMMAP_START)=0xfffffffdffe00000',
    'NUMBER(PHYS_OFFSET)=0x40000000',
    'SIZE(page)=64',
    'OFFSET(page.private)=40',
  );
  const virtual = 0xffff_fffd_ffe0_0000n;
  const index = (shift: bigint) => Number((virtual >> shift) & 2047n);
  const top = 0x4001_0000;
  const memory = memoryOf(
    table(top, { [index(36n)]: 0x4002_0003n }, 16384),
    table(0x4002_0000, { [index(25n)]: 0x4003_0003n }, 16384),
    table(0x4003_0000, { [index(14n)]: 0x4004_0003n }, 16384),
    structPages(0x4004_0000, { 5: 0, 64: 2 }, 64, 16384),
  );
  expect(kernelPageTables(memory, notes)?.translate(virtual + 5n)).toBe(0x4004_0005);
  const marks = pageMarks(memory, notes);
  expect(marks?.orderAt(0x4000_0000 + 5 * 16384)).toBe(0);
  expect([...(marks?.blocks().addresses ?? [])]).toEqual([5, 64].map((frame) => 0x4000_0000 + frame * 16384));
});
