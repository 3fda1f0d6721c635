/** What the verbs make of the IOMMU series' own bytes: trim, diff, and text. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { type LoadedDump, withDump } from '../../src/cli/load.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { diffHandovers } from '../../src/diff/diff.js';
import { coverageOf } from '../../src/diff/kept/coverage.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { modelJson } from '../../src/report/model-json.js';
import { plain } from '../../src/report/paint.js';
import { wholePlaceText } from '../../src/report/place-text.js';
import { structuresSummary } from '../../src/report/structure-text.js';
import { upstreamLines } from '../../src/report/upstream-text.js';
import { DEFAULT_SETTINGS } from '../../src/schema/settings.js';
import { recordedUnits } from '../../src/structures/iommu/units.js';
import { trimHandover } from '../../src/trim/trim.js';
import { listDevices } from '../../src/vtd/context/list.js';
import { stageRequests } from '../../src/vtd/context/stages.js';
import { rootSettings } from '../../src/vtd/registers.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { coreMemory } from '../decode/linux-dumps.js';
import { fixtures } from '../fixtures.js';
import { concat } from '../memory/bytes.js';
import { parsed } from '../rfc/json.js';

const NAMES = ['linux-7.3-iommu-legacy', 'linux-7.3-iommu-first-stage'] as const;

function withCapture<T>(name: string, use: (dump: LoadedDump) => Promise<T>): Promise<T> {
  return withDump(join(fixtures, name, 'handover1.elf.gz'), {}, use);
}

/** Leaves of every device's tables, as the unit's root table leads to them. */
function leaves({ iommu }: Handover, memory: PhysicalMemory): string[] {
  const [unit] = iommu === undefined ? [] : recordedUnits(iommu, memory);
  if (unit === undefined) throw new Error('no unit');
  const { rtaddr } = unit;
  const tables = { memory, rtaddr, settings: { ...DEFAULT_SETTINGS, ...rootSettings(rtaddr) } };
  const found: string[] = [];
  for (const path of listDevices(tables)) {
    for (const { stage, request } of stageRequests(path, tables)) {
      let rows = 0;
      for (const { length } of walkTable(request).batches) rows += length;
      found.push(`${path.bus}:${path.devfn} ${stage} ${rows}`);
    }
  }
  return found;
}

describe.each(NAMES)('%s', (name) => {
  test('trimmed, it is the same model, and its tables lead to the same leaves', async () => {
    await withCapture(name, async ({ handover }) => {
      const { memory, fdtAddress, tree } = handover;
      if (memory === undefined || tree === undefined) throw new Error('no memory');
      const trimmed = trimHandover(handover, memory, { machine: 'x86-64' });
      expect(trimmed).toMatchObject({ refused: 0, foreign: 0 });
      const core = coreMemory(concat(...trimmed.chunks));
      const again = decodeHandover(tree.bytes, {
        memory: core,
        ...(fdtAddress === undefined ? {} : { address: fdtAddress }),
      });
      const [one, other] = [parsed(modelJson(handover)), parsed(modelJson(again))];
      for (const key of ['iommu', 'pci', 'luo'] as const) expect(other[key]).toEqual(one[key]);
      const before = leaves(handover, memory);
      expect(before).toHaveLength(3);
      expect(leaves(again, core)).toEqual(before);
      // Nothing of what devices reach is in it.
      for (const { memfd } of handover.luo?.sessions?.flatMap(({ files = [] }) => files) ?? [])
        memfd?.folios.each((pfn) => {
          for (const { state } of core.runs(pfn * 4096, pfn * 4096 + 4096)) expect(state).toBe('absent');
        });
    });
  });

  test('does not differ from itself, and keeps all', async () => {
    await withCapture(name, async ({ handover }) => {
      const { differences, gaps, moreGaps } = diffHandovers(handover, handover, { strict: true });
      expect([...differences]).toEqual([]);
      expect([gaps, moreGaps()]).toEqual([[], 0]);
      expect(coverageOf(handover, handover).verdict).toBe('covered');
    });
  });
});

