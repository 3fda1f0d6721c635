import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDiagnostics } from '../../../src/memory/diagnostics.js';
import { openKdump } from '../../../src/memory/kdump/core.js';
import { flattenedAccess } from '../../../src/memory/kdump/flattened.js';
import { pageBitmap } from '../../../src/memory/kdump/page-bitmap.js';
import { pageCodecs } from '../../../src/memory/node/page-codecs.js';
import { bytesAccess } from '../../../src/memory/random-access.js';
import { readBytes } from '../../../src/memory/read.js';
import { within } from '../../processor-time.js';
import { same } from '../bytes.js';
import {
  buildFlattened,
  buildKdump,
  INCOMPLETE,
  type KdumpRecipe,
  LZO,
  SNAPPY,
  ZLIB,
  ZSTD,
} from './builder.js';

function open(bytes: Uint8Array) {
  return openKdump(bytesAccess(bytes), pageCodecs);
}

function opened(recipe: KdumpRecipe) {
  const { core, diagnostics } = open(buildKdump(recipe));
  if (core === undefined) throw new Error(diagnostics.at(-1)?.message);
  return core;
}

/** A page that differs from every other at each place. */
function page(seed: number, size = 4096): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8) + seed * 31) & 0xff);
}

const FLAGS = [0, ZLIB, ZSTD];

