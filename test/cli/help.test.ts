/** The help of every command: options once, commands that can be copied. */
import { expect, test } from 'vitest';
import { commandTable } from '../../src/cli/command-table.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { kho } from './kho.js';

const commands = await commandTable(COMMANDS);

test.each(commands.map(({ name }) => name))('kho %s --help', (name) => {
  const { stdout, status } = kho([name, '--help']);
  const lines = stdout.split('\n');
  expect(status).toBe(0);
  for (const [line, text] of commands.find((each) => each.name === name)?.examples ?? []) {
    // Whole on one line: what is broken cannot be copied.
    expect(lines.some((each) => each.startsWith(`  ${line}`))).toBe(true);
    expect(stdout).toContain(text);
  }
  const options = [...stdout.matchAll(/^ {2,6}(?:-\w, )?--([\w-]+)/gm)].map(([, option]) => option);
  expect(new Set(options).size).toBe(options.length);
  expect(stdout).not.toMatch(/-(\w), -\1\b/);
  expect(stdout.match(/^Exit status: 0/gm)).toHaveLength(1);
});
