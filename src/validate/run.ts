/** Runs the catalogue over one handover. */

import { type Missing, missingText } from '../abi/missing.js';
import type { Domain, Handover } from '../abi/model.js';
import { type HandedDomain, handedIommu } from '../decode/iommu/domains.js';
import { domainRequest } from '../decode/iommu/walks.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { tellPart } from '../memory/work.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../schema/settings.js';
import { vtdRows } from '../vtd/rules/index.js';
import { createInspection, type Inspection, type Watched } from '../vtd/rules/inspection.js';
import { NOTHING_GIVEN, type VtdOptions } from '../vtd/rules/unit.js';
import { secondStageFormat } from '../vtd/second-stage.js';
import type { LeafBatch } from '../vtd/walk/batch.js';
import { mergeBatches } from '../vtd/walk/runs.js';
import { visitOf, type WalkRequest } from '../vtd/walk/state.js';
import { type WalkReport, walkTable } from '../vtd/walk/walk.js';
import {
  type AreaCoverage,
  coverageOf,
  type Shortfall,
  type Skipped,
  shortfallsOf,
  unmetAreas,
} from './coverage.js';
import { createFacts, type Facts } from './facts.js';
import { unansweredUnits } from './questions.js';
import { missingFor } from './reads.js';
import type { Finding, Need, Reporter, Rule, RuleContext, Severity, SkipKind, WalkObserver } from './rule.js';
import { pathSubject } from './subject.js';
import { createRunFeed } from './survey.js';
import { consumedReason } from './upstream/consumed.js';

/** Findings kept of one rule; more are counted in a last one. */
const MAX_FINDINGS = 4096;

export type { Skipped } from './coverage.js';

type Reason = Omit<Skipped, 'rule'>;

/** What a validation came to. */
export interface ValidationResult {
  /** Most severe first, then in the catalogue's order, then as found. */
  readonly findings: readonly Finding[];
  readonly passed: readonly string[];
  /** Rules with an error or a warning. */
  readonly failed: readonly string[];
  readonly skipped: readonly Skipped[];
  /** Rules that failed, and could not look at everything either. */
  readonly partial: readonly Skipped[];
  /** How far each area was checked. */
  readonly coverage: readonly AreaCoverage[];
  /** What a complete verdict would need; empty when it is complete. */
  readonly missing: readonly Shortfall[];
}

/** Which rules run, and what is known besides the dump. */
export interface ValidateOptions {
  /** Run only these rules (their prerequisites are run too, silently). */
  readonly only?: ReadonlySet<string>;
  readonly skip?: ReadonlySet<string>;
  /** Kernel release that shall take the handover over, e.g. `7.3`. */
  readonly to?: string;
  /** Settings for the tables of domains that are handed over. */
  readonly settings?: VtdSettings;
  /** The remapping units to look at; their tables are walked too. */
  readonly vtd?: VtdOptions;
  /** Areas that must have been checked. */
  readonly required?: readonly string[];
  /**
   * How the container is cut off or damaged, and which limits of the run left the rest out, in words; asked once the
   * rules have read what they read.
   */
  readonly damage?: () => readonly string[];
  /** Which way the tree goes, where the dump tells. */
  readonly direction?: 'incoming' | 'outgoing';
  /** Told before each rule at which of them the run is, from 1 on. */
  readonly onRule?: (index: number, count: number) => void;
}

interface State {
  readonly rule: Rule;
  readonly findings: Finding[];
  dropped: number;
  absent: Reason | undefined;
  /** A list that it looks at is not whole. */
  missing: Reason | undefined;
  skip: Reason | undefined;
  readonly reporter: Reporter;
}

/**
 * Every rule either passes, fails, or is skipped with the reason: because a prerequisite failed, because
 * bytes that it needs are not in the dump, or because it does not apply.
 *
 * @param catalogue rules, each after its prerequisites
 *
 * @example
 * ```ts
 * import { catalogue, decodeHandover, planFromSeed, synthesise, validate } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const { failed, missing } = validate(decodeHandover(blob, { memory }), catalogue, { to: '7.3' });
 * console.log(failed.length, missing.length); //=> 0 0
 * ```
 */
