/** `-o` on names that are links: what they lead to is written, and the link stays. */
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kho } from './kho.js';

const bin = fileURLToPath(new URL('../../bin/kho.js', import.meta.url));
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.runIf(process.platform === 'linux')('-o', () => {
  test('a link to the descriptor of a pipe, as /dev/stdout is one, is written through and not replaced', () => {
    const link = join(folder, 'descriptor');
    symlinkSync('/proc/self/fd/3', link);
    const { status, stdout } = spawnSync(
      'sh',
      ['-c', '"$0" "$1" explain abi -o "$2" 3>&1 >/dev/null | cat', process.execPath, bin, link],
      { encoding: 'utf8', timeout: 60_000 },
    );
    expect(status).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(stdout).toBe(kho(['explain', 'abi']).stdout);
  });

  test('/dev/stdout is standard output, of which nothing before is lost', () => {
    const file = join(folder, 'log');
    const { status } = spawnSync(
      'sh',
      ['-c', `{ echo before; "$0" "$1" explain abi -o /dev/stdout; } >"$2"`, process.execPath, bin, file],
      { timeout: 60_000 },
    );
    expect(status).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(`before\n${kho(['explain', 'abi']).stdout}`);
  });

  test('a link that leads nowhere makes its target', () => {
    const link = join(folder, 'dangling');
    symlinkSync('target', link);
    expect(kho(['explain', 'abi', '-o', link]).status).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe(kho(['explain', 'abi']).stdout);
  });
});