describe('pages', () => {
  test.each([
    ['uncompressed', 0],
    ['zlib', ZLIB],
    ['zstd', ZSTD],
  ])('%s', (_, flags) => {
    const { memory, diagnostics } = opened({
      pages: [
        { pfn: 3, bytes: page(3), flags },
        { pfn: 4, bytes: new Uint8Array(4096), flags },
        { pfn: 70_000, bytes: page(9), flags },
      ],
    });
    expect(same(readBytes(memory, 3 * 4096, 4096), page(3))).toBe(true);
    expect(same(readBytes(memory, 4 * 4096, 4096), new Uint8Array(4096))).toBe(true);
    expect(readBytes(memory, 70_000 * 4096 + 100, 3)).toEqual(page(9).subarray(100, 103));
    expect(readBytes(memory, 3 * 4096 + 4090, 10)).toEqual(
      Uint8Array.of(...page(3).subarray(4090), 0, 0, 0, 0),
    );
    expect(diagnostics()).toEqual([]);
  });

  test('that were left out are absent, not zero', () => {
    const { memory } = opened({ pages: [{ pfn: 2, bytes: page(1) }], maxPfn: 10 });
    expect(memory.read(4096, 8, new Uint8Array(8))).toBe(0);
    expect(memory.read(3 * 4096 - 4, 8, new Uint8Array(8))).toBe(4);
    expect([...memory.runs(0, 1 << 20)]).toEqual([
      { start: 0, end: 8192, state: 'absent' },
      { start: 8192, end: 12288, state: 'present' },
      { start: 12288, end: 1 << 20, state: 'absent' },
    ]);
    expect([...memory.known()]).toEqual([{ start: 8192, end: 12288, state: 'present' }]);
  });

  test.each([16384, 65536])('of %i bytes', (pageSize) => {
    const core = opened({
      pages: [{ pfn: 5, bytes: page(1, pageSize), flags: ZLIB }],
      pageSize,
      machine: 'aarch64',
    });
    expect(core.machine).toBe('arm64');
    expect(core.pageSize).toBe(pageSize);
    expect(same(readBytes(core.memory, 5 * pageSize, pageSize), page(1, pageSize))).toBe(true);
  });

  test.each([
    ['cut off', 0, page(1).subarray(0, 100), 'it has 100 bytes, uncompressed'],
    ['damaged zlib', ZLIB, Uint8Array.of(0x78, 0x9c, 1, 2, 3), 'its compressed data are damaged'],
    [
      'damaged zstd',
      ZSTD,
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0x10, 0, 0, 7),
      'its compressed data are damaged',
    ],
    ['damaged lzo', LZO, page(1), 'its compressed data are damaged'],
    ['damaged snappy', SNAPPY, page(1), 'its compressed data are damaged'],
    ['nothing', 0, new Uint8Array(0), 'its 0 bytes at file offset'],
  ])('that are %s are not read, and counted', (_, flags, stored, why) => {
    const { memory, diagnostics } = opened({
      pages: [
        { pfn: 1, bytes: page(0), flags, stored },
        { pfn: 2, bytes: page(2) },
      ],
    });
    expect(memory.read(4096, 4096, new Uint8Array(4096))).toBe(0);
    expect(same(readBytes(memory, 8192, 4096), page(2))).toBe(true);
    expect(diagnostics()).toMatchObject([{ code: 'kdump-page', count: 1 }]);
    expect(diagnostics()[0]?.message).toContain(why);
  });

  test('a frame or stream of another size than a page is damage', () => {
    for (const flags of [ZLIB, ZSTD]) {
      const short = opened({ pages: [{ pfn: 0, bytes: page(1, 4095), flags }] });
      expect(short.memory.read(0, 1, new Uint8Array(1))).toBe(0);
      const long = opened({ pages: [{ pfn: 0, bytes: page(1, 4097), flags }] });
      expect(long.memory.read(0, 1, new Uint8Array(1))).toBe(0);
    }
  });

  const recipe = fc.record({
    pfns: fc.uniqueArray(fc.oneof(fc.nat(200), fc.nat(100_000)), { maxLength: 40 }),
    flags: fc.array(fc.constantFrom(...FLAGS), { minLength: 40, maxLength: 40 }),
    flat: fc.boolean(),
  });

  test('any set of them reads as it was written, from any address', () => {
    fc.assert(
      fc.property(
        recipe,
        fc.array(fc.tuple(fc.nat(100_200), fc.nat(4095), fc.nat(20_000)), { maxLength: 30 }),
        ({ pfns, flags, flat }, reads) => {
          const file = buildKdump({
            pages: pfns.map((pfn, i) => ({ pfn, bytes: page(pfn), flags: flags[i] ?? 0 })),
            maxPfn: 100_001,
          });
          const { core } = open(flat ? buildFlattened([{ at: 0, bytes: file }]) : file);
          if (core === undefined) throw new Error('not opened');
          const held = new Set(pfns);
          for (const [pfn, offset, length] of [...reads, ...pfns.map((pfn) => [pfn, 0, 9000] as const)]) {
            const into = new Uint8Array(length).fill(0xee);
            const start = pfn * 4096 + offset;
            const count = core.memory.read(start, length, into);
            let expected = 0;
            while (expected < length && held.has(Math.floor((start + expected) / 4096))) expected++;
            expect(count).toBe(expected);
            for (let i = 0; i < length; i++) {
              const at = start + i;
              const value =
                i < expected
                  ? ((at % 4096) * 7 + ((at % 4096) >> 8) + Math.floor(at / 4096) * 31) & 0xff
                  : 0xee;
              if (into[i] !== value) throw new Error(`byte ${at} reads as ${into[i]}, not ${value}`);
            }
          }
          const present = [...core.memory.known()].flatMap(({ start, end }) =>
            Array.from({ length: (end - start) / 4096 }, (_, i) => start / 4096 + i),
          );
          expect(present).toEqual([...pfns].sort((a, b) => a - b));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('headers', () => {
  const pages = [{ pfn: 1, bytes: page(1), flags: ZLIB }];

  test('VMCOREINFO and the release', () => {
    const core = opened({ pages, vmcoreinfo: 'OSRELEASE=7.3.4\nPAGESIZE=4096\n', release: '7.3.4' });
    expect(core.vmcoreinfo).toMatchObject({ release: '7.3.4', pageSize: 4096 });
    expect(core.release).toBe('7.3.4');
    expect(opened({ pages })).not.toHaveProperty('release');
    expect(opened({ pages, version: 2, vmcoreinfo: 'OSRELEASE=7.3.4\n' })).not.toHaveProperty('vmcoreinfo');
  });

  test('versions before 6 have the frame numbers in 32 bits', () => {
    const bytes = buildKdump({ pages, version: 5 });
    new DataView(bytes.buffer).setBigUint64(4096 + 96, 0n, true);
    expect(open(bytes).core?.memory.read(4096, 1, new Uint8Array(1))).toBe(1);
  });

  test('a part of a split dump counts descriptors from its first page', () => {
    const bytes = buildKdump({
      pages: [
        { pfn: 8, bytes: page(8) },
        { pfn: 9, bytes: page(9) },
      ],
      split: { start: 8, end: 10 },
      maxPfn: 20,
    });
    // The bitmap of a part is that of the whole dump.
    for (const half of [8192, 8192 + 4096]) bytes[half] = 0xff;
    bytes[8192 + 4096 + 2] = 0x0f;
    const { core } = open(bytes);
    expect(readBytes(core?.memory ?? expect.fail(), 9 * 4096, 4)).toEqual(page(9).subarray(0, 4));
    expect(core?.memory.read(4096, 1, new Uint8Array(1))).toBe(0);
    expect([...(core?.memory.known() ?? [])]).toEqual([
      { start: 8 * 4096, end: 10 * 4096, state: 'present' },
    ]);
    expect(core?.diagnostics()).toMatchObject([{ code: 'kdump-split' }]);
  });

  test.each([
    ['another signature', (view: DataView) => view.setUint8(0, 0x6b), 'kdump-signature'],
    ['a 32-bit machine', (view: DataView) => view.setUint32(12 + 260, 0x36383669, true), 'kdump-machine'],
    ['block_size 0', (view: DataView) => view.setInt32(428, 0, true), 'kdump-block-size'],
    ['block_size 5000', (view: DataView) => view.setInt32(428, 5000, true), 'kdump-block-size'],
    ['a negative sub header', (view: DataView) => view.setInt32(432, -1, true), 'kdump-layout'],
    [
      'a sub header beyond the end',
      (view: DataView) => view.setInt32(428, 65536, true),
      'kdump-header-truncated',
    ],
  ])('%s: not opened, and why', (_, change, code) => {
    const bytes = buildKdump({ pages });
    change(new DataView(bytes.buffer));
    const { core, diagnostics } = open(bytes);
    expect(core).toBeUndefined();
    expect(diagnostics.at(-1)?.code).toBe(code);
  });

  /** A note of ELF: sizes, name, descriptor, each padded to four bytes. */
  function prstatus(size: number): Uint8Array {
    const bytes = new Uint8Array(12 + 8 + size);
    new Uint32Array(bytes.buffer, 0, 3).set([5, size, 1]);
    bytes.set(new TextEncoder().encode('CORE'), 12);
    return bytes;
  }

  test.each([
    ['VMCOREINFO of x86-64', { vmcoreinfo: 'OSRELEASE=7.3.0\nNUMBER(phys_base)=16777216\n' }, 'x86-64'],
    ['VMCOREINFO of arm64', { vmcoreinfo: 'OSRELEASE=7.3.0\nNUMBER(kimage_voffset)=0xffff\n' }, 'arm64'],
    ['the notes of x86-64', { notes: prstatus(336) }, 'x86-64'],
    ['the notes of arm64', { notes: prstatus(392) }, 'arm64'],
    ['a page of 16 KiB', { pageSize: 16384, pages: [{ pfn: 0, bytes: page(0, 16384) }] }, 'arm64'],
    ['no evidence', {}, undefined],
    ['notes of another machine', { notes: prstatus(376) }, undefined],
  ])('of machine "Unknown", as QEMU writes: %s', (_, evidence, machine) => {
    for (const name of ['Unknown', '']) {
      const core = opened({ pages, machine: name, ...evidence });
      expect(core.machine).toBe(machine);
      expect(core.diagnostics().map(({ code }) => code)).toEqual(
        machine === undefined ? ['kdump-machine'] : [],
      );
    }
  });

  test('what is missing is told, and the rest can be read', () => {
    const whole = buildKdump({
      pages: [
        { pfn: 0, bytes: page(0) },
        { pfn: 1, bytes: page(1) },
      ],
      status: INCOMPLETE,
    });
    const { core, diagnostics } = open(whole.subarray(0, whole.length - 10));
    expect(diagnostics).toMatchObject([{ code: 'kdump-incomplete' }]);
    expect(core?.memory.read(0, 8192, new Uint8Array(8192))).toBe(4096);
    expect(open(whole.subarray(0, 4 * 4096 + 30)).diagnostics.map(({ code }) => code)).toContain(
      'kdump-descriptors-truncated',
    );
    expect(open(whole.subarray(0, 3 * 4096)).diagnostics.map(({ code }) => code)).toContain('kdump-bitmap');
    for (let length = 0; length < whole.length; length += 97) open(whole.subarray(0, length));
  });

  test('at whatever byte the file is cut off, runs are present where reads find something, and nowhere else', () => {
    const pages = [0, 1, 2, 5, 6, 9].map((pfn, i) => ({ pfn, bytes: page(pfn), flags: FLAGS[i % 3] ?? 0 }));
    const bytes = buildKdump({ pages, maxPfn: 16 });
    const into = new Uint8Array(4096);
    let cut = 0;
    for (let end = 0; end <= bytes.length; end += 97) {
      const { core } = open(bytes.subarray(0, end));
      if (core === undefined) continue;
      const runs = [...core.memory.runs(0, 16 * 4096)];
      runs.forEach(({ start, state }, i) => {
        expect(start).toBe(runs[i - 1]?.end ?? 0);
        expect(state).not.toBe(runs[i - 1]?.state);
      });
      for (let pfn = 0; pfn < 16; pfn++) {
        const known = core.memory.read(pfn * 4096, 4096, into) === 4096;
        const run = runs.find(({ start, end: to }) => start <= pfn * 4096 && pfn * 4096 < to);
        expect([pfn, run?.state]).toEqual([pfn, known ? 'present' : 'absent']);
        if (!known && pages.some((each) => each.pfn === pfn)) cut++;
      }
    }
    expect(cut).toBeGreaterThan(0);
  });

  test('a page whose data are damaged is absent once it was read', () => {
    const { memory, diagnostics } = opened({
      pages: [
        { pfn: 0, bytes: page(0), flags: ZLIB },
        { pfn: 1, bytes: page(1), flags: ZLIB, stored: Uint8Array.of(0x78, 0x9c, 1, 2, 3) },
      ],
    });
    expect(readBytes(memory, 4096, 4096)).toBeUndefined();
    expect(readBytes(memory, 4096, 4096)).toBeUndefined();
    expect([...memory.runs(0, 8192)].map(({ state }) => state)).toEqual(['present', 'absent']);
    expect(diagnostics()).toMatchObject([{ code: 'kdump-page', count: 1 }]);
  });

  test('any changed bytes: opened or told why, and no read beyond its bounds', () => {
    const whole = buildKdump({
      pages: [0, 1, 5, 9].map((pfn, i) => ({ pfn, bytes: page(pfn), flags: FLAGS[i % 3] ?? 0 })),
      vmcoreinfo: 'OSRELEASE=7.3\n',
      maxPfn: 64,
    });
    const flat = buildFlattened([
      { at: 0, bytes: whole.subarray(0, 5000) },
      { at: 5000, bytes: whole.subarray(5000) },
    ]);
    const header = fc.oneof(
      fc.nat(463),
      fc.integer({ min: 4096, max: 4200 }),
      fc.integer({ min: 8192, max: 8200 }),
      fc.integer({ min: 12288, max: 12296 }),
      fc.integer({ min: 16384, max: 16384 + 110 }),
    );
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.tuple(header, fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 4096, max: 4112 }),
        fc.nat(255),
        (flattened, changes, piece, value) => {
          const bytes = Uint8Array.from(flattened ? flat : whole);
          for (const [at, byte] of changes) bytes[at + (flattened ? 4112 : 0)] = byte;
          if (flattened) bytes[piece] = value;
          const { core, diagnostics } = open(bytes);
          if (core === undefined) {
            expect(diagnostics.length).toBeGreaterThan(0);
            return;
          }
          let runs = 0;
          for (const { start, end, state } of core.memory.known()) {
            if (runs++ > 200) break;
            expect(state).toBe('present');
            const into = new Uint8Array(16);
            const length = Math.min(12, end - start);
            expect(core.memory.read(start, length, into)).toBeLessThanOrEqual(length);
            expect(into.subarray(12).every((byte) => byte === 0)).toBe(true);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});

test('a bitmap answers as its bits say', () => {
  const bits = fc.uint8Array({ minLength: 0, maxLength: 10_000 });
  fc.assert(
    fc.property(
      bits,
      fc.boolean(),
      fc.nat(90_000),
      fc.nat(90_000),
      fc.array(fc.nat(80_100), { maxLength: 50 }),
      (bytes, dense, a, b, pfns) => {
        if (dense) bytes.fill(0xff, 0, bytes.length >> 1);
        const end = Math.min(Math.max(a, b), bytes.length * 8);
        const first = Math.min(a, b, end);
        const naive = (pfn: number) =>
          pfn >= first && pfn < end && (((bytes[pfn >> 3] ?? 0) >> (pfn & 7)) & 1) === 1;
        const ranks = new Uint32Array(end + 1);
        for (let pfn = 0; pfn < end; pfn++) ranks[pfn + 1] = (ranks[pfn] ?? 0) + (naive(pfn) ? 1 : 0);
        const bitmap = pageBitmap(bytesAccess(bytes), 0, first, end);
        expect(bitmap.count).toBe(ranks[end]);
        for (const pfn of [...pfns, first, end]) {
          expect(bitmap.has(pfn)).toBe(naive(pfn));
          expect(bitmap.rank(pfn)).toBe(ranks[Math.min(Math.max(pfn, first), end)]);
          for (const set of [true, false]) {
            let next = Math.max(pfn, first);
            while (next < end && naive(next) !== set) next++;
            expect(bitmap.next(pfn, set)).toBe(Math.min(next, Math.max(end, 0)));
          }
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a bitmap in a hole of a flattened stream is of no core: it is not read, however large', () => {
  const whole = buildKdump({ pages: [{ pfn: 0, bytes: new Uint8Array(4096) }] });
  const header = whole.slice(0, 8192);
  const view = new DataView(header.buffer);
  view.setUint32(436, 0xffff_ffff, true);
  view.setBigUint64(4096 + 96, 1n << 40n, true);
  const flat = buildFlattened([
    { at: 0, bytes: header },
    { at: 2 ** 50, bytes: new Uint8Array(1) },
  ]);
  const { core, diagnostics } = within(2000, () => open(flat));
  expect(diagnostics.map(({ code }) => code)).toContain('kdump-bitmap');
  expect([...(core?.memory.known() ?? [])]).toEqual([]);
});

test('a flattened stream reads as the file that its pieces would make', () => {
  const piece = fc.record({ at: fc.nat(3000), bytes: fc.uint8Array({ minLength: 1, maxLength: 700 }) });
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.boolean(),
      fc.array(fc.tuple(fc.nat(3800), fc.nat(900)), { maxLength: 20 }),
      (pieces, ended, reads) => {
        const size = Math.max(0, ...pieces.map(({ at, bytes }) => at + bytes.length));
        const file = new Uint8Array(size);
        for (const { at, bytes } of pieces) file.set(bytes, at);
        const diagnostics = createDiagnostics();
        const access = flattenedAccess(bytesAccess(buildFlattened(pieces, ended)), diagnostics);
        expect(access.size).toBe(size);
        expect(diagnostics.list().map(({ code }) => code)).toEqual(ended ? [] : ['flattened-truncated']);
        for (const [at, length] of [...reads, [0, size] as const]) {
          const into = new Uint8Array(length);
          const count = access.readAt(at, length, into);
          expect(count).toBe(Math.max(0, Math.min(length, size - at)));
          expect(same(into.subarray(0, count), file.subarray(at, at + count))).toBe(true);
        }
      },
    ),
    { numRuns: 200 },
  );
});