export function validate(
  handover: Handover,
  catalogue: readonly Rule[],
  options: ValidateOptions = {},
): ValidationResult {
  const { generation } = handover;
  const applicable = catalogue.filter(
    (rule) => generation === undefined || rule.generations.includes(generation),
  );
  const states = new Map(applicable.map((rule) => [rule.id, createState(rule, absenceOf(handover))]));
  const facts = createFacts(handover);
  const wanted = wantedRules(applicable, options);
  const inspection = inspectionOf(handover, facts, applicable, wanted, options);
  const context: RuleContext = {
    handover,
    facts,
    ...(options.to === undefined ? {} : { to: options.to }),
    ...(inspection === undefined ? {} : { inspection }),
  };
  const observing: State[] = [];
  let index = 0;
  for (const state of states.values()) {
    const { rule, reporter } = state;
    options.onRule?.(++index, states.size);
    if (!wanted.has(rule.id)) {
      state.skip = NOT_ASKED;
      continue;
    }
    const blocked =
      unreadableRoot(rule, handover) ??
      takenOver(rule, handover) ??
      missingNeed(rule, handover) ??
      failedPrerequisite(rule, states);
    if (blocked !== undefined) {
      state.skip = blocked;
      continue;
    }
    state.missing = missingPart(rule, handover);
    rule.check?.(context, reporter);
    if (rule.observe !== undefined || rule.observeHanded !== undefined) observing.push(state);
  }
  walkTables(context, inspection, observing, options.settings);
  for (const { rule, reporter, skip } of states.values())
    if (skip === undefined) rule.finish?.(context, reporter);
  return collect(handover, [...states.values()], options);
}

const NOT_ASKED: Reason = { why: 'not asked for', kind: 'not-asked' };

/** A blob, or those that debugfs shows, have no memory: it was not given, rather than lost. */
function absenceOf({ memory }: Handover): SkipKind {
  return memory === undefined || memory.excerpt === true ? 'not-given' : 'absent';
}

function createState(rule: Rule, absence: SkipKind): State {
  const state: State = {
    rule,
    findings: [],
    dropped: 0,
    absent: undefined,
    missing: undefined,
    skip: undefined,
    reporter: {
      finding: ({ severity, ...finding }) => {
        if (state.findings.length < MAX_FINDINGS) {
          state.findings.push(placed({ rule: rule.id, severity: severity ?? rule.severity, ...finding }));
        } else {
          state.dropped++;
        }
      },
      room: () => state.findings.length < MAX_FINDINGS,
      more: (count) => {
        state.dropped += count;
      },
      absent: (what, address) => {
        const why = `${what} at 0x${address.toString(16)} is not in the dump`;
        state.absent ??= { why, kind: absence, address };
      },
      skip: (why, kind = 'not-applicable') => {
        state.skip ??= { why, kind: kind === 'absent' ? absence : kind };
      },
    },
  };
  return state;
}

/** A finding with what its path says of its subject; what the rule says of it wins. */
function placed(finding: Finding): Finding {
  const { fdtPath } = finding.location;
  const subject = { ...(fdtPath === undefined ? {} : pathSubject(fdtPath)), ...finding.subject };
  return Object.keys(subject).length === 0 ? finding : { ...finding, subject };
}

/** The rules asked for and, so that their results mean something, their prerequisites. */
function wantedRules(rules: readonly Rule[], { only, skip }: ValidateOptions): ReadonlySet<string> {
  const wanted = new Set<string>();
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  const open = rules.filter(({ id }) => only === undefined || only.has(id)).map(({ id }) => id);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (wanted.has(id) || skip?.has(id) === true) continue;
    wanted.add(id);
    const { requires = [], follows = [] } = byId.get(id) ?? {};
    open.push(...requires, ...follows);
  }
  return wanted;
}

