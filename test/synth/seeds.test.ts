import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GENERATIONS } from '../../src/abi/model.js';
import { elfMemory, parseElfCore } from '../../src/memory/elf/core.js';
import { bytesAccess } from '../../src/memory/random-access.js';
import { SynthError, type SynthOptions } from '../../src/synth/options.js';
import { hash } from '../../src/synth/random.js';
import { createShuffle, gather, scatter } from '../../src/synth/shuffle.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { sweep } from '../sweep.js';
import { coreBytes } from './accounts.js';

const digest = (options: SynthOptions): string =>
  createHash('sha256')
    .update(coreBytes(synthesise(planFromSeed(options))))
    .digest('hex');

describe.each(GENERATIONS)('%s', (abi) => {
  const small: SynthOptions = { abi, guestRam: 64n << 20n };

  test('the same seed gives the same bytes, another one others', () => {
    const first = digest({ ...small, seed: 1n });
    expect(digest({ ...small, seed: 1n })).toBe(first);
    expect(new Set([0n, 1n, 2n, 1n << 32n, 1n << 63n].map((seed) => digest({ ...small, seed }))).size).toBe(
      5,
    );
  });

  test('the memory read at any place is what the core holds there', () => {
    const dump = synthesise(planFromSeed({ ...small, seed: 3n }));
    const bytes = coreBytes(dump);
    const { core, diagnostics } = parseElfCore(bytesAccess(bytes));
    expect(diagnostics).toEqual([]);
    if (core === undefined) throw new Error('no core');
    const stored = elfMemory(bytesAccess(bytes), core);
    expect([...dump.memory.known()].map(({ start, end, state }) => [start, end, state])).toEqual(
      [...stored.known()].map(({ start, end, state }) => [start, end, state]),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...dump.regions),
        fc.nat(),
        fc.integer({ min: 1, max: 300 }),
        (region, at, length) => {
          const address = region.address + (at % region.size);
          const [made, found] = [new Uint8Array(length), new Uint8Array(length)];
          expect(dump.memory.read(address, length, made)).toBe(stored.read(address, length, found));
          expect(made).toEqual(found);
        },
      ),
      { numRuns: sweep(300, 15) },
    );
  });
});

describe('a tebibyte', () => {
  /** Where the core keeps growing parts, how much, and a digest of some of it. */
  const sample = (options: SynthOptions): { stored: number; read: number } => {
    const { memory, regions, stored } = synthesise(planFromSeed(options));
    const page = new Uint8Array(4096);
    let read = 0;
    for (const { address, size, fill } of regions) {
      if (fill === undefined) continue;
      for (let i = 0; i < 8; i++) {
        const at = Math.floor((hash(i, size) / 2 ** 32) * Math.max(0, size - 4096));
        read += memory.read(address + at, Math.min(4096, size), page);
      }
    }
    return { stored, read };
  };

  test.each([
    // 2^28 folios of 16 bytes, their list pages, the map; 2^19 lowest tables.
    ['kho-v4', 4.03, 4.1],
    ['rfc-2024', 2, 2.1],
  ] as const)('of single pages, %s: planned in little memory, read anywhere', (abi, least, most) => {
    const before = process.memoryUsage().rss;
    const { stored, read } = sample({ abi, guestRam: 1n << 40n, fragmentation: 1 });
    expect(stored / 2 ** 30).toBeGreaterThan(least);
    expect(stored / 2 ** 30).toBeLessThan(most);
    expect(read).toBeGreaterThan(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20);
  });

  test('of large folios takes little of the core', () => {
    expect(sample({ abi: 'kho-v4', guestRam: 1n << 40n, fragmentation: 0 }).stored).toBeLessThan(16 << 20);
    expect(sample({ abi: 'rfc-2024', guestRam: 1n << 40n, fragmentation: 0 }).stored).toBeLessThan(16 << 20);
  });
});

describe('parameters that do not go together', () => {
  const CASES: readonly (readonly [SynthOptions, string])[] = [
    [{ abi: 'rfc-2024', pageSize: 16384 }, '--page-size'],
    [{ abi: 'rfc-2024', sessions: 1 }, '--sessions'],
    [{ abi: 'rfc-2024', guestRam: 2n << 40n }, '--guest-ram'],
    [{ abi: 'rfc-2024', guestRam: 4096n }, '--guest-ram'],
    [{ abi: 'rfc-2024', domains: 3, files: 2 }, '--files'],
    [{ abi: 'rfc-2024', levels: 3, domains: 1, guestRam: 1n << 40n }, '--levels'],
    [{ abi: 'rfc-2024', devices: 0 }, '--devices'],
    [{ abi: 'kho-v1', release: '6.16', sessions: 1 }, '--sessions'],
    [{ abi: 'kho-v1', release: '6.16', testFolios: 1 }, '--test-folios'],
    [{ abi: 'kho-v1', release: '6.19', flbs: 1 }, '--flbs'],
    [{ abi: 'kho-v1', release: '7.3' }, '--release'],
    [{ abi: 'kho-v1', sessions: 820 }, '--sessions'],
    [{ abi: 'kho-v1', luo: 'luo-v5' }, '--luo'],
    [{ abi: 'kho-v2', pageSize: 16384 }, '--page-size'],
    [{ abi: 'kho-v3', luo: 'luo-v5' }, '--luo'],
    [{ abi: 'kho-v1', release: '6.19', domains: 1 }, '--domains'],
    [{ abi: 'kho-v4', pageSize: 8192 }, '--page-size'],
    [{ abi: 'kho-v4', guestRam: 4097n }, '--guest-ram'],
    [{ abi: 'kho-v4', guestRam: 4096n, files: 2 }, '--files'],
    [{ abi: 'kho-v4', files: 1, guestRam: 1n << 45n }, '--guest-ram'],
    [{ abi: 'kho-v4', sessions: 0, files: 1 }, '--files'],
    [{ abi: 'kho-v4', fragmentation: 1.5 }, '--fragmentation'],
    [{ abi: 'kho-v4', holes: Number.NaN }, '--holes'],
    [{ abi: 'kho-v4', seed: 1n << 64n }, '--seed'],
    [{ abi: 'kho-v4', reserveMem: 9 }, '--reserve-mem'],
  ];

  test.each(CASES)('%o: refused by name', (options, name) => {
    const make = () => planFromSeed(options);
    expect(make).toThrow(SynthError);
    expect(make).toThrow(new RegExp(`^${name}: [^\\n]+$`));
  });
});

describe('permutations', () => {
  test('are permutations, and go back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 700 }),
        fc.nat(0xffff_ffff),
        fc.constantFrom(0, 0.3, 1),
        (count, key, disorder) => {
          const shuffle = createShuffle(count, key, disorder);
          const images = Array.from({ length: count }, (_, i) => shuffle.forward(i));
          expect([...images].sort((a, b) => a - b)).toEqual(images.map((_, i) => i));
          expect(images.map((image) => shuffle.backward(image))).toEqual(images.map((_, i) => i));
          if (disorder === 0) expect(images).toEqual(images.map((_, i) => i));
        },
      ),
    );
  });

  test('of powers of two go back', () => {
    fc.assert(
      fc.property(fc.nat(16), fc.nat(0xffff_ffff), fc.nat(0xffff), (bits, choice, index) => {
        const size = 2 ** bits;
        const at = index % size;
        expect(gather(scatter(at, size, choice), size, choice)).toBe(at);
      }),
    );
  });
});
