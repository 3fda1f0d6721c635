/** `kho dump` of one record, of one session, of what is behind a child of the root; and of lists to their end. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

const legacy = join(fixtures, 'linux-7.3-iommu-legacy/handover1.elf.gz');
const forms = join(fixtures, 'linux-7.3-memfd-forms/handover1.elf.gz');
const schema = new Ajv2020({ strict: true }).compile(
  JSON.parse(readFileSync(join(import.meta.dirname, '../../schemas/dump.schema.json'), 'utf8')),
);

function dump(...args: string[]): string {
  const { status, stdout, stderr } = kho(['dump', ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

function json(...args: string[]): { [key: string]: unknown } {
  const document = JSON.parse(dump(...args, '--format', 'json'));
  schema(document);
  expect(schema.errors ?? []).toEqual([]);
  return document;
}

const FILE = '    "memfd-v2"  token 0x11  24 MiB  pos 0x0  seals seal|shrink|grow  6144 folios';

describe('--at', () => {
  const whole = dump(legacy).split('\n');

  test.each([
    ['a file', '0x2224045', ['  session "vm"', FILE]],
    ['its memfd record', '0x2225008', ['  session "vm"', FILE]],
    [
      'an FLB',
      '0x203c100',
      ['  FLB "iommu-liveupdate"  data 0x2229000  2 files', '    draft iommu-liveupdate version 1'],
    ],
    ['a property of the tree', '0x51c0cc', ['LUO  blob-size 32 B  preserved-data 0x2031000']],
  ])('%s, in the lines that the whole dump has', (_, at, lines) => {
    expect(dump(legacy, '--at', at).trimEnd().split('\n')).toEqual(lines);
    for (const line of lines) {
      // In the tree it is indented, and after a session the number of its files follows.
      expect(whole.some((each) => each.trim().startsWith(line.trim()))).toBe(true);
    }
  });

  test('an element of a structure, and a record that the dump has no line for', () => {
    expect(dump(legacy, '--at', '0x2228018')).toContain('IOMMU domain of 0000:00:03.0');
    expect(dump(legacy, '--at', '0x688180')).toMatch(/SSPTPTR +0x1f9e000/);
  });

  test('as JSON: that part of the document alone', () => {
    const { luo } = json(legacy, '--at', '0x2224045') as { luo: unknown };
    expect(luo).toMatchObject({ sessions: [{ name: 'vm', files: [{ token: '0x11' }] }] });
    expect(json(legacy, '--at', '0x2228018')).toMatchObject({
      iommu: { units: [], domains: [{ address: '0x2228010' }], devices: [] },
    });
    expect(json(legacy, '--at', '0x51c0cc')).toMatchObject({ fdt: { tree: [{ node: 'LUO' }, {}, {}, {}] } });
    const { status, stderr } = kho(['dump', legacy, '--format', 'json', '--at', '0x688180']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('kho what --format json')]);
  });

  test('an address that is no record, and options that exclude each other', () => {
    for (const args of [
      ['--at', '0x1b086000'],
      ['--at', 'zz'],
      ['--at', '0x2224045', '--node', '/LUO'],
      ['--session', 'nothing'],
      ['--session', 'vm', '--format', 'dts'],
    ]) {
      const { status, stdout, stderr } = kho(['dump', legacy, ...args]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(/^kho: [^\n]+\n$/);
    }
  });
});

test('--session: that one, by name', () => {
  expect(dump(legacy, '--session', 'vm-2').split('\n')[0]).toBe('  session "vm-2"  3 files');
  const { luo } = json(legacy, '--session', 'vm-2') as { luo: { sessions: { name: string }[] } };
  expect(luo.sessions.map(({ name }) => name)).toEqual(['vm-2']);
});

test('--node of a child of the root: what is behind it too', () => {
  const text = dump(legacy, '--node', '/LUO');
  expect(text).toContain('  session "vm"  5 files');
  expect(text).toContain('IOMMU domains  3');
  expect(text).not.toContain('memblock');
  expect(dump(forms, '--node', '/memblock')).toContain('"rsv-a"');
});

test('--all: no list is cut off', () => {
  expect(dump(forms)).toContain('more (kho dump --all shows them)');
  const text = dump(forms, '--all');
  expect(text).not.toContain('--all');
  expect(text.split('\n').filter((line) => line.startsWith('    "memfd-v2"'))).toHaveLength(1059);
});