const NEEDS: Readonly<Record<Need, Reason & { met(handover: Handover): boolean }>> = {
  memory: {
    met: ({ memory }) => memory !== undefined,
    why: 'no memory is given for the blob (--memory)',
    kind: 'not-given',
  },
  setup_data: {
    met: ({ setupData }) => setupData !== undefined,
    why: 'no setup_data entry of type 10 leads to the tree',
    kind: 'not-applicable',
  },
};

/** Without a root that tells what it is only the blob itself and what leads to it can be judged. */
function unreadableRoot({ anyRoot, vtd }: Rule, handover: Handover): Reason | undefined {
  if (handover.unreadableRoot !== true || anyRoot === true || vtd === true) return undefined;
  return { why: 'the root of the tree cannot be read', kind: 'prerequisite' };
}

function takenOver(rule: Rule, handover: Handover): Reason | undefined {
  const why = consumedReason(rule, handover);
  return why === undefined ? undefined : { why, kind: 'taken-over' };
}

function missingNeed({ needs }: Rule, handover: Handover): Reason | undefined {
  const missing = needs?.find((need) => !NEEDS[need].met(handover));
  if (missing === undefined) return undefined;
  const { why, kind } = NEEDS[missing];
  return { why, kind };
}

function missingPart(rule: Rule, handover: Handover): Reason | undefined {
  const missing = missingFor(rule, handover);
  if (missing === undefined) return undefined;
  return { why: absentText(missing), kind: absenceOf(handover), address: missing.address };
}

function absentText(missing: Missing): string {
  return `the ${missingText(missing)} is not in the dump`;
}

/**
 * What the model lacks, whether or not a rule looks at it: the first of each part. Of a tree that was taken over only
 * rules tell what still counts, and of blobs by themselves nothing is lost.
 */
function missingParts(
  handover: Handover,
  { only }: ValidateOptions,
  known: ReadonlySet<string | bigint>,
): Shortfall[] {
  const { missing = [], takenOver } = handover;
  if (only !== undefined || takenOver !== undefined || absenceOf(handover) !== 'absent') return [];
  const parts = new Map(missing.toReversed().map((each) => [each.part, each]));
  return [...parts.values()]
    .filter(({ address }) => !known.has(address))
    .toReversed()
    .map((each) => ({ kind: 'absent', what: absentText(each) }));
}

function failedPrerequisite(
  { requires = [], follows = [] }: Rule,
  states: ReadonlyMap<string, State>,
): Reason | undefined {
  const failed = (state: State): boolean => state.findings.some(({ severity }) => severity === 'error');
  for (const id of follows) {
    const state = states.get(id);
    if (state !== undefined && failed(state)) return { why: `${id} failed`, kind: 'prerequisite' };
  }
  for (const id of requires) {
    const state = states.get(id);
    if (state === undefined) continue;
    if (failed(state)) return { why: `${id} failed`, kind: 'prerequisite' };
    const reason = state.skip ?? state.absent;
    // The kind is handed on: what follows from absent bytes is just as unchecked.
    if (reason !== undefined)
      return { why: `${id} was skipped: ${reason.why}`, kind: reason.kind, after: reason.after ?? id };
  }
  return undefined;
}

/** The inspection of VT-d tables, when a rule that is wanted reads it. */
function inspectionOf(
  handover: Handover,
  facts: Facts,
  rules: readonly Rule[],
  wanted: ReadonlySet<string>,
  { settings = DEFAULT_SETTINGS, vtd, direction }: ValidateOptions,
): Inspection | undefined {
  if (handover.memory === undefined || !rules.some(({ id, vtd: reads }) => reads === true && wanted.has(id)))
    return undefined;
  const options = {
    ...(vtd ?? { units: [], given: NOTHING_GIVEN }),
    ...(direction === undefined ? {} : { direction }),
  };
  return createInspection(handover, facts, handover.memory, settings, options, vtdRows);
}

