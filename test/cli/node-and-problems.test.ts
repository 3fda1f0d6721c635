/** `dump --node` in every format, and the problems of a walk in its JSON. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rfcFiles } from '../fixtures.js';
import { buildElf } from '../memory/elf/builder.js';
import { kho } from './kho.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('dump --node', () => {
  const { blob } = rfcFiles('three-level');
  const path = '/intel-iommu/domains/4/devices';

  test('as devicetree source: the node as root', () => {
    expect(kho(['dump', blob, '--format', 'dts', '--node', path]).stdout).toBe(
      [
        '/dts-v1/;\n',
        `// ${path}`,
        '/ {\n\t0 {\n\t\tbus = [02];\n\t\tdevfn = [08];\n\t};\n\t1 {\n\t\tbus = [00];\n\t\tdevfn = [10];\n\t};\n};\n',
      ].join('\n'),
    );
  });

  test('as JSON: the head, and the tokens of the node', () => {
    const whole = JSON.parse(kho(['dump', blob, '--format', 'json']).stdout);
    const { fdt, ...head } = JSON.parse(kho(['dump', blob, '--format', 'json', '--node', path]).stdout);
    expect(head).toEqual({
      schemaVersion: 1,
      kind: 'handover',
      generation: 'rfc-2024',
      pageSize: 4096,
      diagnostics: [],
    });
    const start = whole.fdt.tree.findIndex(({ node }: { node?: string }) => node === 'devices');
    expect(fdt.tree.map(({ node, prop }: { node?: string; prop?: string }) => node ?? prop ?? 'end')).toEqual(
      ['devices', '0', 'bus', 'devfn', 'end', '1', 'bus', 'devfn', 'end', 'end'],
    );
    expect(fdt.tree).toEqual(whole.fdt.tree.slice(start, start + fdt.tree.length));
  });

  test.each(['tree', 'dts', 'json'])('as %s: a node that is not there', (format) => {
    const { status, stderr } = kho(['dump', blob, '--format', format, '--node', '/nothing']);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/: has no node \/nothing; \/ has \S/)]);
  });
});

test('walk --format json lists what it noticed', () => {
  const entry = new Uint8Array(8);
  new DataView(entry.buffer).setBigUint64(0, 0x77000003n, true);
  const path = join(folder, 'core');
  const headers = [{ paddr: 0x10000n, offset: 0x1000n, filesz: 0x1000n }];
  writeFileSync(path, buildElf({ headers, data: [{ at: 0x1008, bytes: entry }], size: 0x2000 }));
  const { status, stdout, stderr } = kho([
    'walk',
    path,
    '--pgd',
    '0x10000',
    '--agaw',
    '1',
    '--format',
    'json',
  ]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    schemaVersion: 1,
    runs: [],
    diagnostics: [
      {
        code: 'table-absent',
        message: expect.stringContaining('table 0x77000000'),
        location: { address: '0x10008', iova: '0x40000000', iovaEnd: '0x80000000' },
      },
    ],
  });
  expect(stderr).toMatch(/^kho: table-absent: /);
});
