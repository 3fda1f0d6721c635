import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, type VtdSettings } from '../../src/schema/settings.js';
import { firstStageFormat } from '../../src/vtd/first-stage.js';
import { secondStageEntry, secondStageFormat } from '../../src/vtd/second-stage.js';
import { translate } from '../../src/vtd/walk/translate.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { leavesOf } from './leaves.js';
import { wordsMemory } from './tables.js';
import { walkAll } from './walk-all.js';

/** Machine A of vtd.md 5. */
const MACHINE_A: VtdSettings = {
  ...DEFAULT_SETTINGS,
  haw: 46,
  cap: 0x00d2078c406f0606n,
  ecap: 0x0000000000f050dfn,
};
/** Machine B, scalable. */
const MACHINE_B: VtdSettings = {
  ...DEFAULT_SETTINGS,
  haw: 46,
  cap: 0x01d2078c406f0406n,
  ecap: 0x0001ed9824f050dfn,
  mode: 'scalable',
};

/** The tables of vtd.md 5.2. */
const SECOND_STAGE: (readonly [number, bigint])[] = [
  [0x10303f120, 0x0000000103040003n],
  [0x103040688, 0x0000000103041003n],
  [0x103040690, 0x0000000280000883n],
  [0x103041598, 0x0000000103042003n],
  [0x1030415a8, 0x0000000240000083n],
  [0x103042c48, 0x0000000234567003n],
];

function secondStage(words = SECOND_STAGE, settings = MACHINE_A) {
  return { memory: wordsMemory(words), root: 0x10303f000, levels: 4, format: secondStageFormat(settings) };
}

/** The tables of 5.2 with one word replaced. */
function withEntry(address: number, value: bigint) {
  const words = SECOND_STAGE.map(([at, old]) => [at, at === address ? value : old] as const);
  return secondStage(words);
}

describe('second-stage walk of vtd.md 5.2', () => {
  it('lists its three leaves', () => {
    const walk = walkTable(secondStage());
    expect(leavesOf(walk.batches)).toEqual([
      { iova: 0x123456789, target: 0x234567, level: 1, access: 3, entry: 0x234567003n },
      { iova: 0x123456a00, target: 0x240000, level: 2, access: 3, entry: 0x240000083n },
      { iova: 0x123480000, target: 0x280000, level: 3, access: 3, entry: 0x280000883n },
    ]);
    expect(walk.report()).toEqual({
      leaves: 3,
      pages: 1 + 512 + 262144,
      tables: 4,
      sharedWalks: 0,
      anomalies: [],
    });
  });

  it.each([
    [0x123456789abcn, 0x234567abcn, 4096],
    [0x123456a12345n, 0x240012345n, 2 ** 21],
    [0x123481234567n, 0x281234567n, 2 ** 30],
  ])('translates %x', (iova, address, pageSize) => {
    const { result } = translate(secondStage(), iova);
    expect(result).toEqual({ kind: 'mapped', address, pageSize, access: 3, effectiveAccess: 3 });
  });

  it('shows every entry on the way', () => {
    const { steps } = translate(secondStage(), 0x123456789abcn);
    expect(
      steps.map(({ level, index, entryAddress, verdict }) => [level, index, entryAddress, verdict]),
    ).toEqual([
      [4, 0x24, 0x10303f120, 'table'],
      [3, 0xd1, 0x103040688, 'table'],
      [2, 0xb3, 0x103041598, 'table'],
      [1, 0x189, 0x103042c48, 'leaf'],
    ]);
    expect(steps.map(({ level, leaf }) => secondStageEntry(level, leaf)?.name)).toEqual([
      'ss_pml4e',
      'ss_pdpe_table',
      'ss_pde_table',
      'ss_pte',
    ]);
  });

  it('ands the permissions of the path, but lists the leaf as it is', () => {
    const request = withEntry(0x103040688, 0x0000000103041001n);
    expect(leavesOf(walkTable(request).batches)[0]?.access).toBe(3);
    expect(translate(request, 0x123456789000n).result).toMatchObject({ access: 3, effectiveAccess: 1 });
  });

  it('finds nothing where nothing is mapped', () => {
    expect(translate(secondStage(), 0n).result).toEqual({ kind: 'absent', level: 4 });
    expect(translate(secondStage(), 1n << 48n).result).toEqual({ kind: 'beyond-width' });
    expect(translate({ ...secondStage(), inputWidth: 39 }, 1n << 39n).result).toEqual({
      kind: 'beyond-width',
    });
  });
});

