/** `--jobs`: the same bytes whatever the number, and nothing that outlives the run. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

const top = fileURLToPath(new URL('../..', import.meta.url));
const DUMPS = [
  'rfc-2024/two-vms/memory.elf.gz',
  'linux-7.3-live-update/handover.elf.gz',
  'linux-7.3-crash/before-crash.elf.gz',
  'linux-7.3-arm64-16k/handover.elf.gz',
].map((name) => join(fixtures, name));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A raw image that is a hole, which takes seconds to search. */
function hole(): string {
  const path = join(folder, 'hole');
  writeFileSync(path, '');
  truncateSync(path, 2 ** 35);
  return path;
}

describe('--jobs', () => {
  test.each(DUMPS)('%s: one result for 1, 2 and 4', (dump) => {
    const run = (jobs: number) => kho(['validate', '--format', 'json', '--jobs', `${jobs}`, dump]);
    const one = run(1);
    expect(one.stdout).toMatch(/^\{/);
    expect(run(2)).toEqual(one);
    expect(run(4)).toEqual(one);
  });

  test('takes a number of threads', () => {
    for (const jobs of ['0', '-1', 'all'])
      expect(kho(['info', '--jobs', jobs, join(fixtures, 'rfc-2024/two-vms')])).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('jobs'),
      });
  });

  test('a signal ends all threads', async () => {
    const child = spawn(process.execPath, [
      join(top, 'bin/kho.js'),
      ...['info', '--base', '0', '--jobs', '3', hole()],
    ]);
    const ended = once(child, 'exit');
    await setTimeout(1000);
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
  });

  test('a worker that dies ends the run with status 3 and one line', () => {
    const copy = join(folder, 'copy');
    for (const part of ['bin', 'dist/bundle', 'package.json'])
      cpSync(join(top, part), join(copy, part), { recursive: true });
    writeFileSync(join(copy, 'dist/bundle/search-worker.cjs'), 'process.exit(9);');
    const args = ['info', '--jobs', '2', join(fixtures, 'linux-7.3-live-update/handover.elf.gz')];
    const run = spawnSync(process.execPath, [join(copy, 'bin/kho.js'), ...args], { encoding: 'utf8' });
    expect(run).toMatchObject({
      status: 3,
      stderr: 'kho: internal error: Error: a worker ended before its work, with status 9\n',
    });
  });
});
