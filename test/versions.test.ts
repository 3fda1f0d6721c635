import { describe, expect, test } from 'vitest';
import { handoverReleases } from '../src/decode/upstream/releases.js';
import { possibleReleases } from '../src/versions/releases.js';
import { ABI_VERSIONS, RELEASES } from '../src/versions/table.js';
import { decodeAt, linuxMemory, linuxTruth } from './decode/linux-dumps.js';

function takes(facts: Parameters<typeof possibleReleases>[0]): string[] {
  return possibleReleases(facts)
    .to.filter(({ takeover }) => takeover === 'yes')
    .map(({ abi }) => abi.release);
}

describe('the table', () => {
  test('lists releases newest first, without repetition', () => {
    const numbers = RELEASES.map(({ release }) =>
      release
        .replace(/-rc\d+$/, '')
        .split('.')
        .map(Number),
    );
    const keys = numbers.map(([major = 0, minor = 0]) => major * 1000 + minor);
    expect(keys).toEqual(keys.toSorted((a, b) => b - a));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('every string of a release has its row', () => {
    const named = new Set(ABI_VERSIONS.map(({ abi }) => abi));
    for (const { kho, luo, files, memblock } of RELEASES) {
      for (const abi of [kho, memblock, ...files, ...(luo === undefined ? [] : [luo])])
        expect(named).toContain(abi);
    }
    for (const { since } of ABI_VERSIONS) {
      if (since !== undefined) expect(RELEASES.map(({ release }) => release)).toContain(since);
    }
  });
});

describe('who accepts whom', () => {
  test('kernels that share a string and a map form take each other over', () => {
    expect(takes({ kho: 'kho-v1', map: 'bitmap-512', files: [] })).toEqual(['6.17', '6.16']);
    expect(takes({ kho: 'kho-v1', map: 'bitmap-page', files: [] })).toEqual(['7.0', '6.19', '6.18']);
    expect(takes({ kho: 'kho-v3', map: 'radix', files: [] })).toEqual(['7.1']);
    expect(takes({ kho: 'kho-v4', map: 'radix', files: [] })).toEqual(['7.4-rc1', '7.3', '7.2']);
    expect(takes({ kho: 'kho-v2', map: 'radix', files: [] })).toEqual([]);
  });

  test('6.17 reads the bitmaps of 6.18 wrongly, and nothing stops it', () => {
    const { to } = possibleReleases({ kho: 'kho-v1', map: 'bitmap-page', files: [] });
    expect(to.find(({ abi }) => abi.release === '6.17')?.takeover).toBe('misreads');
  });

  test('7.0 panics on LUO of 6.19, which has no luo-flb', () => {
    const facts = {
      kho: 'kho-v1',
      map: 'bitmap-page',
      luo: 'luo-v1',
      luoFlb: false,
      files: ['memfd-v1'],
    } as const;
    const { from, to } = possibleReleases(facts);
    expect(from.map(({ release }) => release)).toEqual(['6.19']);
    expect(to.find(({ abi }) => abi.release === '7.0')).toMatchObject({ takeover: 'panics' });
    expect(to.find(({ abi }) => abi.release === '6.18')).toMatchObject({
      takeover: 'loses',
      why: ['it has no LUO'],
    });
    expect(to.find(({ abi }) => abi.release === '7.1')).toMatchObject({ takeover: 'refuses' });
  });

  test('an unknown file handler is lost everywhere, and says nothing about the writer', () => {
    const { from, to } = possibleReleases({
      kho: 'kho-v4',
      map: 'radix',
      luo: 'luo-v5',
      luoFlb: true,
      files: ['vfio-pci-v2'],
    });
    expect(from.map(({ release }) => release)).toEqual(['7.4-rc1', '7.3', '7.2']);
    expect(to.filter(({ takeover }) => takeover === 'loses')).toHaveLength(3);
  });
});

describe('the real dumps', () => {
  test.each([
    ['linux-6.18-handover', ['6.18'], ['7.0', '6.19', '6.18']],
    ['linux-7.1-live-update', ['7.1'], ['7.1']],
    ['linux-7.3-live-update', ['7.3'], ['7.4-rc1', '7.3', '7.2']],
    ['linux-7.3-arm64-16k', ['7.3'], ['7.4-rc1', '7.3', '7.2']],
  ])('%s', (name, from, to) => {
    const [truth] = linuxTruth(name);
    const found = handoverReleases(decodeAt(linuxMemory(name), truth?.pa ?? 0));
    expect(found?.from.map(({ release }) => release)).toEqual(from);
    expect(found?.to.filter(({ takeover }) => takeover === 'yes').map(({ abi }) => abi.release)).toEqual(to);
  });
});
