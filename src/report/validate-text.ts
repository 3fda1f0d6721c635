/** `kho validate` for people: by place, most severe first; the bytes, and what the kernel would do. */
import type { Handover, Location } from '../abi/model.js';
import { escapeText } from '../schema/escape.js';
import { grouped } from '../schema/grouped.js';
import { hex, thousands } from '../schema/units.js';
import type { AreaCoverage, CoverageState } from '../validate/coverage.js';
import type { Finding, Rule, Severity, SkipKind } from '../validate/rule.js';
import type { ValidationResult } from '../validate/run.js';
import { shortfallText, type Verdict, verdictOf } from '../validate/verdict.js';
import { bytesText, findingBytes } from './finding-bytes.js';
import { type Place, placesOf } from './finding-groups.js';
import { type Paint, plain } from './paint.js';
import { treePath } from './place-text.js';

/** Findings shown of one rule, unless all are asked for. */
const MAX_SHOWN = 10;
/** Rule ids shown of one reason. */
const MAX_RULES = 8;

/** How a validation is printed. */
export interface TextOptions {
  readonly paint?: Paint;
  /** Show every finding, not only the first few of each rule. */
  readonly all?: boolean;
  /** Tell which rules were skipped, and why. */
  readonly skipped?: boolean;
}

/**
 * Lines for people of one dump: verdict and coverage, then the findings, place by place.
 *
 * @example
 * ```ts
 * import { catalogue, decodeHandover, planFromSeed, synthesise, validate, validateLines } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const handover = decodeHandover(blob, { memory });
 * const [first] = validateLines('dump.elf', handover, validate(handover, catalogue), catalogue);
 * console.log(first); //=> dump.elf: valid  kho-v4, 0 errors, 0 warnings, 0 notes
 * ```
 */
export function* validateLines(
  path: string,
  handover: Handover,
  result: ValidationResult,
  catalogue: readonly Rule[],
  { paint = plain, all = false, skipped = false }: TextOptions = {},
): Generator<string> {
  const rules = new Map(catalogue.map((rule) => [rule.id, rule]));
  const verdict = verdictOf(result);
  const colour = verdictRole(verdict);
  yield `${escapeText(path)}: ${paint(colour, verdict)}  ${paint('faint', `${handover.generation ?? handover.kind}, ${countsText(result)}`)}`;
  const explained = new Set<string>();
  for (const place of placesOf(result.findings, all ? Number.POSITIVE_INFINITY : MAX_SHOWN)) {
    yield '';
    yield* placeLines(place, rules, explained, handover, paint);
  }
  yield '';
  if (result.findings.length > 0) {
    yield* tableLines(result, rules, paint);
    yield '';
  }
  yield coverageText(result.coverage);
  yield runText(result);
  if (skipped) yield* skippedLines(result, paint);
  if (result.missing.length > 0) yield `incomplete: ${escapeText(shortfallText(result))}`;
  yield `${paint(colour, verdict)}, ${countsText(result)}${closing(result)}`;
}

/** Order in which the text names states. */
const STATES: readonly CoverageState[] = ['checked', 'partly', 'unchecked', 'not there'];

/** `coverage: FDT, KHO checked; LUO partly; VTD unchecked`: one line, without the reasons. */
export function coverageText(coverage: readonly AreaCoverage[]): string {
  const parts = STATES.flatMap((state) => {
    const areas = coverage.filter((one) => one.state === state).map(({ area }) => area);
    return areas.length === 0 ? [] : [`${areas.join(', ')} ${state}`];
  });
  return `coverage: ${parts.join('; ')}`;
}

/** @param explained rules whose consequence has been printed already */
function* placeLines(
  { name, rules: groups }: Place,
  rules: ReadonlyMap<string, Rule>,
  explained: Set<string>,
  handover: Handover,
  paint: Paint,
): Generator<string> {
  yield paint('node', escapeText(name));
  for (const { id, severity, findings, more } of groups) {
    const rule = rules.get(id);
    yield `  ${paint(severity, severity.padEnd(7))} ${paint('node', id)}  ${paint('faint', rule?.title ?? '')}`;
    for (const finding of findings) yield* findingText(finding, handover, paint);
    if (more > 0) {
      yield paint('faint', `    and ${thousands(more)} more of ${id} (--all shows every finding)`);
    }
    if (rule !== undefined && !explained.has(id)) {
      explained.add(id);
      yield `    ${paint('faint', `→ ${rule.consequence} (${rule.evidence})`)}`;
    }
  }
}

