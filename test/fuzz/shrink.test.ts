import { describe, expect, test } from 'vitest';
import { applied } from '../../src/fuzz/apply.js';
import type { Mutation } from '../../src/fuzz/mutation.js';
import { UNKNOWN } from '../../src/fuzz/mutation.js';
import { shrink } from '../../src/fuzz/shrink.js';
import { newestTargets } from './targets.js';

const { core, blob } = newestTargets();

function write(address: number, bytes: readonly number[]): Mutation {
  return {
    level: 'byte',
    words: `${bytes.length} bytes at ${address}`,
    changes: [{ kind: 'write', address, bytes: Uint8Array.from(bytes) }],
    expect: UNKNOWN,
  };
}

function drop(path: string): Mutation {
  return {
    level: 'structure',
    words: `node ${path} dropped`,
    changes: [{ kind: 'tree', blob: 0, edit: { op: 'drop', at: { path } } }],
    expect: UNKNOWN,
  };
}

describe('shrinking', () => {
  test('finds the one mutation of several, and the one byte of it', async () => {
    const at = blob.root.bytes.length - 4;
    const mutations = [write(60, [1, 2, 3]), write(at, [0xaa, 0xbb, 0xcc, 0xdd]), drop('/memblock')];
    const fails = (candidate: readonly Mutation[]) =>
      applied(blob, candidate, ({ blob: bytes }) => bytes.includes(0xcc));
    expect(fails([])).toBe(false);
    const { mutations: small } = await shrink(blob, mutations, fails);
    const [only] = small;
    expect(small.filter(({ words }) => !words.startsWith('without'))).toHaveLength(1);
    const [change] = only?.changes ?? [];
    if (change?.kind !== 'write') throw new Error('a write');
    const before = blob.root.bytes.subarray(at, at + 4);
    expect([...change.bytes].filter((byte, i) => byte !== before[i])).toEqual([0xcc]);
    expect(only?.words).toContain('0xcc');
    expect(fails(small)).toBe(true);
  });

  test('keeps two mutations that fail only together', async () => {
    const mutations = [write(50, [1]), write(52, [0x77]), write(54, [2]), write(56, [0x66])];
    const fails = (candidate: readonly Mutation[]) =>
      applied(blob, candidate, ({ blob: bytes }) => bytes[52] === 0x77 && bytes[56] === 0x66);
    const { mutations: small } = await shrink(blob, mutations, fails);
    expect(small.filter(({ words }) => !words.startsWith('without')).map(({ words }) => words)).toEqual([
      '1 bytes at 52',
      '1 bytes at 56',
    ]);
  });

  test('takes away what of a blob does not matter', async () => {
    const fails = (candidate: readonly Mutation[]) =>
      applied(blob, candidate, ({ blob: bytes }) =>
        new TextDecoder('latin1').decode(bytes).includes('memblock'),
      );
    const { mutations: small } = await shrink(blob, [], fails);
    const words = small.map((each) => each.words);
    expect(words).toContain('without /LUO');
    expect(words).not.toContain('without /memblock');
  });

  test('takes away pages of a core that do not matter, and none of those that do', async () => {
    const [session] = core.handover.luo?.sessions ?? [];
    const address = Number(session?.origin.address);
    const fails = (candidate: readonly Mutation[]) =>
      applied(core, candidate, ({ memory }) => {
        const bytes = new Uint8Array(8);
        return memory?.read(address, 8, bytes) === 8 && bytes.every((byte, i) => byte === session?.name[i]);
      });
    const { mutations: small, tries } = await shrink(core, [], fails);
    expect(tries).toBeLessThanOrEqual(400);
    expect(fails(small)).toBe(true);
    const left = applied(core, small, ({ segments }) =>
      segments.reduce((sum, each) => sum + ('bytes' in each ? each.bytes.length : 0), 0),
    );
    const whole = core.segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(left).toBeLessThan(whole / 4);
  });

  test('stops asking after so many tries', async () => {
    let asked = 0;
    await shrink(core, [write(core.root.address, [1, 2, 3, 4])], () => ++asked > 0, 10);
    expect(asked).toBeLessThanOrEqual(10);
  });
});
