/** What of a dump was checked, area by area, and what the verdict lacks: from the outcomes of the rules alone. */
import type { Handover } from '../abi/model.js';
import { claimsOf, folioClaims } from '../references/claims.js';
import type { SkipKind } from './rule.js';
import { holdersOf } from './structures/held.js';
import { counted } from './text.js';

/** A rule without a verdict, or without one on all that it should have looked at. */
export interface Skipped {
  readonly rule: string;
  readonly why: string;
  readonly kind: SkipKind;
  /** Where bytes are absent: what one page holds may have several names. */
  readonly address?: bigint;
  /** The prerequisite that this follows from; absent where the rule met the reason itself. */
  readonly after?: string;
}

/**
 * - `checked`: every rule of the area that this dump has something for was run on all of it;
 * - `partly`: some were not, or not on all of it;
 * - `unchecked`: none was, though there is, or may be, something to check;
 * - `not there`: the dump has no such structure.
 */
export type CoverageState = 'checked' | 'partly' | 'unchecked' | 'not there';

/** How far one area was checked. */
export interface AreaCoverage {
  /** Letters of the rules' ids, e.g. `LUO`. */
  readonly area: string;
  readonly state: CoverageState;
  /** Why it is not `checked`. */
  readonly why?: string;
}

/** Something that a complete verdict would need and the dump does not give. */
export interface Shortfall {
  /**
   * - `damage`: the container is cut off or damaged, or a limit of the run left the rest of it out;
   * - `absent`: records refer to bytes that the dump does not hold;
   * - `unanswered`: an option asked for something that the dump cannot answer.
   */
  readonly kind: 'damage' | 'absent' | 'unanswered';
  readonly what: string;
}

/** The rules of a run by what became of them. */
export interface Outcomes {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly skipped: readonly Skipped[];
  /** Rules that failed, but could not look at everything either. */
  readonly partial: readonly Skipped[];
}

/** `KHO` of `KHO-101`. */
export function areaOf(id: string): string {
  return id.slice(0, id.lastIndexOf('-'));
}

/** Kinds of reasons that leave a hole, the one that says most first. */
const HOLES: readonly SkipKind[] = [
  'unanswered',
  'absent',
  'taken-over',
  'prerequisite',
  'not-given',
  'not-asked',
];
/** Holes that an option made or that an error explains: `--require` does not count them. */
const EXCUSED: ReadonlySet<SkipKind> = new Set<SkipKind>(['prerequisite', 'not-asked']);

/** Areas whose rules pass on a tree without the structure, and whether a handover has it. */
const THERE: Readonly<Record<string, (handover: Handover) => boolean>> = {
  IOMMUFD: (handover) => (handover.iommufds ?? []).length > 0 || holdersOf(handover, 'iommufd').length > 0,
  DMAR: ({ domains = [] }) => domains.length > 0,
  GMFS: ({ guestmemfs }) => guestmemfs !== undefined,
  FTRACE: ({ ftrace }) => ftrace !== undefined,
  IOMMU: ({ iommu }) => iommu !== undefined,
  MAP: ({ iommufds = [], domains = [], guestmemfs }) =>
    iommufds.length > 0 || domains.length > 0 || guestmemfs !== undefined,
  MEMBLOCK: ({ memblock }) => memblock !== undefined,
  KTEST: ({ khoTest }) => khoTest !== undefined,
  KMETA: ({ kexecMetadata }) => kexecMetadata !== undefined,
  LUO: ({ luo }) => luo !== undefined,
  FLB: ({ luo }) => (luo?.flbs ?? []).length > 0,
  MEMFD: (handover) => folioClaims(handover).some(({ structure }) => structure === 'memfd'),
  VMALLOC: (handover) => claimsOf(handover).some(({ area }) => area !== undefined),
  BLOCK: ({ luo }) =>
    (luo?.sessionBlocks ?? []).length > 0 ||
    (luo?.sessions ?? []).some(({ fileBlocks = [] }) => fileBlocks.length > 0),
};

