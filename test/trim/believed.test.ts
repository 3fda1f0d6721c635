/** Which stretches of records are taken for records. */
import { expect, test } from 'vitest';
import { segmentsMemory } from '../../src/memory/segments.js';
import { memfdLuoFolioSer } from '../../src/records/memfd.js';
import { createJudge } from '../../src/trim/believed.js';

const PAGE = 4096;
const SIZE = memfdLuoFolioSer.size ?? 0;

test('records after a hole are judged like those before it', () => {
  // Entries of one folio each, nothing, and what a program had there.
  const list = new Uint8Array(PAGE).map((_, i) => (i % SIZE === 0 ? 1 : 0));
  const foreign = new Uint8Array(PAGE).fill(0x61);
  const memory = segmentsMemory(
    [
      { address: 0x10_0000, bytes: list },
      { address: 0x10_2000, bytes: foreign },
      { address: 0x10_3000, bytes: list },
    ],
    'pages',
  );
  const good: number[] = [];
  const bad: number[] = [];
  createJudge(
    memory,
    (address) => good.push(address),
    (address) => bad.push(address),
  ).records(memfdLuoFolioSer, 0x10_0000, (4 * PAGE) / SIZE);
  expect({ good, bad }).toEqual({ good: [0x10_0000, 0x10_1000, 0x10_3000], bad: [0x10_2000] });
});
