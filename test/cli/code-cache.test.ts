/** An installed package keeps compiled code where only its user writes, on Node that does not do so itself. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';

const top = fileURLToPath(new URL('../..', import.meta.url));
const ARGS = ['validate', '--format', 'json', join(fixtures, 'rfc-2024/three-level/kho.dtb')];
const keepsItself = 'enableCompileCache' in module;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
  for (const part of ['bin', 'dist/bundle', 'package.json'])
    cpSync(join(top, part), join(folder, part), { recursive: true });
  rmSync(join(folder, 'dist/bundle/code'), { recursive: true, force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(cache: string, env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bin/kho.js'), ...ARGS], {
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: cache, ...env },
  });
  return { status, stdout, stderr };
}

function files(cache: string): string[] {
  const names = existsSync(cache) ? readdirSync(cache, { recursive: true, encoding: 'utf8' }) : [];
  return names.map((name) => join(cache, name)).filter((path) => statSync(path).isFile());
}

describe.skipIf(keepsItself || process.platform === 'win32')('compiled code', () => {
  test('is kept by the first run, readable by its user alone, and changes nothing', () => {
    const cache = join(folder, 'cache');
    const first = run(cache);
    expect(first.stdout).toMatch(/^\{/);
    const kept = files(cache);
    expect(kept.length).toBeGreaterThan(3);
    for (const path of kept) {
      expect(path).toMatch(/\.code$/);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    expect(run(cache)).toEqual(first);
    expect(files(cache)).toEqual(kept);
  });

  test('is neither kept nor taken where others may write, nor where it is turned off', () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    expect(run(open).stdout).toMatch(/^\{/);
    expect(files(open)).toEqual([]);
    const off = join(folder, 'off');
    run(off, { NODE_DISABLE_COMPILE_CACHE: '1' });
    expect(files(off)).toEqual([]);
  });

  test('is no reason to fail where it cannot be kept', () => {
    expect(run(join(folder, 'package.json'))).toMatchObject({ stderr: '' });
    expect(run('/dev/null/none').stdout).toMatch(/^\{/);
  });
});
