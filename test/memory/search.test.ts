import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findByFirst, findBytes } from '../../src/memory/find-bytes.js';
import { searchMemory } from '../../src/memory/search.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { vmcoreinfoAt } from '../../src/memory/vmcoreinfo.js';
import { sweep } from '../sweep.js';

const encode = (text: string) => new TextEncoder().encode(text);
const PATTERNS = [encode('HdrS'), encode('OSRELEASE='), Uint8Array.of(1, 1, 1, 1, 1)];

function naive(bytes: Uint8Array, start: number): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at++) {
    PATTERNS.forEach((pattern, i) => {
      if (at + pattern.length <= bytes.length && pattern.every((byte, k) => bytes[at + k] === byte)) {
        found.push(`${i} at ${start + at}`);
      }
    });
  }
  return found;
}

test('finds every place of every pattern once, at any address and across windows', () => {
  const place = fc.tuple(fc.nat(2), fc.oneof(fc.nat(140_000), fc.integer({ min: 65_500, max: 65_560 })));
  fc.assert(
    fc.property(
      fc.array(place, { maxLength: 12 }),
      fc.nat(9000),
      fc.integer({ min: 1, max: 139_999 }),
      (places, start, cut) => {
        const bytes = new Uint8Array(140_020);
        for (const [pattern, at] of places) bytes.set(PATTERNS[pattern] ?? [], at);
        // Two segments that follow each other in memory are searched as one.
        const memory = segmentsMemory(
          [
            { address: start + cut, bytes: bytes.subarray(cut) },
            { address: start, bytes: bytes.subarray(0, cut) },
          ],
          'test',
        );
        const found: string[] = [];
        let seen = 0;
        searchMemory(
          memory,
          PATTERNS,
          (pattern, address) => found.push(`${pattern} at ${address}`),
          ({ address, length }) => {
            expect(address).toBe(start + seen);
            seen += length;
          },
        );
        expect(seen).toBe(bytes.length);
        expect(found.sort()).toEqual(naive(bytes, start).sort());
      },
    ),
    { numRuns: 60 },
  );
});

test('finds bytes natively and without help alike', () => {
  const few = fc.uint8Array({ max: 2 });
  fc.assert(
    fc.property(
      few,
      fc.uint8Array({ min: 0, max: 2, minLength: 1, maxLength: 4 }),
      fc.nat(12),
      (bytes, pattern, from) => {
        // A view in the middle of its buffer: offsets are of the view.
        const view = Uint8Array.of(9, ...bytes, 9).subarray(1, 1 + bytes.length);
        const naively = [...view.keys()].find(
          (at) =>
            at >= from &&
            at + pattern.length <= view.length &&
            pattern.every((byte, i) => view[at + i] === byte),
        );
        expect(findBytes(view)(pattern, from)).toBe(naively ?? -1);
        expect(findByFirst(view)(pattern, from)).toBe(naively ?? -1);
      },
    ),
    { numRuns: sweep(2000, 500) },
  );
});

test('does not look across a gap, nor into memory that is only known to be zero', () => {
  const memory = segmentsMemory(
    [
      { address: 100, bytes: encode('Hd') },
      { address: 103, bytes: encode('rS') },
      { address: 105, zeroLength: 1 << 30 },
      { address: 2 ** 40, bytes: encode('xHdrS') },
    ],
    'test',
  );
  const found: number[] = [];
  searchMemory(memory, [encode('HdrS')], (_, address) => found.push(address));
  expect(found).toEqual([2 ** 40 + 1]);
});

test('VMCOREINFO in memory needs a release and a page size', () => {
  const at = (text: string) =>
    vmcoreinfoAt(segmentsMemory([{ address: 4096, bytes: encode(text) }], 'test'), 4096);
  expect(at('OSRELEASE=7.3.4\nBUILD-ID=aa\nPAGESIZE=16384\n\0')).toMatchObject({
    release: '7.3.4',
    pageSize: 16384,
  });
  expect(at('OSRELEASE=%s\nPAGESIZE=4096\n')).toBeUndefined();
  expect(at('OSRELEASE=7.3.4\n\0PAGESIZE=4096\n')).toBeUndefined();
  expect(at('OSRELEASE=7.3.4\nPAGESIZE=5000\n')).toBeUndefined();
});
