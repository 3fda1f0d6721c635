/** Each command once as a real process: the other tests run the same code in a thread of their own process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho, khoProcess, type Run } from './kho.js';

const rfc = join(fixtures, 'rfc-2024/superpages');
const dangling = join(fixtures, 'rfc-2024/dangling');
const linux = join(fixtures, 'linux-7.3-live-update/handover.elf.gz');
const older = join(fixtures, 'linux-7.1-live-update/handover.elf.gz');

const RUNS: readonly (readonly [status: number, args: readonly string[]])[] = [
  [0, ['--version']],
  [0, ['info', rfc, linux]],
  [0, ['dump', '--format', 'json', linux]],
  [1, ['validate', dangling]],
  [0, ['validate', '--format', 'ktap', linux]],
  [0, ['walk', rfc, '--domain', '1', '--format', 'csv']],
  [1, ['diff', older, linux]],
  [0, ['trim', linux]],
  [0, ['report', rfc]],
  [0, ['synth', '--abi', 'kho-v4', '--seed', '1']],
  [0, ['explain', 'KHO-111']],
  [0, ['what', rfc, '0x2ec003010', '--format', 'json']],
  [2, ['check-abi', join(fixtures, 'README.md')]],
  [2, ['dump', join(fixtures, 'no such file')]],
  [2, ['vaildate', rfc]],
];

/** Without what a report says of its own run. */
function timeless({ stdout, ...run }: Run): Run {
  return { ...run, stdout: stdout.replace(/<div><dt>(?:command|date)<\/dt>.*<\/div>/g, '') };
}

describe('as a process', () => {
  test.each(RUNS)('status %i: %j', (status, args) => {
    const run = khoProcess(args);
    expect(timeless(run)).toEqual(timeless(kho(args)));
    expect(run.status).toBe(status);
  });

  test('encode reads what dump wrote, through pipes', () => {
    const blob = join(rfc, 'kho.dtb');
    const model = khoProcess(['dump', '--format', 'json', blob]).stdout;
    const again = khoProcess(['encode', '-'], model);
    expect(again.stderr).toBe('');
    // Text is decoded as UTF-8 on both sides, with the same losses.
    expect(again.stdout).toBe(readFileSync(blob).toString('utf8'));
  });
});
