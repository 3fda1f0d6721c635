import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elfMemory, parseElfCore } from '../../../src/memory/elf/core.js';
import { bytesAccess } from '../../../src/memory/random-access.js';
import { byteMap, expectSameMemory } from '../model.js';
import { buildElf, buildNote, counting, PT_NOTE } from './builder.js';

/** File of 200 counting bytes after the headers; segments may point anywhere near it, also past its end. */
const DATA = 200;

const segment = fc.record({
  address: fc.nat(60),
  from: fc.nat(DATA + 10),
  filesz: fc.nat(20),
  zeros: fc.nat(10),
});

test('random segments, overlapping and cut off, read as the naive model says', () => {
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 12 }), (segments) => {
      const dataAt = 64 + segments.length * 56;
      const data = counting(1, DATA);
      const bytes = buildElf({
        headers: segments.map(({ address, from, filesz, zeros }) => ({
          paddr: BigInt(address),
          offset: BigInt(dataAt + from),
          filesz: BigInt(filesz),
          memsz: BigInt(filesz + zeros),
        })),
        data: [{ at: dataAt, bytes: data }],
      });
      const { core } = parseElfCore(bytesAccess(bytes));
      if (core === undefined) throw new Error('refused');
      const map = byteMap(
        segments.flatMap(({ address, from, filesz, zeros }) => [
          { address, bytes: data.subarray(from, from + filesz) },
          { address: address + filesz, zeroLength: zeros },
        ]),
      );
      const memory = elfMemory(bytesAccess(bytes), core);
      expectSameMemory(memory, map, 0, 100);
      for (const run of memory.known()) {
        if (run.state !== 'present') continue;
        expect(bytes[run.fileOffset ?? -1]).toBe(map.get(run.start)?.value);
      }
    }),
    { numRuns: 300 },
  );
});

test('a core with any bytes changed or cut off never throws, and its answers stay within bounds', () => {
  const note = buildNote('VMCOREINFO', 0, new TextEncoder().encode('OSRELEASE=7.3.0\nPAGESIZE=4096\n'));
  const original = buildElf({
    headers: [
      { type: PT_NOTE, offset: 0x400n, filesz: BigInt(note.length) },
      { paddr: 0x1000n, offset: 0x500n, filesz: 64n, memsz: 80n },
      { paddr: 0x1050n, vaddr: 0xffff_8880_0000_1050n, offset: 0x540n, filesz: 33n },
      { paddr: 0x9000n, offset: 0x580n, filesz: 64n },
    ],
    data: [
      { at: 0x400, bytes: note },
      { at: 0x500, bytes: counting(1, 0xc0) },
    ],
    phoff: 0x100n,
    phnum: 0xffff,
    shoff: 64n,
    shnum: 1,
    shInfo: 4,
  });
  const headerBytes = fc.integer({ min: 0, max: 0x430 });
  const value = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255));
  const mutation = fc.tuple(headerBytes, fc.array(value, { minLength: 1, maxLength: 8 }));
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 6 }), fc.option(fc.nat(original.length)), (changes, cut) => {
      const bytes = original.slice(0, cut ?? original.length);
      for (const [at, values] of changes)
        bytes.set(values.slice(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
      const file = bytesAccess(bytes);
      const { core, diagnostics } = parseElfCore(file);
      for (const diagnostic of diagnostics) expect(diagnostic.message).not.toMatch(/NaN|undefined|\n/);
      if (core === undefined) {
        expect(diagnostics).toHaveLength(1);
        return;
      }
      const memory = elfMemory(file, core);
      const into = new Uint8Array(4096);
      let end = 0;
      for (const run of memory.known()) {
        expect(run.start).toBeGreaterThanOrEqual(end);
        expect(run.end).toBeGreaterThan(run.start);
        expect(run.end).toBeLessThanOrEqual(2 ** 52);
        end = run.end;
        if (run.state === 'present') {
          expect((run.fileOffset ?? Number.NaN) + run.end - run.start).toBeLessThanOrEqual(bytes.length);
        }
        const length = Math.min(4096, run.end - run.start);
        expect(memory.read(run.start, length, into)).toBe(length);
      }
    }),
    { numRuns: 2000 },
  );
});
