import { describe, expect, it } from 'vitest';
import { listDevices } from '../../src/vtd/context/list.js';
import { devicePath, type UnitTables } from '../../src/vtd/context/path.js';
import { type DeviceId, parseDeviceId } from '../../src/vtd/device-id.js';
import { inputWidthOf, parseRegset, settingsOfUnit } from '../../src/vtd/registers.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { dmarTranslationText } from '../../src/vtd/text/dmar-translation.js';
import { domainTranslationText } from '../../src/vtd/text/domain-translation.js';
import { pagesPerEntry } from '../../src/vtd/walk/batch.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { fixtureText, withMemory } from './fixtures.js';
import { leavesOf } from './leaves.js';
import { parseSysfs } from './sysfs.js';

const DUMPS = ['linux-7.3-live-update/vtd', 'linux-7.3-scalable-mode/vtd'] as const;

function unitOf(dump: string) {
  const [unit] = parseRegset(fixtureText(`${dump}/iommu_regset`));
  if (unit === undefined) throw new Error('no unit in iommu_regset');
  return unit;
}

/** Uses the tables of a dump. */
function withTables<T>(dump: string, use: (tables: UnitTables) => T): Promise<T> {
  const unit = unitOf(dump);
  const settings = settingsOfUnit(unit);
  const rtaddr = unit.values.get('RTADDR') ?? 0n;
  return withMemory(`${dump}/before-kexec.elf.gz`, (memory) => use({ memory, rtaddr, settings }));
}

function afterFirstLine(text: string): string {
  return text.slice(text.indexOf('\n') + 1);
}

function device(text: string): DeviceId {
  const id = parseDeviceId(text);
  if (id === undefined) throw new Error(`${text} is no device`);
  return id;
}

describe.each(DUMPS)('%s', (dump) => {
  it('has the registers that the kernel shows in two places', () => {
    const unit = unitOf(dump);
    const [sysfs] = parseSysfs(fixtureText(`${dump}/intel-iommu-sysfs`));
    expect(unit.name).toBe('dmar0');
    expect(sysfs?.name).toBe('dmar0');
    expect(unit.baseAddress).toBe(0xfed90000n);
    expect(sysfs?.baseAddress).toBe(0xfed90000n);
    expect(sysfs?.values.get('CAP')).toBe(unit.values.get('CAP'));
    expect(sysfs?.values.get('ECAP')).toBe(unit.values.get('ECAP'));
    expect(unit.values.get('CAP')).toBe(0x00d2008c222f0686n);
    const lines = fixtureText(`${dump}/iommu_regset`).split('\n');
    expect(unit.values.size).toBe(lines.filter((line) => line.includes('\t\t0x')).length);
    const settings = settingsOfUnit(unit);
    expect(settings.mode).toBe(dump.includes('scalable') ? 'scalable' : 'legacy');
    expect([3, 4, 5].map((levels) => inputWidthOf(settings, levels))).toEqual([39, 48, 48]);
  });

  it('gives dmar_translation_struct byte for byte', async () => {
    const expected = fixtureText(`${dump}/dmar_translation_struct`);
    await withTables(dump, (unit) => {
      const address = (unit.rtaddr - (unit.rtaddr & 0xfffn)).toString(16);
      expect(expected.split('\n')[0]).toBe(`IOMMU dmar0: Root Table Address: 0x${address}`);
      expect([...dmarTranslationText(unit)].join('')).toBe(afterFirstLine(expected));
    });
  });

  it.each(['00:03.0', '00:1f.2'])('gives domain_translation_struct of %s byte for byte', async (name) => {
    const file = `domain_translation_struct.${name.replace(':', '.')}.gz`;
    const expected = fixtureText(`${dump}/${file}`);
    await withTables(dump, ({ memory, ...unit }) => {
      const id = device(name);
      const path = devicePath({ memory, ...unit }, id.bus, id.devfn);
      expect([...domainTranslationText(memory, id, path)].join('')).toBe(expected);
    });
  });

  it('walks to the leaves that the kernel lists, without anomalies', async () => {
    const listing = fixtureText(`${dump}/domain_translation_struct.00.03.0.gz`)
      .trimEnd()
      .split('\n')
      .slice(2);
    await withTables(dump, (unit) => {
      const { bus, devfn } = device('0000:00:03.0');
      const { translation, steps } = devicePath(unit, bus, devfn);
      expect(steps.map(({ verdict }) => verdict)).toEqual(steps.map(() => 'present'));
      if (translation?.kind !== 'second-stage') throw new Error('no second stage');
      const { address: root, levels } = translation.second;
      const walk = walkTable({
        memory: unit.memory,
        root,
        levels,
        format: secondStageFormat(unit.settings),
        inputWidth: inputWidthOf(unit.settings, levels),
      });
      const rows = leavesOf(walk.batches).map(({ iova, entry }) => [iova, entry]);
      const kernel = listing.map((line) => {
        const words = line.split(/[\s|]+/).map(BigInt);
        return [Number(words[0]), words.at(-1)];
      });
      expect(rows).toEqual(kernel);
      expect(rows.length).toBeGreaterThan(500);
      expect(walk.report().anomalies).toEqual([]);
    });
  });

  it('maps what the map calls asked for, as far as their record is whole', async () => {
    const calls = fixtureText(`${dump}/ioas-map-calls.txt`);
    await withTables(dump, (unit) => {
      const { bus, devfn } = device('00:03.0');
      const { translation } = devicePath(unit, bus, devfn);
      if (translation?.kind !== 'second-stage') throw new Error('no second stage');
      const { address: root, levels } = translation.second;
      const request = { memory: unit.memory, root, levels, format: secondStageFormat(unit.settings) };
      const pages = new Map<number, number>();
      for (const { iova, level, access } of leavesOf(walkTable(request).batches)) {
        for (let page = 0; page < pagesPerEntry(level); page++) pages.set(iova + page, access);
      }
      let asked = 0;
      let mapped = 0;
      for (const line of calls.trimEnd().split('\n').slice(1)) {
        const [iova = 0, length = 0, flags = 0] = line.split(' ').map(Number);
        // Flag 2 is writeable, 4 readable.
        const access = ((flags & 4) >> 2) | (flags & 2);
        for (let page = iova / 4096; page < (iova + length) / 4096; page++, asked++) {
          if (pages.get(page) === access) mapped++;
        }
      }
      expect(asked).toBeGreaterThan(9000);
      // The serial line that the calls were captured through lost and doubled a digit here and there.
      expect(mapped / asked).toBeGreaterThan(0.98);
    });
  });

  it('lists its devices, all well-formed', async () => {
    await withTables(dump, (unit) => {
      const notices: unknown[] = [];
      const devices = [...listDevices(unit, { onNotice: (notice) => notices.push(notice) })];
      expect(notices).toEqual([]);
      expect(devices.length).toBe(9);
      for (const path of devices) {
        expect(path.translation?.kind).toBe('second-stage');
        expect(devicePath(unit, path.bus, path.devfn)).toEqual(path);
      }
    });
  });
});
