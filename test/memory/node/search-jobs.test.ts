/** A search by several threads finds what one finds, spends what one spends, and never hangs. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backedMemory } from '../../../src/memory/backed.js';
import { createBudget } from '../../../src/memory/budget.js';
import { budgetedMemory } from '../../../src/memory/budgeted.js';
import { type StoredMemory, searchAhead } from '../../../src/memory/node/search-jobs.js';
import { windowedFile } from '../../../src/memory/node/windowed-file.js';
import type { PhysicalMemory } from '../../../src/memory/physical.js';
import { addPiece, buildRunTable, createPieces } from '../../../src/memory/run-table.js';
import { type Pattern, searchMemory } from '../../../src/memory/search.js';

const WORKER = new URL('../../../dist/memory/node/search-worker.js', import.meta.url);
const PATTERNS: readonly Pattern[] = [
  new TextEncoder().encode('HdrS'),
  Uint8Array.of(9, 9),
  { bytes: Uint8Array.of(0xd0, 0x0d), align: 4096 },
];
const SIZE = 700_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file in two pieces of memory, the second from an odd address on. */
function stored(bytes: Uint8Array): StoredMemory {
  const path = join(folder, 'memory');
  writeFileSync(path, bytes);
  const pieces = createPieces(2);
  const cut = Math.floor(bytes.length / 3);
  addPiece(pieces, 0x1000, 0x1000 + cut, 0);
  addPiece(pieces, 0x100_0001, 0x100_0001 + bytes.length - cut, cut);
  return { fd: openSync(path, 'r'), size: bytes.length, path, table: buildRunTable(pieces).table };
}

/** With a budget that lets so many bytes be read. */
function memoryOf({ fd, size, path, table }: StoredMemory, work = Number.POSITIVE_INFINITY): PhysicalMemory {
  const factor = work / createBudget(size).limit('work');
  return budgetedMemory(backedMemory(windowedFile(fd, size, path), table, path), createBudget(size, factor));
}

function found(memory: PhysicalMemory): readonly [string[], number | undefined, unknown] {
  const hits: string[] = [];
  searchMemory(memory, PATTERNS, (pattern, address) => {
    hits.push(`${pattern} at ${address}`);
    // What is done with a hit reads memory, too.
    memory.read(address, 16, new Uint8Array(16));
  });
  return [hits, memory.budget?.spent('work'), memory.budget?.problems().map(({ code }) => code)];
}

test('finds the same with any number of threads, whatever the budget allows', async () => {
  const place = fc.tuple(fc.nat(2), fc.nat(SIZE - 8));
  await fc.assert(
    fc.asyncProperty(
      fc.array(place, { maxLength: 40 }),
      fc.constantFrom(2, 4),
      fc.option(fc.integer({ min: 1000, max: 900_000 }), { nil: undefined }),
      async (places, jobs, work) => {
        const bytes = new Uint8Array(SIZE);
        for (const [pattern, at] of places) {
          const wanted = PATTERNS[pattern] as Pattern;
          bytes.set('bytes' in wanted ? wanted.bytes : wanted, at);
        }
        const file = stored(bytes);
        const ahead = memoryOf(file, work);
        await searchAhead(ahead, file, PATTERNS, jobs, WORKER);
        expect(found(ahead)).toEqual(found(memoryOf(file, work)));
        closeSync(file.fd);
      },
    ),
    { numRuns: 8 },
  );
});

test('more places than are kept are found when it is their turn', async () => {
  const file = stored(new Uint8Array(300_000).fill(9));
  const ahead = memoryOf(file);
  await searchAhead(ahead, file, PATTERNS, 3, WORKER);
  const count = (memory: PhysicalMemory) => {
    let hits = 0;
    searchMemory(memory, PATTERNS, () => hits++);
    return hits;
  };
  expect(count(ahead)).toBe(count(memoryOf(file)));
  closeSync(file.fd);
});

test('a worker that ends or fails before its work is an error', async () => {
  const file = stored(new Uint8Array(SIZE));
  const worker = (script: string) => new URL(`data:text/javascript,${script}`);
  const run = (script: string) => searchAhead(memoryOf(file), file, PATTERNS, 3, worker(script));
  await expect(run('process.exit(7)')).rejects.toThrow('a worker ended before its work, with status 7');
  await expect(run('throw new Error("no")')).rejects.toThrow('a worker failed: no');
  closeSync(file.fd);
});
