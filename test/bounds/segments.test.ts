/** Segments of a core that lie over each other, and memory of which nobody says what it may cost. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { differingBytes } from '../../src/memory/elf/overlap.js';
import { addPiece, buildRunTable, createPieces } from '../../src/memory/run-table.js';
import { coreMemory } from '../decode/linux-dumps.js';
import { within } from '../processor-time.js';

test('segments that lie over each other are compared as far as the file is long', () => {
  const MIB = 1 << 20;
  const pieces = createPieces(20_000);
  for (let i = 0; i < 20_000; i++) addPiece(pieces, i * 65_552, i * 65_552 + 2 * MIB, (i % 512) * 4096);
  let read = 0;
  const file = {
    size: 4 * MIB,
    readAt(_: number, length: number) {
      read += length;
      return length;
    },
  };
  const differing = within(5000, () => differingBytes(file, pieces, buildRunTable(pieces).table));
  expect(differing).toBeGreaterThan(0);
  expect(read).toBeLessThanOrEqual(2 * 64 * MIB);
});

test('memory without a budget gets one of what it stores', () => {
  const core = coreMemory(gunzipSync(readFileSync('fixtures/hostile/khotest-2^32.elf.gz')));
  const { budget: _budget, ...memory } = core;
  const [tree] = findTrees(core).trees;
  const handover = within(5000, () => decodeHandover(tree?.bytes ?? new Uint8Array(0), { memory }));
  expect(handover.diagnostics.map(({ code }) => code)).toContain('budget-lists');
});
