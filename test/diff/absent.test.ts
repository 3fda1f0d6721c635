/** Bytes that one dump does not hold are gaps, never differences. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { diffHandovers } from '../../src/diff/diff.js';
import { sweep } from '../sweep.js';
import { DUMPS, lookedAt } from '../validate/absent-dumps.js';
import { without } from '../validate/absent-memory.js';

describe('a page that one of two dumps lacks', { timeout: 600_000 }, () => {
  test.each(DUMPS.map((each) => [each.name, each] as const))('%s', (_name, dump) => {
    const { memory, pageSize, decode } = dump;
    const { whole, pages } = lookedAt(dump);
    const wrong = new Set<string>();
    const step = sweep(1, Math.ceil(pages.length / 3));
    let gaps = 0;
    for (const page of pages.filter((_, i) => i % step === 0)) {
      const changed = without(memory, page, pageSize);
      let less: Handover;
      try {
        less = decode(changed);
      } catch {
        continue;
      }
      for (const strict of [false, true])
        for (const [a, b] of [
          [whole, less],
          [less, whole],
        ] as const) {
          const diff = diffHandovers(a, b, { strict });
          for (const { kind, field } of diff.differences)
            wrong.add(`0x${page.toString(16)}: ${kind} ${field ?? 'a thing'}`);
          gaps += diff.gaps.length;
        }
    }
    expect([...wrong]).toEqual([]);
    expect(gaps).toBeGreaterThan(0);
  });
});
