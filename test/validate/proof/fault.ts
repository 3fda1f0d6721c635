/** A valid dump with one thing changed, and what every rule says to it. */
import { GENERATIONS, type Generation, type Handover } from '../../../src/abi/model.js';
import { catalogue } from '../../../src/validate/catalogue.js';
import type { Finding, Severity } from '../../../src/validate/rule.js';
import { type ValidateOptions, validate } from '../../../src/validate/run.js';
import { byDay } from '../../sweep.js';
import { misplaced } from './places.js';

export { catalogue, GENERATIONS };

export interface Fault {
  /** The rule that the fault is made for, and the severity it shall have, where that is not the rule's own. */
  readonly rule?: string;
  readonly severity?: Severity;
  /** What is changed. */
  readonly what: string;
  /** The valid dump. */
  readonly base: string;
  readonly generation: Generation;
  /** A repetition of another fault on another base: not needed where the rule is proven for the generation. */
  readonly repeated?: true;
  /** Only its own rule is asked, and only whether it is seen in the generation: the fault proves nothing else. */
  readonly alone?: true;
  /** The changed dump; undefined where this base has nothing that could be changed so. */
  readonly broken: () => Broken | undefined;
}

export interface Broken {
  readonly handover: Handover;
  readonly options?: ValidateOptions;
}

/** A fault that a rule finds. */
export interface Proof {
  readonly fault: Fault;
  /** The first finding of the rule. */
  readonly finding: Finding;
  readonly handover: Handover;
  /** Other rules with errors. */
  readonly others: readonly string[];
}

export interface Proofs {
  /** The fault that shows a rule with the fewest other errors. */
  readonly best: ReadonlyMap<string, Proof>;
  /** The generations in which a rule was seen to fail. */
  readonly seen: ReadonlyMap<string, ReadonlySet<Generation>>;
  /** Findings of all kinds: of each fault the first few of each rule. */
  readonly told: readonly Finding[];
  /** Findings that are not where the field is that they name: looked for in all of them by night. */
  readonly misplaced: readonly string[];
}

/** A fault can have thousands of findings of a rule, which say the same of other numbers. */
const FEW = 8;

const SEVERITIES = new Map(catalogue.map(({ id, severity }) => [id, severity]));

/**
 * Runs the whole catalogue over every fault that can still prove something of its own rule.
 *
 * @param given what was given up: of a rule with other errors, or of `ID GENERATION` where none was seen, nothing more is looked for
 */
export function proofsOf(faults: Iterable<Fault>, given: (cell: string) => boolean): Proofs {
  const best = new Map<string, Proof>();
  const seen = new Map<string, Set<Generation>>();
  const told: Finding[] = [];
  const lost: string[] = [];
  const left: Fault[] = [];
  for (const fault of faults) {
    if (fault.alone === true) ask(fault);
    else if (isProven(fault)) left.push(fault);
    else run(fault);
  }
  // What no fault of a rule's own shows in a generation, or without other errors, one of another rule may.
  for (const fault of left) {
    const only = wantedIn(fault.generation);
    if (only.size > 0 && shows(fault, only)) run(fault);
  }
  return { best, seen, told, misplaced: lost };

  function ask({ rule = '', severity = SEVERITIES.get(rule), generation, broken }: Fault): void {
    if (seen.get(rule)?.has(generation) === true) return;
    const dump = broken();
    if (dump === undefined) return;
    const { findings } = validate(dump.handover, catalogue, { ...dump.options, only: new Set([rule]) });
    if (findings.some((finding) => finding.rule === rule && finding.severity === severity))
      (seen.get(rule) ?? put(seen, rule, new Set<Generation>())).add(generation);
  }

  /** Tables of VT-d are the same in every generation: those rules are left to their own faults. */
  function wantedIn(generation: Generation): ReadonlySet<string> {
    const wanted = catalogue.filter(
      ({ id, vtd, generations }) =>
        vtd !== true &&
        generations.includes(generation) &&
        ((seen.get(id)?.has(generation) !== true && !given(`${id} ${generation}`)) ||
          (best.get(id)?.others.length !== 0 && !given(id))),
    );
    return new Set(wanted.map(({ id }) => id));
  }

  function shows({ broken }: Fault, only: ReadonlySet<string>): boolean {
    const dump = broken();
    if (dump === undefined) return false;
    return validate(dump.handover, catalogue, { ...dump.options, only }).findings.length > 0;
  }

  function isProven({ rule = '', generation }: Fault): boolean {
    const proof = best.get(rule);
    return (
      proof !== undefined &&
      cost(rule, proof.fault, proof.others) === 0 &&
      seen.get(rule)?.has(generation) === true
    );
  }

  function run(fault: Fault): void {
    const broken = fault.broken();
    if (broken === undefined) return;
    const { findings } = validate(broken.handover, catalogue, broken.options);
    const failing = new Set(findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule));
    for (const rule of new Set(findings.map((finding) => finding.rule))) {
      const own = findings.filter((finding) => finding.rule === rule);
      told.push(...own.slice(0, FEW));
      if (!byDay) lost.push(...own.slice(0, FEW).flatMap((each) => misplaced(each, broken.handover) ?? []));
      const severity = SEVERITIES.get(rule);
      const wanted = fault.rule === rule ? (fault.severity ?? severity) : severity;
      const finding = own.find((each) => each.severity === wanted);
      if (finding === undefined) continue;
      (seen.get(rule) ?? put(seen, rule, new Set<Generation>())).add(fault.generation);
      const others = [...failing].filter((id) => id !== rule);
      const before = best.get(rule);
      const better =
        before === undefined || cost(rule, fault, others) < cost(rule, before.fault, before.others);
      if (better) best.set(rule, { fault, finding, handover: broken.handover, others });
    }
  }
}

/** A fault with few other errors serves a rule best; then the one that is made for it. */
function cost(id: string, { rule }: Fault, others: readonly string[]): number {
  const aim = rule === id ? 0 : rule === undefined ? 1 : 2;
  return others.length * 4 + aim;
}

function put<V>(map: Map<string, V>, key: string, value: V): V {
  map.set(key, value);
  return value;
}