function* findingText(finding: Finding, handover: Handover, paint: Paint): Generator<string> {
  const { location, severity } = finding;
  yield `    ${escapeText(finding.message)}`;
  const row = (name: string, text: string): string => `      ${paint('name', name)} ${text}`;
  const place = placeText(location, paint);
  if (place !== '') yield row('at', place);
  const bytes = findingBytes(location, handover);
  if (bytes !== undefined) yield row('bytes', bytesText(bytes, paint, severity));
  if (finding.expected !== undefined) {
    yield row(
      'found',
      `${escapeText(foundText(finding))}, ${paint('name', 'expected')} ${escapeText(finding.expected)}`,
    );
  }
}

/** What was found; an empty text is nothing. */
export function foundText({ found = '' }: Pick<Finding, 'found'>): string {
  return found === '' ? 'nothing' : found;
}

/** A location on one line, most general part first. */
export function placeText(location: Location, paint: Paint = plain): string {
  const { fdtPath, property, field, address, iova, iovaEnd, fileOffset, bits } = location;
  const parts: string[] = [];
  if (fdtPath !== undefined) {
    parts.push(paint('value', escapeText(treePath(fdtPath, property))));
  }
  if (field !== undefined) parts.push(field);
  if (bits !== undefined) parts.push(`${bits.includes(':') ? 'bits' : 'bit'} ${bits}`);
  if (address !== undefined) parts.push(`address ${paint('address', hex(address))}`);
  if (iova !== undefined)
    parts.push(
      `IOVA ${paint('address', iovaEnd === undefined ? hex(iova) : `${hex(iova)}-${hex(iovaEnd)}`)}`,
    );
  if (fileOffset !== undefined) parts.push(`offset ${paint('address', hex(fileOffset))}`);
  return parts.join('  ');
}

/** The colour of a verdict. */
export function verdictRole(verdict: Verdict): 'good' | 'warning' | 'error' {
  return verdict === 'valid' ? 'good' : verdict === 'incomplete' ? 'warning' : 'error';
}

/** `2 errors, 1 warning, 0 notes`. */
export function countsText({ findings }: ValidationResult): string {
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const parts = (['error', 'warning', 'note'] as const).map((severity) => {
    const number = count(severity);
    return `${number} ${severity}${number === 1 ? '' : 's'}`;
  });
  return parts.join(', ');
}

/** Rules with findings: severity, how many, and what must hold; the most severe first. */
function* tableLines(
  { findings }: ValidationResult,
  rules: ReadonlyMap<string, Rule>,
  paint: Paint,
): Generator<string> {
  const counts = new Map<string, { readonly rule: string; readonly severity: Severity; count: number }>();
  for (const { rule, severity } of findings) {
    const key = `${severity} ${rule}`;
    const row = counts.get(key) ?? { rule, severity, count: 0 };
    row.count++;
    counts.set(key, row);
  }
  const rows = [...counts.values()];
  const width = Math.max(5, ...rows.map(({ count }) => thousands(count).length));
  const ids = Math.max(4, ...rows.map(({ rule }) => rule.length));
  yield paint('faint', `${'RULE'.padEnd(ids)}  SEVERITY  ${'COUNT'.padStart(width)}  WHAT MUST HOLD`);
  for (const { rule, severity, count } of rows) {
    const title = rules.get(rule)?.title ?? '';
    yield `${paint('node', rule.padEnd(ids))}  ${paint(severity, severity.padEnd(8))}  ${thousands(count).padStart(width)}  ${title}`;
  }
}

/** What to read next. */
function closing({ findings }: ValidationResult): string {
  const [first] = findings;
  return first === undefined ? '' : `; to read on: kho explain ${first.rule}`;
}

function runText({ passed, failed, skipped }: ValidationResult): string {
  const why = skipped.length === 0 ? '' : ' (--skipped tells why)';
  return `${passed.length + failed.length} rules run: ${passed.length} passed, ${failed.length} failed; ${skipped.length} skipped${why}`;
}

/** Order in which reasons are told: what the dump lacks first, what was not asked for last. */
const KINDS: readonly SkipKind[] = [
  'absent',
  'unanswered',
  'taken-over',
  'prerequisite',
  'not-given',
  'not-applicable',
  'not-asked',
];

function* skippedLines({ skipped }: ValidationResult, paint: Paint): Generator<string> {
  const ordered = KINDS.flatMap((kind) => skipped.filter((each) => each.kind === kind));
  for (const [why, rules] of grouped(ordered, (each) => each.why))
    yield paint('faint', `  skipped ${ruleList(rules.map(({ rule }) => rule))}: ${escapeText(why)}`);
}

/** Rule ids, a long list as its first ones and a count. */
function ruleList(rules: readonly string[]): string {
  return rules.length <= MAX_RULES
    ? rules.join(', ')
    : `${rules.slice(0, 4).join(', ')} … ${rules.length} rules`;
}
