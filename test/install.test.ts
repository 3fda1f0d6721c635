/** What is published, and the one file for hosts. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fixtures } from './fixtures.js';
import { byDay } from './sweep.js';

const top = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));

describe('the package', () => {
  test('has what its manifest names', () => {
    for (const path of manifest.files)
      if (!path.startsWith('!')) expect(existsSync(join(top, path)), path).toBe(true);
    expect(existsSync(join(top, manifest.man))).toBe(true);
    for (const target of Object.values<string | { types: string; default: string }>(manifest.exports)) {
      const paths = typeof target === 'string' ? [target] : [target.types, target.default];
      for (const path of paths) if (!path.includes('*')) expect(existsSync(join(top, path)), path).toBe(true);
    }
  });

  test('its manifest and schemas can be imported by name', () => {
    for (const name of [
      'package.json',
      ...readdirSync(join(top, 'schemas')).map((file) => `schemas/${file}`),
    ])
      expect(fileURLToPath(import.meta.resolve(`kho-toolkit/${name}`))).toBe(join(top, name));
  });

  test('the version has a section in CHANGELOG.md, with the date of the manual page', () => {
    const changes = readFileSync(join(top, 'CHANGELOG.md'), 'utf8');
    const [, date] = new RegExp(`^## ${manifest.version} – (\\d{4}-\\d{2}-\\d{2})$`, 'm').exec(changes) ?? [];
    expect(date).toBeDefined();
    expect(readFileSync(join(top, manifest.man), 'utf8')).toContain(
      `.TH KHO 1 "${date}" "kho-toolkit ${manifest.version}"`,
    );
  });

  test('the release workflow publishes with provenance, after the tests', () => {
    const { jobs, permissions } = parse(readFileSync(join(top, '.github/workflows/release.yml'), 'utf8'));
    expect(permissions).toEqual({ contents: 'read' });
    expect(jobs.publish.permissions['id-token']).toBe('write');
    const runs: string[] = jobs.publish.steps.map(({ run = '' }: { run?: string }) => run);
    const publish = runs.findIndex((run) => run.includes('npm publish --provenance'));
    expect(publish).toBeGreaterThan(runs.findIndex((run) => run.includes('.ci/run')));
    for (const [, script] of runs.join('\n').matchAll(/npm run ([\w-]+)/g))
      expect(Object.keys(manifest.scripts)).toContain(script);
  });
});

// Another bundle: `npm run nightly` makes it, and `npm run e2e` runs it in a guest.
test.skipIf(byDay)('dist/kho.mjs runs where there is nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
  try {
    const bundler = join(top, 'node_modules/rolldown/bin/cli.mjs');
    const config = join(top, 'rolldown.standalone.js');
    execFileSync(process.execPath, [bundler, '-c', config, '--log-level', 'silent'], {
      env: { ...process.env, KHO_STANDALONE: 'esm' },
    });
    const alone = join(folder, 'kho.mjs');
    cpSync(join(top, 'dist/kho.mjs'), alone);
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [alone, ...args], { cwd: folder, encoding: 'utf8' });
    expect(run('--version').stdout).toBe(`${manifest.version}\n`);
    const { status, stdout } = run('validate', join(fixtures, 'rfc-2024/dangling'), '--format', 'ktap');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^KTAP version 1\n/);
    expect(run('explain', 'KHO-111').status).toBe(0);
    const dump = join(fixtures, 'linux-7.3-live-update/handover.elf.gz');
    expect(run('info', '--jobs', '3', dump)).toMatchObject({
      stdout: run('info', '--jobs', '1', dump).stdout,
      status: 0,
    });
    expect(readFileSync(alone, 'latin1')).toMatch(/^[\0-\x7f]*$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
