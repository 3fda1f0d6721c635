import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overlay } from '../../src/memory/overlay.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../../src/schema/settings.js';
import { type ListNotice, listDevices } from '../../src/vtd/context/list.js';
import { devicePath, type UnitTables } from '../../src/vtd/context/path.js';
import { deviceText, parseDeviceId } from '../../src/vtd/device-id.js';
import { parseRegset, rootPointer, settingsOf } from '../../src/vtd/registers.js';
import { dmarTranslationText } from '../../src/vtd/text/dmar-translation.js';
import { domainTranslationText } from '../../src/vtd/text/domain-translation.js';
import { sweep } from '../sweep.js';
import { parseSysfs } from './sysfs.js';
import { tablePage, wordsMemory } from './tables.js';

type Words = readonly (readonly [number, bigint])[];

const MACHINE_A: VtdSettings = {
  ...DEFAULT_SETTINGS,
  haw: 46,
  cap: 0x00d2078c406f0606n,
  ecap: 0x0000000000f050dfn,
};
const MACHINE_B: VtdSettings = {
  ...DEFAULT_SETTINGS,
  haw: 46,
  cap: 0x01d2078c406f0406n,
  ecap: 0x0001ed9824f050dfn,
  mode: 'scalable',
};

/** The legacy tables of vtd.md 5.1 and 5.2. */
const LEGACY: Words = [
  [0x1030273b0, 0x10303e001n],
  [0x1030273b8, 0n],
  [0x10303e000, 0x10303f005n],
  [0x10303e008, 0x2302n],
  [0x10303f120, 0x103040003n],
  [0x103040688, 0x103041003n],
  [0x103040690, 0x280000883n],
  [0x103041598, 0x103042003n],
  [0x1030415a8, 0x240000083n],
  [0x103042c48, 0x234567003n],
];

/** Scalable tables of vtd.md 5.3 and 5.4, for 3b:00.0. */
const SCALABLE: Words = [
  [0x1030273b0, 0x10303e001n],
  [0x10303e000, 0x103050409n],
  [0x103050000, 0x103051001n],
  [0x103050008, 0x103052001n],
  [0x103051000, 0x103060289n],
  [0x103051008, 0x800005n],
  [0x103052040, 0x49n],
  [0x103052048, 0x1800006n],
  [0x103052050, 0x103070000n],
];

function withWords(words: Words, changes: Words): Words {
  const changed = new Map([...words, ...changes]);
  return [...changed];
}

function legacy(changes: Words = []): UnitTables {
  return { memory: wordsMemory(withWords(LEGACY, changes)), rtaddr: 0x103027000n, settings: MACHINE_A };
}

function scalable(changes: Words = []): UnitTables {
  return { memory: wordsMemory(withWords(SCALABLE, changes)), rtaddr: 0x103027400n, settings: MACHINE_B };
}

