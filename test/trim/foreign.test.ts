/** Pages that records point to and that hold the bytes of another owner: none of them leaves the dump. */
import { describe, expect, test } from 'vitest';
import { overlay } from '../../src/memory/overlay.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { linuxMemory } from '../decode/linux-dumps.js';
import { original } from '../validate/upstream-damage.js';
import { file, sure, u64, value } from '../validate/upstream-patches.js';
import { allBytes, countCanaries, decodeFound, planted, SECRET, trimmed } from './canary.js';

const NAME = 'linux-7.3-live-update';
const { handover } = original(NAME);
const memory = linuxMemory(NAME);
const memfd = sure(file(handover).memfd, 'memfd');
const luo = sure(handover.luo, 'LUO');
const session = sure(luo.sessions?.[0], 'session');

function clean(secret: readonly (readonly [number, number])[], patches = segmentsMemory([], 'none')): number {
  const damaged = overlay(patches, planted(memory, { secret, spare: [] }));
  expect(countCanaries(allBytes(damaged), SECRET)).toBeGreaterThan(0);
  const small = trimmed(damaged);
  expect(countCanaries(small.bytes, SECRET)).toBe(0);
  expect(countCanaries(trimmed(damaged, { wholePages: true }).bytes, SECRET)).toBe(0);
  return small.foreign;
}

const page = (address: number | bigint): readonly [number, number] => {
  const start = Math.floor(Number(address) / 4096) * 4096;
  return [start, start + 4096];
};

describe('a page that was used again', () => {
  test.each<[string, () => number | bigint]>([
    ['a list page of folios', () => sure(memfd.area.chunks[0], 'list page')],
    ['a page of the folio list', () => sure(memfd.area.runs[0], 'run')],
    ['a memfd record', () => sure(memfd.origin.address, 'memfd')],
    ['a block of sessions', () => sure(luo.sessionBlocks?.[0], 'block').address],
    ['a block of files', () => sure(session.fileBlocks?.[0], 'block').address],
  ])('%s', (_what, address) => {
    expect(clean([page(address())])).toBeGreaterThan(0);
  });
});

test('a size that takes in what follows a blob', () => {
  const [rider] = (handover.subtrees ?? []).filter(({ name }) => name === 'memblock');
  const { address, blob } = sure(rider, 'memblock');
  const end = Number(sure(address, 'address')) + sure(blob, 'blob').length;
  const start = Math.ceil(end / 8) * 8;
  // To the end of its page, which the dump has.
  const size = 4096 - (Number(address) % 4096);
  const patches = segmentsMemory([...u64(value(handover, '/memblock', 'blob-size'), size)], 'size');
  expect(clean([[start, start + 0x200]], patches)).toBeGreaterThan(0);
});

test('a healthy dump has none', () => {
  expect(decodeFound(memory).takenOver).toBeUndefined();
  expect(trimmed(memory).foreign).toBe(0);
});
