/** `kho what` on the command line: its formats, its ways to name an address, and what it refuses. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

const legacy = join(fixtures, 'linux-7.3-iommu-legacy');
const core = join(legacy, 'handover1.elf.gz');
const rfc = join(fixtures, 'rfc-2024/two-vms');

function what(...args: string[]): string {
  const { status, stdout, stderr } = kho(['what', ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

test('every address that other commands print can be handed to it', () => {
  const csv = kho(['walk', core, '--domain', '0x2228038', '--format', 'csv']).stdout.trimEnd().split('\n');
  const [iova = '', address = ''] = csv[1]?.split(',') ?? [];
  const document = JSON.parse(what(core, address, `0x2228038@${iova}`, '--format', 'json'));
  const [direct, through] = document.addresses;
  expect(through).toEqual({ ...direct, query: `0x2228038@${iova}` });
  expect(direct.address).toBe(address);
  expect(direct.mappedBy).toContainEqual({
    domain: '0x2228038',
    device: '0000:04:00.0',
    ...{ iova, size: '0x1000', access: 'rw' },
  });
  expect(direct.holds).toMatchObject({ session: 'vm', token: '0x11' });
});

test('numbers with a suffix, and lists with commas, as everywhere', () => {
  const asked = (...words: string[]) =>
    JSON.parse(what(core, ...words, '--format', 'json')).addresses.map(
      ({ query: _query, ...answer }: { query?: string }) => answer,
    );
  const plain = asked('0x100000', '0x700000', '0x200000000', '0x2228038@0x200000');
  expect(asked('1M', '7m', '8G', '0x2228038@2M')).toEqual(plain);
  expect(asked('1M,7168K', '8G,0x2228038@0x800K')).toEqual(plain);
  expect(asked('pfn:1K')).toEqual(asked('0x400000'));
  expect(kho(['what', core, ',']).stderr).toMatch(/"," is not an address/);
});

test('pages of 16 KiB count', () => {
  const arm = join(fixtures, 'linux-7.3-arm64-16k/handover.elf.gz');
  const { addresses } = JSON.parse(what(arm, 'pfn:0x10', '--format', 'json'));
  expect(addresses[0].address).toBe('0x40000');
});

test('a device below a root table that nothing but a register names', () => {
  const vtd = join(fixtures, 'linux-7.3-live-update/vtd');
  const before = join(vtd, 'before-kexec.elf.gz');
  const regset = ['--regset', join(vtd, 'iommu_regset')];
  const csv = kho(['walk', before, ...regset, '--device', '00:03.0', '--format', 'csv']).stdout.split('\n');
  const [iova = '', address = ''] = csv[5]?.split(',') ?? [];
  const { addresses } = JSON.parse(what(before, `00:03.0@${iova}`, ...regset, '--format', 'json', '--quiet'));
  expect(addresses[0].address).toBe(address);
  const own = addresses[0].mappedBy.filter((each: { device?: string }) => each.device === '0000:00:03.0');
  expect(own).toContainEqual(expect.objectContaining({ iova }));
});

test('--hex shows the record and marks the byte', () => {
  const text = what(core, '--hex', '0x2228018');
  expect(text).toMatch(/> \+0x8 +top_table_phys +0x1f9e000/);
  expect(text).toMatch(/0x2228010 .*\[00\] e0 {2}f9/);
});

test('what the dump lacks is said, as more may hang on it', () => {
  const root = ['--root', '0x7ffff000'];
  const why = 'the root table of dmar0 at 0x7ffff000 is not in the dump';
  const text = what(core, '0x2228018', ...root);
  expect(text).toContain(`\nincomplete: ${why}: more may have, refer to or map this address\n`);
  const document = JSON.parse(what(core, '0x2228018', ...root, '--format', 'json'));
  expect(document.missing).toEqual([{ kind: 'unanswered', what: why }]);
  expect(JSON.parse(what(core, '0x2228018', '--format', 'json'))).not.toHaveProperty('missing');
});

describe('what it refuses, with status 2 and one line', () => {
  test.each([
    ['no address', [core]],
    ['no number', [core, 'zz']],
    ['too large', [core, '0x10000000000000000']],
    ['no such domain', [rfc, '9@0x1000']],
    ['no such device', [core, '3f:00.0@0x1000']],
    ['no such format', [core, '0x1000', '--format', 'yaml']],
    ['no such file', [join(fixtures, 'nothing'), '0x1000']],
    ['no tree', [join(fixtures, 'README.md'), '0x1000']],
  ])('%s', (_, args) => {
    const { status, stdout, stderr } = kho(['what', ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^kho: [^\n]+\n$/);
  });
});
