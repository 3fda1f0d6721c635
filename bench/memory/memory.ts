import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backedMemory } from '../../src/memory/backed.js';
import { openInput } from '../../src/memory/node/input.js';
import { windowedFile } from '../../src/memory/node/windowed-file.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { bytesAccess } from '../../src/memory/random-access.js';
import { addPiece, buildRunTable, createPieces, findRun } from '../../src/memory/run-table.js';

const MIB = 1 << 20;
const SIZE = 256 * MIB;
const WINDOW = 64 * 1024;
const ROUNDS = 3;

/**
 * Speed of the way from a file to physical memory, against bare system calls on the same file.
 *
 * @param print takes one line of the table at a time
 */
export async function run(print: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kho-bench-'));
  try {
    const path = join(folder, 'memory');
    writeSample(path);
    sequential(path, print);
    random(path, print);
    lookups(print);
    await unpacking(path, folder, print);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads all of the file front to back, in pieces of several sizes. */
function sequential(path: string, print: (line: string) => void): void {
  const fd = openSync(path, 'r');
  const into = new Uint8Array(WINDOW);
  const plain = best(() => {
    for (let at = 0; at < SIZE; at += WINDOW) readSync(fd, into, 0, WINDOW, at);
  });
  print(row('sequential, readSync loop of 64 KiB', throughput(SIZE, plain)));
  const memory = wholeFile(fd, path);
  for (const piece of [WINDOW, 4096]) {
    const time = best(() => readAll(memory, piece, into, SIZE));
    print(row(`sequential, memory in pieces of ${piece}`, throughput(SIZE, time), time / plain));
  }
  closeSync(fd);
}

/** Reads pages from all over the file, as a walk through scattered tables does. */
function random(path: string, print: (line: string) => void): void {
  const fd = openSync(path, 'r');
  const into = new Uint8Array(4096);
  const pages = randomPages(100_000);
  const plain = best(() => {
    for (const page of pages) readSync(fd, into, 0, 4096, page * 4096);
  });
  print(row('random pages, readSync', `${perItem(plain, pages.length)} a page`));
  const memory = wholeFile(fd, path);
  const time = best(() => {
    for (const page of pages) memory.read(page * 4096, 4096, into);
  });
  print(row('random pages, memory', `${perItem(time, pages.length)} a page`, time / plain));
  closeSync(fd);
}

/** Finds the segment of an address in a core with as many segments as e_phnum can say. */
function lookups(print: (line: string) => void): void {
  const count = 65_535;
  const pieces = createPieces(count);
  for (let i = 0; i < count; i++) addPiece(pieces, i * 8192, i * 8192 + 4096, i * 4096);
  const { table } = buildRunTable(pieces);
  const pages = randomPages(1_000_000);
  let sum = 0;
  const time = best(() => {
    for (const page of pages) sum += findRun(table, page * 4096);
  });
  print(row(`segment of a random address, ${count} segments`, perItem(time, pages.length)));
  const memory = backedMemory(bytesAccess(new Uint8Array(count * 4096)), table, 'bench');
  const into = new Uint8Array(8);
  const read = best(() => {
    for (const page of pages) sum += memory.read(page * 4096, 8, into);
  });
  print(row('read of 8 bytes there, from an array', perItem(read, pages.length)));
  if (sum === 0) throw new Error('nothing was found');
}

/** Unpacks the file once into its spool, as opening a packed dump does. */
async function unpacking(path: string, folder: string, print: (line: string) => void): Promise<void> {
  const packed = spawnSync('gzip', ['-1', '-k', path]);
  if (packed.status !== 0) {
    print(row('unpacking', 'not measured: gzip is not installed'));
    return;
  }
  const start = performance.now();
  spawnSync('gzip', ['-dc', `${path}.gz`], { stdio: ['ignore', 'ignore', 'inherit'] });
  const plain = performance.now() - start;
  print(row('unpacking, gzip -dc', throughput(SIZE, plain)));
  const opened = performance.now();
  const input = await openInput(`${path}.gz`, { spoolDir: folder });
  const time = performance.now() - opened;
  input.close();
  print(row('unpacking, into the spool', throughput(SIZE, time), time / plain));
}

function wholeFile(fd: number, path: string): PhysicalMemory {
  const pieces = createPieces(1);
  addPiece(pieces, 0, SIZE, 0);
  return backedMemory(windowedFile(fd, SIZE, path), buildRunTable(pieces).table, 'bench');
}

function readAll(memory: PhysicalMemory, piece: number, into: Uint8Array, size: number): void {
  for (let at = 0; at < size; at += piece) memory.read(at, piece, into);
}

/** Page frame numbers below those of the file, always the same ones. */
function randomPages(count: number): Uint32Array {
  let state = 12345;
  return Uint32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % (SIZE / 4096);
  });
}

/** A file that looks like page tables: addresses that rise, so that it also packs as such. */
function writeSample(path: string): void {
  const fd = openSync(path, 'w');
  const words = new Uint32Array(MIB / 4);
  for (let at = 0; at < SIZE; at += MIB) {
    for (let i = 0; i < words.length; i += 2) {
      words[i] = (((at / 8 + i / 2) * 4096) | 3) >>> 0;
      words[i + 1] = 1;
    }
    writeSync(fd, words);
  }
  closeSync(fd);
}

/** Milliseconds of the fastest of a few rounds. */
function best(work: () => void): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    work();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}

function throughput(bytes: number, milliseconds: number): string {
  return `${(bytes / milliseconds / 1e6).toFixed(2)} GB/s`;
}

function perItem(milliseconds: number, items: number): string {
  return `${((milliseconds * 1e6) / items).toFixed(0)} ns`;
}

function row(what: string, result: string, ratio?: number): string {
  const factor = ratio === undefined ? '' : `  ${ratio.toFixed(2)} x the time`;
  return `${what.padEnd(52)} ${result.padStart(14)}${factor}`;
}
