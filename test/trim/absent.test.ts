/** Of a dump that lacks a page, the trimmed one says the same: an entry that leads to what is missing stays. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { diffHandovers } from '../../src/diff/diff.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { trimHandover } from '../../src/trim/trim.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { coreMemory } from '../decode/linux-dumps.js';
import { concat } from '../memory/bytes.js';
import { sweep } from '../sweep.js';
import { DUMPS, lookedAt } from '../validate/absent-dumps.js';
import { without } from '../validate/absent-memory.js';

function trimmed(handover: Handover, memory: PhysicalMemory): PhysicalMemory {
  const machine = handover.pageSize === 16384 ? 'arm64' : 'x86-64';
  const { chunks } = trimHandover(handover, memory, { machine });
  return coreMemory(concat(...[...chunks].map((chunk) => chunk.slice())));
}

/** What is said of a handover. */
function said(handover: Handover): string[] {
  const { findings, passed } = validate(handover, catalogue);
  return [
    ...findings.map(({ rule, severity, message }) => `${severity} ${rule} ${message}`),
    ...passed,
  ].sort();
}

describe('a page that is missing', { timeout: 600_000 }, () => {
  test.each(DUMPS.map((each) => [each.name, each] as const))('%s', (_name, dump) => {
    const { memory, pageSize, decode } = dump;
    const { pages } = lookedAt(dump, (whole) => validate(whole, catalogue));
    const step = sweep(1, Math.ceil(pages.length / 3));
    const wrong: string[] = [];
    for (const page of pages.filter((_, i) => i % step === 0)) {
      const less = without(memory, page, pageSize);
      let handover: Handover;
      try {
        handover = decode(less);
      } catch {
        continue;
      }
      const small = decode(trimmed(handover, less));
      const [before, after] = [said(handover), said(small)];
      const moved = [
        ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
        ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
        ...[...diffHandovers(handover, small).differences].map(
          ({ kind, field }) => `${kind} ${field ?? 'a thing'}`,
        ),
      ];
      wrong.push(...moved.map((line) => `0x${page.toString(16)}: ${line}`));
    }
    expect(pages.length).toBeGreaterThan(3);
    expect(wrong).toEqual([]);
  });
});
