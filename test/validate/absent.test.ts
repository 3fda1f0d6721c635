/** What is not in the dump is never judged: taking memory away skips rules, it does not fail or pass them. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { readTree } from '../../src/decode/find.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { findAreas } from '../../src/references/chains.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { decodeAt } from '../decode/linux-dumps.js';
import { decodeMemory } from '../rfc/json.js';
import { DUMP } from '../rfc/sample.js';
import { sweep } from '../sweep.js';
import { pagesOf, recording, without, worthTaking, wrongMoves } from './absent-memory.js';
import { CASES, type Dump } from './upstream-cases/index.js';
import { damagedOn, ORIGINAL, original } from './upstream-damage.js';
import { seventh } from './variants.js';

/** Hundreds of validations each, on machines that do other things too. */
const LONG = { timeout: 600_000 };

const BASES = [...ORIGINAL, { name: '7.1 as 7.0', ...seventh() }];

/** Dumps like another of their generation: daily every fourth page is taken away from them, from the others every one. */
const ALIKE = new Set(['linux-7.3-arm64-16k', '7.1 as 7.0']);

describe('a page of a healthy dump is missing', LONG, () => {
  test.each(BASES.map((base) => [base.name, base] as const))('%s', (name, { memory, handover, address }) => {
    const wrong = new Map<string, string[]>();
    const { pageSize } = handover;
    const pages = pagesOf(memory, pageSize).filter((page) => BigInt(page) !== address);
    expect(pages.length).toBeGreaterThan(10);
    const { memory: watched, pages: looked } = recording(memory, pageSize);
    const same = decodeAt(watched, address, { pageSize, ...formOf(handover) });
    const records = new Set(looked);
    const whole = validate(same, catalogue);
    const step = sweep(1, ALIKE.has(name) ? 10 : 5);
    for (const [index, page] of worthTaking(pages, looked, pageSize).entries()) {
      if (index % step !== 0) continue;
      const less = decodeAt(without(memory, page, pageSize), address, { pageSize, ...formOf(handover) });
      const result = validate(less, catalogue);
      const moves = wrongMoves(whole, result);
      // Without a page that decoding reads no verdict is complete; others hold the loaded image's copies.
      if (records.has(page) && !result.skipped.some(({ kind }) => kind === 'absent'))
        moves.push('nothing is skipped as absent');
      if (moves.length > 0) wrong.set(`0x${page.toString(16)}`, moves);
    }
    expect([...wrong]).toEqual([]);
    expect(whole.skipped.filter(({ kind }) => kind === 'absent')).toEqual([]);
  });

  test('a part of a 16 KiB page', () => {
    const { memory, handover, address } = original('linux-7.3-arm64-16k');
    const { memory: watched, pages: looked } = recording(memory, 4096);
    const whole = validate(decodeAt(watched, address, { pageSize: 16384, ...formOf(handover) }), catalogue);
    const lists = findAreas(handover).flatMap(({ pages }) => pages.map((page) => page.address));
    expect(lists.length).toBeGreaterThan(2);
    const parts = lists.flatMap((page) => [0, 4096, 8192, 12288].map((offset) => page + offset));
    const wrong = [...new Set([...parts, ...[...looked].filter((_, i) => i % sweep(1, 60) === 0)])]
      .filter((part) => BigInt(part) !== address)
      .flatMap((part) => {
        const less = decodeAt(without(memory, part, 4096), address, {
          pageSize: 16384,
          ...formOf(handover),
        });
        return wrongMoves(whole, validate(less, catalogue)).map((move) => `0x${part.toString(16)} ${move}`);
      });
    expect(wrong).toEqual([]);
  });

  test('built by test/rfc', () => {
    const { memory, pages: looked } = recording(DUMP.memory, 4096);
    const handover = decodeMemory(memory);
    const whole = validate(handover, catalogue);
    const wrong = new Map<string, string[]>();
    for (const [index, page] of worthTaking(pagesOf(DUMP.memory, 4096), looked, 4096).entries()) {
      if (index % sweep(1, 3) !== 0 || BigInt(page) === handover.fdtAddress) continue;
      let less: Handover;
      try {
        less = decodeMemory(without(DUMP.memory, page, 4096));
      } catch {
        // The way to the tree is gone.
        continue;
      }
      const moves = wrongMoves(whole, validate(less, catalogue));
      if (moves.length > 0) wrong.set(`0x${page.toString(16)}`, moves);
    }
    expect([...wrong]).toEqual([]);
  });
});

function formOf({ preservedMap }: Handover): { form?: 'bitmap-page' } {
  return preservedMap?.bitmapSize === undefined ? {} : { form: 'bitmap-page' };
}

describe('all memory is missing', () => {
  test.each(BASES.map((base) => [base.name, base] as const))('%s', (_, { handover }) => {
    const { memory: _memory, ...bare } = decodeAtNothing(handover);
    const { passed } = validate(bare, catalogue);
    const reads = catalogue.filter(({ needs }) => needs?.includes('memory') === true).map(({ id }) => id);
    expect(passed.filter((id) => reads.includes(id))).toEqual([]);
  });

  /** The tree on its own, decoded again: nothing of what was in memory is in the model. */
  function decodeAtNothing(handover: Handover): Handover {
    const bytes = handover.tree?.bytes;
    if (bytes === undefined) throw new Error('no tree');
    const only: PhysicalMemory = {
      description: 'the tree alone',
      read: (address, length, into) => {
        const start = Number(handover.fdtAddress);
        const at = address - start;
        if (at < 0 || at >= bytes.length) return 0;
        const count = Math.min(length, bytes.length - at);
        into.set(bytes.subarray(at, at + count));
        return count;
      },
      *runs(start, end) {
        yield { start, end, state: 'absent' };
      },
      *known() {},
    };
    return decodeAt(only, handover.fdtAddress ?? 0n, { pageSize: handover.pageSize, ...formOf(handover) });
  }
});

/** A broken dump of which a page is missing: what failed fails still, or is skipped, but does not pass. */
describe('a page of a broken dump is missing', LONG, () => {
  const some = CASES.filter(
    (each) =>
      each.severity !== 'note' &&
      each.boot === undefined &&
      each.tree === undefined &&
      each.adjust === undefined,
  );
  test.each(some.map((each) => [each.rule, each.what, each] as const))('%s: %s', (rule, _what, each) => {
    const base = ORIGINAL.find(({ name }) => name === (each.dump satisfies Dump));
    if (base === undefined) throw new Error('no dump');
    const broken = damagedOn(base, each);
    const { memory, pageSize } = broken;
    if (memory === undefined) throw new Error('no memory');
    // The pages that the damage is on: without them the rule has nothing to say.
    const pages = new Set(
      each
        .patches(base.handover, base.memory)
        .map(({ address }) => address - (address % pageSize))
        .filter((page) => BigInt(page) !== base.address),
    );
    // Thousands of blocks are pages of one kind.
    const step = Math.ceil(pages.size / sweep(200, 4));
    for (const page of [...pages].filter((_, index) => index % step === 0)) {
      const changed = without(memory, page, pageSize);
      // A chain of ten thousand blocks lies over the tree too.
      if (readTree(changed, base.address) === undefined) continue;
      const less = decodeAt(changed, base.address, { pageSize, ...each.options });
      expect(
        validate(less, catalogue, { only: new Set([rule]) }).passed,
        `without 0x${page.toString(16)}`,
      ).not.toContain(rule);
    }
  });
});
