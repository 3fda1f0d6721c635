/** The study itself: a corruption changes one field and nothing else, a seed gives one result, and the page is up to date. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { segmentsMemory } from '../../src/memory/segments.js';
import { createRandom } from '../../src/synth/random.js';
import { corrupted } from '../../study/corrupt.js';
import { studyDumps, unitDumps } from '../../study/dumps.js';
import type { Site } from '../../study/fields.js';
import { freeReason } from '../../study/free.js';
import { constrained } from '../../study/report.js';
import { sitesOf } from '../../study/sites.js';
import { runStudy } from '../../study/study.js';
import { fixtures } from '../fixtures.js';
import { byDay, sweep } from '../sweep.js';

const dumps = studyDumps(fixtures);
const units = unitDumps(fixtures);
const some = dumps.filter(({ name }) => name === 'rfc-2024/three-level' || name === 'linux-6.18-handover');

describe('a corruption', () => {
  test.each<[bit: number, width: number, endian: 'le' | 'be']>([
    [0, 64, 'le'],
    [12, 40, 'le'],
    [63, 1, 'le'],
    [32, 32, 'be'],
    [8, 16, 'le'],
    [0, 512, 'le'],
  ])('of %i+%i %s changes that and nothing else', (bit, width, endian) => {
    const site: Site = { name: 'x', kind: 'value', address: 0x1000, bit, width, endian };
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 255);
    const memory = segmentsMemory([{ address: 0x1000, bytes }], 'test');
    const random = createRandom(7n);
    let changes = 0;
    for (let i = 0; i < 200; i++) {
      const patch = corrupted(site, memory, random);
      if (patch === undefined) continue;
      changes++;
      const after = bytes.slice();
      after.set(patch.bytes, patch.address - 0x1000);
      const differing = [...after.keys()].flatMap((at) => {
        const diff = (after[at] ?? 0) ^ (bytes[at] ?? 0);
        return Array.from({ length: 8 }, (_, n) => n).flatMap((n) => ((diff >> n) & 1 ? [at * 8 + n] : []));
      });
      expect(differing.length).toBeGreaterThan(0);
      for (const at of differing) {
        expect(at >= bit && at < bit + width, `bit ${at}`).toBe(true);
      }
    }
    expect(changes).toBeGreaterThan(150);
  });
});

describe('the dumps', () => {
  test('are all of the fixtures with memory, each with hundreds of fields', () => {
    expect(dumps.length).toBeGreaterThanOrEqual(10);
    for (const { name, handover, memory } of dumps) {
      expect(sitesOf(handover, memory).length, name).toBeGreaterThan(100);
    }
  });

  test('have the tables of a unit in either mode, with its register', () => {
    const names = (index: number): string[] => {
      const { handover, memory, units: own } = units[index] ?? {};
      if (handover === undefined || memory === undefined) throw new Error('there are two');
      return [...new Set(sitesOf(handover, memory, own).map(({ name }) => name.replace(/\..*/, '')))].sort();
    };
    expect(units).toHaveLength(2);
    expect(names(0)).toEqual(['context_entry', 'root_entry', 'rtaddr_reg']);
    expect(names(1)).toEqual([
      'pasid_dir_entry',
      'pasid_entry',
      'rtaddr_reg',
      'scalable_context_entry',
      'scalable_root_entry',
    ]);
  });

  test('an unchanged field of a unit is not seen, a reserved bit of its register is', () => {
    for (const { judge, units: own, name } of units) {
      const [unit] = own ?? [];
      if (unit === undefined) throw new Error('a unit');
      const bytes = new Uint8Array(8);
      const view = new DataView(bytes.buffer);
      view.setBigUint64(0, unit.rtaddr, true);
      expect(judge({ address: unit.register, bytes }), name).toBeUndefined();
      view.setBigUint64(0, unit.rtaddr | 1n, true);
      expect(judge({ address: unit.register, bytes }), name).toBe('VTD-005');
    }
  });

  test('an unchanged field is not seen', () => {
    for (const { judge, handover, memory, name } of some) {
      const [site] = sitesOf(handover, memory);
      if (site === undefined) throw new Error('no site');
      const bytes = new Uint8Array(4);
      memory.read(site.address, 4, bytes);
      expect(judge({ address: site.address, bytes }), name).toBeUndefined();
    }
  });
});

test('one seed gives one result, another one another', { timeout: 600_000 }, () => {
  const one = some.filter(({ name }) => name === 'linux-6.18-handover');
  expect(one).toHaveLength(1);
  const [a, b, c] = [1, 1, 2].map((seed) => JSON.stringify(runStudy(one, 1, seed)));
  expect(a).toBe(b);
  expect(a).not.toBe(c);
});

test.skipIf(byDay)('most corruptions of constrained fields are seen', { timeout: 600_000 }, () => {
  const { tried, seen } = constrained(runStudy(some, sweep(2, 1), 3));
  expect(tried).toBeGreaterThan(sweep(150, 75));
  expect(seen / tried).toBeGreaterThan(0.9);
});

describe('docs/study.md (npm run study -- -o docs/study.md)', () => {
  const page = readFileSync(new URL('../../docs/study.md', import.meta.url), 'utf8');

  test('says at least 95 %', () => {
    const share = /^\*\*([\d.]+) % of (\d+) corruptions of constrained fields are seen\.\*\*$/m.exec(page);
    expect(Number(share?.[1])).toBeGreaterThanOrEqual(95);
    expect(Number(share?.[2])).toBeGreaterThan(3000);
  });

  test('has every field that the dumps have, free ones with the reason', () => {
    const names = new Set(
      [...dumps, ...units].flatMap(({ handover, memory, units }) =>
        sitesOf(handover, memory, units).map(({ name }) => name),
      ),
    );
    const rows = new Set([...page.matchAll(/^\| (.+?) \| [a-z]+ \| \d+ \|/gm)].map(([, name]) => name));
    expect([...names].filter((name) => !rows.has(name))).toEqual([]);
    for (const name of names) {
      const reason = freeReason(name);
      if (reason !== undefined) expect(page).toContain(reason);
    }
  });
});
