/** `kho info` and `kho explain` as JSON: they conform to the published schemas and say what the text says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/validate/catalogue.js';
import { fixtures, rfcNames } from '../fixtures.js';
import { sweep } from '../sweep.js';
import { kho } from './kho.js';

function schemaOf(name: string) {
  const file = join(import.meta.dirname, `../../schemas/${name}.schema.json`);
  return new Ajv2020({ strict: true }).compile(JSON.parse(readFileSync(file, 'utf8')));
}

const checks = { info: schemaOf('info'), explain: schemaOf('explain') };

function document(command: 'info' | 'explain', ...args: string[]) {
  const { stdout } = kho([command, ...args, '--format', 'json']);
  const parsed = JSON.parse(stdout);
  checks[command](parsed);
  expect(checks[command].errors ?? []).toEqual([]);
  return parsed;
}

const dumps = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .filter((name) => /handover1?\.elf\.gz$|debugfs-in$|firmware|LUO$/.test(name))
  .concat(rfcNames.map((name) => `rfc-2024/${name}`))
  .sort();

describe('info', () => {
  test.each(dumps.filter((_, i) => i % sweep(1, 4) === 0))('%s', (name) => {
    const { dumps: all } = document('info', join(fixtures, name));
    expect(all).toHaveLength(1);
  });

  test('what it is, by which release, which way, and its verdict, first', () => {
    const path = join(fixtures, 'linux-7.3-live-update/handover.elf.gz');
    const [first, second] = kho(['info', path]).stdout.split('\n');
    expect(first).toContain('ELF core');
    expect(second).toBe('  kho-v4 handover, written by Linux 7.3: valid, 0 errors, 0 warnings, 0 notes');
    const [dump] = document('info', path).dumps;
    expect(dump.trees[0]).toMatchObject({
      generation: 'kho-v4',
      verdict: 'valid',
      writtenBy: ['7.3'],
    });
    const broken = join(fixtures, 'rfc-2024/dangling');
    expect(document('info', broken).dumps[0].trees[0]).toMatchObject({ verdict: 'invalid' });
  });

  test('what cannot be read is in it, beside the others', () => {
    const path = join(fixtures, 'rfc-2024/two-vms');
    const { dumps: all } = document('info', 'missing', path);
    expect(all[0]).toMatchObject({
      path: 'missing',
      error: expect.stringContaining('no such file'),
      trees: [],
    });
    expect(all[1].trees).toHaveLength(1);
  });
});

describe('explain', () => {
  test('every rule, an area, one', () => {
    expect(document('explain').rules.map(({ id }: { id: string }) => id)).toEqual(
      catalogue.map(({ id }) => id),
    );
    expect(document('explain', 'LUO').rules.every(({ area }: { area: string }) => area === 'LUO')).toBe(true);
    expect(document('explain', 'dmar-010').rules).toMatchObject([{ id: 'DMAR-010', severity: 'error' }]);
  });

  test('records, one of them, the ABI', () => {
    expect(document('explain', 'records').records.length).toBeGreaterThan(100);
    const [record] = document('explain', 'luo_file_ser').records;
    expect(record).toMatchObject({ kernelName: 'struct luo_file_ser', size: 64 });
    expect(document('explain', 'abi').releases[0].release).toBe('7.4-rc1');
  });

  test('what is none is refused, with what is like it', () => {
    const { status, stderr } = kho(['explain', 'memfd_lou_ser', '--format', 'json']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('did you mean memfd_luo_ser')]);
  });
});
