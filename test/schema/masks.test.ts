import { describe, expect, it } from 'vitest';
import * as vtd from '../../src/records/vtd.js';
import type { EntryMask } from '../../src/schema/masks.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../../src/schema/settings.js';

type Part = 'reserved' | 'ignored' | 'address';

function bits(mask: EntryMask | undefined, part: Part): string {
  if (mask === undefined) throw new Error('no such word');
  const hi = mask[`${part}Hi`].toString(16).padStart(8, '0');
  return `0x${hi}${mask[`${part}Lo`].toString(16).padStart(8, '0')}`;
}

function settings(changes: Partial<VtdSettings>): VtdSettings {
  return { ...DEFAULT_SETTINGS, ...changes };
}

/** A register value with every bit of the default but those of the named fields. */
function without(
  register: { readonly [field: string]: { readonly lo: number; readonly hi: number } },
  ...ids: string[]
): bigint {
  return ids.reduce((value, id) => {
    const { lo, hi } = register[id] ?? { lo: 0, hi: 0 };
    return value & ~((BigInt(hi) << 32n) | BigInt(lo));
  }, DEFAULT_SETTINGS.cap);
}

const HAWS = [39, 46, 48, 52];

// Section 1.8 of the VT-d notes, "Reserved masks for SSIRWE = 0", columns HAW 39, 46, 48, 52.
const SECOND_STAGE: readonly [string, ((settings: VtdSettings) => EntryMask)[], string[]][] = [
  [
    'PML5E, PML4E',
    [vtd.ssPml5eMasks, vtd.ssPml4eMasks],
    ['0x400fff8000000880', '0x400fc00000000880', '0x400f000000000880', '0x4000000000000880'],
  ],
  [
    'PDPE, PDE of a table',
    [vtd.ssPdpeTableMasks, vtd.ssPdeTableMasks],
    ['0x400fff8000000800', '0x400fc00000000800', '0x400f000000000800', '0x4000000000000800'],
  ],
  [
    'PDPE of 1 GiB',
    [vtd.ssPdpeLeafMasks],
    ['0x400fff803ffff000', '0x400fc0003ffff000', '0x400f00003ffff000', '0x400000003ffff000'],
  ],
  [
    'PDE of 2 MiB',
    [vtd.ssPdeLeafMasks],
    ['0x400fff80001ff000', '0x400fc000001ff000', '0x400f0000001ff000', '0x40000000001ff000'],
  ],
  [
    'PTE',
    [vtd.ssPteMasks],
    ['0x400fff8000000000', '0x400fc00000000000', '0x400f000000000000', '0x4000000000000000'],
  ],
];

describe.each(SECOND_STAGE)('second stage: %s', (_, functions, table) => {
  it('reserves the bits of the table', () => {
    for (const masks of functions) {
      expect(HAWS.map((haw) => bits(masks(settings({ haw })), 'reserved'))).toEqual(table);
    }
  });
});

