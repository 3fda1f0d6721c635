/**
 * `kho report`: a dump as one page to attach to a bug report: what it is, what is wrong with it, where it is in
 * memory, and its contents. A page without scripts whose policy forbids everything but its own style sheet, so
 * that no name in a dump can do more than be read. It shows records and metadata, never pages of guest memory.
 */
import type { Handover } from '../../abi/model.js';
import type { FoundTree } from '../../decode/find.js';
import { rootNode } from '../../fdt/tree.js';
import type { Rule } from '../../validate/rule.js';
import type { ValidationResult } from '../../validate/run.js';
import { shortfallText, verdictOf } from '../../validate/verdict.js';
import { memoryLines } from '../memory-text.js';
import { summaryRows } from '../summary-text.js';
import { treeLines } from '../tree-text.js';
import { countsText, coverageText, placeText } from '../validate-text.js';
import { findingArticles } from './findings.js';
import { html, markedHtml, marks } from './markup.js';
import { memoryMap } from './memory-map.js';
import { pageTables } from './page-tables.js';
import { STYLE, STYLE_SHA256 } from './style.js';

/** Lines of the contents that are shown; a tree may have millions. */
const MAX_LINES = 5000;
/** Diagnostics that are shown. */
const MAX_DIAGNOSTICS = 100;

export interface ReportInput {
  /** As given on the command line. */
  readonly path: string;
  /** What the input is, e.g. `ELF core, x86-64, 75 segments`. */
  readonly description: string;
  readonly handover: Handover;
  readonly found?: FoundTree;
  /** Absent if not a handover. */
  readonly result?: ValidationResult;
  readonly catalogue: readonly Rule[];
  /** Version of the toolkit. */
  readonly version: string;
}

/** The page, piece by piece; its size is bounded whatever the dump holds. */
export function* reportPage(input: ReportInput): Generator<string> {
  const { path, handover, result, catalogue, version } = input;
  yield* head(path);
  yield* heading(input);
  if (result !== undefined) yield* section('Findings', findingArticles(result, catalogue));
  yield* section('Physical memory', memoryMap(handover));
  yield* section('Contents', contents(handover));
  yield* section('Page tables', pageTables(handover));
  yield* section('Diagnostics of reading', diagnostics(handover));
  yield `<p class="faint">kho-toolkit ${html(version)}</p>\n</body>\n</html>\n`;
}

function* head(path: string): Generator<string> {
  yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n';
  yield `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${STYLE_SHA256}'"/>\n`;
  yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n';
  yield `<title>${html(path)} – kho report</title>\n<style>${STYLE}</style>\n</head>\n<body>\n`;
}

function* heading({ path, description, handover, found, result }: ReportInput): Generator<string> {
  const verdict = result === undefined ? undefined : verdictOf(result);
  yield `<h1>${html(path)}</h1>\n<p>${html(description)}</p>\n`;
  if (result !== undefined) {
    const colour = verdict === 'valid' ? 'good' : verdict === 'incomplete' ? 'warning' : 'error';
    yield `<p><strong class="${colour}">${verdict}</strong>, ${html(countsText(result))}</p>\n`;
    if (result.missing.length > 0) yield `<p>Incomplete: ${html(shortfallText(result))}</p>\n`;
    yield `<p class="faint">${html(coverageText(result.coverage))}</p>\n`;
  }
  yield '<table>\n';
  for (const [name, text] of summaryRows(handover, found)) {
    yield `<tr><th>${html(name)}</th><td>${html(text)}</td></tr>\n`;
  }
  yield '</table>\n';
}

/** A section, if there is anything in it. */
function* section(title: string, body: Iterable<string>): Generator<string> {
  let open = false;
  for (const part of body) {
    if (!open) yield `<section>\n<h2>${html(title)}</h2>\n`;
    open = true;
    yield part;
  }
  if (open) yield '</section>\n';
}

function* contents(handover: Handover): Generator<string> {
  const { tree } = handover;
  const root = tree === undefined ? -1 : rootNode(tree);
  if (root < 0) return;
  yield '<pre>';
  let shown = 0;
  for (const line of both(treeLines(handover, root, marks), memoryLines(handover, marks))) {
    if (shown++ === MAX_LINES) {
      yield '<span class="faint">… and more (kho dump prints all of it)</span>\n';
      break;
    }
    yield `${markedHtml(line)}\n`;
  }
  yield '</pre>\n';
}

function* both(a: Iterable<string>, b: Iterable<string>): Generator<string> {
  yield* a;
  yield* b;
}

function* diagnostics({ diagnostics: all }: Handover): Generator<string> {
  if (all.length === 0) return;
  yield '<ul>\n';
  for (const { code, message, location } of all.slice(0, MAX_DIAGNOSTICS)) {
    const place = placeText(location, marks);
    yield `<li><code>${html(code)}</code> ${html(message)}${place === '' ? '' : ` <span class="faint">at</span> <code>${markedHtml(place)}</code>`}</li>\n`;
  }
  yield '</ul>\n';
  if (all.length > MAX_DIAGNOSTICS) yield `<p class="faint">and ${all.length - MAX_DIAGNOSTICS} more</p>\n`;
}
