/** The findings of the page, rule by rule, each with its bytes. */
import { bytesToHex } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { exampleOf } from '../../validate/example.js';
import type { Rule, Subject } from '../../validate/rule.js';
import { areaTitle } from '../areas.js';
import type { FindingBytes } from '../finding-bytes.js';
import { foundText, placeText } from '../validate-text.js';
import type { FindingGroup, ShownFinding } from './findings.js';
import { number } from './html.js';
import { marks } from './marks.js';
import { html, markedHtml } from './markup.js';
import type { PageModel } from './model.js';

/** Rules with their findings, folded but for the first. */
export function* findingsHtml({ groups, records }: PageModel): Generator<string> {
  if (groups.length === 0) return;
  const areas = [...new Set(groups.map(({ area }) => area))];
  yield '<div class="filters" role="group" aria-label="Filter the findings" hidden="hidden">\n';
  for (const severity of ['error', 'warning', 'note'] as const)
    yield `<label><input type="checkbox" name="severity" value="${severity}" checked="checked"/> <span class="${severity}">${severity}s</span></label>\n`;
  yield '<label>area <select name="area"><option value="">all</option>';
  for (const area of areas)
    yield `<option value="${html(area)}">${html(`${area}: ${areaTitle(`${area}-0`)}`)}</option>`;
  yield '</select></label>\n<span class="faint" role="status" id="findings-shown"></span>\n</div>\n';
  for (const [i, group] of groups.entries()) yield* groupHtml(group, i === 0, records);
}

function* groupHtml(
  { id, anchor, area, severity, rule, total, shown, more }: FindingGroup,
  open: boolean,
  records: PageModel['records'],
): Generator<string> {
  yield `<details class="rule ${severity}" id="${html(anchor)}" data-severity="${severity}" data-area="${html(area)}"${open ? ' open="open"' : ''}>\n`;
  yield `<summary><span class="badge ${severity}">${severity}</span> <strong>${html(id)}</strong> ${html(rule?.title ?? '')} <span class="count">${number(total)}</span></summary>\n`;
  if (rule !== undefined) yield* explainHtml(rule);
  yield '<ol class="findings">\n';
  for (const finding of shown) yield* findingHtml(finding, records);
  yield '</ol>\n';
  const rest = total - shown.length;
  if (rest > 0) {
    yield `<p class="more faint" data-rule="${html(id)}" data-count="${more.length}">and ${number(rest)} more (kho validate --format json lists every one)</p>\n`;
  }
  yield '</details>\n';
}

function* explainHtml(rule: Rule): Generator<string> {
  yield `<p class="consequence">Otherwise: ${html(rule.consequence)}</p>\n`;
  yield `<p class="faint">decided by ${html(rule.evidence)} · source ${html(rule.source)} · generations ${html(rule.generations.join(', '))}</p>\n`;
  const example = exampleOf(rule.id);
  if (example === undefined) return;
  const at = example.at === undefined ? '' : ` at ${example.at}`;
  yield `<details class="example"><summary>Example: ${html(example.fault)}</summary><p>${html(`${example.message}${at}`)}</p>`;
  if (example.bytes !== undefined) yield `<p><code>${html(example.bytes)}</code></p>`;
  yield '</details>\n';
}

function* findingHtml(
  { anchor, finding, bytes, address }: ShownFinding,
  records: PageModel['records'],
): Generator<string> {
  const { message, location, expected, subject, severity } = finding;
  yield `<li id="${html(anchor)}" class="${severity}"><p>${html(message)} <a class="self" href="#${html(anchor)}" aria-label="link to this finding">#</a></p>\n<dl>`;
  const place = placeText(location, marks);
  if (place !== '') yield `<dt>at</dt><dd>${markedHtml(place)}</dd>`;
  if (address !== undefined) {
    const anchor = records.anchorAt(address);
    const record = anchor === undefined ? '' : `, <a href="#${anchor}">the record</a>`;
    const at = hex(address);
    yield `<dt>on the map</dt><dd><span class="address" data-at="${at}">${at}</span>${record}</dd>`;
  }
  if (bytes !== undefined) yield `<dt>bytes</dt><dd>${bytesHtml(bytes)}</dd>`;
  if (expected !== undefined)
    yield `<dt>found</dt><dd><code>${html(foundText(finding))}</code></dd><dt>expected</dt><dd><code>${html(expected)}</code></dd>`;
  if (subject !== undefined && Object.keys(subject).length > 0)
    yield `<dt>whose</dt><dd>${html(subjectText(subject))}</dd>`;
  yield '</dl></li>\n';
}

/** The bytes with the wrong ones marked. */
export function bytesHtml({ bytes, marked, more, where, word }: FindingBytes): string {
  const start = Math.max(0, marked.start);
  const end = Math.min(bytes.length, marked.end);
  const part = (from: number, to: number): string =>
    bytesToHex(bytes.subarray(from, to)).replace(/../g, '$& ').trim();
  const cut = marked.end > bytes.length ? ' …' : '';
  const wrong = end > start ? `<mark>${part(start, end)}${cut}</mark>` : '';
  const parts = [part(0, start), wrong, part(Math.max(start, end), bytes.length), more === true ? '…' : ''];
  const of = word === undefined ? '' : `, word ${hex(word)}`;
  return `<code>${parts.filter((text) => text !== '').join(' ')}</code> <span class="faint">${html(`${where}${of}`)}</span>`;
}

function subjectText(subject: Subject): string {
  return Object.entries(subject)
    .map(([key, value]) => `${key} ${typeof value === 'bigint' ? hex(value) : JSON.stringify(value)}`)
    .join(', ');
}
