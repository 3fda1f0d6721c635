/** The address of a root table in place of the register that names it: each command that takes --root says so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

const folder = mkdtempSync(join(tmpdir(), 'kho-mode-'));
afterAll(() => rmSync(folder, { recursive: true }));
const core = (name: string) => join(fixtures, name, 'handover1.elf.gz');

const COMMANDS: readonly (readonly [string, (core: string) => readonly string[]])[] = [
  ['validate', (dump) => ['validate', dump]],
  ['walk', (dump) => ['walk', dump]],
  ['what', (dump) => ['what', dump, '0x1000']],
  ['trim', (dump) => ['trim', dump, '-o', join(folder, 'out.elf')]],
  ['report', (dump) => ['report', dump, '-o', join(folder, 'out.html')]],
];

describe.each(COMMANDS)('%s', (_name, args) => {
  test('names the value that the register would have', () => {
    const dump = core('linux-7.3-iommu-first-stage');
    const { stderr } = kho([...args(dump), '--root', '0x5b2000']);
    expect(stderr).toContain(
      'RTADDR 0x5b2000 of dmar0 says legacy mode, but the handover has this root table in scalable mode',
    );
    expect(stderr).toContain('the register would read 0x5b2400');
    expect(kho([...args(dump), '--root', '0x5b2400']).stderr).not.toContain('RTADDR');
    expect(kho([...args(dump), '--root', '0x5b2000', '--quiet']).stderr).not.toContain('RTADDR');
  });
});

test('a table of legacy mode in scalable mode', () => {
  const dump = core('linux-7.3-iommu-legacy');
  const { iommu } = JSON.parse(kho(['dump', dump, '--format', 'json']).stdout);
  const root = BigInt(iommu.units[0].rootTable);
  const { stderr } = kho(['validate', dump, '--root', `${root | 0x400n}`]);
  expect(stderr).toContain(`the register would read 0x${root.toString(16)}`);
});
