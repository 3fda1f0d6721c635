/** The beginning of the page: what it is about, the verdict, and what was checked. */

import { addTo } from '../../schema/grouped.js';
import { hex, size } from '../../schema/units.js';
import { shortfallText, verdictOf } from '../../validate/verdict.js';
import { areaTitle } from '../areas.js';
import { summaryRows } from '../summary-text.js';
import { countsText, coverageText } from '../validate-text.js';
import { linkHtml, number } from './html.js';
import { html } from './markup.js';
import type { PageModel } from './model.js';

/** Name, verdict and the field for searching. */
export function* headerHtml({ input }: PageModel): Generator<string> {
  const { meta, result, description } = input;
  const verdict = result === undefined ? undefined : verdictOf(result);
  yield `<h1><span class="name">${html(meta.name)}</span>`;
  if (verdict !== undefined) yield ` <strong class="verdict ${verdict}">${verdict}</strong>`;
  yield `</h1>\n<p class="faint">${html(description)}`;
  if (result !== undefined) yield ` · ${html(countsText(result))}`;
  yield '</p>\n';
}

/** What the file is, and what the run was. */
export function* aboutHtml({ input }: PageModel): Generator<string> {
  const { meta, handover, found, result } = input;
  yield '<dl class="facts">\n';
  const row = (name: string, text: string): string => `<div><dt>${html(name)}</dt><dd>${text}</dd></div>\n`;
  for (const [name, text] of summaryRows(handover, found)) yield row(name, html(text));
  if (meta.bytes !== undefined) yield row('file', html(`${size(meta.bytes)} (${number(meta.bytes)} bytes)`));
  if (meta.sha256 !== undefined) yield row('SHA-256', `<code>${html(meta.sha256)}</code>`);
  if (meta.commandLine !== undefined) yield row('command', `<code>${html(meta.commandLine)}</code>`);
  yield row('toolkit', html(`kho-toolkit ${meta.version}`));
  if (meta.date !== undefined)
    yield row('date', `<time datetime="${html(meta.date)}">${html(meta.date)}</time>`);
  if (result !== undefined)
    yield row('coverage', html(coverageText(result.coverage).replace('coverage: ', '')));
  if (result !== undefined && result.missing.length > 0)
    yield row('incomplete', `<span class="warning">${html(shortfallText(result))}</span>`);
  yield '</dl>\n';
}

/** The rules that found something, and behind a fold what was checked and what was not. */
export function* rulesHtml({ groups, input }: PageModel): Generator<string> {
  const { result } = input;
  if (result === undefined) return;
  const { passed, failed, skipped, coverage } = result;
  if (groups.length === 0) yield '<p class="good">No findings.</p>\n';
  else {
    yield '<table class="rules">\n<thead><tr><th scope="col">Rule</th><th scope="col">Severity</th><th scope="col">Findings</th><th scope="col">What must hold</th></tr></thead>\n<tbody>\n';
    for (const { id, anchor, severity, total, rule } of groups)
      yield `<tr><td>${linkHtml(anchor, id)}</td><td><span class="${severity}">${severity}</span></td><td class="number">${number(total)}</td><td>${html(rule?.title ?? '')}</td></tr>\n`;
    yield '</tbody>\n</table>\n';
  }
  yield `<p>${passed.length + failed.length} rules run: ${passed.length} passed, ${failed.length} failed; ${skipped.length} skipped.</p>\n`;
  yield '<details id="coverage"><summary>What was checked, area by area</summary>\n<table>\n';
  for (const { area, state, why } of coverage)
    yield `<tr><th scope="row" title="${html(areaTitle(`${area}-0`))}">${html(area)}</th><td>${html(state)}</td><td>${html(why ?? '')}</td></tr>\n`;
  yield '</table>\n</details>\n';
  if (skipped.length === 0) return;
  yield '<details id="skipped"><summary>Skipped rules, and why</summary>\n<table>\n';
  const reasons = new Map<string, string[]>();
  for (const { rule, why } of skipped) addTo(reasons, why, rule);
  for (const [why, rules] of reasons)
    yield `<tr><td>${html(why)}</td><td>${html(rules.join(', '))}</td></tr>\n`;
  yield '</table>\n</details>\n';
}

/** What decoding noticed. */
export function* diagnosticsHtml({ diagnostics }: PageModel): Generator<string> {
  if (diagnostics.length === 0) return;
  yield '<ul>\n';
  for (const { code, message, location } of diagnostics.slice(0, MAX_DIAGNOSTICS)) {
    const { fdtPath, address } = location;
    const at = fdtPath ?? (address === undefined ? undefined : hex(address));
    yield `<li><code>${html(code)}</code> ${html(message)}${at === undefined ? '' : ` <span class="faint">at ${html(at)}</span>`}</li>\n`;
  }
  yield '</ul>\n';
  if (diagnostics.length > MAX_DIAGNOSTICS)
    yield `<p class="faint">and ${diagnostics.length - MAX_DIAGNOSTICS} more</p>\n`;
}

/** Diagnostics that are shown. */
const MAX_DIAGNOSTICS = 100;
