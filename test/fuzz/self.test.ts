/** Our own decoder, validator, printers and encoder on mutated dumps of every generation. */
import { afterAll, describe, expect, test } from 'vitest';
import { GENERATIONS } from '../../src/abi/model.js';
import { caseMaker } from '../../src/fuzz/generate.js';
import { ACCEPTED, fires, type Mutation } from '../../src/fuzz/mutation.js';
import { type SelfResult, selfRunner } from '../../src/fuzz/self.js';
import { sweep } from '../sweep.js';
import { madeTargets, newestTargets, realTargets } from './targets.js';

const SEED = 2026n;
/** Large cores cost most: they have fewer cases, and lone blobs, which cost least, most. */
const BLOB_CASES = sweep(300, 10);
const SMALL_CORE_CASES = sweep(240, 8);
const LARGE_CORE_CASES = sweep(50, 4);
const SMALL = 1 << 19;
const WANTED = sweep(20_000, 600);

const targets = [...realTargets(), ...madeTargets()];
const verdicts: Record<SelfResult['verdict'], number> = { accepted: 0, rejected: 0, refused: 0 };
let cases = 0;
let decided = 0;
afterAll(() => {
  const { accepted, rejected, refused } = verdicts;
  process.stdout.write(
    `fuzz --self: ${cases} cases (${accepted} accepted, ${rejected} rejected, ${refused} no handover), ${decided} verdicts decided by the mutation\n`,
  );
});

describe('mutated dumps', () => {
  test.each(targets)(
    '$name: no exception, no hang, the same bytes back, the verdict that the mutation decides',
    ({ target }) => {
      const size = target.segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
      const count = target.form === 'blob' ? BLOB_CASES : size < SMALL ? SMALL_CORE_CASES : LARGE_CORE_CASES;
      const maker = caseMaker(target, SEED);
      const runner = selfRunner(target);
      const problems: string[] = [];
      for (let i = 0; i < count; i++) {
        const fuzzCase = maker.make(i);
        const result = runner.run(fuzzCase);
        cases++;
        verdicts[result.verdict]++;
        if (fuzzCase.expect.kind !== 'unknown') decided++;
        for (const problem of result.problems) {
          problems.push(`case ${i}: ${problem}: ${fuzzCase.mutations.map(({ words }) => words).join('; ')}`);
        }
      }
      expect(problems).toEqual([]);
    },
  );

  test('are as many as promised, of every verdict', () => {
    expect(cases).toBeGreaterThanOrEqual(WANTED);
    expect(verdicts.accepted).toBeGreaterThan(cases / 20);
    expect(verdicts.rejected).toBeGreaterThan(cases / 20);
    // What claims of zero regions and several sizes at once lead to is not known beforehand.
    expect(decided).toBeGreaterThan(cases / 12);
    const generations = new Set(targets.map(({ target }) => target.handover.generation));
    for (const generation of GENERATIONS) expect(generations).toContain(generation);
  });
});

describe('the check itself', () => {
  const { core } = newestTargets();
  const none: readonly Mutation[] = [];

  test('notices a rule that does not fire', () => {
    const { problems, verdict } = selfRunner(core).run({
      number: 1,
      mutations: none,
      expect: fires('KHO-112'),
    });
    expect(verdict).toBe('accepted');
    expect(problems).toEqual(['KHO-112 did not fire']);
  });

  test('notices a rule that fires where none may', () => {
    const cut = {
      level: 'byte',
      words: '',
      expect: ACCEPTED,
      changes: [{ kind: 'write', address: core.root.address, bytes: new Uint8Array(4) }],
    } as const;
    const { problems, verdict } = selfRunner(core).run({ number: 1, mutations: [cut], expect: ACCEPTED });
    // A tree whose magic is gone is judged where it is named.
    expect(verdict).toBe('rejected');
    expect(problems.length).toBeGreaterThan(0);
  });

  test('notices too much work and too much time', () => {
    const runner = selfRunner(core, { time: 0, factor: 0, reads: 1, bytes: 1 });
    const { problems } = runner.run({ number: 1, mutations: none, expect: ACCEPTED });
    expect(problems.join()).toMatch(/took .* ms.*read memory .* times.*read .* bytes/);
  });
});
