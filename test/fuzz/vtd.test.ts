/** Structures of remapping units and their registers as what is mutated, and what has to be said of each. */
import { describe, expect, test } from 'vitest';
import { registersOf } from '../../src/fuzz/apply.js';
import { targetInstances } from '../../src/fuzz/instances.js';
import { manifestLine } from '../../src/fuzz/manifest.js';
import { type MutateContext, type Mutator, mutateContext } from '../../src/fuzz/mutate/context.js';
import { mutateField } from '../../src/fuzz/mutate/field.js';
import { mutateRegister } from '../../src/fuzz/mutate/register.js';
import { ACCEPTED, expectationText, type Mutation } from '../../src/fuzz/mutation.js';
import { selfRunner } from '../../src/fuzz/self.js';
import { createRandom } from '../../src/synth/random.js';
import { sweep } from '../sweep.js';
import { UNIT_TARGETS } from './units.js';

const CASES = sweep(160, 36);

function* made(mutator: Mutator, context: MutateContext): Generator<Mutation> {
  for (let i = 0; i < CASES; i++) {
    const mutation = mutator(context, createRandom(11n, i));
    if (mutation !== undefined) yield mutation;
  }
}

describe.each(UNIT_TARGETS)('%s', (_, target, records) => {
  const instances = targetInstances(target);
  const entries = { ...instances, records: instances.records.filter(({ unit }) => unit !== undefined) };
  const context = mutateContext(target, entries);

  test('has every kind of entry, in the image', () => {
    expect([...new Set(entries.records.map(({ record }) => record.name))].sort()).toEqual(
      [...records].sort(),
    );
  });

  test.each([
    ['entries', mutateField, CASES / 4],
    ['registers', mutateRegister, (CASES * 3) / 16],
  ] as const)('%s: the rules say what the mutation decides', (_, mutator, least) => {
    const runner = selfRunner(target);
    const problems: string[] = [];
    const rules = new Set<string>();
    let decided = 0;
    for (const mutation of made(mutator, context)) {
      const { expect: wanted } = mutation;
      if (wanted.kind !== 'unknown') decided++;
      if (wanted.kind === 'rules') for (const rule of wanted.rules) rules.add(rule);
      const result = runner.run({ number: 1, mutations: [mutation], expect: wanted });
      for (const problem of result.problems)
        problems.push(`${mutation.words} (${expectationText(wanted)}): ${problem}`);
    }
    expect(problems).toEqual([]);
    expect(decided).toBeGreaterThan(least);
    expect(rules.size).toBeGreaterThan(2);
  });

  test('a page of a root or context table that is not there is no finding', () => {
    const runner = selfRunner(target);
    const pages = new Set(
      entries.records
        .filter(({ record }) => /(?:root|context)_entry$/.test(record.name))
        .map(({ address }) => Math.floor(Number(address) / 4096) * 4096),
    );
    expect(pages.size).toBeGreaterThan(0);
    for (const start of pages) {
      const cut: Mutation = {
        level: 'byte',
        words: `without ${start}`,
        expect: ACCEPTED,
        changes: [{ kind: 'cut', start, end: start + 4096 }],
      };
      expect(runner.run({ number: 1, mutations: [cut], expect: ACCEPTED }).problems).toEqual([]);
    }
  });

  test('the manifest has the value for --root, as the case needs it', () => {
    const [mutation] = made(mutateRegister, context);
    if (mutation === undefined) throw new Error('a register can be changed');
    const unit = target.units?.[0];
    const change = mutation.changes[0];
    if (unit === undefined || change?.kind !== 'register') throw new Error('a register is changed');
    const line = (mutations: readonly Mutation[]) =>
      manifestLine(
        { number: 0, mutations, expect: mutation.expect },
        1n,
        'x',
        registersOf(target, mutations),
      );
    expect(line([]).registers).toEqual({ [unit.name]: `0x${unit.rtaddr.toString(16)}` });
    expect(line([mutation]).registers).toEqual({ [unit.name]: `0x${change.value.toString(16)}` });
    expect(change.value).not.toBe(unit.rtaddr);
  });
});