test('what one has and the other has not is told by device, domain and unit', async () => {
  await withCapture(NAMES[0], (a) =>
    withCapture(NAMES[1], async (b) => {
      const modes = [a, b].map(({ handover: { iommu, memory } }) =>
        iommu === undefined ? [] : recordedUnits(iommu, memory).map(({ mode }) => mode),
      );
      expect(modes).toEqual([['legacy'], ['scalable']]);
      const { differences } = diffHandovers(a.handover, b.handover);
      const told = [...differences].flatMap(({ place, field }) =>
        place.part === 'structure' ? [`${wholePlaceText(place, plain)} ${field}`] : [],
      );
      expect(told).toEqual([
        'IOMMU state IOMMU unit 0xfed90000 context_tables_bitmap',
        'IOMMU state IOMMU domain of 0000:00:03.0 sign_extend',
        'IOMMU state IOMMU domain of 0000:04:00.0 sign_extend',
        'IOMMU state IOMMU domain of 0000:05:00.0 sign_extend',
        'IOMMU state IOMMU device 0000:00:03.0 max_pasid',
        'IOMMU state IOMMU device 0000:04:00.0 max_pasid',
        'IOMMU state IOMMU device 0000:05:00.0 max_pasid',
      ]);
    }),
  );
});

test('a mapping that leads elsewhere in a memfd is told by IOVA', async () => {
  await withCapture(NAMES[0], async ({ handover }) => {
    const { memory, iommu } = handover;
    const root = iommu?.domains.items[2]?.topTable;
    if (memory === undefined || root === undefined) throw new Error('no table');
    let leaf = 0;
    const walk = walkTable({
      memory,
      root,
      levels: 4,
      format: secondStageFormat(),
      onTable({ address, level }) {
        if (level === 1 && leaf === 0) leaf = address;
      },
    });
    for (const _ of walk.batches);
    // The first two leaves of a table change places.
    const bytes = new Uint8Array(16);
    memory.read(leaf, 16, bytes);
    const swapped = concat(bytes.subarray(8), bytes.subarray(0, 8));
    const changed = overlay(segmentsMemory([{ address: leaf, bytes: swapped }], 'a change'), memory);
    const { differences } = diffHandovers(handover, { ...handover, memory: changed });
    const found = [...differences];
    expect(found.length).toBeGreaterThan(0);
    for (const { place } of found) {
      expect(place).toMatchObject({ part: 'structure', element: 'IOMMU domain of 0000:05:00.0' });
      expect(place.iova).toBeDefined();
    }
  });
});

test('what is handed over is told in tables, and counted', async () => {
  await withCapture(NAMES[1], async ({ handover }) => {
    const { counts, forms } = structuresSummary(handover);
    expect(counts.map(({ text }) => text)).toEqual([
      '1 IOMMU unit',
      '3 IOMMU domains',
      '3 IOMMU devices',
      '7 PCI devices',
      '2 iommufds',
      '3 VFIO devices',
    ]);
    expect(forms).toEqual([
      'iommu-liveupdate version 1',
      'pci version 2',
      'iommufd-v1, later form',
      'vfio-pci-v2',
    ]);
    const lines = [...upstreamLines(handover, plain)].map((line) => line.trim());
    const at = lines.indexOf('IOMMU state  draft iommu-liveupdate version 1  at 0x2341000');
    expect(lines.slice(at + 1, at + 4)).toEqual([
      'IOMMU units  1',
      'address    ref_count  token       type   phys_addr   root_table  context_tables_bitmap',
      '0x2346010  3          0xfed90000  intel  0xfed90000  0x5b2000    0x557',
    ]);
    expect(lines.join('\n')).toContain(
      '"iommufd-v1"  token 0x22  2 page tables: 0x1001 of IOMMU domain of 0000:00:03.0, 0xfedcba9876543210 of IOMMU domain of 0000:04:00.0  draft iommufd-v1, later form',
    );
    expect(lines.join('\n')).toContain(
      '"vfio-pci-v2"  token 0x31  domain 0  bdf 00:03.0  reset_works yes  draft vfio-pci-v2',
    );
  });
});
