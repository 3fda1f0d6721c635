/** The IO address spaces of the page: what devices reach, whose it is, and whether it is kept. */
import { hex } from '../../schema/units.js';
import { accessText } from '../../vtd/text/csv.js';
import { wholePlaceText } from '../place-text.js';
import { addressHtml, framesText, frameText, linkHtml, number, wideTable } from './html.js';
import { html } from './markup.js';
import type { PageModel, SpaceView } from './model.js';
import { offsetText } from './row-owners.js';

/** A list of the spaces, then one table each. */
export function* spacesHtml(model: PageModel): Generator<string> {
  const { spaces, spaceCount } = model;
  if (spaces.length === 0) return;
  yield* wideTable(
    'IO address spaces',
    ['Space', 'Devices', 'Owner', 'Stage', 'Top table', 'Maps', 'Not preserved'],
    spaces.map((space) => summaryRow(space, model)),
  );
  if (spaceCount > spaces.length)
    yield `<p class="faint">and ${number(spaceCount - spaces.length)} more (kho walk lists them)</p>\n`;
  yield '<div class="filters" role="group" aria-label="Filter the mappings" hidden="hidden"><label><input type="checkbox" name="unpreserved"/> only what is not preserved</label></div>\n';
  for (const [i, space] of spaces.entries()) yield* spaceHtml(space, i < 3 && spaces.length <= 8, model);
}

function summaryRow(space: SpaceView, { records }: PageModel): string {
  const { anchor, title, devices, owners, stage, levels, root, pages, lost, unread } = space;
  const cell = (text: string): string => `<td>${text}</td>`;
  const tables = root === undefined ? '-' : addressHtml(root, records);
  const depth = stage === undefined ? '-' : `${stage}, ${levels} levels`;
  const maps = unread === undefined ? framesText(pages) : `<span class="warning">${html(unread)}</span>`;
  const bad =
    lost === undefined
      ? 'not known'
      : lost === 0
        ? 'nothing'
        : `<span class="error">${framesText(lost)}</span>`;
  return `<tr>${cell(linkHtml(anchor, title))}${cell(html(someOf(devices)))}${cell(html(someOf(owners)))}${cell(html(depth))}${cell(tables)}${cell(maps)}${cell(unread === undefined ? bad : '-')}</tr>\n`;
}

/** Names that are listed in one cell. */
const MAX_NAMES = 8;

function someOf(names: readonly string[]): string {
  if (names.length === 0) return '-';
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return names.slice(0, MAX_NAMES).join(', ') + more;
}

function* spaceHtml(space: SpaceView, open: boolean, model: PageModel): Generator<string> {
  const { anchor, title, devices, rows, runs, pages, lost = 0, leaves, tables, unread } = space;
  yield `<details class="space" id="${anchor}"${open ? ' open="open"' : ''}><summary><strong>${html(title)}</strong> ${html(someOf(devices))} <span class="faint">${framesText(pages)} in ${number(runs)} ${runs === 1 ? 'stretch' : 'stretches'}</span>${lost > 0 ? ` <span class="badge error">${framesText(lost)} not preserved</span>` : ''}</summary>\n`;
  if (unread !== undefined) yield `<p class="warning">Not walked: ${html(unread)}.</p>\n`;
  else {
    yield `<p class="faint">${number(tables)} table pages, ${number(leaves)} leaves</p>\n`;
    if (rows.length > 0)
      yield* wideTable(
        `mappings of ${title}`,
        ['IOVA', 'Leads to', 'Size', 'Access', 'Owner', 'Kept'],
        rows.map((row) => rowHtml(row, model)),
      );
    if (runs > rows.length)
      yield `<p class="faint">and ${number(runs - rows.length)} more stretches (kho walk lists them)</p>\n`;
  }
  yield '</details>\n';
}

function rowHtml(row: SpaceView['rows'][number], { rowOwners, objects }: PageModel): string {
  const { iova, target, pages, access, kept } = row;
  const owner = rowOwners.get(row);
  const anchor = owner === undefined ? undefined : objects.anchorOf(owner.user.place);
  const text = owner === undefined ? '' : `${wholePlaceText(owner.user.place)}${offsetText(owner)}`;
  const name = owner === undefined ? 'none' : anchor === undefined ? html(text) : linkHtml(anchor, text);
  const whole = kept === undefined || kept === pages;
  const state =
    kept === undefined
      ? 'not known'
      : kept === pages
        ? 'yes'
        : kept === 0
          ? '<span class="error">no</span>'
          : `<span class="error">${framesText(kept)} of it</span>`;
  return `<tr${whole ? '' : ' class="lost"'}><td class="mono">${frameText(iova)}-${frameText(iova + pages)}</td><td><span class="address" data-at="${frameText(target)}">${frameText(target)}</span></td><td class="number">${framesText(pages)}</td><td>${html(accessText(access))}</td><td>${name}</td><td>${state}</td></tr>\n`;
}

/** The files and regions that have names. */
export function* objectsHtml({ objects, owners, records }: PageModel): Generator<string> {
  const { list, total } = objects;
  if (list.length === 0) return;
  yield* wideTable(
    'sessions, files and regions',
    ['Session', 'Token', 'Kind', 'What', 'Memory', 'Record'],
    rows(),
  );
  if (total > list.length)
    yield `<p class="faint">and ${number(total - list.length)} more (kho dump lists them)</p>\n`;

  function* rows(): Generator<string> {
    for (const { anchor, session, token, kind, what, address } of list) {
      const own = owners.memoryOf(anchor);
      const where =
        own === undefined
          ? ''
          : `${framesText(own.pages)}, from <span class="address" data-at="${frameText(own.first)}">${frameText(own.first)}</span>`;
      yield `<tr id="${anchor}"${kind === 'session' ? ' class="head"' : ''}><td>${session === undefined ? '' : html(JSON.stringify(session))}</td><td class="mono">${token === undefined ? '' : hex(token)}</td><td>${html(kind)}</td><td>${html(what)}</td><td>${where}</td><td>${address === undefined ? '' : addressHtml(address, records)}</td></tr>\n`;
    }
  }
}
