import { describe, expect, test } from 'vitest';
import { handoverReleases } from '../src/decode/upstream/releases.js';
import { flbOwner } from '../src/versions/flb.js';
import { possibleReleases } from '../src/versions/releases.js';
import { ABI_VERSIONS, RELEASES } from '../src/versions/table.js';
import { type AbiFacts, inferWriter } from '../src/versions/writer.js';
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

describe('the writer, of all parts together', () => {
  const V1 = { kho: 'kho-v1', files: [] } as const;
  const names = (facts: AbiFacts): string[] => inferWriter(facts).from.map(({ release }) => release);

  test.each([
    ['nothing but the string', V1, ['7.0', '6.19', '6.18', '6.17', '6.16'], undefined],
    [
      "kho_test's list in a vmalloc area",
      { ...V1, khoTest: 'vmalloc' },
      ['7.0', '6.19', '6.18'],
      'bitmap-page',
    ],
    ["kho_test's list in its tree", { ...V1, khoTest: 'inline' }, ['6.17'], 'bitmap-512'],
    ['an edited tree', { ...V1, editedTree: true }, ['7.0', '6.19'], 'bitmap-page'],
    ['a tree written in one go', { ...V1, editedTree: false }, ['6.18', '6.17', '6.16'], undefined],
    ["the dump's release", { ...V1, editedTree: false, dumpRelease: '6.17.9' }, ['6.17'], 'bitmap-512'],
    ['LUO with FLBs', { ...V1, luo: 'luo-v1', luoFlb: true }, ['7.0'], 'bitmap-page'],
  ] as const)('%s', (_what, facts, from, map) => {
    expect(names(facts)).toEqual(from);
    expect(inferWriter(facts).map).toBe(map);
    expect(inferWriter(facts).contradiction).toBeUndefined();
  });

  test("a release of the dump that does not fit is the taking kernel's", () => {
    expect(names({ kho: 'kho-v4', files: [], dumpRelease: '7.1.2' })).toEqual(['7.4-rc1', '7.3', '7.2']);
  });

  test.each([
    [{ ...V1, khoTest: 'inline', editedTree: true }, /edited in place.*in its tree/],
    [{ kho: 'kho-v4', files: ['memfd-v1'] }, /"kho-v4".*"memfd-v1"/],
    [{ kho: 'kho-v4', files: [], kexecMetadata: 1, previousRelease: '7.1.3' }, /"kho-v4".*7\.1\.3/],
    [{ ...V1, map: 'bitmap-512', khoTest: 'vmalloc' }, /512-byte bitmaps.*vmalloc area/],
  ] as const)('two parts that no release writes both of: %j', (facts, words) => {
    const { from, contradiction } = inferWriter(facts);
    expect(from).toEqual([]);
    expect(contradiction?.map(({ what }) => what).join(', ')).toMatch(words);
  });

  test('states of development contradict nothing', () => {
    for (const facts of [
      { kho: 'kho-v2', files: ['memfd-v1'], map: 'radix' },
      { kho: 'kho-v4', files: [], previousRelease: '7.1.0-next-20260604' },
      { kho: 'kho-v4', files: [], previousRelease: '7.1.0-08391-g1d1153097f4d' },
      { kho: 'kho-v4', files: ['memfd-v2'], luo: 'luo-v4', previousRelease: '7.1.0' },
    ] as const) {
      expect(inferWriter(facts).contradiction).toBeUndefined();
    }
    expect(inferWriter({ kho: 'kho-v4', files: [], previousRelease: '7.9.0' }).from).toHaveLength(3);
  });

  test('what is open between two forms is open to every reader', () => {
    const { to } = possibleReleases({ ...V1, editedTree: false });
    expect(Object.fromEntries(to.map(({ abi, takeover }) => [abi.release, takeover]))).toMatchObject({
      '6.16': 'unsure',
      '7.0': 'unsure',
      '7.1': 'refuses',
    });
    const sure = possibleReleases({ ...V1, khoTest: 'vmalloc' }).to;
    expect(sure.find(({ abi }) => abi.release === '6.16')?.takeover).toBe('misreads');
  });
});

describe('FLBs', () => {
  const facts = {
    kho: 'kho-v1',
    map: 'bitmap-page',
    luo: 'luo-v1',
    luoFlb: true,
    files: ['memfd-v1'],
  } as const;
  const of = (flbs: readonly string[], release: string) =>
    possibleReleases({ ...facts, flbs }).to.find(({ abi }) => abi.release === release);

  test('6.19 does not read them, and loses those that there are', () => {
    expect(of([], '6.19')?.takeover).toBe('yes');
    expect(of(['liveupdate-test-flb-v0'], '6.19')).toMatchObject({
      takeover: 'loses',
      why: [expect.stringMatching(/luo-flb.*liveupdate-test-flb-v0/)],
    });
  });

  test("7.0 has the test's and no other", () => {
    expect(of(['liveupdate-test-flb-v0'], '7.0')?.takeover).toBe('yes');
    expect(of(['pci'], '7.0')).toMatchObject({
      takeover: 'loses',
      why: [expect.stringMatching(/no FLB "pci"/)],
    });
  });

  test.each([
    ['pci', 'vfio-pci-v2', 'iommufd-v1'],
    ['pci-v3', 'vfio-pci-v1', 'memfd-v2'],
    ['iommu-liveupdate', 'iommufd-v1', 'vfio-pci-v2'],
    ['iommu-v1', 'iommufd-v1', 'memfd-v2'],
    ['hugetlb-v1', 'huge-memfd-v1', 'memfd-v1'],
  ])('%s is held by files of %s, not of %s', (name, holder, other) => {
    expect(flbOwner(name)?.handlers.test(holder)).toBe(true);
    expect(flbOwner(name)?.handlers.test(other)).toBe(false);
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
