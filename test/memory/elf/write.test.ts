import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elfMemory, parseElfCore } from '../../../src/memory/elf/core.js';
import { elfCoreChunks } from '../../../src/memory/elf/write.js';
import { bytesAccess } from '../../../src/memory/random-access.js';
import { type MemorySegment, segmentLength } from '../../../src/memory/segments.js';
import { byteMap, expectSameMemory } from '../model.js';
import { counting } from './builder.js';

function written(...args: Parameters<typeof elfCoreChunks>): Uint8Array {
  const chunks = [...elfCoreChunks(...args)];
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function parsed(bytes: Uint8Array) {
  const { core, diagnostics } = parseElfCore(bytesAccess(bytes));
  expect(diagnostics).toEqual([]);
  if (core === undefined) throw new Error('refused');
  return { core, memory: elfMemory(bytesAccess(bytes), core) };
}

test('bytes followed by zeros are one PT_LOAD whose memsz goes beyond filesz', () => {
  const bytes = written(
    [
      { address: 0x3000, zeroLength: 0x1000 },
      { address: 0x2000, bytes: counting(7, 0x1000) },
      { address: 0x1000, bytes: counting(1, 0x1000) },
      { address: 0x4000, bytes: counting(9, 3) },
      { address: 0x8000, zeroLength: 0 },
    ],
    'arm64',
  );
  const { core, memory } = parsed(bytes);
  expect(core.machine).toBe('arm64');
  expect(core.segmentCount).toBe(2);
  expect([...memory.known()]).toEqual([
    { start: 0x1000, end: 0x3000, state: 'present', fileOffset: 0x1000 },
    { start: 0x3000, end: 0x4000, state: 'zero' },
    { start: 0x4000, end: 0x4003, state: 'present', fileOffset: 0x3000 },
  ]);
  // By the offsets of the System V ABI: e_machine EM_AARCH64, e_phnum, the first p_filesz and p_memsz.
  const view = new DataView(bytes.buffer);
  expect(view.getUint16(0x12, true)).toBe(183);
  expect(view.getUint16(0x38, true)).toBe(2);
  expect(view.getBigUint64(0x40 + 0x20, true)).toBe(0x2000n);
  expect(view.getBigUint64(0x40 + 0x28, true)).toBe(0x3000n);
  expect(bytes.length).toBe(0x4000);
});

test('a VMCOREINFO note is read back', () => {
  const vmcoreinfo = 'OSRELEASE=7.3.0\nPAGESIZE=16384\n';
  const { core } = parsed(written([{ address: 0x1000, bytes: counting(0, 5) }], 'arm64', { vmcoreinfo }));
  expect(core.vmcoreinfo?.pageSize).toBe(16384);
  expect(core.vmcoreinfo?.release).toBe('7.3.0');
});

test.each([65_534, 65_535, 70_000])('%i program headers', (count) => {
  const page = counting(3, 4);
  const segments = Array.from({ length: count }, (_, i) => ({ address: i * 8192, bytes: page }));
  const chunks = elfCoreChunks(segments, 'x86-64');
  const headers = chunks.next().value ?? new Uint8Array();
  const view = new DataView(headers.buffer);
  expect(view.getUint16(0x38, true)).toBe(Math.min(count, 0xffff));
  // The data are the same four bytes again and again: only the headers have to be held.
  const size = headers.length + count * 4096;
  const { core, diagnostics } = parseElfCore({
    size,
    readAt: (offset, length, into) => bytesAccess(headers).readAt(offset, length, into),
  });
  expect(diagnostics).toEqual([]);
  expect(core?.segmentCount).toBe(count);
  expect(core?.table.starts[count - 1]).toBe((count - 1) * 8192);
});

describe('segments that cannot be written', () => {
  test.each<[string, MemorySegment[]]>([
    [
      'overlap',
      [
        { address: 0, bytes: counting(0, 10) },
        { address: 9, zeroLength: 1 },
      ],
    ],
    ['negative', [{ address: -1, zeroLength: 1 }]],
    ['beyond 2^52', [{ address: 2 ** 52 - 1, zeroLength: 2 }]],
    ['fractional', [{ address: 0.5, zeroLength: 2 }]],
  ])('%s', (_, segments) => {
    expect(() => [...elfCoreChunks(segments, 'x86-64')]).toThrow(RangeError);
  });
});

test('what is written reads back as the same memory', () => {
  const part = fc.record({ gap: fc.nat(3), length: fc.nat(9), first: fc.nat(255), zero: fc.boolean() });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 10 }), fc.infiniteStream(fc.nat()), (parts, order) => {
      let address = 0;
      const segments = parts.map(({ gap, length, first, zero }): MemorySegment => {
        const at = address + gap;
        address = at + length;
        return zero ? { address: at, zeroLength: length } : { address: at, bytes: counting(first, length) };
      });
      const shuffled = segments.map((segment) => ({ segment, key: order.next().value }));
      shuffled.sort((a, b) => a.key - b.key);
      const bytes = written(
        shuffled.map(({ segment }) => segment),
        'x86-64',
      );
      if (!segments.some((segment) => segmentLength(segment) > 0)) return;
      const { memory } = parsed(bytes);
      expectSameMemory(memory, byteMap(segments), 0, address + 2);
    }),
    { numRuns: 200 },
  );
});
