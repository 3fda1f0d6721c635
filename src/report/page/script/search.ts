/** The field for searching, and the panel with what lies there. */
import { type AnswerLine, answerTo, type PageAnswer, type ReadPage } from '../answer.js';
import { markedParts } from '../marks.js';
import { all, byId, make, reveal } from './dom.js';
import type { MemoryMap } from './map.js';

const QUERY = '#q=';

/** What searches. */
export interface Search {
  /** Answers a query, and goes to the place. */
  ask(query: string): void;
  /** Goes where the address of the page says. */
  follow(): void;
}

/** Sets up the field; links to an address or an id lead where they say from then on. */
export function createSearch(page: ReadPage, map: () => MemoryMap | undefined): Search {
  const field = byId<HTMLInputElement>('query');
  const panel = byId('answer');
  for (const box of all('.search')) box.hidden = false;

  function ask(query: string): void {
    const text = query.trim();
    if (text === '') return;
    const hash = `${QUERY}${encodeURIComponent(text)}`;
    if (location.hash === hash) answer(text);
    else location.hash = hash;
  }

  function answer(text: string): void {
    if (field !== undefined) field.value = text;
    const found = answerTo(page, text);
    if (panel !== undefined) showAnswer(panel, found);
    const lines = found.rows.flatMap((row) => row.lines);
    const [first] = lines;
    if (found.address !== undefined) {
      map()?.goTo(found.address);
      byId('map')?.scrollIntoView({ block: 'nearest' });
    } else if (first?.anchor !== undefined && lines.length === 1) {
      const element = byId(first.anchor);
      if (element !== undefined) reveal(element);
    }
    panel?.focus({ preventScroll: true });
  }

  function follow(): void {
    const { hash } = location;
    if (hash.startsWith(QUERY)) answer(decoded(hash.slice(QUERY.length)));
    else if (hash.length > 1) {
      const element = byId(decoded(hash.slice(1)));
      if (element !== undefined) reveal(element);
    }
  }

  field?.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') ask(field.value);
    else if (event.key === 'Escape' && panel !== undefined) panel.hidden = true;
  });
  byId('go')?.addEventListener('click', () => ask(field?.value ?? ''));
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    const typing = target instanceof HTMLElement && /^(?:INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    field?.focus();
  });
  // The same place again is no change of the hash, but has to lead there nevertheless.
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link?.getAttribute('href') === location.hash) follow();
  });
  window.addEventListener('hashchange', follow);
  linkAddresses();
  return { ask, follow };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Makes links of the addresses that have no record of their own. */
export function linkAddresses(root: ParentNode = document): void {
  for (const span of all('span[data-at]', root)) {
    const link = make('a', span.textContent ?? '', {
      class: span.className,
      href: `${QUERY}${span.dataset.at ?? ''}`,
    });
    span.replaceWith(link);
  }
}

function showAnswer(panel: HTMLElement, { title, head, rows }: PageAnswer): void {
  const close = make('button', 'Close', { type: 'button', class: 'close' });
  close.addEventListener('click', () => {
    panel.hidden = true;
  });
  const list = make('dl');
  for (const { label, lines } of rows) {
    list.append(make('dt', label));
    for (const line of lines) list.append(lineItem(line, label));
  }
  const first = head === undefined ? [] : [lineItem({ text: head, marked: true }, '', 'p')];
  panel.replaceChildren(close, make('h2', title), ...first, list);
  panel.hidden = false;
}

const ADDRESS = /^0x[0-9a-f]{4,}$/;
/** Rows whose numbers are offsets in files, or IOVAs. */
const OTHERS: ReadonlySet<string> = new Set(['contents', 'mapped by']);

/** A line; what is indented in a terminal is indented here. */
function lineItem({ text, anchor, marked }: AnswerLine, label: string, tag: 'dd' | 'p' = 'dd'): HTMLElement {
  if (marked !== true) {
    const item = make(tag);
    item.append(anchor === undefined ? text : make('a', text, { href: `#${anchor}` }));
    return item;
  }
  const depth = /^ */.exec(text)?.[0].length ?? 0;
  const item = make(tag, '', { class: `line indent-${Math.min(8, Math.floor(depth / 2))}` });
  for (const { text: part, role } of markedParts(text.slice(depth))) {
    const leads = (role === 'address' || role === 'value') && !OTHERS.has(label) && ADDRESS.test(part);
    if (leads) item.append(make('a', part, { href: `${QUERY}${part}`, class: role }));
    else if (role === undefined) item.append(part);
    else item.append(make('span', part, { class: role }));
  }
  return item;
}
