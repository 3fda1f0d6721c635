/** Cores that we make hold whole pages, as a kernel's dumps do; what there is of a page beside records is zero. */
import { describe, expect, test } from 'vitest';
import type { Generation } from '../../src/abi/model.js';
import { encodeElf } from '../../src/encode/elf.js';
import { wholePages } from '../../src/encode/whole-pages.js';
import { parseElfCore } from '../../src/memory/elf/core.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { bytesAccess } from '../../src/memory/random-access.js';
import { readBytes } from '../../src/memory/read.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { coreMemory } from '../decode/linux-dumps.js';
import { concat } from '../memory/bytes.js';
import { sweep } from '../sweep.js';
import { decodeFound, trimmed } from '../trim/canary.js';

const held = (memory: PhysicalMemory) =>
  [...memory.known()].map(({ start, end, state }) => [start, end, state] as const);

/** Segments whose addresses or sizes, stored or not, are not a multiple of a page. */
function odd(core: Uint8Array, pageSize: number): string[] {
  const view = new DataView(core.buffer, core.byteOffset);
  const [phoff, phnum] = [Number(view.getBigUint64(32, true)), view.getUint16(56, true)];
  const wrong: string[] = [];
  for (let i = 0; i < phnum; i++) {
    const at = phoff + i * 56;
    if (view.getUint32(at, true) !== 1) continue;
    const [address, stored, size] = [24, 32, 40].map((field) => Number(view.getBigUint64(at + field, true)));
    if ([address, stored, size].some((number = 0) => number % pageSize !== 0)) {
      wrong.push(`${address?.toString(16)} ${stored} ${size}`);
    }
  }
  expect(parseElfCore(bytesAccess(core)).core).toBeDefined();
  return wrong;
}

const bytesOf = (chunks: Iterable<Uint8Array>): Uint8Array =>
  concat(...[...chunks].map((chunk) => chunk.slice()));

test.each<[Generation, number, string | undefined]>([
  ['kho-v1', 4096, '6.17'],
  ['kho-v1', 65536, undefined],
  ['kho-v2', 4096, undefined],
  ['kho-v3', 16384, undefined],
  ['kho-v4', 4096, undefined],
  ['kho-v4', 65536, undefined],
  ['rfc-2024', 4096, undefined],
])('%s, pages of %i bytes: synth, encode and trim', (abi, pageSize, release) => {
  for (const seed of [1n, 2n, 3n].slice(0, sweep(3, 1))) {
    const dump = synthesise(
      planFromSeed({
        abi,
        seed,
        ...(release === undefined ? { guestRam: 64n << 20n } : {}),
        ...(abi === 'rfc-2024' ? {} : { pageSize }),
        ...(release === undefined ? {} : { release }),
      }),
    );
    const core = bytesOf(dump.chunks());
    expect(odd(core, pageSize)).toEqual([]);
    // The core holds what the memory does, and not more.
    expect(held(coreMemory(core))).toEqual(held(dump.memory));
    expect(dump.stored).toBe(
      held(dump.memory).reduce(
        (sum, [start, end, state]) => sum + (state === 'present' ? end - start : 0),
        0,
      ),
    );
    const handover = decodeFound(coreMemory(core));
    const document = JSON.parse([...jsonChunks(modelJson(handover))].join(''));
    expect(odd(bytesOf(encodeElf(document).chunks), pageSize)).toEqual([]);
    expect(odd(bytesOf(encodeElf(document, dump.memory).chunks), pageSize)).toEqual([]);
    const small = trimmed(coreMemory(core), { machine: pageSize === 4096 ? 'x86-64' : 'arm64' });
    expect(odd(small.bytes, pageSize)).toEqual([]);
  }
});

describe('wholePages', () => {
  const PAGE = 4096;
  const bytes = (length: number) => new Uint8Array(length).fill(7);

  test('what records leave of their pages is stored zeros', () => {
    const own = segmentsMemory(
      [
        { address: 0x1010, bytes: bytes(0x20) },
        { address: 0x1100, bytes: bytes(0x1f00) },
        { address: 0x5ff0, bytes: bytes(0x20) },
        { address: 0x6010, zeroLength: 0x2ff0 },
      ],
      'own',
    );
    const whole = wholePages(own, own, PAGE);
    expect(
      held(whole).map(([start, end, state]) => `${start.toString(16)} ${end.toString(16)} ${state}`),
    ).toEqual(['1000 3000 present', '5000 7000 present', '7000 9000 zero']);
    expect(readBytes(whole, 0x1000, 0x12)).toEqual(Uint8Array.from([...new Array(16).fill(0), 7, 7]));
    expect(readBytes(whole, 0x6010, 2)).toEqual(Uint8Array.of(0, 0));
  });

  test('pages of others stay as they are: absent is not zero', () => {
    const own = segmentsMemory([{ address: 0x1800, bytes: bytes(8) }], 'own');
    const other = segmentsMemory(
      [
        { address: 0x1000, bytes: bytes(0x100) },
        { address: 0x8000, bytes: bytes(0x100) },
      ],
      'other',
    );
    const whole = wholePages(own, overlay(own, other), PAGE);
    expect(held(whole).map(([start, end]) => [start, end])).toEqual([
      [0x1000, 0x2000],
      [0x8000, 0x8100],
    ]);
    expect(readBytes(whole, 0x10ff, 2)).toEqual(Uint8Array.of(7, 0));
  });
});