describe('the legacy tables of vtd.md 5.1', () => {
  it('lead from the root to the second stage', () => {
    const path = devicePath(legacy(), 0x3b, 0);
    expect(path.steps.map(({ kind, address, verdict }) => [kind, address, verdict])).toEqual([
      ['root-entry', 0x1030273b0, 'present'],
      ['context-entry', 0x10303e000, 'present'],
    ]);
    expect(path.translation).toEqual({
      kind: 'second-stage',
      second: { address: 0x10303f000, levels: 4 },
      did: 0x23,
    });
    expect(devicePath(legacy(), 0x3b, 1).steps.map(({ verdict }) => verdict)).toEqual(['present', 'absent']);
    expect(devicePath(legacy(), 0, 0).steps.map(({ verdict }) => verdict)).toEqual(['absent']);
  });

  it('pass-through', () => {
    const unit = legacy([
      [0x10303e000, 0x9n],
      [0x10303e008, 0x102n],
    ]);
    expect(devicePath(unit, 0x3b, 0).translation).toEqual({ kind: 'pass-through', did: 1 });
    expect([
      ...domainTranslationText(unit.memory, { segment: 0, bus: 0x3b, devfn: 0 }, devicePath(unit, 0x3b, 0)),
    ]).toEqual([]);
  });

  it('print as the kernel would print them (5.2)', () => {
    const unit = legacy();
    const text = [
      ...domainTranslationText(unit.memory, { segment: 0, bus: 0x3b, devfn: 0 }, devicePath(unit, 0x3b, 0)),
    ].join('');
    expect(text.split('\n')).toEqual([
      'Device 0000:3b:00.0 @0x10303f000',
      'IOVA_PFN         \tPML5E             \tPML4E             \tPDPE              \tPDE               \tPTE',
      '0x0000123456789 |\t0x0000000000000000\t0x0000000103040003\t0x0000000103041003\t0x0000000103042003\t0x0000000234567003',
      '0x0000123456a00 |\t0x0000000000000000\t0x0000000103040003\t0x0000000103041003\t0x0000000240000083',
      '0x0000123480000 |\t0x0000000000000000\t0x0000000103040003\t0x0000000280000883',
      '',
    ]);
    const rows = [...dmarTranslationText(unit)].join('').split('\n').slice(1);
    expect(rows).toEqual([
      '3b:00.0\t0x0000000000000000:0x000000010303e001\t0x0000000000002302:0x000000010303f005\t-1    \t0x0000000000000000:0x0000000000000000:0x0000000000000000',
      '',
      '',
    ]);
  });

  it('a large page after a table has no entries of the table in its row', () => {
    const unit = legacy([[0x1030415a8, 0n]]);
    const path = devicePath(unit, 0x3b, 0);
    const text = [...domainTranslationText(unit.memory, { segment: 0, bus: 0x3b, devfn: 0 }, path)].join('');
    expect(
      text
        .split('\n')
        .slice(2, 4)
        .map((line) => line.split('\t').length),
    ).toEqual([6, 4]);
  });

  it.each([
    { row: 1, at: 0x1030273b0, value: 0x10303e003n, kind: 'root-entry', reserved: [2n, 0n] },
    { row: 2, at: 0x1030273b8, value: 1n, kind: 'root-entry', reserved: [0n, 1n] },
    { row: 5, at: 0x10303e008, value: 0x2382n, kind: 'context-entry', reserved: [0n, 0x80n] },
  ] as const)('row $row of 5.5 is reserved', ({ at, value, kind, reserved }) => {
    const { steps } = devicePath(legacy([[at, value]]), 0x3b, 0);
    expect(steps.find((step) => step.kind === kind)).toMatchObject({ verdict: 'invalid', reserved });
  });

  it('row 3 of 5.5: a translation type that is none', () => {
    const { translation } = devicePath(legacy([[0x10303e000, 0x10303f00dn]]), 0x3b, 0);
    expect(translation).toEqual({ kind: 'reserved', type: 3, did: 0x23 });
  });
});

