/**
 * The readers of records on synthesised dumps. An input is a target and numbers of cases whose mutations are all
 * applied: coverage chooses what is worth being changed further, `src/fuzz` how.
 */
import { everyForm } from '../../src/cli/fuzz-synth.js';
import { caseSource } from '../../src/cli/fuzz-targets.js';
import { UNKNOWN } from '../../src/fuzz/mutation.js';
import { selfRunner } from '../../src/fuzz/self.js';
import type { Subject } from './loop.js';

const SEED = 2026n;
const MAX_CASES = 6;
const CASES = 2 ** 20;

interface Input {
  readonly target: number;
  readonly cases: readonly number[];
}

/** One subject; inputs are `target:case,case,…`. */
export function recordsSubject(): Subject {
  const targets = everyForm(SEED);
  const makers = targets.map((target) => caseSource([target], SEED));
  const runners = targets.map((target) => selfRunner(target));
  return {
    name: 'records',
    start: targets.map((_, target) => `${target}:`),
    run(text) {
      const { target, cases } = parsed(text);
      const maker = makers[target];
      const mutations = cases.flatMap((number) => maker?.make(number).mutations ?? []);
      const result = runners[target]?.run({ number: 1, mutations, expect: UNKNOWN });
      const [problem] = result?.problems ?? [];
      if (problem !== undefined) throw new Error(problem);
    },
    mutate(text, other, random) {
      const { target, cases } = parsed(text);
      const foreign = parsed(other);
      const list = [...cases];
      if (foreign.target === target && random.chance(1 / 4)) list.push(...foreign.cases);
      if (list.length > 0 && random.chance(1 / 3)) list.splice(random.below(list.length), 1);
      if (list.length < MAX_CASES) list.push(random.below(CASES));
      return `${target}:${list.slice(0, MAX_CASES).join(',')}`;
    },
  };
}

function parsed(text: string): Input {
  const [target = '0', cases = ''] = text.split(':');
  return {
    target: Number(target),
    cases: cases
      .split(',')
      .filter((each) => each !== '')
      .map(Number),
  };
}
