/** Any bytes over any memory give a model and a validation, never an exception: aimed values, lost pages, short reads. */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { createBudget } from '../../src/memory/budget.js';
import { budgetedMemory } from '../../src/memory/budgeted.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { linuxMemory } from '../decode/linux-dumps.js';
import { sweep } from '../sweep.js';
import { decodeFound } from '../trim/canary.js';

const RUNS = sweep(60, 6);
let cases = 0;
afterAll(() => {
  process.stdout.write(`any memory: ${cases} damaged memories decoded and validated\n`);
});

/** Values of a field of 64 bits that something is done with. */
const AIMED = [0n, 1n, 1n << 31n, 1n << 40n, (1n << 52n) - 1n, 1n << 63n, (1n << 64n) - 1n];

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const damage = fc.record({
  /** A word of a page set to an aimed value, or to the address of another page. */
  words: fc.array(
    fc.record({ page: unit, word: fc.nat(511), value: fc.oneof(fc.constantFrom(...AIMED), unit) }),
    { minLength: 1, maxLength: 8 },
  ),
  lost: fc.array(unit, { maxLength: 3 }),
  /** Pages that hold what another page holds. */
  aliases: fc.array(fc.tuple(unit, unit), { maxLength: 3 }),
  /** Reads that give fewer bytes than there are, one in so many. */
  short: fc.option(fc.integer({ min: 2, max: 9 })),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function pagesOf(memory: PhysicalMemory): number[] {
  const pages: number[] = [];
  for (const { start, end, state } of memory.known()) {
    if (state === 'present') for (let at = start - (start % 4096); at < end; at += 4096) pages.push(at);
  }
  return pages;
}

function damaged(memory: PhysicalMemory, pages: readonly number[], how: Damage): PhysicalMemory {
  const pick = (at: number) => pages[Math.floor(at * pages.length)] ?? 0;
  const changed = new Map<number, Uint8Array>();
  const bytesOf = (page: number) => {
    const bytes = changed.get(page) ?? new Uint8Array(4096);
    if (!changed.has(page)) memory.read(page, 4096, bytes);
    changed.set(page, bytes);
    return bytes;
  };
  for (const [to, from] of how.aliases) changed.set(pick(to), bytesOf(pick(from)).slice());
  for (const { page, word, value } of how.words) {
    const wanted = typeof value === 'bigint' ? value : BigInt(pick(value));
    const bytes = bytesOf(pick(page));
    new DataView(bytes.buffer).setBigUint64(8 * word, wanted, true);
  }
  const segments = [...changed].map(([address, bytes]) => ({ address, bytes }));
  const whole = overlay(segmentsMemory(segments, 'damage'), memory);
  const lost = new Set(how.lost.map(pick));
  let reads = 0;
  return {
    ...whole,
    read(address, length, into) {
      let known = whole.read(address, length, into);
      for (const page of lost) {
        if (page + 4096 > address && page < address + known) known = Math.max(0, page - address);
      }
      return how.short !== null && ++reads % how.short === 0 ? Math.floor(known / 2) : known;
    },
  };
}

test.each(['linux-7.3-live-update', 'linux-6.18-handover', 'linux-7.1-live-update'])(
  '%s',
  { timeout: 600_000 },
  (name) => {
    const memory = linuxMemory(name);
    const pages = pagesOf(memory);
    const { tree, fdtAddress: address } = decodeFound(memory);
    const bytes = tree?.bytes ?? expect.fail('no tree');
    fc.assert(
      fc.property(damage, (how) => {
        cases++;
        const bad = budgetedMemory(damaged(memory, pages, how), createBudget(pages.length * 4096));
        const options = { memory: bad, ...(address === undefined ? {} : { address }) };
        const handover = decodeHandover(bytes, options);
        validate(handover, catalogue);
      }),
      { numRuns: RUNS },
    );
  },
);
