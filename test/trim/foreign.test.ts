/** Pages that records point to and that hold the bytes of another owner: none of them leaves the dump. */
import { describe, expect, test } from 'vitest';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { memoryLines } from '../../src/report/memory-text.js';
import { modelJson } from '../../src/report/model-json.js';
import { summaryLines } from '../../src/report/summary-text.js';
import { escapeText } from '../../src/schema/escape.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { coreMemory, linuxMemory } from '../decode/linux-dumps.js';
import { openCore } from '../secrets/cores.js';
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

/** Of a bitmap of four bytes nobody can tell; what follows them in its page can. */
test.each(['two-vms', 'superpages', 'five-level', 'three-level', 'dangling'])(
  'the allocation bitmap of rfc-2024/%s',
  (name) => {
    const core = coreMemory(openCore(`rfc-2024/${name}/memory.elf.gz`).bytes);
    const [, , bitmap] = sure(decodeFound(core).guestmemfs?.superblock, 'super block');
    const start = Number(sure(bitmap, 'bitmap').addr);
    for (const kept of [0, 16, 64]) {
      const small = trimmed(planted(core, { secret: [[start + kept, start + 4096]], spare: [] }));
      expect(countCanaries(small.bytes, SECRET), `from byte ${kept} on`).toBe(0);
      expect(small.foreign).toBeGreaterThan(0);
    }
    expect(trimmed(core).foreign).toBe(0);
  },
);

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

/** What people and tools read of a dump: text, JSON, findings. */
function told(patches: PhysicalMemory): { text: string; codes: string[]; rules: string[] } {
  const damaged = decodeFound(overlay(patches, memory));
  const { findings } = validate(damaged, catalogue);
  const text = [
    ...memoryLines(damaged),
    ...summaryLines(damaged, undefined),
    ...jsonChunks(modelJson(damaged)),
    // Escaped where they are printed.
    ...findings.map(({ message }) => escapeText(message)),
  ].join('\n');
  return {
    text,
    codes: damaged.diagnostics.map(({ code }) => code),
    rules: findings.map(({ rule }) => rule),
  };
}

describe('entries of a page that was used again are not told', () => {
  const OWNER = 'top secret ';
  const text = (length: number) => Uint8Array.from({ length }, (_, i) => OWNER.charCodeAt(i % OWNER.length));
  test.each<[string, () => number | bigint, number]>([
    ['sessions, header and all', () => sure(luo.sessionBlocks?.[0], 'block').address, 0],
    ['sessions after their header', () => sure(luo.sessionBlocks?.[0], 'block').address, 16],
    ['files, header and all', () => sure(session.fileBlocks?.[0], 'block').address, 0],
    ['files after their header', () => sure(session.fileBlocks?.[0], 'block').address, 16],
    ['FLBs after their header', () => sure(luo.flbsAddress, 'FLBs'), 16],
  ])('%s', (_what, address, kept) => {
    const at = Number(address()) + kept;
    const {
      text: all,
      codes,
      rules,
    } = told(segmentsMemory([{ address: at, bytes: text(4096 - kept) }], 'used again'));
    expect(codes.filter((code) => code.endsWith('-reused'))).not.toEqual([]);
    expect(rules.filter((id) => /^(?:LUO|FLB|BLOCK)-/.test(id))).not.toEqual([]);
    expect(all).not.toMatch(/secret|ecret t|cret to/);
  });
});

test('a name of what is not in the dump is escaped', () => {
  const name = Uint8Array.from([0x76, 0xc2, 0x83, 0x1b, 0x5b, 0x41]);
  const address = sure(session.origin.address, 'session');
  const patches = segmentsMemory(
    [{ address: Number(address), bytes: name }, ...u64(address + 64n, 0x7fff_0000_0000)],
    'name',
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  expect(told(patches).text).not.toMatch(/[\u001b\u0080-\u009f]/);
});
