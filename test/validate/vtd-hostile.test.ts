/** Tables that no healthy kernel writes: the rules end at once, with one finding for each cause. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/validate/rule.js';
import { tablePage } from '../vtd/tables.js';
import {
  changed,
  MACHINE_A,
  MACHINE_B,
  type Machine,
  rowOf,
  validateMachine,
  type Words,
} from './vtd-machines.js';

const ONES = 0xffff_ffff_ffff_ffffn;
const TOP = 0x10303f000;

function quickly(machine: Machine): readonly Finding[] {
  const start = process.cpuUsage();
  const { findings } = validateMachine(machine);
  // Processor time, a second at most; the bound leaves room for what else a busy machine slows down.
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(3000);
  return findings;
}

function counts(findings: readonly Finding[]): Record<string, number> {
  const rows: Record<string, number> = {};
  for (const finding of findings) rows[rowOf(finding)] = (rows[rowOf(finding)] ?? 0) + 1;
  return rows;
}

describe('page tables', () => {
  it('all ones: one finding for each cause', () => {
    const findings = quickly(
      changed(
        MACHINE_A,
        tablePage(TOP, () => ONES),
      ),
    );
    expect(counts(findings)).toEqual({ 'SS-3': 1, 'SS-4': 1, 'SS-5': 1, 'SS-7': 1, 'SS-1': 1 });
    for (const { message, severity } of findings)
      if (severity === 'error') expect(message).toContain('(512 times)');
  });

  it('a cycle: one finding', () => {
    const findings = quickly(changed(MACHINE_A, [[0x103041598, 0x10303f003n]]));
    expect(counts(findings)).toEqual({ 'SS-21': 1 });
  });

  it('512 entries at each level that point back to the root: one finding for each cause', () => {
    const words: Words = [
      ...tablePage(TOP, (i) => (i === 0 ? 0x103040003n : 0x10303f003n)),
      ...tablePage(0x103040000, (i) => (i === 0 ? 0x103041003n : 0x10303f003n)),
      ...tablePage(0x103041000, (i) => (i === 0 ? 0x103042003n : 0x10303f003n)),
      ...tablePage(0x103042000, () => 0x10303f003n),
    ];
    const findings = quickly(changed(MACHINE_A, words));
    expect(counts(findings)).toEqual({ 'SS-21': 1, 'SS-23': 1 });
    expect(findings.map(({ message }) => /\((\d+) times\)/.exec(message)?.[1])).toEqual(['1533', '512']);
  });

  it('everything shared at every level', () => {
    const words: Words = [
      ...tablePage(TOP, () => 0x103040003n),
      ...tablePage(0x103040000, () => 0x103041003n),
      ...tablePage(0x103041000, () => 0x103042003n),
      ...tablePage(0x103042000, (i) => BigInt(i) * 4096n + 3n),
    ];
    const findings = quickly(changed(MACHINE_A, words));
    expect(findings.length).toBeLessThan(10);
    expect(Object.keys(counts(findings))).toContain('SS-22');
  });

  it('every page a table of random entries', () => {
    let seed = 12345;
    const random = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed;
    };
    const words = Array.from({ length: 64 }, (_, page) =>
      tablePage(TOP + page * 4096, () => {
        const table = BigInt(TOP + (random() % 64) * 4096);
        return random() % 4 === 0 ? (BigInt(random()) << 32n) | BigInt(random()) : table | 3n;
      }),
    ).flat();
    const findings = quickly(changed(MACHINE_A, words));
    expect(findings.length).toBeLessThan(2000);
  });
});

describe('structures', () => {
  it('a root table of all ones', () => {
    const findings = quickly(
      changed(
        MACHINE_A,
        tablePage(0x103027000, () => ONES),
      ),
    );
    const rows = counts(findings);
    expect(rows).toMatchObject({ 'RT-2': 1, 'RT-3': 1, 'RT-4': 1, 'RT-9': 1 });
    expect(findings.length).toBeLessThan(10);
  });

  it('every bus with one context table, whose functions all have one table', () => {
    const words: Words = [
      ...tablePage(0x103027000, (i) => (i % 2 === 0 ? 0x10303e001n : 0n)),
      ...tablePage(0x10303e000, (i) => (i % 2 === 0 ? 0x10303f005n : 0x2302n)),
    ];
    const findings = quickly(changed(MACHINE_A, words));
    expect(counts(findings)).toEqual({ 'RT-9': 1 });
    expect(findings[0]?.message).toContain('(255 times)');
  });

  it('a root table that is its own context, directory and PASID table', () => {
    for (const machine of [MACHINE_A, MACHINE_B]) {
      const findings = quickly(
        changed(
          machine,
          tablePage(0x103027000, () => 0x103027009n),
        ),
      );
      expect(findings.length).toBeGreaterThan(0);
      expect(findings.length).toBeLessThan(400);
    }
  });

  it('every page of the dump as a root of its own', () => {
    const pages = 256;
    const words = Array.from({ length: pages }, (_, page) =>
      tablePage(0x10400000 + page * 4096, (i) => BigInt(0x10400000 + ((page + i + 1) % pages) * 4096) | 3n),
    ).flat();
    const contexts = Array.from(
      { length: 256 },
      (_, i): Words => [
        [0x10303e000 + i * 16, BigInt(0x10400000 + (i % pages) * 4096) | 1n],
        [0x10303e000 + i * 16 + 8, (BigInt(i + 2) << 8n) | 2n],
      ],
    ).flat();
    const findings = quickly(changed(MACHINE_A, [...words, ...contexts]));
    expect(findings.length).toBeLessThan(500);
  });
});
