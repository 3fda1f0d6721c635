/**
 * `kho report`: a dump as one page that is explored: what it is, what is wrong with it, a map of its memory, its records,
 * and what devices reach. It works from a file, without a network and without scripts; its policy allows its own style and
 * script and nothing else. It shows records and metadata, never pages of guest memory.
 */
import { escapeJson } from '../../schema/escape.js';
import { SCRIPT, SCRIPT_SHA256, STYLE, STYLE_SHA256 } from './assets.js';
import { scriptJson } from './data.js';
import { findingsHtml } from './findings-html.js';
import { aboutHtml, diagnosticsHtml, headerHtml, rulesHtml } from './head-html.js';
import { number, section } from './html.js';
import { mapHtml } from './map-html.js';
import { html } from './markup.js';
import { type PageInput, type PageModel, pageModel } from './model.js';
import { pageData } from './page-data.js';
import { recordsHtml } from './records-html.js';
import { objectsHtml, spacesHtml } from './spaces-html.js';
import { treeHtml } from './tree-html.js';

export type { PageInput, PageMeta } from './model.js';

/**
 * The page, piece by piece; its size is bounded whatever the dump holds.
 *
 * @example
 * ```ts
 * import { catalogue, decodeHandover, planFromSeed, reportPage, synthesise, validate } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const handover = decodeHandover(blob, { memory });
 * const page = reportPage({
 *   meta: { name: 'dump.elf', version: '1.0' },
 *   description: 'kho-v4, made from a seed',
 *   handover,
 *   result: validate(handover, catalogue),
 *   catalogue,
 * });
 * console.log([...page].join('').startsWith('<!DOCTYPE html>')); //=> true
 * ```
 */
export function* reportPage(input: PageInput): Generator<string> {
  yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n';
  yield `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${STYLE_SHA256}'; script-src 'sha256-${SCRIPT_SHA256}'"/>\n`;
  yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n';
  yield `<title>${html(input.meta.name)} - kho report</title>\n<style>${STYLE}</style>\n</head>\n<body>\n`;
  yield* reportBody(input);
  yield `<script>${SCRIPT}</script>\n</body>\n</html>\n`;
}

/** What is between the body's tags, without the script. */
export function* reportBody(input: PageInput): Generator<string> {
  const model = pageModel(input);
  yield '<a class="skip" href="#main">Skip to the contents</a>\n<header>\n';
  yield* headerHtml(model);
  yield '<div class="search" role="search" hidden="hidden"><label for="query">Address, pfn:N, DOMAIN@IOVA, device, session, token or rule</label> <span class="field"><input id="query" type="search" autocomplete="off" spellcheck="false" placeholder="0x100000, pfn:256, 00:03.0, KHO-101"/><button type="button" id="go">Go</button></span></div>\n</header>\n';
  const sections = sectionsOf(model);
  yield '<nav aria-label="Contents"><ul>\n';
  for (const { id, title, count } of sections)
    yield `<li><a href="#${id}">${html(title)}</a>${count === undefined ? '' : ` <span class="count">${number(count)}</span>`}</li>\n`;
  yield '</ul></nav>\n<aside id="answer" aria-label="Answer" aria-live="polite" tabindex="-1" hidden="hidden"></aside>\n<main id="main" tabindex="-1">\n';
  for (const { id, title, body } of sections) yield* section(id, title, body);
  yield `<p class="faint">kho-toolkit ${html(input.meta.version)}</p>\n</main>\n`;
  yield `<script type="application/json" id="page-data">${scriptJson(escapeJson(JSON.stringify(pageData(model))))}</script>\n`;
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly count?: number;
  readonly body: Iterable<string>;
}

/** The sections that have something in them. */
function sectionsOf(model: PageModel): Section[] {
  const { groups, input, spaces, spaceCount, objects, lanes, records, diagnostics } = model;
  const findings = groups.reduce((sum, { total }) => sum + total, 0);
  const found = input.handover.tree !== undefined;
  const all: (Section | undefined)[] = [
    { id: 'about', title: 'The dump', body: aboutHtml(model) },
    input.result === undefined ? undefined : { id: 'rules', title: 'Rules', body: rulesHtml(model) },
    lanes.length === 0 ? undefined : { id: 'map', title: 'Map of memory', body: mapHtml(model) },
    findings === 0
      ? undefined
      : { id: 'findings', title: 'Findings', count: findings, body: findingsHtml(model) },
    objects.total === 0
      ? undefined
      : { id: 'objects', title: 'Sessions, files, regions', count: objects.total, body: objectsHtml(model) },
    spaces.length === 0
      ? undefined
      : { id: 'spaces', title: 'IO address spaces', count: spaceCount, body: spacesHtml(model) },
    found ? { id: 'tree', title: 'Tree', body: treeHtml(model) } : undefined,
    records.groups.length === 0
      ? undefined
      : {
          id: 'records',
          title: 'Records',
          count: records.groups.reduce((sum, { total }) => sum + total, 0),
          body: recordsHtml(model),
        },
    diagnostics.length === 0
      ? undefined
      : {
          id: 'diagnostics',
          title: 'Diagnostics of reading',
          count: diagnostics.length,
          body: diagnosticsHtml(model),
        },
  ];
  return all.filter((one) => one !== undefined);
}
