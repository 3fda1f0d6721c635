/** Each case of the rules on drafts, on the dump that it is made for: drafts were captured under kho-v4 only. */
import type { Generation } from '../../../src/abi/model.js';
import { catalogue } from '../../../src/validate/catalogue.js';
import { structureRules } from '../../../src/validate/structures/index.js';
import { damagedDraft } from '../draft-cases/base.js';
import { DRAFT_CASES } from '../draft-cases/index.js';
import { type Fault, GENERATIONS } from './fault.js';

const CAPTURED: Generation = 'kho-v4';

export const draftFaults: readonly Fault[] = DRAFT_CASES.map((each) => ({
  rule: each.rule,
  severity: each.severity,
  what: each.what,
  base: each.dump,
  generation: CAPTURED,
  broken: () => ({ handover: damagedDraft(each) }),
}));

const DRAFTS: ReadonlySet<string> = new Set(structureRules.map(({ id }) => id));

/** `RULE GENERATION` for each generation in which no draft was captured. */
export const NOT_CAPTURED: ReadonlySet<string> = new Set(
  catalogue.flatMap(({ id, generations }) =>
    DRAFTS.has(id)
      ? generations
          .filter((name) => GENERATIONS.includes(name) && name !== CAPTURED)
          .map((name) => `${id} ${name}`)
      : [],
  ),
);
