/** Inputs that claim much, as counted work: what a run spends on them is told by the budget, not by a clock. */
import { describe, expect, test } from 'vitest';
import { searchHandovers } from '../../src/decode/find-search.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { backedMemory } from '../../src/memory/backed.js';
import { createBudget } from '../../src/memory/budget.js';
import { budgetedMemory } from '../../src/memory/budgeted.js';
import { elfMemory, parseElfCore } from '../../src/memory/elf/core.js';
import { openKdump } from '../../src/memory/kdump/core.js';
import { bytesAccess, type RandomAccess } from '../../src/memory/random-access.js';
import { readBytes } from '../../src/memory/read.js';
import { repeatedRuns } from '../../src/memory/repeated-runs.js';
import { addPiece, buildRunTable, createPieces } from '../../src/memory/run-table.js';
import { searchMemory } from '../../src/memory/search.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { buildElf, PT_NOTE } from './elf/builder.js';
import { buildKdump, ZLIB } from './kdump/builder.js';

const MIB = 2 ** 20;

describe('a budget', () => {
  test('grows with the input and the factor, refuses what goes beyond, and says so once', () => {
    const small = createBudget(1000);
    expect(createBudget(1000 + MIB).limit('work') - small.limit('work')).toBe(64 * MIB);
    expect(createBudget(1000, 3).limit('held')).toBe(3 * small.limit('held'));
    expect(small.take('held', small.limit('held'))).toBe(true);
    expect(small.problems()).toEqual([]);
    expect(small.take('held', 1)).toBe(false);
    expect(small.take('held', 1)).toBe(false);
    expect(small.take('work', 1)).toBe(true);
    expect(small.problems()).toMatchObject([{ code: 'budget-held' }]);
    expect(small.problems()[0]?.message).toMatch(/--budget FACTOR/);
  });

  test('counts reads; beyond it memory is absent, and reading throws nothing', () => {
    const budget = createBudget(0, 4096 / createBudget(0).limit('work'));
    const memory = budgetedMemory(
      segmentsMemory([{ address: 0, bytes: new Uint8Array(8192).fill(7) }], ''),
      budget,
    );
    const into = new Uint8Array(4096);
    expect(memory.read(0, 100, into)).toBe(100);
    expect(budget.spent('work')).toBeGreaterThan(100);
    expect(memory.read(0, 4096, into)).toBe(0);
    for (let i = 0; i < 20; i++) memory.read(0, 8, into);
    expect([...memory.runs(0, 4096)]).toEqual([{ start: 0, end: 4096, state: 'absent' }]);
    expect(budget.problems()).toMatchObject([{ code: 'budget-work' }]);
  });

  test('lets zeros be known without being kept: 2^40 bytes of them are no array', () => {
    const zeros = segmentsMemory([{ address: 0, zeroLength: 2 ** 45 }], '');
    expect(readBytes(zeros, 0, 2 ** 40)).toBeUndefined();
    expect(readBytes(budgetedMemory(zeros, createBudget(1000)), 0, 2 ** 30)).toBeUndefined();
    expect(readBytes(zeros, 0, 4096)?.length).toBe(4096);
  });
});

