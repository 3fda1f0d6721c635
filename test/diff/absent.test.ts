/** Bytes that one dump does not hold are gaps, never differences. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { diffHandovers } from '../../src/diff/diff.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { coreMemory, decodeAt } from '../decode/linux-dumps.js';
import { coreNames, openCore } from '../secrets/cores.js';
import { sweep } from '../sweep.js';
import { decodeFound } from '../trim/canary.js';
import { recording, without } from '../validate/absent-memory.js';
import { CAPTURES, draftBase } from '../validate/draft-cases/base.js';
import { SYNTHESISED } from '../validate/draft-cases/synthesised.js';
import { ORIGINAL } from '../validate/upstream-damage.js';

interface Dump {
  readonly name: string;
  readonly memory: PhysicalMemory;
  readonly address: bigint;
  readonly pageSize: number;
  decode(memory: PhysicalMemory): Handover;
}

const upstream = [...ORIGINAL, ...[...CAPTURES, ...SYNTHESISED].map(draftBase)].map(
  ({ name, memory, address, handover: { pageSize } }): Dump => ({
    ...{ name, memory, address, pageSize },
    decode: (changed) => decodeAt(changed, address, { pageSize }),
  }),
);
const series = coreNames()
  .filter((name) => name.startsWith('rfc-2024/'))
  .map((name): Dump => {
    const memory = coreMemory(openCore(name).bytes);
    return {
      name,
      memory,
      address: decodeFound(memory).fdtAddress ?? 0n,
      pageSize: 4096,
      decode: decodeFound,
    };
  });

describe('a page that one of two dumps lacks', { timeout: 600_000 }, () => {
  test.each([...upstream, ...series].map((each) => [each.name, each] as const))(
    '%s',
    (_name, { memory, address, pageSize, decode }) => {
      const { memory: watched, pages: looked } = recording(memory, pageSize);
      const whole = decode(watched);
      const wrong = new Set<string>();
      // Without a page of the root tree, or what leads to it, there is no handover, or one of another kind.
      const [start, end] = [Number(address), Number(address) + (whole.tree?.bytes.length ?? 0)];
      const pages = [...looked].filter((page) => page + pageSize <= start || page >= end);
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
    },
  );
});