/** Walks the tables of domains, then those of units; each once, for all rules. */
function walkTables(
  context: RuleContext,
  inspection: Inspection | undefined,
  states: readonly State[],
  settings: VtdSettings | undefined,
): void {
  const { memory } = context.handover;
  if (memory === undefined || (states.length === 0 && inspection === undefined)) return;
  walkDomains(context, memory, inspection, states, settings);
  walkUnits(context, memory, inspection, states, settings);
  inspection?.finish();
}

function walkDomains(
  context: RuleContext,
  memory: PhysicalMemory,
  inspection: Inspection | undefined,
  all: readonly State[],
  settings: VtdSettings | undefined,
): void {
  const states = all.filter(({ rule }) => rule.observe !== undefined);
  const { domains = [] } = context.handover;
  for (const [index, domain] of domains.entries()) {
    tellPart(index / domains.length, (index + 1) / domains.length);
    const root = rootOf(domain);
    if (root === undefined) {
      const name = domain.persistentId ?? domain.nodeName ?? 'without id';
      for (const { reporter } of states)
        reporter.skip(`domain ${name} has no pgd and agaw that could be walked`);
      continue;
    }
    const observers = states.flatMap(({ rule, reporter }) => rule.observe?.(context, domain, reporter) ?? []);
    const inspected = inspection?.domain(domain, root);
    const request = inspected?.request ?? {
      memory,
      root: root.pgd,
      levels: root.levels,
      format: secondStageFormat(settings),
    };
    const { anomalies } = walkWatched(
      request,
      inspected === undefined ? observers : [...observers, ...inspected.observers],
    );
    tellAbsent(states, anomalies);
  }
}

function tellAbsent(states: readonly State[], anomalies: WalkReport['anomalies']): void {
  const missing = anomalies.find(({ kind }) => kind === 'table-absent');
  if (missing === undefined) return;
  for (const { reporter } of states) reporter.absent('a page-table page', BigInt(missing.table ?? 0));
}

/** Walks the tables of units, among them those of domains that LUO hands over; without an inspection these alone. */
function walkUnits(
  context: RuleContext,
  memory: PhysicalMemory,
  inspection: Inspection | undefined,
  all: readonly State[],
  settings: VtdSettings | undefined,
): void {
  const states = all.filter(({ rule }) => rule.observeHanded !== undefined);
  const domains = handedIommu(context.handover)?.domains ?? [];
  const walked = new Set<HandedDomain>();
  const tables =
    inspection?.unitTables() ?? (states.length > 0 ? handedTables(domains, memory, settings) : []);
  let done = 0;
  for (const { request, observers, handed } of tables) {
    const all = Math.max(domains.length, ++done);
    tellPart((done - 1) / all, done / all);
    if (handed === undefined) {
      walkWatched(request, observers);
      continue;
    }
    walked.add(handed);
    const own = states.flatMap(({ rule, reporter }) => rule.observeHanded?.(context, handed, reporter) ?? []);
    tellAbsent(states, walkWatched(request, [...own, ...observers]).anomalies);
  }
  for (const domain of domains) {
    if (walked.has(domain)) continue;
    const [why, kind] = whyNotWalked(domain);
    for (const { reporter } of states) reporter.skip(`${domain.name} is not walked: ${why}`, kind);
  }
}

function* handedTables(
  domains: readonly HandedDomain[],
  memory: PhysicalMemory,
  settings: VtdSettings | undefined,
): Generator<Watched> {
  for (const handed of domains) {
    const request = domainRequest(handed, memory, settings);
    if (typeof request !== 'string') yield { request, observers: [], handed };
  }
}

function whyNotWalked({ root, levels, stage }: HandedDomain): [string, SkipKind] {
  if (root === undefined || levels === undefined)
    return ['its record has no table (IOMMU-059)', 'prerequisite'];
  if (stage === undefined) return ['its stage is unknown', 'not-given'];
  return ['the entries of its devices lead to other tables (IOMMU-052)', 'prerequisite'];
}