describe('memory that repeats the file', () => {
  const PATTERN = new TextEncoder().encode('needle');
  const segments = 1000;
  const size = 64 * 4096;
  const bytes = new Uint8Array(size);
  bytes.set(PATTERN, 40_000);

  function aliased() {
    const data = 0x40000;
    const file = buildElf({
      headers: Array.from({ length: segments }, (_, i) => ({
        paddr: BigInt(i * 2 * size),
        offset: BigInt(data),
        filesz: BigInt(size),
      })),
      data: [{ at: data, bytes }],
      size: data + size,
    });
    const access = bytesAccess(file);
    const { core, diagnostics } = parseElfCore(access);
    if (core === undefined) throw new Error('no core');
    return { core, diagnostics, memory: elfMemory(access, core) };
  }

  test('is searched where it comes first', () => {
    const { core, diagnostics, memory } = aliased();
    const budget = createBudget(size);
    const found: number[] = [];
    searchMemory(budgetedMemory(memory, budget), [PATTERN], (_, address) => found.push(address));
    expect(found).toEqual([40_000]);
    expect(budget.spent('work')).toBeLessThan(2 * size);
    expect(core.shownBytes).toBe(segments * size);
    expect(diagnostics).toMatchObject([{ code: 'elf-segments-aliased' }]);
  });

  test('runs are repeated when all their bytes were shown, and not before', () => {
    const pieces = createPieces(5);
    addPiece(pieces, 0, 0x4000, 0x1000);
    addPiece(pieces, 0x10000, 0x12000, 0x2000);
    addPiece(pieces, 0x20000, 0x26000, 0);
    addPiece(pieces, 0x30000, 0x30010, 0x1008);
    addPiece(pieces, 0x40000, 0x40010, 0x9008);
    const { table } = buildRunTable(pieces);
    expect([...(repeatedRuns(table) ?? [])]).toEqual([0, 1, 0, 1, 0]);
    const distinct = [...(backedMemory(bytesAccess(new Uint8Array(0)), table, '').distinct?.() ?? [])];
    expect(distinct.map(({ start }) => start)).toEqual([0, 0x20000, 0x40000]);
  });

  test('pages of a kdump that share their data are unpacked once', () => {
    let unpacked = 0;
    const pages = Array.from({ length: 600 }, (_, pfn) => ({
      pfn,
      bytes: new Uint8Array(4096),
      flags: ZLIB,
    }));
    const file = buildKdump({ pages });
    const view = new DataView(file.buffer);
    const descriptors = 4 * 4096;
    const first = view.getBigUint64(descriptors, true);
    for (let i = 0; i < 600; i++) view.setBigUint64(descriptors + i * 24, first, true);
    const zlib = (_: Uint8Array, length: number) => {
      unpacked++;
      return new Uint8Array(length).fill(1);
    };
    const { core } = openKdump(bytesAccess(file), { zlib, zstd: zlib });
    const memory = core?.memory ?? expect.fail();
    expect([...(memory.distinct?.() ?? [])]).toEqual([{ start: 0, end: 4096, state: 'present' }]);
    searchMemory(memory, [PATTERN], () => {});
    expect(unpacked).toBe(1);
  });

  test('note segments of the same bytes are read once', () => {
    const notes = 0x40000;
    const file = buildElf({
      headers: [
        { paddr: 0n, offset: BigInt(notes), filesz: 4096n },
        ...Array.from({ length: 2000 }, () => ({ type: PT_NOTE, offset: BigInt(notes), filesz: 4096n })),
      ],
      size: notes + 4096,
    });
    let reads = 0;
    const counting: RandomAccess = {
      size: file.length,
      readAt(offset, length, into) {
        reads++;
        return bytesAccess(file).readAt(offset, length, into);
      },
    };
    expect(parseElfCore(counting).core?.shownBytes).toBe(2001 * 4096);
    expect(reads).toBeLessThan(2 * (4096 / 12) + 20);
  });
});

test('children that all claim the same MiB are kept up to the budget', () => {
  const words = (...values: bigint[]) => {
    const bytes = new Uint8Array(8 * values.length);
    for (const [i, value] of values.entries()) new DataView(bytes.buffer).setBigUint64(8 * i, value, true);
    return bytes;
  };
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('compatible', new TextEncoder().encode('kho-v4\0'));
  writer.property('preserved-memory-map', words(0n));
  for (let i = 0; i < 400; i++) {
    writer.beginNode(`child${i}`);
    writer.property('preserved-data', words(0x100000n));
    writer.property('blob-size', words(BigInt(MIB)));
    writer.endNode();
  }
  writer.endNode();
  const bytes = writer.finish();
  const budget = createBudget(bytes.length + MIB);
  const memory = budgetedMemory(
    segmentsMemory(
      [
        { address: 0x100000, bytes: new Uint8Array(MIB).fill(3) },
        { address: 0x300000, bytes },
      ],
      '',
    ),
    budget,
  );
  expect(searchHandovers(memory).trees.length).toBe(1);
  const handover = decodeHandover(bytes, { memory, address: 0x300000n });
  const kept = handover.subtrees?.filter(({ blob }) => blob !== undefined) ?? [];
  expect(handover.subtrees?.length).toBe(400);
  expect(kept.length).toBeLessThan(20);
  expect(budget.problems()).toMatchObject([{ code: 'budget-held' }]);
});
