/** Filters of the findings and of the mappings, and the findings that are not in the page until asked for. */

import { escapeText } from '../../../schema/escape.js';
import { placeText } from '../../validate-text.js';
import { findingAt, type ReadPage } from '../answer.js';
import { all, byId, make } from './dom.js';
import { linkAddresses } from './search.js';

/** Findings that one press of a button brings. */
const MORE = 200;

/** Sets up what can be filtered. */
export function createFilters(page: ReadPage): void {
  for (const box of all('.filters')) box.hidden = false;
  filterFindings();
  filterMappings();
  for (const place of all('p.more')) addMore(place, page);
}

function filterFindings(): void {
  const boxes = all<HTMLInputElement>('input[name=severity]');
  const [area] = all<HTMLSelectElement>('select[name=area]');
  const groups = all<HTMLDetailsElement>('details.rule');
  const status = byId('findings-shown');
  const apply = (): void => {
    const wanted = new Set(boxes.filter(({ checked }) => checked).map(({ value }) => value));
    let shown = 0;
    for (const group of groups) {
      const inArea = area === undefined || area.value === '' || group.dataset.area === area.value;
      group.hidden = !wanted.has(group.dataset.severity ?? '') || !inArea;
      if (!group.hidden) shown++;
    }
    if (status !== undefined) status.textContent = `${shown} of ${groups.length} rules shown`;
  };
  for (const box of boxes) box.addEventListener('change', apply);
  area?.addEventListener('change', apply);
}

function filterMappings(): void {
  const [box] = all<HTMLInputElement>('input[name=unpreserved]');
  box?.addEventListener('change', () => {
    for (const space of all<HTMLDetailsElement>('details.space')) {
      let lost = 0;
      for (const row of all('tbody tr', space)) {
        const isLost = row.classList.contains('lost');
        if (isLost) lost++;
        row.hidden = box.checked && !isLost;
      }
      space.hidden = box.checked && lost === 0;
      if (box.checked && lost > 0) space.open = true;
    }
  });
}

/** A button for the findings of a rule that the page has as text only. */
function addMore(place: HTMLElement, { data }: ReadPage): void {
  const rule = data.rules.findIndex(([id]) => id === place.dataset.rule);
  const rest = [...data.findings.keys()].filter((i) => {
    const [own, , anchor] = data.findings[i] ?? [];
    return own === rule && anchor === '';
  });
  if (rest.length === 0) return;
  let next = 0;
  const button = make('button', '', { type: 'button' });
  const label = (): void => {
    button.textContent = `show ${Math.min(MORE, rest.length - next)} more of ${rest.length - next}`;
  };
  button.addEventListener('click', () => {
    const list = place.parentElement?.querySelector('ol.findings');
    const added: HTMLElement[] = [];
    for (const i of rest.slice(next, next + MORE)) {
      const { message, location } = findingAt(data, i);
      const [, address = -1] = data.findings[i] ?? [];
      const where = placeText(location);
      const item = make('li');
      item.append(make('p', escapeText(message)));
      const facts = make('dl');
      if (where !== '') facts.append(make('dt', 'at'), make('dd', where));
      if (address >= 0) {
        const at = make('span', `0x${address.toString(16)}`, {
          'data-at': `0x${address.toString(16)}`,
          class: 'address',
        });
        const cell = make('dd');
        cell.append(at);
        facts.append(make('dt', 'on the map'), cell);
      }
      item.append(facts);
      linkAddresses(item);
      added.push(item);
    }
    list?.append(...added);
    next += added.length;
    if (next >= rest.length) button.remove();
    else label();
  });
  label();
  place.append(' ', button);
}