describe('the scalable tables of vtd.md 5.3 and 5.4', () => {
  it('PASID 0 by RID_PASID: second stage', () => {
    const path = devicePath(scalable(), 0x3b, 0);
    expect(path.pasid).toBe(0);
    expect(path.steps.map(({ address }) => address)).toEqual([
      0x1030273b0, 0x10303e000, 0x103050000, 0x103051000,
    ]);
    expect(path.translation).toEqual({
      kind: 'second-stage',
      second: { address: 0x103060000, levels: 4 },
      did: 5,
    });
  });

  it('PASID 0x41: first stage', () => {
    const path = devicePath(scalable(), 0x3b, 0, 0x41);
    expect(path.steps.at(-1)?.address).toBe(0x103052040);
    expect(path.translation).toMatchObject({
      kind: 'first-stage',
      first: { address: 0x103070000, levels: 4 },
      did: 6,
    });
    expect(path.steps.map(({ verdict }) => verdict)).toEqual(['present', 'present', 'present', 'present']);
  });

  it('PASIDs that are missing', () => {
    expect(devicePath(scalable(), 0x3b, 0, 1).steps.at(-1)?.verdict).toBe('absent');
    expect(devicePath(scalable(), 0x3b, 0, 64 * 2).steps.at(-1)?.verdict).toBe('absent');
    expect(devicePath(scalable(), 0x3b, 0, 512 * 64).ends).toBe('pasid-beyond-directory');
    expect(devicePath(scalable(), 0x3b, 0x80).steps.map(({ verdict }) => verdict)).toEqual(['absent']);
  });

  it('other kinds of PASID entries', () => {
    const of = (changes: Words) => devicePath(scalable(changes), 0x3b, 0).translation;
    expect(
      of([
        [0x103051000, 0x109n],
        [0x103051008, 0x800001n],
      ]),
    ).toEqual({ kind: 'pass-through', did: 1 });
    expect(of([[0x103051000, 0x10306028dn]])).toMatchObject({ second: { levels: 5 } });
    expect(
      of([
        [0x103051000, 0x1030602c9n],
        [0x103051010, 0x55004n],
      ]),
    ).toEqual({
      kind: 'nested',
      first: { address: 0x55000, levels: 5 },
      second: { address: 0x103060000, levels: 4 },
      did: 5,
    });
    expect(of([[0x103051000, 0x103060149n]])).toMatchObject({ kind: 'reserved', type: 5 });
  });

  it('rows 14 and 16 of 5.5', () => {
    const pasid = devicePath(scalable([[0x103051000, 0x103060689n]]), 0x3b, 0);
    expect(pasid.steps.at(-1)).toMatchObject({
      verdict: 'invalid',
      reserved: [0x400n, 0n, 0n, 0n, 0n, 0n, 0n, 0n],
    });
    // PRE without DTE is bad programming, no reserved bit.
    const context = devicePath(scalable([[0x10303e000, 0x103050419n]]), 0x3b, 0);
    expect(context.steps[1]).toMatchObject({ verdict: 'present' });
  });

  it('judge each half of a root entry on its own', () => {
    const unit = scalable([[0x1030273b8, 0x2n]]);
    expect(devicePath(unit, 0x3b, 0).steps[0]?.verdict).toBe('present');
    const upper = scalable([[0x1030273b8, 0x10303e003n]]);
    expect(devicePath(upper, 0x3b, 0x80).steps[0]).toMatchObject({ verdict: 'invalid', reserved: [0n, 2n] });
    expect(devicePath(upper, 0x3b, 0x80).translation?.kind).toBe('second-stage');
  });

  it('are listed by bus, devfn and PASID', () => {
    const list = [...listDevices(scalable())].map(({ bus, devfn, pasid }) => [bus, devfn, pasid]);
    expect(list).toEqual([
      [0x3b, 0, 0],
      [0x3b, 0, 0x41],
    ]);
  });

  it('a bus with only the upper table is listed, but not by the kernel', () => {
    const unit = scalable([
      [0x1030273b0, 0n],
      [0x1030273b8, 0x10303e001n],
    ]);
    expect([...listDevices(unit)].map(({ devfn, pasid }) => [devfn, pasid])).toEqual([
      [0x80, 0],
      [0x80, 0x41],
    ]);
    expect([...dmarTranslationText(unit)].join('').split('\n').length).toBe(3);
  });
});