describe('second stage', () => {
  const or = (mask: string, more: bigint): string =>
    `0x${(BigInt(mask) | more).toString(16).padStart(16, '0')}`;

  it('reserves SNP of leaves without snoop control', () => {
    const ecap = without(vtd.ECAP_REG_BITS, 'sc');
    for (const masks of [vtd.ssPdpeLeafMasks, vtd.ssPdeLeafMasks, vtd.ssPteMasks]) {
      const plain = bits(masks(settings({ haw: 46 })), 'reserved');
      expect(bits(masks(settings({ haw: 46, ecap })), 'reserved')).toBe(or(plain, 0x800n));
    }
  });

  it('reserves PS of a leaf whose page size the hardware lacks', () => {
    const only2m = settings({ haw: 46, cap: without(vtd.CAP_REG_BITS, 'sslps1g') });
    expect(bits(vtd.ssPdpeLeafMasks(only2m), 'reserved')).toBe('0x400fc0003ffff080');
    expect(bits(vtd.ssPdeLeafMasks(only2m), 'reserved')).toBe('0x400fc000001ff000');
    const none = settings({ haw: 46, cap: without(vtd.CAP_REG_BITS, 'sslps1g', 'sslps2m') });
    expect(bits(vtd.ssPdeLeafMasks(none), 'reserved')).toBe('0x400fc000001ff080');
  });

  it('frees bit 62 with SSIRWE and, in leaves, for TM in revision 2.x', () => {
    const ssirwe = settings({ haw: 46, mode: 'scalable', ssirwe: true });
    expect(bits(vtd.ssPteMasks(ssirwe), 'reserved')).toBe('0x000fc00000000000');
    expect(bits(vtd.ssPml4eMasks(ssirwe), 'reserved')).toBe('0x000fc00000000880');
    expect(bits(vtd.ssPteMasks(ssirwe), 'ignored')).toBe('0x9ff00000000007ff');
    const old = settings({ haw: 46, rev: 2 });
    expect(bits(vtd.ssPteMasks(old), 'reserved')).toBe('0x000fc00000000000');
    expect(bits(vtd.ssPdeTableMasks(old), 'reserved')).toBe('0x400fc00000000800');
    expect(bits(vtd.ssPteMasks(settings({ haw: 46, rev: 3 })), 'reserved')).toBe('0x400fc00000000000');
  });

  it('ignores what software may use, and more while features are off', () => {
    const free = (1n << 10n) | (0x1ffn << 52n) | (1n << 63n);
    const all = [
      vtd.ssPml5eMasks,
      vtd.ssPml4eMasks,
      vtd.ssPdpeTableMasks,
      vtd.ssPdeTableMasks,
      vtd.ssPdpeLeafMasks,
      vtd.ssPdeLeafMasks,
      vtd.ssPteMasks,
    ];
    for (const rev of [2, 3, 5] as const) {
      const everything = settings({ rev, mode: 'scalable', ssirwe: true, ssade: true, emte: true });
      for (const masks of all) {
        expect(BigInt(bits(masks(everything), 'ignored')) & free).toBe(free);
        expect(BigInt(bits(masks(everything), 'ignored')) & BigInt(bits(masks(everything), 'reserved'))).toBe(
          0n,
        );
      }
    }
    // Legacy mode: X, EMT, IPAT, PS of a PTE, A, D, 10, 60:52, IR, 63.
    expect(bits(vtd.ssPteMasks(settings({})), 'ignored')).toBe('0xbff00000000007fc');
    const inUse = settings({ mode: 'scalable', ssade: true, emte: true });
    expect(bits(vtd.ssPteMasks(inUse), 'ignored')).toBe('0xbff0000000000484');
    expect(bits(vtd.ssPdeTableMasks(inUse), 'ignored')).toBe('0xbff000000000067c');
  });

  it('gives the address bits below the host address width', () => {
    expect(bits(vtd.ssPteMasks(settings({ haw: 46 })), 'address')).toBe('0x00003ffffffff000');
    expect(bits(vtd.ssPteMasks(settings({ haw: 52 })), 'address')).toBe('0x000ffffffffff000');
    expect(bits(vtd.ssPdeLeafMasks(settings({ haw: 52 })), 'address')).toBe('0x000fffffffe00000');
    expect(bits(vtd.ssPdpeLeafMasks(settings({ haw: 52 })), 'address')).toBe('0x000fffffc0000000');
  });
});

describe('first stage, HAW 46', () => {
  it.each([
    ['PML5E', vtd.fsPml5eMasks, '0x000fc00000000080'],
    ['PML4E', vtd.fsPml4eMasks, '0x000fc00000000080'],
    ['PDPE of a table', vtd.fsPdpeTableMasks, '0x000fc00000000000'],
    ['PDE of a table', vtd.fsPdeTableMasks, '0x000fc00000000000'],
    ['PDPE of 1 GiB', vtd.fsPdpeLeafMasks, '0x000fc0003fffe000'],
    ['PDE of 2 MiB', vtd.fsPdeLeafMasks, '0x000fc000001fe000'],
    ['PTE', vtd.fsPteMasks, '0x000fc00000000000'],
  ] as const)('%s', (_, masks, expected) => {
    expect(bits(masks(settings({ haw: 46 })), 'reserved')).toBe(expected);
  });

  it('reserves PS of a 1 GiB leaf without FS1GP, never of a 2 MiB leaf', () => {
    const none = settings({ haw: 46, cap: without(vtd.CAP_REG_BITS, 'fs1gp') });
    expect(bits(vtd.fsPdpeLeafMasks(none), 'reserved')).toBe('0x000fc0003fffe080');
    expect(bits(vtd.fsPdeLeafMasks(none), 'reserved')).toBe('0x000fc000001fe000');
  });

  it('ignores G, 9, 11, 62:52 and, in revision 5.x, XD; EA only without EAFE', () => {
    expect(bits(vtd.fsPteMasks(settings({})), 'ignored')).toBe('0xfff0000000000f00');
    expect(bits(vtd.fsPteMasks(settings({ eafe: true, rev: 3 })), 'ignored')).toBe('0x7ff0000000000b00');
  });
});

