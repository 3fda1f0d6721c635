/** Tables with one level more or less than their entry says: one finding, and the walk goes on as it should. */
import { describe, expect, it } from 'vitest';
import { openMemory } from '../../src/memory/node/open-memory.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { rfcFiles } from '../fixtures.js';
import { decodeMemory } from '../rfc/json.js';
import { type Capture, capture, findingsWith, wordAt } from './vtd-captures.js';
import { a, b, bit, FIRST } from './vtd-changes.js';
import { A_AT, B_AT, findingsOf, MACHINE_B, type Machine, rowOf, type Words } from './vtd-machines.js';

/** What is said above notes, with one word of memory changed. */
function said(from: Capture, address: number, word: bigint) {
  return findingsWith(from, [[address, word]]).filter(({ severity }) => severity !== 'note');
}

describe('a capture in legacy mode', async () => {
  const legacy = await capture('linux-7.3-live-update');
  // 00:03.0: the word after the pointer has AW in its low bits.
  const at = legacy.context(0x18) + 8;
  const word = wordAt(legacy.memory, at);

  it('has no finding as it is', () => {
    expect(said(legacy, at, word)).toEqual([]);
  });

  it.each([
    ['one level short', 1n, '4 levels, but its entry has 3'],
    ['one level long', 3n, '4 levels, but its entry has 5'],
  ])('AW %s', (_what, aw, words) => {
    const findings = said(legacy, at, (word & ~7n) | aw);
    expect(findings.map(rowOf).filter((row) => row !== 'CT-11')).toEqual(['depth']);
    const depth = findings.find((finding) => rowOf(finding) === 'depth');
    expect(depth?.message).toContain(`has ${words}`);
    expect(depth?.subject).toEqual({ device: '00:03.0' });
  });
});

describe('a capture in scalable mode', async () => {
  const scalable = await capture('linux-7.3-scalable-mode');
  const at = scalable.pasid(0x18, 0);
  const word = wordAt(scalable.memory, at);

  it.each([
    ['as it is', 2n, []],
    ['one level short', 1n, ['depth']],
    ['one level long', 3n, ['depth']],
  ])('AW of a PASID entry, %s', (_what, aw, expected) => {
    const rows = said(scalable, at, (word & ~0x1cn) | (aw << 2n)).map(rowOf);
    expect(rows.filter((row) => row !== 'PE-10')).toEqual(expected);
  });
});

describe('a first stage', () => {
  const five = { cap: (MACHINE_B.cap ?? 0n) | bit(60) };
  const rows = (machine: Machine) => [...findingsOf(machine).keys()];

  it('of four levels with FSPM 1', () => {
    expect(rows(b([[FIRST + 16, 0x103070004n]], five))).toEqual(['depth']);
  });

  it('of five levels with FSPM 0', () => {
    // A fifth level on top: read as four, the last one leads to page tables.
    const top: Words = [
      [0x103077000, 0x103070027n],
      [FIRST + 16, 0x103077000n],
    ];
    expect(rows(b(top, five))).toEqual(['depth']);
    expect(rows(b([...top, [FIRST + 16, 0x103077004n]], five))).toEqual([]);
  });

  it('that a CPU shares is not judged', () => {
    const shared: Words = [
      [FIRST + 8, 0x1800001n],
      [FIRST + 16, 0x103070004n],
    ];
    expect(rows(b(shared, five))).not.toContain('depth');
  });
});

describe('what looks like another depth and is none', () => {
  it.each<[what: string, machine: Machine]>([
    ['one damaged leaf', b([[B_AT.ssPte, 0x400234567003n]])],
    ['a leaf that leads to a page table', a([[A_AT.pte, 0x103042003n]])],
    ['an empty table', a([[A_AT.pte, 0n]])],
    ['a table that is not in the dump', b([[B_AT.ssPde, 0x103028003n]])],
  ])('%s', (_what, machine) => {
    expect([...findingsOf(machine).keys()]).not.toContain('depth');
  });
});

describe('domains of the 2024 series', () => {
  it.each([
    ['three-level', 1],
    ['superpages', 2],
  ])('agaw of %s one off is one finding', async (name) => {
    const { memory } = await openMemory(rfcFiles(name).memory);
    const handover = decodeMemory(memory);
    const depth = (off: number) => {
      const domains = (handover.domains ?? []).map((domain) => ({
        ...domain,
        agaw: (domain.agaw ?? 0) + off,
      }));
      return validate({ ...handover, domains }, catalogue)
        .findings.filter(({ rule }) => rule === 'VTD-158')
        .map(({ severity, subject }) => [severity, subject?.domain]);
    };
    expect(depth(0)).toEqual([]);
    const ids = (handover.domains ?? []).map(({ persistentId }) => ['error', persistentId]);
    expect(depth(1)).toEqual(ids);
  });
});
