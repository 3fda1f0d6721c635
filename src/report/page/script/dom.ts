/** Elements made and found. Text of a dump goes through textContent alone. */

/** An element by its id; undefined where the page has none. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T | undefined {
  return (document.getElementById(id) as T | null) ?? undefined;
}

/** All elements that match. */
export function all<T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T[] {
  return [...root.querySelectorAll<T>(selector)];
}

/** A new element with text. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  text = '',
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== '') element.textContent = text;
  return element;
}

/** Opens what folds an element in, shows it, and puts the focus there. */
export function reveal(element: HTMLElement): void {
  for (let at: HTMLElement | null = element; at !== null; at = at.parentElement) {
    if (at instanceof HTMLDetailsElement) at.open = true;
    if (at.hidden) at.hidden = false;
  }
  element.scrollIntoView({ block: 'start' });
  const target = element instanceof HTMLDetailsElement ? element.querySelector('summary') : element;
  if (target === null) return;
  if (target.tabIndex < 0) target.tabIndex = -1;
  target.focus({ preventScroll: true });
  for (const old of all('.reached')) old.classList.remove('reached');
  element.classList.add('reached');
}
