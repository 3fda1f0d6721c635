import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rulesMarkdown } from '../../src/report/rules-markdown.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { exampleOf } from '../../src/validate/example.js';
import { gaps } from '../../src/validate/gaps.js';

test('docs/rules.md is what the catalogue says (npm run docs)', () => {
  const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
  expect(page).toBe(`${[...rulesMarkdown(catalogue, gaps)].join('\n')}\n`);
});

test('ids are unique, and prerequisites stand before the rules that need them', () => {
  const seen = new Set<string>();
  for (const { id, requires } of catalogue) {
    expect(id).toMatch(/^[A-Z]{2,}-\d{3}$/);
    expect(seen.has(id)).toBe(false);
    for (const other of requires ?? []) expect(seen, `${id} needs ${other}`).toContain(other);
    seen.add(id);
  }
});

test('ids are those that were ever given: new ones go to the end of the list, none is taken out', () => {
  const given = readFileSync(new URL('./rule-ids.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  expect(new Set(given).size).toBe(given.length);
  expect(catalogue.map(({ id }) => id).filter((id) => !given.includes(id))).toEqual([]);
  const retired: readonly string[] = [];
  expect(given.filter((id) => !catalogue.some((rule) => rule.id === id))).toEqual(retired);
});

test('prerequisites make no cycle, and apply where the rule does', () => {
  const rules = new Map(catalogue.map((rule) => [rule.id, rule]));
  const depth = new Map<string, number>();
  for (const { id, requires = [], generations } of catalogue) {
    // The order of the catalogue is one of the graph: what is required has its depth already.
    depth.set(id, 1 + Math.max(-1, ...requires.map((other) => depth.get(other) ?? Number.NaN)));
    expect(depth.get(id), id).toBeGreaterThanOrEqual(0);
    for (const other of requires)
      expect(
        generations.some((generation) => rules.get(other)?.generations.includes(generation)),
        `${id} after ${other}`,
      ).toBe(true);
  }
});

test('every rule says what must hold, what happens otherwise, who decides it, and has an example', () => {
  for (const { id, title, consequence, evidence, source } of catalogue) {
    for (const text of [title, consequence, evidence, source, exampleOf(id)?.message ?? ''])
      expect(text.trim(), id).not.toBe('');
    expect(title, id).not.toMatch(/^not /);
  }
});
