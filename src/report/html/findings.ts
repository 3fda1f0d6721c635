/** The findings of a validation as articles, one per rule, most severe first. */
import type { Finding, Rule } from '../../validate/rule.js';
import type { ValidationResult } from '../../validate/run.js';
import { placeText } from '../validate-text.js';
import { html, markedHtml, marks } from './markup.js';

/** Findings shown of one rule. */
const MAX_SHOWN = 50;

export function* findingArticles(
  { findings, passed, failed, skipped }: ValidationResult,
  catalogue: readonly Rule[],
): Generator<string> {
  const rules = new Map(catalogue.map((rule) => [rule.id, rule]));
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.rule);
    if (group === undefined) groups.set(finding.rule, [finding]);
    else group.push(finding);
  }
  if (groups.size === 0) yield '<p class="good">No findings.</p>\n';
  for (const [id, group] of groups) yield* article(id, group, rules.get(id));
  yield `<p>${passed.length + failed.length} rules run: ${passed.length} passed, ${failed.length} failed; ${skipped.length} skipped.</p>\n`;
  if (skipped.length === 0) return;
  yield '<details><summary>Skipped rules, and why</summary>\n<table>\n';
  for (const { rule, why } of skipped) yield `<tr><th>${html(rule)}</th><td>${html(why)}</td></tr>\n`;
  yield '</table></details>\n';
}

function* article(id: string, findings: readonly Finding[], rule: Rule | undefined): Generator<string> {
  const severity = findings[0]?.severity ?? 'error';
  yield `<article class="${severity}" id="${html(id)}">\n`;
  yield `<h3><span class="${severity}">${severity}</span> ${html(id)} <span class="faint">${html(rule?.title ?? '')}</span></h3>\n<ul>\n`;
  for (const finding of findings.slice(0, MAX_SHOWN)) yield `<li>${findingHtml(finding)}</li>\n`;
  yield '</ul>\n';
  if (findings.length > MAX_SHOWN) {
    yield `<p class="faint">and ${(findings.length - MAX_SHOWN).toLocaleString('en')} more (kho validate --format json has them all)</p>\n`;
  }
  if (rule !== undefined) {
    yield `<p>→ ${html(rule.consequence)} <span class="faint">(${html(rule.evidence)}; ${html(rule.source)})</span></p>\n`;
  }
  yield '</article>\n';
}

function findingHtml({ message, location, found, expected }: Finding): string {
  const place = placeText(location, marks);
  const at = place === '' ? '' : `<br/><span class="faint">at</span> <code>${markedHtml(place)}</code>`;
  const difference =
    expected === undefined
      ? ''
      : `<br/><span class="faint">found</span> <code>${html(found ?? '')}</code>, <span class="faint">expected</span> <code>${html(expected)}</code>`;
  return html(message) + at + difference;
}
