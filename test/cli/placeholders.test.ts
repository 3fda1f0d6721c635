import { expect, test } from 'vitest';
import { commandTable } from '../../src/cli/command-table.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { LABELS, withPlaceholders } from '../../src/cli/placeholders.js';
import { kho } from './kho.js';

test('help says what options take', () => {
  const { stdout } = kho(['walk', '--help']);
  for (const line of stdout
    .split('\n')
    .filter((each) => /^ +(?:-o, )?--(?:memory|regset|output) /.test(each)))
    expect(line).toMatch(/\[FILE\]$/);
  expect(stdout).toMatch(/--pgd .*\[ADDR\]\n/);
  expect(stdout).toMatch(/--device [^[]*.*\n.*\[BDF\]\n/);
  expect(stdout).toMatch(/--unpreserved .*\[boolean\]\n/);
});

test('every name is that of an option', async () => {
  const names = new Set(
    (await commandTable(COMMANDS)).flatMap(({ options }) => options.map(({ name }) => name)),
  );
  expect([...LABELS.keys()].filter((name) => !names.has(name))).toEqual([]);
});

test('what is no option is left alone', () => {
  const text = 'Positionals:\n  dump  memory of [string]\n\n  kho dump --memory x  [string]';
  expect(withPlaceholders(text)).toBe(text);
});
