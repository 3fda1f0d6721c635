/** Makes a page that is in the document one that is explored. */
import { readPage } from '../answer.js';
import type { PageData } from '../data.js';
import { all, byId } from './dom.js';
import { createFilters } from './filters.js';
import { createMap, type MemoryMap } from './map.js';
import { createSearch } from './search.js';

/** Reads the data of the page, and sets up map, search and filters. */
export function start(): void {
  const text = byId('page-data')?.textContent;
  if (text === undefined || text === null) return;
  document.documentElement.classList.add('explored');
  const page = readPage(JSON.parse(text) as PageData);
  let map: MemoryMap | undefined;
  const search = createSearch(page, () => map);
  map = createMap(page, search.ask);
  createFilters(page);
  search.follow();
  followContents();
  printWhole();
}

/** Marks in the contents which section is in sight. */
function followContents(): void {
  const links = new Map(
    all<HTMLAnchorElement>('nav a').map((link) => [link.getAttribute('href')?.slice(1), link]),
  );
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const link = links.get(target.id);
        if (isIntersecting) link?.setAttribute('aria-current', 'true');
        else link?.removeAttribute('aria-current');
      }
    },
    { rootMargin: '-80px 0px -60% 0px' },
  );
  for (const section of all('main > section')) watch.observe(section);
}

/** Findings and mappings are printed unfolded. */
function printWhole(): void {
  let opened: HTMLDetailsElement[] = [];
  window.addEventListener('beforeprint', () => {
    opened = all<HTMLDetailsElement>('details.rule:not([open]), details.space:not([open])');
    for (const details of opened) details.open = true;
  });
  window.addEventListener('afterprint', () => {
    for (const details of opened) details.open = false;
  });
}
