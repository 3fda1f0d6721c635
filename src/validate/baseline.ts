/**
 * Known findings, so that a run reports only what is new. A finding is known by its rule, its severity and its
 * logical place: path, property, field, bits, IOVA, and whose it is (session, file token, inode: the names that
 * its message quotes). Physical addresses differ from boot to boot and do not count; findings of one place are
 * told apart by their number alone.
 */
import type { Location } from '../abi/model.js';
import { hex } from '../schema/units.js';
import type { Finding, Severity, Subject } from './rule.js';
import type { ValidationResult } from './run.js';

/** Number of known findings by `placeKey`. */
export type Baseline = ReadonlyMap<string, KnownPlace>;

/** A logical place with known findings. */
export interface KnownPlace {
  readonly rule: string;
  readonly severity: Severity;
  readonly location: Pick<Location, (typeof PARTS)[number]>;
  readonly subject?: Subject;
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
const HEX = /^0x[0-9a-f]{1,16}$/;
/** Version 1 took the names out of messages. */
const VERSION = 2;
const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];
const TEXT_PARTS = ['fdtPath', 'property', 'field', 'bits'] as const;
const NUMBER_PARTS = ['iova', 'iovaEnd'] as const;
const PARTS = [...TEXT_PARTS, ...NUMBER_PARTS] as const;

const SUBJECT_TEXTS = ['session', 'device', 'node', 'handler'] as const;
const SUBJECT_BIGINTS = ['token', 'domain', 'iommufd'] as const;
const SUBJECT_NUMBERS = ['pasid', 'ioas', 'area', 'inode', 'cpu'] as const;
/** In this order in a key: of one place, the wider subject first. */
const SUBJECT_PARTS = [...SUBJECT_TEXTS, ...SUBJECT_BIGINTS, ...SUBJECT_NUMBERS] as const;

/** The rule, severity and logical place of a finding as one line of text, the same on every boot of one setup. */
export function placeKey({ rule, severity, location, subject }: Omit<KnownPlace, 'count'>): string {
  const parts = PARTS.map((part) => location[part]);
  const texts = parts.map((part) => (typeof part === 'bigint' ? hex(part) : (part ?? '')));
  return [rule, severity, ...texts, subjectKey(subject)].join('\t');
}

/** `session="vm0" token=0x1`; quoted, so that no name reads as another part. */
function subjectKey(subject: Subject = {}): string {
  return SUBJECT_PARTS.flatMap((part) => {
    const value = subject[part];
    if (value === undefined) return [];
    const text = typeof value === 'bigint' ? hex(value) : JSON.stringify(value);
    return [`${part}=${text}`];
  }).join(' ');
}

/**
 * What a run over these results would find: per place the most that one dump has.
 *
 * @example
 * ```ts
 * import { baselineJson, catalogue, createBaseline, decodeHandover, validate } from 'kho-toolkit';
 *
 * const result = validate(decodeHandover(new Uint8Array(64)), catalogue);
 * console.log(JSON.stringify(baselineJson(createBaseline([result]))).includes('FDT-002')); //=> true
 * ```
 */
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
  const { rule, severity, location, subject } = finding;
  const parts = PARTS.map((part) => [part, location[part]] as const);
  return {
    rule,
    severity,
    location: Object.fromEntries(parts.filter(([, value]) => value !== undefined)),
    ...(subject === undefined ? {} : { subject }),
  };
}

/**
 * The baseline as plain data for JSON, ordered, so that two of them compare line by line.
 *
 * @example
 * ```ts
 * import { baselineJson, createBaseline } from 'kho-toolkit';
 *
 * // What `kho validate --write-baseline` writes.
 * console.log(JSON.stringify(baselineJson(createBaseline([]))));
 * //=> {"schemaVersion":2,"kind":"validate-baseline","findings":[]}
 * ```
 */
export function baselineJson(baseline: Baseline): { [key: string]: unknown } {
  const ordered = [...baseline].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    schemaVersion: VERSION,
    kind: KIND,
    findings: ordered.map(([, { rule, severity, location, subject, count }]) => ({
      rule,
      severity,
      ...location,
      subject,
      count,
    })),
  };
}

/**
 * Reads what {@link baselineJson} wrote.
 *
 * @returns the baseline, or what is wrong with the text, in words
 *
 * @example
 * ```ts
 * import { baselineJson, createBaseline, parseBaseline } from 'kho-toolkit';
 *
 * const text = JSON.stringify(baselineJson(createBaseline([])));
 * const baseline = parseBaseline(text);
 * console.log(typeof baseline === 'string' ? baseline : baseline.size);
 * console.log(typeof parseBaseline('something else'));
 * //=> 0
 * //=> string
 * ```
 */
export function parseBaseline(text: string): Baseline | string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  const { kind, schemaVersion, findings } = fieldsOf(document);
  if (kind !== KIND || !Array.isArray(findings)) return `is not a baseline (kind "${KIND}")`;
  if (schemaVersion !== VERSION)
    return `is a baseline of version ${JSON.stringify(schemaVersion)}, but version ${VERSION} is read: write a new one (--write-baseline)`;
  const baseline = new Map<string, KnownPlace>();
  for (const [index, entry] of findings.entries()) {
    const place = parsePlace(fieldsOf(entry));
    if (place === undefined) return `findings[${index}] is not a finding`;
    const key = placeKey(place);
    baseline.set(key, { ...place, count: place.count + (baseline.get(key)?.count ?? 0) });
  }
  return baseline;
}

function fieldsOf(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function parsePlace(entry: { readonly [key: string]: unknown }): KnownPlace | undefined {
  const { rule, count } = entry;
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
    if (typeof value === 'string' && HEX.test(value)) location[part] = BigInt(value);
    else if (value !== undefined) return undefined;
  }
  if (entry.subject === undefined) return { rule, severity, location, count };
  const subject = parseSubject(entry.subject);
  return subject === undefined ? undefined : { rule, severity, location, subject, count };
}

function parseSubject(value: unknown): Subject | undefined {
  const fields = fieldsOf(value);
  const subject: { [key: string]: string | bigint | number } = {};
  for (const part of Object.keys(fields)) {
    const field = fields[part];
    if (field === undefined) continue;
    const isText = SUBJECT_TEXTS.some((name) => name === part);
    const isBigint = SUBJECT_BIGINTS.some((name) => name === part);
    const isNumber = SUBJECT_NUMBERS.some((name) => name === part);
    if (isText && typeof field === 'string') subject[part] = field;
    else if (isBigint && typeof field === 'string' && HEX.test(field)) subject[part] = BigInt(field);
    else if (isNumber && typeof field === 'number' && Number.isSafeInteger(field)) subject[part] = field;
    else return undefined;
  }
  return subject;
}

/**
 * Leaves out what is known; a rule with nothing but known findings has passed.
 *
 * @example
 * ```ts
 * import { applyBaseline, catalogue, createBaseline, decodeHandover, validate } from 'kho-toolkit';
 *
 * const result = validate(decodeHandover(new Uint8Array(64)), catalogue);
 * const { known, gone, result: news } = applyBaseline(result, createBaseline([result]));
 * console.log(known === result.findings.length, gone, news.findings.length); //=> true 0 0
 * ```
 */
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