describe('tables of which parts are missing', () => {
  it('are told about', () => {
    const notices: ListNotice[] = [];
    const onNotice = (notice: ListNotice) => notices.push(notice);
    const unit = { memory: wordsMemory([[0x103027000, 0x5001n]]), rtaddr: 0x103027000n, settings: MACHINE_A };
    expect([...listDevices(unit, { onNotice })]).toEqual([]);
    expect(notices).toMatchObject([
      { kind: 'step', bus: 0, devfn: 0, step: { kind: 'context-entry', verdict: 'unknown' } },
    ]);
    expect([...listDevices({ ...unit, rtaddr: 0x103027800n }, { onNotice })]).toEqual([]);
    expect(notices.at(-1)).toEqual({ kind: 'mode', mode: 'extended' });
    expect(devicePath({ ...unit, rtaddr: 0x103027c00n }, 0, 0).ends).toBe('mode');
  });

  it('hostile tables end with the budget', () => {
    // Root, context and PASID structures that all are the same page of present entries.
    const memory = wordsMemory(tablePage(0x1000, () => 0x1e09n));
    const unit = { memory, rtaddr: 0x1400n, settings: MACHINE_B };
    const kinds = new Set<string>();
    let listed = 0;
    const onNotice = ({ kind }: ListNotice) => kinds.add(kind);
    for (const _ of listDevices(unit, { onNotice, pasidBudget: 10000 })) listed++;
    expect(kinds).toContain('pasid-budget');
    expect(listed).toBeLessThan(10000 + 65536);
  });

  it('so do large directories without any entry', () => {
    const contexts = tablePage(0x2000, (i) => (i % 4 === 0 ? 0x100e01n : 0n));
    const tables = wordsMemory([[0x1000, 0x2001n], ...contexts]);
    const memory = overlay(tables, segmentsMemory([{ address: 0x100000, zeroLength: 0x20000 }], 'zeros'));
    const unit = { memory, rtaddr: 0x1400n, settings: MACHINE_B };
    const notices: ListNotice[] = [];
    const onNotice = (notice: ListNotice) => notices.push(notice);
    expect([...listDevices(unit, { onNotice, pasidBudget: 40000 })].length).toBe(128);
    // Two of the 128 directories of 16384 entries fit.
    expect(notices.length).toBe(126);
    expect(new Set(notices.map(({ kind }) => kind))).toEqual(new Set(['pasid-budget']));
  });

  it('random words never make anything throw', () => {
    const word = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.constantFrom(0n, 0x1001n, 0x2409n, 0x3001n, 0x1289n),
    );
    const words = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 * 512 - 1 }), word), { maxLength: 40 });
    fc.assert(
      fc.property(words, fc.constantFrom(0x1000n, 0x1400n, 0x1c00n, 2n ** 64n - 1n), (entries, rtaddr) => {
        const memory = wordsMemory(entries.map(([index, value]) => [0x1000 + index * 8, value]));
        const unit = { memory, rtaddr, settings: settingsOf({ rtaddr, haw: 46 }) };
        for (const path of listDevices(unit, { pasidBudget: 2000 })) {
          expect(path.steps.length).toBeGreaterThan(0);
          const device = { segment: 0, bus: path.bus, devfn: path.devfn };
          for (const chunk of domainTranslationText(memory, device, path))
            expect(chunk.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: sweep(50, 25) },
    );
  });
});

describe('texts', () => {
  it.each([
    ['3b:00.0', { segment: 0, bus: 0x3b, devfn: 0 }, '0000:3b:00.0'],
    ['0001:ff:1f.7', { segment: 1, bus: 0xff, devfn: 0xff }, '0001:ff:1f.7'],
    ['0:0:3.1', { segment: 0, bus: 0, devfn: 0x19 }, '0000:00:03.1'],
  ])('device %s', (text, id, printed) => {
    expect(parseDeviceId(text)).toEqual(id);
    expect(deviceText(id)).toBe(printed);
  });

  it.each(['', '3b', '3b:00', '3b:20.0', '3b:00.8', '10000:3b:00.0', '3b:00.0 ', 'x:00.0'])(
    'no device: %j',
    (text) => {
      expect(parseDeviceId(text)).toBeUndefined();
    },
  );

  it('registers of several units; anything else is not a unit', () => {
    const text =
      'IOMMU: dmar0 Register Base Address: fed90000\nName\t\t\tOffset\t\tContents\nCAP             \t0x08\t\t0x1\n\nIOMMU: dmar1 Register Base Address: fed91000\nRTADDR          \t0x20\t\t0xffffffffffffffff\n';
    expect(parseRegset(text).map(({ name, values }) => [name, [...values]])).toEqual([
      ['dmar0', [['CAP', 1n]]],
      ['dmar1', [['RTADDR', 0xffffffffffffffffn]]],
    ]);
    expect(parseRegset('CAP 0x08 0x1\n\u0000\nIOMMU: x\n')).toEqual([]);
    expect(parseSysfs('hello\n/sys/class/iommu/dmar0/cap 1\n')).toEqual([]);
  });

  it('RTADDR modes', () => {
    expect(rootPointer(0x103027480n)).toMatchObject({
      address: 0x103027000n,
      mode: 'scalable',
      ssirwe: true,
    });
    expect(settingsOf({ rtaddr: 0x103027480n })).toMatchObject({ mode: 'scalable', ssirwe: true, haw: 52 });
    expect(settingsOf({ rtaddr: 0x103027080n })).toMatchObject({ mode: 'legacy', ssirwe: false });
    expect(rootPointer(0xc00n).mode).toBe('abort-dma');
  });
});
