/**
 * Known findings, so that a run reports only what is new. A finding is known by its rule, its severity and its
 * logical place: path, property, field, bits, IOVA, and whose it is (session, file token, inode: the names that
 * its message quotes). Physical addresses differ from boot to boot and do not count; findings of one place are
 * told apart by their number alone.
 */
import type { Location } from '../abi/model.js';
import { hex } from '../schema/units.js';
import type { Finding, Severity } from './rule.js';
import type { ValidationResult } from './run.js';

/** Number of known findings by {@link placeKey}. */
export type Baseline = ReadonlyMap<string, KnownPlace>;

/** A logical place with known findings. */
export interface KnownPlace {
  readonly rule: string;
  readonly severity: Severity;
  readonly location: Pick<Location, (typeof PARTS)[number]>;
  /** Whose it is, as {@link ownerOf} says. */
  readonly of?: string;
  readonly count: number;
}

/** A result without the findings that were known. */
export interface BaselineResult {
  readonly result: ValidationResult;
  /** Findings that were known, and left out. */
  readonly known: number;
  /** Findings of the baseline that this dump does not have. */
  readonly gone: number;
}

const KIND = 'validate-baseline';
const VERSION = 1;
const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];
const TEXT_PARTS = ['fdtPath', 'property', 'field', 'bits'] as const;
const NUMBER_PARTS = ['iova', 'iovaEnd'] as const;
const PARTS = [...TEXT_PARTS, ...NUMBER_PARTS] as const;

/** What a message says that stays from boot to boot: quoted names, and the numbers of things that have one. */
const NAMES = /"(?:[^"\\]|\\.)*"|\b(?:token 0x[0-9a-f]+|(?:domain|inode|ioas|area|cpu|PASID) \d+)\b/g;

/** Session, token, inode and other names in a finding's message; undefined where it has none. */
function ownerOf({ message }: Pick<Finding, 'message'>): string | undefined {
  return message.match(NAMES)?.join(' ');
}

/** The rule, severity and logical place of a finding as one line of text, the same on every boot of one setup. */
export function placeKey(finding: Finding): string {
  return keyOf({ ...finding, ...ownedBy(finding) });
}

function ownedBy(finding: Finding): { of?: string } {
  const of = ownerOf(finding);
  return of === undefined ? {} : { of };
}

function keyOf({ rule, severity, location, of = '' }: Omit<KnownPlace, 'count'>): string {
  const parts = PARTS.map((part) => location[part]);
  const texts = parts.map((part) => (typeof part === 'bigint' ? hex(part) : (part ?? '')));
  return [rule, severity, ...texts, of].join('\t');
}

/** What a run over these results would find: per place the most that one dump has. */
export function createBaseline(results: Iterable<ValidationResult>): Baseline {
  const baseline = new Map<string, KnownPlace>();
  for (const { findings } of results) {
    const counts = new Map<string, number>();
    for (const finding of findings) {
      const key = placeKey(finding);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (count > (baseline.get(key)?.count ?? 0)) baseline.set(key, { ...placeOf(finding), count });
    }
  }
  return baseline;
}

function placeOf(finding: Finding): Omit<KnownPlace, 'count'> {
  const { rule, severity, location } = finding;
  const parts = PARTS.map((part) => [part, location[part]] as const);
  return {
    rule,
    severity,
    location: Object.fromEntries(parts.filter(([, value]) => value !== undefined)),
    ...ownedBy(finding),
  };
}

/** The baseline as plain data for JSON, ordered, so that two of them compare line by line. */
export function baselineJson(baseline: Baseline): { [key: string]: unknown } {
  const ordered = [...baseline].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    schemaVersion: VERSION,
    kind: KIND,
    findings: ordered.map(([, { rule, severity, location, of, count }]) => ({
      rule,
      severity,
      ...location,
      of,
      count,
    })),
  };
}

/**
 * Reads what {@link baselineJson} wrote.
 *
 * @returns the baseline, or what is wrong with the text, in words
 */
export function parseBaseline(text: string): Baseline | string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return 'is no JSON';
  }
  const { kind, schemaVersion, findings } = fieldsOf(document);
  if (kind !== KIND || !Array.isArray(findings)) return `is no baseline (kind "${KIND}")`;
  if (schemaVersion !== VERSION) return `is a baseline of another version than ${VERSION}`;
  const baseline = new Map<string, KnownPlace>();
  for (const [index, entry] of findings.entries()) {
    const place = parsePlace(fieldsOf(entry));
    if (place === undefined) return `findings[${index}] is no known finding`;
    const key = keyOf(place);
    baseline.set(key, { ...place, count: place.count + (baseline.get(key)?.count ?? 0) });
  }
  return baseline;
}

function fieldsOf(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function parsePlace(entry: { readonly [key: string]: unknown }): KnownPlace | undefined {
  const { rule, count, of } = entry;
  const severity = SEVERITIES.find((name) => name === entry.severity);
  if (typeof rule !== 'string' || severity === undefined) return undefined;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1) return undefined;
  const location: { [key: string]: string | bigint } = {};
  for (const part of TEXT_PARTS) {
    const value = entry[part];
    if (typeof value === 'string') location[part] = value;
    else if (value !== undefined) return undefined;
  }
  for (const part of NUMBER_PARTS) {
    const value = entry[part];
    if (typeof value === 'string' && /^0x[0-9a-f]{1,16}$/.test(value)) location[part] = BigInt(value);
    else if (value !== undefined) return undefined;
  }
  if (of !== undefined && typeof of !== 'string') return undefined;
  return { rule, severity, location, count, ...(of === undefined ? {} : { of }) };
}

/** Leaves out what is known; a rule with nothing but known findings has passed. */
export function applyBaseline(result: ValidationResult, baseline: Baseline): BaselineResult {
  const left = new Map([...baseline].map(([key, { count }]) => [key, count]));
  const findings = result.findings.filter((finding) => {
    const key = placeKey(finding);
    const count = left.get(key) ?? 0;
    if (count > 0) left.set(key, count - 1);
    return count === 0;
  });
  const failing = new Set(findings.filter(({ severity }) => severity !== 'note').map(({ rule }) => rule));
  const known = result.failed.filter((id) => !failing.has(id));
  // What such a rule could not look at is no more checked than before.
  const unseen = result.partial.filter(({ rule }) => !failing.has(rule));
  const isUnseen = new Set(unseen.map(({ rule }) => rule));
  return {
    result: {
      ...result,
      findings,
      passed: [...result.passed, ...known.filter((id) => !isUnseen.has(id))],
      failed: result.failed.filter((id) => failing.has(id)),
      skipped: [...result.skipped, ...unseen],
      partial: result.partial.filter(({ rule }) => failing.has(rule)),
    },
    known: result.findings.length - findings.length,
    gone: [...left.values()].reduce((sum, count) => sum + count, 0),
  };
}