interface Area {
  ran: number;
  failed: number;
  readonly holes: Skipped[];
  /** Reasons why rules do not apply. */
  readonly others: string[];
}

/** How far each area was checked, in the order of `rules`. */
export function coverageOf(handover: Handover, rules: readonly string[], outcomes: Outcomes): AreaCoverage[] {
  return [...areasOf(rules, outcomes)].map(([name, area]) => {
    const { state, why } = stateOf(handover, name, area);
    return { area: name, state, ...(why === undefined ? {} : { why }) };
  });
}

function areasOf(rules: readonly string[], outcomes: Outcomes): ReadonlyMap<string, Area> {
  const areas = new Map<string, Area>();
  const at = (id: string): Area => {
    const name = areaOf(id);
    const area = areas.get(name) ?? { ran: 0, failed: 0, holes: [], others: [] };
    areas.set(name, area);
    return area;
  };
  for (const id of rules) at(id);
  for (const id of outcomes.passed) at(id).ran++;
  for (const id of outcomes.failed) {
    at(id).ran++;
    at(id).failed++;
  }
  for (const skipped of [...outcomes.skipped, ...outcomes.partial]) {
    const { holes, others } = at(skipped.rule);
    if (HOLES.includes(skipped.kind)) holes.push(skipped);
    else others.push(skipped.why);
  }
  return areas;
}

function stateOf(handover: Handover, name: string, { ran, failed, holes, others }: Area) {
  const hole = worstHole(holes);
  const rules = counted(holes.length, 'rule');
  if (hole === undefined) {
    if (ran === 0) return { state: 'not there', why: others[0] } as const;
    const there = failed > 0 || (THERE[name]?.(handover) ?? true);
    return { state: there ? 'checked' : 'not there', why: undefined } as const;
  }
  if (ran === 0) return { state: 'unchecked', why: hole.why } as const;
  return { state: 'partly', why: `${rules}: ${hole.why}` } as const;
}

function worstHole(holes: readonly Skipped[]): Skipped | undefined {
  for (const kind of HOLES) {
    const own = holes.filter((hole) => hole.kind === kind);
    const hole = own.find(({ after }) => after === undefined) ?? own[0];
    if (hole !== undefined) return hole;
  }
  return undefined;
}

/** Asked for areas (`--require`) that were not checked, in words. */
export function unmetAreas(
  required: readonly string[],
  coverage: readonly AreaCoverage[],
  { skipped, partial }: Outcomes,
): string[] {
  return required.flatMap((name) => {
    const covered = coverage.find(({ area }) => area === name);
    if (covered === undefined) return [`${name} has no rules for this dump`];
    const { state, why = 'there is none in the dump' } = covered;
    if (state === 'checked') return [];
    const own = [...skipped, ...partial].filter(({ rule }) => areaOf(rule) === name);
    if (state === 'partly' && own.every(({ kind }) => !HOLES.includes(kind) || EXCUSED.has(kind))) return [];
    return [`${name} is ${state === 'partly' ? 'checked in part only' : state} (${why})`];
  });
}

/**
 * What rules could not look at, each reason once.
 *
 * @param known whether what the options ask for in vain is known already, and what rules say of it a repetition
 */
export function shortfallsOf({ skipped, partial }: Outcomes, known: boolean): Shortfall[] {
  const found = new Map<string | bigint, Shortfall>();
  const all = [...skipped, ...partial];
  for (const kind of known ? (['absent'] as const) : (['absent', 'unanswered'] as const)) {
    const own = all.filter((one) => one.kind === kind);
    const direct = own.filter(({ after }) => after === undefined);
    for (const { why, address = why } of direct.length > 0 ? direct : own) {
      if (!found.has(address)) found.set(address, { kind, what: why });
    }
  }
  return [...found.values()];
}
