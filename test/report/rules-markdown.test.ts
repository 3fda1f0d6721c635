import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rulesMarkdown } from '../../src/report/rules-markdown.js';
import { catalogue } from '../../src/validate/catalogue.js';
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

test('every rule says what must hold, what happens otherwise, and who decides it', () => {
  for (const { id, title, consequence, evidence, source } of catalogue) {
    for (const text of [title, consequence, evidence, source]) expect(text.trim(), id).not.toBe('');
  }
});
