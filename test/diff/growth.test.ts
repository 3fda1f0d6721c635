/** Comparisons of growing handovers: time in proportion to what is compared. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import type { LuoSession, Memfd } from '../../src/abi/upstream/model.js';
import { diffHandovers } from '../../src/diff/diff.js';
import { coverageOf } from '../../src/diff/kept/coverage.js';
import { folioViewOf } from '../folio-view.js';
import { expectLinear } from '../processor-time.js';

const text = new TextEncoder();
const FIRST_PFN = 1000;

/** A memfd whose folios touch neither in memory nor by order: a run each, the worst there is. */
function memfd(folios: number): Memfd {
  const none = new Float64Array(0);
  return {
    ...{
      form: 'memfd-v2',
      address: 0n,
      version: 'memfd-v2',
      pos: 0n,
      size: BigInt(folios) * 4096n,
      seals: 0,
      flags: 0,
      nrFolios: BigInt(folios),
    },
    area: {
      descriptor: { first: 0n, totalPages: 0, flags: 0, order: 0 },
      ...{ chunks: none, runs: none, runSize: 4096, complete: true },
    },
    folios: folioViewOf(folios, function* () {
      for (let i = 0; i < folios; i++)
        yield { pfn: BigInt(FIRST_PFN + 3 * i), flags: 3, index: BigInt(i), count: 1, step: 1 };
    }),
    origin: { address: 0n },
  };
}

function handover(sessions: number, folios: number, name: (i: number) => string, keeps = 2 ** 40): Handover {
  const list = Array.from({ length: sessions }, (_, i): LuoSession => {
    const file = { compatible: text.encode('memfd-v2'), token: BigInt(i % 7), data: 0n, origin: {} };
    return {
      ...{ name: text.encode(name(i)), count: 1n, filesAddress: 0n, fileBlocks: [], origin: {} },
      files: [{ ...file, memfd: memfd(folios) }],
    };
  });
  return {
    ...{ kind: 'handover', generation: 'kho-v4', pageSize: 4096, diagnostics: [] },
    subtrees: [{ name: 'LUO', address: 1n, size: 32n, known: true, blob: new Uint8Array(32) }],
    preserved: { ranges: [{ start: 0n, end: BigInt(keeps) }] },
    luo: {
      ...{ compatible: 'luo-v5', version: 'luo-v5', liveupdateNumber: 1n, sessionsAddress: 0n },
      ...{ sessions: list, flbs: [], origin: { address: 1n } },
    },
  };
}

function count({ differences }: { differences: Iterable<unknown> }): number {
  let number = 0;
  for (const _ of differences) number++;
  return number;
}

describe('time grows in proportion to', () => {
  test('sessions of different names', () => {
    expectLinear((size) => {
      const [a, b] = [1, 2].map(() => handover(size, 1, (i) => `s${i}`));
      expect(count(diffHandovers(a as Handover, b as Handover))).toBe(0);
    }, 300);
  });

  test('sessions of one name', () => {
    expectLinear((size) => {
      const [a, b] = [1, 2].map(() => handover(size, 1, () => 'same'));
      expect(count(diffHandovers(a as Handover, b as Handover))).toBe(0);
    }, 300);
  });

  test('folios, none of them next to another', () => {
    expectLinear((size) => {
      const [a, b] = [1, 2].map(() => handover(1, size, () => 's'));
      expect(count(diffHandovers(a as Handover, b as Handover, { strict: true }))).toBe(0);
    }, 4000);
  });

  test('pages that are not kept', () => {
    expectLinear((size) => {
      const a = handover(1, size, () => 's');
      const b = handover(1, size, () => 's', FIRST_PFN * 4096);
      const { verdict, entries } = coverageOf(a, b);
      expect(verdict).toBe('lost');
      expect(entries[0]?.count).toBe(size);
    }, 4000);
  });
});