/** Walks one table with all that watches it. */
function walkWatched(request: WalkRequest, observers: readonly WalkObserver[]): WalkReport {
  const tables = observers.filter((observer) => observer.table !== undefined);
  const leaves = observers.filter((observer) => observer.leaves !== undefined);
  const feed = createRunFeed(observers);
  const walk = walkTable({
    ...request,
    onTable: (visit) => {
      for (const observer of tables) observer.table?.(visit);
    },
    onTables: (stretch) => {
      for (const observer of tables)
        if (observer.tables !== undefined) observer.tables(stretch);
        else for (let nth = 0; nth < stretch.count; nth++) observer.table?.(visitOf(stretch, nth));
    },
  });
  for (const batch of mergeBatches(watched(walk.batches, leaves), request.format)) {
    feed.take(batch);
  }
  feed.end();
  const report = walk.report();
  for (const observer of observers) observer.end?.(report);
  return report;
}

/** Shows each batch to the observers of single leaves on its way to being merged. */
function* watched(batches: Iterable<LeafBatch>, observers: readonly WalkObserver[]): Generator<LeafBatch> {
  for (const batch of batches) {
    for (const observer of observers) observer.leaves?.(batch);
    yield batch;
  }
}

/** Where a walk of the domain starts; undefined when its pgd or agaw allows none. */
export function rootOf({ pgd, agaw }: Domain): { pgd: bigint; levels: number } | undefined {
  if (pgd === undefined || agaw === undefined || agaw < 0 || agaw > 3) return undefined;
  if (pgd === 0n || pgd % 4096n !== 0n || physicalAddress(pgd) === undefined) return undefined;
  return { pgd, levels: agaw + 2 };
}

/** Whether a structure is there at all is not known where what leads to it is absent. */
function reasonOf({ skip, absent, missing }: State): Reason | undefined {
  const lost = absent ?? missing;
  return skip?.kind === 'not-applicable' && lost?.kind === 'absent' ? lost : (skip ?? lost);
}

const ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

function collect(handover: Handover, states: readonly State[], options: ValidateOptions): ValidationResult {
  const findings: Finding[] = [];
  const passed: string[] = [];
  const failed: string[] = [];
  const skipped: Skipped[] = [];
  const partial: Skipped[] = [];
  for (const state of states) {
    const { rule, findings: own, dropped } = state;
    const asked = options.only === undefined || options.only.has(rule.id);
    const reason = asked ? reasonOf(state) : NOT_ASKED;
    if (asked) findings.push(...own);
    if (asked && dropped > 0) {
      findings.push({
        rule: rule.id,
        severity: rule.severity,
        message: `and ${dropped} more of this rule`,
        location: {},
      });
    }
    const fails = asked && own.some(({ severity }) => severity !== 'note');
    if (fails) failed.push(rule.id);
    if (reason !== undefined) (fails ? partial : skipped).push({ rule: rule.id, ...reason });
    else if (!fails) passed.push(rule.id);
  }
  findings.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  const outcomes = { passed, failed, skipped, partial };
  const ids = states.map(({ rule }) => rule.id);
  const coverage = coverageOf(handover, ids, outcomes);
  const { vtd, required = [], damage } = options;
  const asked = vtd === undefined ? [] : unansweredUnits(vtd, handover.memory);
  const unmet = unmetAreas(required, coverage, outcomes);
  const told = shortfallsOf(outcomes, asked.length > 0).filter(({ what }) => !asked.includes(what));
  const known = new Set([...skipped, ...partial].flatMap(({ address }) => address ?? []));
  const missing: Shortfall[] = [
    ...(damage?.() ?? []).map((what) => ({ kind: 'damage' as const, what })),
    ...[...asked, ...unmet].map((what) => ({ kind: 'unanswered' as const, what })),
    ...told,
    ...missingParts(handover, options, known),
  ];
  return { findings, ...outcomes, coverage, missing };
}
