/** Where the dump lacks what an answer hangs on, that is said: nothing is told as if there were nothing. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { claimsOf } from '../../src/references/claims.js';
import { findInstances } from '../../src/references/find.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { whatJson } from '../../src/report/what-json.js';
import { whatLines } from '../../src/report/what-text.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import type { Query } from '../../src/what/query.js';
import { rootOf } from '../../src/what/root.js';
import { whatIs } from '../../src/what/what.js';
import { sweep } from '../sweep.js';
import { DUMPS, lookedAt } from '../validate/absent-dumps.js';
import { without } from '../validate/absent-memory.js';

/** One record of each kind, and memory of each owner. */
function addressesIn(handover: Handover, memory: PhysicalMemory): number[] {
  const root = rootOf(handover);
  if (root === undefined) throw new Error('no tree');
  const { records } = findInstances(handover, root, memory, { list: 2, entries: 2, tables: 2 });
  const kinds = new Map(records.map(({ record, address }) => [record, address]));
  const owned = claimsOf(handover).flatMap(({ runs }) => {
    for (const { start } of runs()) return [Number(start)];
    return [];
  });
  return [...new Set([...kinds.values(), ...owned])];
}

/** What is said of each address, as a document, but for whether the dump has the byte itself. */
function saidOf(handover: Handover, queries: readonly Query[]): string[] {
  return whatIs(handover, queries).map((answer) => {
    const told = { ...answer, known: 'present' as const };
    return [...jsonChunks(whatJson([told]))].join('');
  });
}

describe('a page that is missing', { timeout: 600_000 }, () => {
  test.each(DUMPS.map((each) => [each.name, each] as const))('%s', (_name, dump) => {
    const { memory, pageSize, decode } = dump;
    let queries: Query[] = [];
    const { whole, pages } = lookedAt(dump, (handover) => {
      queries = addressesIn(handover, memory).map(
        (address): Query => ({ kind: 'physical', text: `${address}`, address: BigInt(address) }),
      );
      whatIs(handover, queries);
    });
    const before = saidOf(whole, queries);
    const step = sweep(1, Math.ceil(pages.length / 3));
    const silent: string[] = [];
    for (const page of pages.filter((_, i) => i % step === 0)) {
      let less: Handover;
      try {
        less = decode(without(memory, page, pageSize));
      } catch {
        continue;
      }
      const after = saidOf(less, queries);
      const changed = queries.filter(
        ({ text }, i) => before[i] !== after[i] && !(Number(text) >= page && Number(text) < page + pageSize),
      );
      if (changed.length === 0) continue;
      const { missing } = validate(less, catalogue);
      if (missing.length > 0) {
        const [line = ''] = [...whatLines([], { missing })].slice(-1);
        expect(line).toMatch(/^incomplete: .*not in the dump/);
        continue;
      }
      silent.push(
        `0x${page.toString(16)}: 0x${Number(changed[0]?.text).toString(16)} and ${changed.length - 1} more`,
      );
    }
    expect(queries.length).toBeGreaterThan(3);
    expect(silent).toEqual([]);
  });
});
