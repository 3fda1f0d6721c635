/**
 * Each case of the rules on drafts, on the dump that it is made for, and again on synthesised dumps of the generations
 * that no draft was captured under.
 */
import type { Generation } from '../../../src/abi/model.js';
import { draftRules } from '../../../src/structures/rules.js';
import { catalogue } from '../../../src/validate/catalogue.js';
import { type DraftCase, type DraftName, damagedDraft, draftBase } from '../draft-cases/base.js';
import { DRAFT_CASES } from '../draft-cases/index.js';
import { OTHER_GENERATIONS } from '../draft-cases/synthesised.js';
import { type Fault, GENERATIONS } from './fault.js';

const CAPTURED: Generation = 'kho-v4';

function generationOf(name: DraftName): Generation {
  return draftBase(name).handover.generation ?? CAPTURED;
}

const own: readonly Fault[] = DRAFT_CASES.map((each) => ({
  rule: each.rule,
  severity: each.severity,
  what: each.what,
  base: each.dump,
  generation: generationOf(each.dump),
  broken: () => ({ handover: damagedDraft(each) }),
}));

/** A case on another dump; undefined where that has not what the case changes. */
function repeated(each: DraftCase, base: DraftName): Fault {
  return {
    rule: each.rule,
    severity: each.severity,
    what: each.what,
    base,
    generation: generationOf(base),
    alone: true,
    broken() {
      try {
        return { handover: damagedDraft(each, base) };
      } catch {
        return undefined;
      }
    },
  };
}

/** Cases of IOMMU state; those of memory and KVM have no synthesised dump. */
const SYNTHESISED_AREAS = /^(IOMMU|IOMMUFD|VFIO|PCI)-/;

export const draftFaults: readonly Fault[] = [
  ...own,
  ...DRAFT_CASES.filter(({ rule }) => SYNTHESISED_AREAS.test(rule)).flatMap((each) =>
    OTHER_GENERATIONS.map((base) => repeated(each, base)),
  ),
];

const DRAFTS: ReadonlySet<string> = new Set(draftRules.map(({ id }) => id));

/** `RULE GENERATION` for each generation in which a draft was neither captured nor can be synthesised. */
export const NOT_CAPTURED: ReadonlySet<string> = new Set(
  catalogue.flatMap(({ id, generations }) =>
    DRAFTS.has(id) && !SYNTHESISED_AREAS.test(id)
      ? generations
          .filter((name) => GENERATIONS.includes(name) && name !== CAPTURED)
          .map((name) => `${id} ${name}`)
      : [],
  ),
);
