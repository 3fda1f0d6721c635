/** `kho validate` for people: by rule, most severe first; the place, the bytes, and what the kernel would do. */
import type { Handover, Location } from '../abi/model.js';
import { findNode, findProperty, propertyValue, valueOffset } from '../fdt/tree.js';
import { readBytes } from '../memory/read.js';
import { escapeText } from '../schema/escape.js';
import { bytesToHex } from '../schema/text.js';
import { hex } from '../schema/units.js';
import type { Finding, Rule, Severity } from '../validate/rule.js';
import type { ValidationResult } from '../validate/run.js';
import { type Paint, plain } from './paint.js';

/** Findings shown of one rule. */
const MAX_SHOWN = 10;
/** Reasons for skipping shown. */
const MAX_REASONS = 8;
/** Rule ids shown of one reason. */
const MAX_RULES = 8;
const SHOWN_BYTES = 32;
const RECORD_BYTES = 16;

/** What a result amounts to. */
export function verdictOf({ findings }: ValidationResult): 'valid' | 'invalid' {
  return findings.some(({ severity }) => severity === 'error') ? 'invalid' : 'valid';
}

export function* validateLines(
  path: string,
  handover: Handover,
  result: ValidationResult,
  catalogue: readonly Rule[],
  paint: Paint = plain,
): Generator<string> {
  const rules = new Map(catalogue.map((rule) => [rule.id, rule]));
  const verdict = verdictOf(result);
  const colour = verdict === 'valid' ? 'good' : 'error';
  yield `${escapeText(path)}: ${paint(colour, verdict)}  ${paint('faint', `${handover.generation ?? handover.kind}, ${countsText(result)}`)}`;
  for (const [id, findings] of byRule(result.findings)) {
    yield '';
    yield* ruleLines(rules.get(id), id, findings, handover, paint);
  }
  yield '';
  yield* skippedLines(result, paint);
}

/** Groups of findings of one rule, in the order of their most severe one. */
function byRule(findings: readonly Finding[]): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.rule);
    if (group === undefined) groups.set(finding.rule, [finding]);
    else group.push(finding);
  }
  return groups;
}

function* ruleLines(
  rule: Rule | undefined,
  id: string,
  findings: readonly Finding[],
  handover: Handover,
  paint: Paint,
): Generator<string> {
  const severity: Severity = findings[0]?.severity ?? 'error';
  yield `${paint(severity, severity.padEnd(7))} ${paint('node', id)}  ${paint('faint', rule?.title ?? '')}`;
  for (const finding of findings.slice(0, MAX_SHOWN)) {
    yield `  ${escapeText(finding.message)}`;
    const place = placeText(finding.location, paint);
    if (place !== '') yield `    ${paint('name', 'at')} ${place}`;
    const bytes = bytesText(finding.location, handover);
    if (bytes !== undefined) yield `    ${paint('name', 'bytes')} ${bytes}`;
    if (finding.expected !== undefined) {
      yield `    ${paint('name', 'found')} ${escapeText(finding.found ?? '')}, ${paint('name', 'expected')} ${escapeText(finding.expected)}`;
    }
  }
  if (findings.length > MAX_SHOWN) {
    yield paint(
      'faint',
      `  and ${(findings.length - MAX_SHOWN).toLocaleString('en')} more (--format json has them all)`,
    );
  }
  if (rule !== undefined) yield `  ${paint('faint', `→ ${rule.consequence} (${rule.evidence})`)}`;
}

/** A location on one line, most general part first. */
export function placeText(location: Location, paint: Paint = plain): string {
  const { fdtPath, property, field, address, iova, iovaEnd, fileOffset, bits } = location;
  const parts: string[] = [];
  if (fdtPath !== undefined) {
    const path = property === undefined ? fdtPath : `${fdtPath === '/' ? '' : fdtPath}/${property}`;
    parts.push(paint('value', escapeText(path)));
  }
  if (field !== undefined) parts.push(field);
  if (bits !== undefined) parts.push(`bits ${bits}`);
  if (address !== undefined) parts.push(`address ${paint('address', hex(address))}`);
  if (iova !== undefined)
    parts.push(
      `IOVA ${paint('address', iovaEnd === undefined ? hex(iova) : `${hex(iova)}-${hex(iovaEnd)}`)}`,
    );
  if (fileOffset !== undefined) parts.push(`offset ${paint('address', hex(fileOffset))}`);
  return parts.join('  ');
}

/** The bytes of a property or record field. Never those of a page: dumps hold guest memory. */
function bytesText(
  { fdtPath, property, field, address }: Location,
  { tree, memory }: Handover,
): string | undefined {
  if (fdtPath !== undefined && property !== undefined && tree !== undefined) {
    const token = findProperty(tree, findNode(tree, fdtPath), property);
    const value = token < 0 ? undefined : propertyValue(tree, token);
    if (value === undefined || value.length === 0) return undefined;
    const offset = valueOffset(tree, token) ?? 0;
    const rest = value.length > SHOWN_BYTES ? ` … ${value.length} bytes` : '';
    return `${spaced(value.subarray(0, SHOWN_BYTES))}${rest} (blob offset ${hex(offset)})`;
  }
  if (field === undefined || address === undefined || memory === undefined) return undefined;
  const bytes = readBytes(memory, address, RECORD_BYTES);
  return bytes === undefined ? undefined : spaced(bytes);
}

function spaced(bytes: Uint8Array): string {
  return bytesToHex(bytes).replace(/../g, '$& ').trim();
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

function* skippedLines({ passed, failed, skipped }: ValidationResult, paint: Paint): Generator<string> {
  yield `${passed.length + failed.length} rules run: ${passed.length} passed, ${failed.length} failed; ${skipped.length} skipped`;
  const reasons = new Map<string, string[]>();
  for (const { rule, why } of skipped) {
    const rules = reasons.get(why);
    if (rules === undefined) reasons.set(why, [rule]);
    else rules.push(rule);
  }
  const lines = [...reasons].map(([why, rules]) => `  skipped ${ruleList(rules)}: ${escapeText(why)}`);
  for (const line of lines.slice(0, MAX_REASONS)) yield paint('faint', line);
  if (lines.length > MAX_REASONS)
    yield paint('faint', `  and ${lines.length - MAX_REASONS} more reasons (--format json)`);
}

/** Rule ids, a long list as its first ones and a count. */
function ruleList(rules: readonly string[]): string {
  return rules.length <= MAX_RULES
    ? rules.join(', ')
    : `${rules.slice(0, 4).join(', ')} … ${rules.length} rules`;
}
