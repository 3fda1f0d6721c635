/**
 * Damaged pointers: every pointer of every structure nulled, and each half of it, in the captures and in the tables of
 * vtd.md 5. Damage adds a finding; rules that lose their ground are skipped, never passed.
 */
import { describe, expect, it } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { validate } from '../../src/validate/run.js';
import { vtdRules } from '../../src/vtd/rules/index.js';
import { type Capture, capture, captureOptions, pageOf, wordAt } from './vtd-captures.js';
import { MACHINE_A, MACHINE_B, type Machine, machineInput } from './vtd-machines.js';

type Tables = Pick<Capture, 'memory' | 'unit' | 'root' | 'scalable'>;

interface Pointer {
  readonly what: string;
  readonly address: number;
}

/** Entries of a table at these offsets whose low bits say that they are present. */
function present(memory: PhysicalMemory, table: number, size: number, bits: bigint): number[] {
  return Array.from({ length: 4096 / size }, (_, i) => table + i * size).filter(
    (address) => (wordAt(memory, address) & bits) !== 0n,
  );
}

/** The first pointer of each level on the way down, without leaves. */
function tablePointers(memory: PhysicalMemory, root: number, levels: number, bits: bigint): Pointer[] {
  const pointers: Pointer[] = [];
  for (let table = root, level = levels; level > 1; level--) {
    const entry = present(memory, table, 8, bits).find((address) => (wordAt(memory, address) & 0x80n) === 0n);
    if (entry === undefined) break;
    pointers.push({ what: `entry of level ${level}`, address: entry });
    table = pageOf(wordAt(memory, entry));
  }
  return pointers;
}

/** Every pointer of the structures of a unit, and some of its page tables. */
function pointersOf({ memory, root, scalable }: Tables): Pointer[] {
  const pointers: Pointer[] = [];
  const roots = present(memory, root, scalable ? 8 : 16, 1n);
  for (const entry of roots) {
    pointers.push({ what: 'root entry', address: entry });
    for (const context of present(memory, pageOf(wordAt(memory, entry)), scalable ? 32 : 16, 1n)) {
      const word = wordAt(memory, context);
      if (!scalable) {
        if ((word & 0xcn) === 8n) continue;
        pointers.push({ what: 'context entry', address: context });
        const levels = Number(wordAt(memory, context + 8) & 7n) + 2;
        pointers.push(...tablePointers(memory, pageOf(word), levels, 3n));
        continue;
      }
      pointers.push({ what: 'scalable context entry', address: context });
      for (const directory of present(memory, pageOf(word), 8, 1n)) {
        pointers.push({ what: 'PASID directory entry', address: directory });
        for (const pasid of present(memory, pageOf(wordAt(memory, directory)), 64, 1n)) {
          const low = wordAt(memory, pasid);
          const type = (low >> 6n) & 7n;
          if (type === 2n) {
            pointers.push({ what: 'PASID entry, second stage', address: pasid });
            pointers.push(...tablePointers(memory, pageOf(low), Number((low >> 2n) & 7n) + 2, 3n));
          }
          if (type === 1n) {
            pointers.push({ what: 'PASID entry, first stage', address: pasid + 16 });
            pointers.push(...tablePointers(memory, pageOf(wordAt(memory, pasid + 16)), 4, 1n));
          }
        }
      }
    }
  }
  return pointers;
}

const DAMAGE: readonly (readonly [what: string, damaged: (word: bigint) => bigint])[] = [
  ['pointer 0', (word) => word & 0xfffn],
  ['high half 0', (word) => word & 0xffff_ffffn],
  ['low half 0', (word) => word & ~0xffff_ffffn],
];

function tablesOf(machine: Machine): Tables {
  const { handover, options } = machineInput(machine);
  const [unit] = options.vtd?.units ?? [];
  if (unit === undefined || handover.memory === undefined) throw new Error('a machine has a unit');
  const scalable = (machine.rtaddr & 0x400n) !== 0n;
  return { memory: handover.memory, unit, root: pageOf(machine.rtaddr), scalable };
}

function resultWith(tables: Tables, address: number, word: bigint) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, word, true);
  const memory = overlay(segmentsMemory([{ address, bytes }], 'patch'), tables.memory);
  const handover: Handover = { kind: 'unknown', pageSize: 4096, diagnostics: [], memory };
  return validate(handover, vtdRules, captureOptions(tables));
}

/** Entries that damage leaves all 0: nothing tells them from entries that were never set. */
function isGone(what: string, word: bigint): boolean {
  return word === 0n && !what.startsWith('PASID entry') && what !== 'context entry';
}

describe.each<[name: string, tables: () => Tables | Promise<Tables>, least: number]>([
  ['a capture in legacy mode', () => capture('linux-7.3-live-update'), 10],
  ['a capture in scalable mode', () => capture('linux-7.3-scalable-mode'), 25],
  ['machine A', () => tablesOf(MACHINE_A), 5],
  ['machine B', () => tablesOf(MACHINE_B), 12],
])('%s', (_name, load, least) => {
  it('says so of every damaged pointer, and loses no finding by it', async () => {
    const tables = await load();
    const healthy = resultWith(tables, 0x10_0000_0000, 0n);
    expect(healthy.failed).toEqual([]);
    const silent: string[] = [];
    const passed: string[] = [];
    let tried = 0;
    for (const { what, address } of pointersOf(tables)) {
      const word = wordAt(tables.memory, address);
      for (const [how, damaged] of DAMAGE) {
        const bad = damaged(word);
        if (bad === word || isGone(what, bad)) continue;
        tried++;
        const result = resultWith(tables, address, bad);
        const place = `${what} at 0x${address.toString(16)}, ${how}: 0x${bad.toString(16)}`;
        const loud = result.findings.some(({ severity }) => severity !== 'note');
        const error = result.findings.some(({ severity }) => severity === 'error');
        if (how === 'pointer 0' ? !error : !loud) silent.push(place);
        // Below the structures there is nothing that could still be judged as before.
        const unchecked = result.skipped.some(({ kind }) => kind === 'prerequisite' || kind === 'absent');
        if (how === 'pointer 0' && !unchecked) passed.push(place);
      }
    }
    expect(silent).toEqual([]);
    expect(passed).toEqual([]);
    expect(tried).toBeGreaterThanOrEqual(least);
  });
});