describe('malformed second-stage entries of vtd.md 5.5', () => {
  it.each([
    { row: 6, at: 0x10303f120, value: 0x103040083n, kind: 'page-size', level: 4, bits: 0x80n },
    { row: 7, at: 0x1030415a8, value: 0x240001083n, kind: 'misaligned-leaf', level: 2, bits: 0x1000n },
    { row: 8, at: 0x103042c48, value: 0x400234567003n, kind: 'address-width', level: 1, bits: 1n << 46n },
    { row: 9, at: 0x103042c48, value: 0x4000000234567003n, kind: 'reserved-bits', level: 1, bits: 1n << 62n },
    { row: 11, at: 0x103040688, value: 0x103041803n, kind: 'reserved-bits', level: 3, bits: 0x800n },
  ] as const)('row $row: $kind', ({ at, value, kind, level, bits }) => {
    const request = withEntry(at, value);
    const walk = walkTable(request);
    const leaves = leavesOf(walk.batches);
    const span = 1n << BigInt(12 + 9 * (level - 1));
    const [anomaly, ...more] = walk.report().anomalies;
    expect(more).toEqual([]);
    expect(anomaly).toMatchObject({ kind, level, entryAddress: at, entry: value, bits, count: 1 });
    expect((anomaly?.iovaEnd ?? 0n) - (anomaly?.iova ?? 0n)).toBe(span);
    for (const leaf of leaves) {
      const byte = BigInt(leaf.iova) << 12n;
      expect(byte < (anomaly?.iova ?? 0n) || byte >= (anomaly?.iovaEnd ?? 0n)).toBe(true);
    }
    expect(translate(request, anomaly?.iova ?? 0n).result).toEqual({ kind: 'invalid', level });
  });

  it('row 9 is legal in scalable mode with SSIRWE: write permission only', () => {
    const settings: VtdSettings = { ...MACHINE_B, ecap: MACHINE_B.ecap | (1n << 57n), ssirwe: true };
    const words = SECOND_STAGE.map(([at, entry]) => {
      return [at, at === 0x103042c48 ? 0x4000000234567003n : entry | (3n << 61n)] as const;
    });
    const walk = walkTable(secondStage(words, settings));
    expect(leavesOf(walk.batches)[0]).toMatchObject({ iova: 0x123456789, access: 2 });
    expect(walk.report().anomalies).toEqual([]);
  });

  it('row 10: a 1 GiB leaf that SSLPS does not allow', () => {
    const settings = { ...MACHINE_A, cap: MACHINE_A.cap & ~(1n << 35n) };
    const { anomalies } = walkAll(secondStage(SECOND_STAGE, settings));
    expect(anomalies).toMatchObject([
      { kind: 'page-size', level: 3, entryAddress: 0x103040690, bits: 0x80n, iova: 0x123480000000n },
    ]);
  });

  it('row 13: an entry without permissions is absent, but not zero', () => {
    const { leaves, anomalies } = walkAll(withEntry(0x103042c48, 0x234567800n));
    expect(leaves).toBe(2);
    expect(anomalies).toMatchObject([{ kind: 'not-present', level: 1, entry: 0x234567800n, count: 1 }]);
  });
});

describe('first-stage walk of vtd.md 5.4', () => {
  const words: (readonly [number, bigint])[] = [
    [0x1030707f0, 0x103071027n],
    [0x103071020, 0x103072027n],
    [0x1030728d0, 0x103073027n],
    [0x1030732b0, 0x256789067n],
  ];
  const request = (changed = words) => ({
    memory: wordsMemory(changed),
    root: 0x103070000,
    levels: 4,
    format: firstStageFormat(MACHINE_B),
  });

  it('lists its page', () => {
    const walk = walkTable(request());
    expect(leavesOf(walk.batches)).toEqual([
      { iova: 0x7f0123456, target: 0x256789, level: 1, access: 3, entry: 0x256789067n },
    ]);
    expect(walk.report().anomalies).toEqual([]);
  });

  it.each([
    ['read-only 4K', 0x1030732b0, 0x256789025n, 1, 1, 0x256789],
    ['2M', 0x1030728d0, 0x2600000e7n, 2, 3, 0x260000],
    ['1G', 0x103071020, 0x2800000e7n, 3, 3, 0x280000],
    ['1G with PAT in bit 12', 0x103071020, 0x2800010e7n, 3, 3, 0x280000],
  ])('%s is legal', (_, at, entry, level, access, target) => {
    const walk = walkTable(request([...words.filter(([address]) => address !== at), [at, entry]]));
    expect(leavesOf(walk.batches)).toMatchObject([{ level, access, target, entry }]);
    expect(walk.report().anomalies).toEqual([]);
  });

  it('row 18 of 5.5: bit 13 of a 1 GiB leaf is reserved', () => {
    const { anomalies } = walkAll(request([...words.slice(0, 1), [0x103071020, 0x2800020e7n]]));
    expect(anomalies).toMatchObject([{ kind: 'misaligned-leaf', level: 3, bits: 0x2000n }]);
  });

  it('needs FS1GP for 1 GiB pages', () => {
    const settings = { ...MACHINE_B, cap: MACHINE_B.cap & ~(1n << 56n) };
    const changed = request([...words.slice(0, 1), [0x103071020, 0x2800000e7n]]);
    const { anomalies } = walkAll({ ...changed, format: firstStageFormat(settings) });
    expect(anomalies).toMatchObject([{ kind: 'page-size', level: 3, bits: 0x80n }]);
  });
});

describe('the table of rfc-2024 2.2.1', () => {
  it('has the leaves and tables that the example states', () => {
    const memory = wordsMemory([
      [0x12340000, 0x12341003n],
      [0x12340008, 0x12380003n],
      [0x12341000, 0x12342003n],
      [0x12341008, 0x140000083n],
      [0x12342000, 0x100000083n],
      [0x12342008, 0x12343003n],
      [0x12343000, 0x100200003n],
      [0x12343008, 0x100201003n],
      [0x12380000, 0n],
    ]);
    const tables: number[] = [];
    const walk = walkTable({
      memory,
      root: 0x12340000,
      levels: 4,
      format: secondStageFormat(),
      onTable: ({ address }) => tables.push(address),
    });
    expect(leavesOf(walk.batches).map(({ target, level }) => [target, level])).toEqual([
      [0x100000, 2],
      [0x100200, 1],
      [0x100201, 1],
      [0x140000, 3],
    ]);
    expect(tables).toEqual([0x12340000, 0x12341000, 0x12342000, 0x12343000, 0x12380000]);
  });
});
