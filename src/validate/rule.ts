/** What a rule is. The catalogue is data: every output, `explain` and the documentation read the same fields. */
import type { Part } from '../abi/missing.js';
import type { Domain, Generation, Handover, Location } from '../abi/model.js';
import type { Subject } from '../abi/subject.js';
import type { HandedDomain } from '../decode/iommu/domains.js';
import type { LeafBatch } from '../vtd/walk/batch.js';
import type { TableStretch, TableVisit } from '../vtd/walk/state.js';
import type { WalkReport } from '../vtd/walk/walk.js';
import type { Facts } from './facts.js';

export type { Subject };

/** How bad it is; an error where the next kernel refuses, panics, loses, reuses or corrupts, or hardware faults. */
export type Severity = 'error' | 'warning' | 'note';

/** One thing wrong at one place. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  /** One sentence in the kernel's terms, with the numbers. */
  readonly message: string;
  readonly subject?: Subject;
  readonly location: Location;
  readonly found?: string;
  readonly expected?: string;
}

/**
 * Why a rule has no verdict:
 * - `absent`: bytes that it needs are not in the dump, so the verdict of the whole is incomplete;
 * - `unanswered`: an option asked for it, and the dump cannot answer; likewise incomplete;
 * - `taken-over`: the running kernel has consumed what it looks at;
 * - `prerequisite`: another rule failed or was skipped;
 * - `not-asked`: left out by an option;
 * - `not-given`: it needs an input that was not given (memory of a blob, VT-d settings, --to);
 * - `not-applicable`: this dump has no such structure, or the rule cannot be decided for it.
 */
export type SkipKind =
  | 'absent'
  | 'unanswered'
  | 'taken-over'
  | 'prerequisite'
  | 'not-asked'
  | 'not-given'
  | 'not-applicable';

/** How a rule reports; the runner adds id and severity. */
export interface Reporter {
  /**
   * Something is wrong.
   *
   * @param finding with a severity of its own where this instance deserves less than the rule's
   */
  finding(finding: Omit<Finding, 'rule' | 'severity'> & { readonly severity?: Severity }): void;
  /** False once enough findings are kept: further ones are only counted, so need not be put into words. */
  room(): boolean;
  /** Counts findings that were not put into words. */
  more(count: number): void;
  /** The rule could not look at these bytes: unless it fails elsewhere it counts as skipped, never as passed. */
  absent(what: string, address: bigint): void;
  /**
   * The rule does not apply to this dump, or cannot be decided; counts as skipped with the reason.
   * @param kind `not-applicable` where none is given
   */
  skip(why: string, kind?: SkipKind): void;
}

/** What the inspection of VT-d tables has for one rule. */
export interface InspectedRule {
  readonly findings: readonly Omit<Finding, 'rule'>[];
  /** Findings that were not put into words. */
  readonly dropped: number;
  /** Why the rule has nothing to say. */
  readonly skipped?: string;
  /** The damaged pointer that keeps the rule from some of what it would look at. */
  readonly blocked?: string;
  readonly kind?: SkipKind;
  /** Why some of what it would look at was not judged, though nothing is wrong with it. */
  readonly unjudged?: string;
  /** Bytes that the rule would have needed. */
  readonly missing?: { readonly what: string; readonly address: bigint };
}

/** The inspection of VT-d tables, as rules see it. */
export interface Inspected {
  /** What the rows of one rule found. */
  of(rule: string): InspectedRule;
}

/** What a rule sees. */
export interface RuleContext {
  readonly handover: Handover;
  /** Derived facts, computed once for all rules. */
  readonly facts: Facts;
  /** Kernel release that shall take the handover over, e.g. `7.3`. */
  readonly to?: string;
  /** What the VT-d rules found; only when one of them is run and there is memory to look at. */
  readonly inspection?: Inspected;
}

/** Watches the walk of one domain's tables; every rule that needs the leaves shares one walk. */
export interface WalkObserver {
  /** A table page, before its leaves. */
  table?(table: TableVisit): void;
  /** Several at once, where a walk can tell of them together; without it `table` is told each. */
  tables?(tables: TableStretch): void;
  /** Leaves in IOVA order, their bits unchanged; the batch is reused. */
  leaves?(batch: LeafBatch): void;
  /** Leaves in IOVA order, merged into runs; the batch is reused. */
  runs?(batch: LeafBatch): void;
  /**
   * Whether `runs` has to see what maps to page frames [start, end). Asked once for each stretch of memory that
   * leaves reach: with this method `runs` sees only batches for which some rule said so, and those that lead too
   * far off for their memory to be kept track of.
   */
  watches?(start: number, end: number): boolean;
  /** Before `end`: the memory that leaves have reached; not changed afterwards. */
  reached?(granules: Reached): void;
  /** After the last leaf. */
  end?(report: WalkReport): void;
}

/** The memory that the leaves of a walk reach, in granules of 512 page frames, 2 MiB. */
export interface Reached {
  /** Granule numbers, each once, in the order in which they were reached. */
  readonly granules: Float64Array;
  /** Whether leaves also lead to memory that is too far off to be kept track of. */
  readonly far: boolean;
}

/** What a rule needs besides the tree; what is missing is the reason why it is skipped. */
export type Need = 'memory' | 'setup_data';

/** A rule: what must hold in a handover, why, and the function that looks. */
export interface Rule {
  /** AREA-NNN, never reused. */
  readonly id: string;
  /** What must hold, in one line. */
  readonly title: string;
  readonly severity: Severity;
  readonly generations: readonly Generation[];
  /** The specification's own id, e.g. `rfc-2024 K3`. */
  readonly source: string;
  /** Kernel file and function, or hardware specification section, that decides it. */
  readonly evidence: string;
  /** What the next kernel or the hardware does when it does not hold. */
  readonly consequence: string;
  /** Rules that must have run without an error for this one to mean anything. */
  readonly requires?: readonly string[];
  /** Rules that tell the cause where they fail; where they do not apply, this one is run all the same. */
  readonly follows?: readonly string[];
  readonly needs?: readonly Need[];
  /** Lists of the model that it reads; where one is not whole in the dump, the rule cannot pass. */
  readonly reads?: readonly Part[];
  /** Of the structures of these keys it judges what formats/ says: defined values, or padding, but for some fields. */
  readonly judges?: {
    readonly what: 'values' | 'padding';
    readonly subjects: readonly string[];
    readonly except: readonly string[];
  };
  /** Judges what leads to the tree, or the blob as such: runs also where no root can be read. */
  readonly anyRoot?: true;
  /** Reads its findings from the inspection of VT-d tables, in `finish`. */
  readonly vtd?: true;
  /** Looks at model and tree, before page tables are walked. */
  check?(context: RuleContext, report: Reporter): void;
  /** Called once for each domain whose tables can be walked. */
  observe?(context: RuleContext, domain: Domain, report: Reporter): WalkObserver | undefined;
  /** The same for each domain that LUO hands over and whose tables can be walked. */
  observeHanded?(context: RuleContext, domain: HandedDomain, report: Reporter): WalkObserver | undefined;
  /** After all walks. */
  finish?(context: RuleContext, report: Reporter): void;
}

export { RFC_2024 } from '../versions/generations.js';