describe('root, context and PASID structures, HAW 46', () => {
  const hawBits = 0xffffc00000000000n;
  const hex = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`;
  const all = (masks: readonly EntryMask[]): string[] => masks.map((mask) => bits(mask, 'reserved'));
  const empty = new DataView(new ArrayBuffer(64));

  it('legacy root and context entries', () => {
    expect(all(vtd.rootEntryMasks(settings({ haw: 46 })))).toEqual([
      hex(hawBits | 0xffen),
      hex(2n ** 64n - 1n),
    ]);
    const context = vtd.readContextEntry(empty, 0);
    expect(all(vtd.contextEntryMasks(settings({ haw: 46 }), context))).toEqual([
      hex(hawBits | 0xff0n),
      '0xffffffffff000080',
    ]);
    // ND = 2: domain ids of 8 bits, CAP value of a published boot log.
    const small = settings({ haw: 46, cap: 0x00d2008c40660462n });
    expect(all(vtd.contextEntryMasks(small, { ...context, tt: 2 }))).toEqual([
      '0x0000000000000ff0',
      '0xffffffffffff0080',
    ]);
  });

  it('scalable root, context and PASID directory entries', () => {
    expect(all(vtd.scalableRootEntryMasks(settings({ haw: 46 })))).toEqual([
      hex(hawBits | 0xffen),
      hex(hawBits | 0xffen),
    ]);
    const open = settings({ haw: 46 });
    const rest = ['0xffffffffffffffff', '0xffffffffffffffff'];
    expect(all(vtd.scalableContextEntryMasks(open))).toEqual([
      hex(hawBits | 0x180n),
      '0xffffffffffe00000',
      ...rest,
    ]);
    expect(all(vtd.scalableContextEntryMasks({ ...open, rev: 3 }))).toEqual([
      hex(hawBits | 0x1e0n),
      '0xffffffffffe00000',
      ...rest,
    ]);
    const bare = { ...open, ecap: 0n };
    expect(all(vtd.scalableContextEntryMasks(bare)).slice(0, 2)).toEqual([
      hex(hawBits | 0x1fcn),
      '0xffffffffffffffff',
    ]);
    expect(bits(vtd.pasidDirEntryMasks(open), 'reserved')).toBe(hex(hawBits | 0xffcn));
  });

  it('PASID entries by translation type', () => {
    const entry = vtd.readPasidEntry(empty, 0);
    const second = vtd.pasidEntryMasks(settings({ haw: 46 }), { ...entry, pgtt: 2 });
    expect(all(second)).toEqual([
      hex(hawBits | 0xc20n),
      '0x00000000f87f0000',
      '0x0000000000000f02',
      '0xffffffffffffffff',
      '0x0000000000000ff8',
      '0xffffffffffff0000',
      '0xffffffffffffffff',
      '0xffffffffffffffff',
    ]);
    // WPE, NXE, SMEP, EAFE and FSPTPTR are of no concern to the second stage.
    expect(bits(second[2], 'ignored')).toBe('0xfffffffffffff0f0');
    const first = vtd.pasidEntryMasks(settings({ haw: 46 }), { ...entry, pgtt: 1 });
    expect(bits(first[0], 'reserved')).toBe('0x0000000000000c20');
    expect(bits(first[0], 'ignored')).toBe('0xfffffffffffff21c');
    expect(bits(first[2], 'reserved')).toBe(hex(hawBits | 0xf02n));
    const revision3 = vtd.pasidEntryMasks(settings({ haw: 46, rev: 3 }), { ...entry, pgtt: 2 });
    expect(bits(revision3[0], 'reserved')).toBe(hex(hawBits | 0xc00n));
    expect(bits(revision3[1], 'reserved')).toBe('0x00000000007f0000');
    expect(bits(revision3[2], 'reserved')).toBe('0x0000000000000f00');
    expect(bits(revision3[4], 'reserved')).toBe('0xffffffffffffffff');
    const noFirstStage = settings({ haw: 46, ecap: without(vtd.ECAP_REG_BITS, 'fsts', 'srs', 'mts') });
    const nested = vtd.pasidEntryMasks(noFirstStage, { ...entry, pgtt: 3 });
    expect(bits(nested[2], 'reserved')).toBe('0xffffffffffffff1f');
    expect(bits(nested[1], 'reserved')).toBe('0xfffffffffe7f0000');
  });

  it('RTADDR', () => {
    expect(bits(vtd.rtaddrRegMasks(settings({ haw: 46 })), 'reserved')).toBe(hex(hawBits | 0x37fn));
    expect(bits(vtd.rtaddrRegMasks(settings({ haw: 46, rev: 3 })), 'reserved')).toBe(hex(hawBits | 0x3ffn));
  });
});

describe('worked values', () => {
  const one = <T>(value: bigint, read: (view: DataView, offset: number) => T): T => {
    const view = new DataView(new ArrayBuffer(64));
    view.setBigUint64(0, value, true);
    return read(view, 0);
  };

  it('CAP and ECAP of published boot logs', () => {
    const old = one(0x00d2008c40660462n, vtd.readCapReg);
    expect(old).toMatchObject({
      nd: 2,
      sagaw: 4,
      mgaw: 38,
      sslps2m: 1,
      sslps1g: 1,
      zlr: 1,
      nfr: 0,
      fro: 0x40,
      mamv: 18,
    });
    const newer = one(0x08d2078c106f0466n, vtd.readCapReg);
    expect(newer).toMatchObject({ nd: 6, sagaw: 4, mgaw: 47, nfr: 7, fro: 0x10, pi: 1 });
    const ecap = one(0xf050dan, vtd.readEcapReg);
    expect(ecap).toMatchObject({ c: 0, qi: 1, dt: 0, ir: 1, eim: 1, pt: 1, sc: 1, iro: 0x50, mhmv: 15 });
  });

  it('entries of the worked walks', () => {
    expect(one(0x280000883n, vtd.readSsPdpeLeaf)).toMatchObject({
      r: 1,
      w: 1,
      ps: 1,
      snp: 1,
      address: 0x280000000 / 2 ** 30,
    });
    expect(one(0x240000083n, vtd.readSsPdeLeaf)).toMatchObject({ ps: 1, address: 0x240000000 / 2 ** 21 });
    expect(one(0x234567003n, vtd.readSsPte)).toMatchObject({ r: 1, w: 1, address: 0x234567n });
    expect(one(0x103027400n, vtd.readRtaddrReg)).toMatchObject({
      rta: 0x103027n,
      ttm: vtd.TableMode.scalable,
    });
    expect(one(0x10303f005n, vtd.readContextEntry)).toMatchObject({ p: 1, tt: 1, ssptptr: 0x10303fn });
    expect(one(0x103060289n, vtd.readPasidEntry)).toMatchObject({
      p: 1,
      aw: 2,
      pgtt: 2,
      ssade: 1,
      ssptptr: 0x103060n,
    });
    expect(one(0x256789067n, vtd.readFsPte)).toMatchObject({
      p: 1,
      rw: 1,
      us: 1,
      a: 1,
      d: 1,
      address: 0x256789n,
    });
  });

  // Section 5.5: value, masks, and whether a reserved bit is set on that machine.
  const machineA = settings({ haw: 46, cap: 0x00d2078c406f0606n, ecap: 0x0000000000f050dfn });
  const machineB = settings({
    haw: 46,
    cap: 0x01d2078c406f0406n,
    ecap: 0x0001ed9824f050dfn,
    mode: 'scalable',
  });
  const noGib = settings({ haw: 46, cap: 0x00d2078c406f0606n & ~(1n << 35n), ecap: 0x0000000000f050dfn });
  it.each([
    ['2: root qw1, legacy', 0x1n, vtd.rootEntryMasks(machineA)[1], true],
    ['2: the same, scalable', 0x1n, vtd.scalableRootEntryMasks(machineB)[1], false],
    ['1: root bit 1', 0x10303e003n, vtd.rootEntryMasks(machineA)[0], true],
    ['5: context bit 71', 0x2382n, vtd.contextEntryMasks(machineA, one(0n, vtd.readContextEntry))[1], true],
    ['6: PML4E with PS', 0x103040083n, vtd.ssPml4eMasks(machineA), true],
    ['7: 2 MiB leaf with bit 12', 0x240001083n, vtd.ssPdeLeafMasks(machineA), true],
    ['8: PTE with bit 46', 0x400234567003n, vtd.ssPteMasks(machineA), true],
    ['9: PTE with bit 62', 0x4000000234567003n, vtd.ssPteMasks(machineA), true],
    ['9: the same with SSIRWE', 0x4000000234567003n, vtd.ssPteMasks({ ...machineB, ssirwe: true }), false],
    ['10: 1 GiB leaf, SSLPS 1', 0x280000083n, vtd.ssPdpeLeafMasks(noGib), true],
    ['10: the same, SSLPS 3', 0x280000083n, vtd.ssPdpeLeafMasks(machineA), false],
    ['11: SNP on a table', 0x103041803n, vtd.ssPdpeTableMasks(machineA), true],
    [
      '16: PASID entry bit 10',
      0x103060689n,
      vtd.pasidEntryMasks(machineB, one(0x103060689n, vtd.readPasidEntry))[0],
      true,
    ],
    ['18: first-stage 1 GiB with bit 13', 0x2800020e7n, vtd.fsPdpeLeafMasks(machineB), true],
    ['first-stage 1 GiB with PAT', 0x2800010e7n, vtd.fsPdpeLeafMasks(machineB), false],
  ] as const)('%s', (_, value, mask, violated) => {
    expect((value & BigInt(bits(mask, 'reserved'))) !== 0n).toBe(violated);
  });
});
