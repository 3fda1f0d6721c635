/** `kho walk` and `kho validate` with --root and --regset, on the tables of two running kernels. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const LIVE = join(fixtures, 'linux-7.3-live-update', 'vtd');
const SCALABLE = join(fixtures, 'linux-7.3-scalable-mode', 'vtd');
const CAPTURES = [
  ['legacy mode', LIVE, 2750],
  ['scalable mode', SCALABLE, 2875],
] as const;

function files(capture: string) {
  return { core: join(capture, 'before-kexec.elf.gz'), regset: join(capture, 'iommu_regset') };
}

function register(capture: string, name: string): string {
  const line = readFileSync(files(capture).regset, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name} `));
  return line?.split(/\s+/).at(-1) ?? '';
}

function listing(capture: string, device: string): string {
  const file = join(capture, `domain_translation_struct.${device.replace(':', '.')}.gz`);
  return gunzipSync(readFileSync(file)).toString();
}

describe.each(CAPTURES)('%s', (mode, capture, runs) => {
  const { core, regset } = files(capture);

  test.each(['00:03.0', '0000:00:1f.2'])("debugfs form of %s is the kernel's, byte for byte", (device) => {
    const args = ['walk', core, '--regset', regset, '--device', device, '--format', 'debugfs'];
    const expected = listing(capture, device.replace(/^0000:/, ''));
    expect(kho(args)).toEqual({ status: 0, stdout: expected, stderr: '' });
  });

  test("debugfs form of the unit is the kernel's, byte for byte", () => {
    const expected = readFileSync(join(capture, 'dmar_translation_struct'), 'utf8');
    for (const settings of [
      ['--regset', regset],
      ['--root', register(capture, 'RTADDR')],
    ]) {
      const run = kho(['walk', core, ...settings, '--format', 'debugfs']);
      expect(run).toEqual({ status: 0, stdout: expected, stderr: '' });
    }
  });

  test("csv of a device has a line for each leaf of the kernel's listing", () => {
    const rows = listing(capture, '00:03.0').trimEnd().split('\n').slice(2);
    const expected = rows.map((row) => {
      const [iova = '', ...words] = row.split(/[\s|]+/);
      const entry = BigInt(words.at(-1) ?? 0);
      const level = 6 - words.length;
      const access = `${entry & 1n ? 'r' : ''}${entry & 2n ? 'w' : ''}`;
      const page = `0x${(BigInt(iova) << 12n).toString(16)}`;
      const bytes = 1n << BigInt(12 + 9 * (level - 1));
      const target = entry & ((1n << 52n) - 1n) & ~(bytes - 1n);
      return `${page},0x${target.toString(16)},0x${bytes.toString(16)},${access}\n`;
    });
    const args = ['walk', core, '--regset', regset, '--device', '00:03.0', '--format', 'csv'];
    expect(kho(args)).toEqual({ status: 0, stdout: `iova,pa,size,access\n${expected.join('')}`, stderr: '' });
    const all = kho(['walk', core, '--regset', regset, '--format', 'csv']);
    const prefix = `0000:00:03.0,${mode === 'legacy mode' ? '' : '0'},`;
    expect(all.stdout).toBe(
      `device,pasid,iova,pa,size,access\n${expected.map((line) => `${prefix}${line}`).join('')}`,
    );
  });

  test('json of one device and of all', () => {
    const one = JSON.parse(
      kho(['walk', core, '--regset', regset, '--device', '00:03.0', '--format', 'json']).stdout,
    );
    expect(one).toMatchObject({
      device: '0000:00:03.0',
      translation: 'second-stage',
      domainId: 5,
      levels: 4,
    });
    expect(one.runs.length).toBe(runs);
    const { devices } = JSON.parse(kho(['walk', core, '--regset', regset, '--format', 'json']).stdout);
    expect(devices.map(({ device }: { device: string }) => device)).toEqual(
      ['00:00.0', '00:01.0', '00:02.0', '00:03.0', '00:04.0', '00:05.0', '00:1f.0', '00:1f.2', '00:1f.3'].map(
        (name) => `0000:${name}`,
      ),
    );
    const { schemaVersion, ...rest } = one;
    expect(schemaVersion).toBe(1);
    expect(devices[3]).toEqual(rest);
  });

  test('--iova gives the leaf that the whole list has there, of one device and of all', () => {
    const where = ['walk', core, '--regset', regset];
    const device = [...where, '--device', '00:03.0'];
    const lines = (args: string[]) =>
      kho([...args, '--format', 'csv'])
        .stdout.trimEnd()
        .split('\n');
    const [head = '', ...leaves] = lines(device);
    const [allHead = '', ...all] = lines(where);
    const sizes = new Set(leaves.map((leaf) => leaf.split(',')[2]));
    expect(sizes.size).toBe(2);
    const asked = [...sizes].flatMap((size) =>
      leaves.filter((leaf) => leaf.includes(`,${size},`)).slice(0, 3),
    );
    for (const leaf of asked) {
      const [iova = '', pa, size = '', access] = leaf.split(',');
      for (const offset of [0n, BigInt(size) - 1n]) {
        const at = ['--iova', hex(BigInt(iova) + offset)];
        expect(lines([...device, ...at])).toEqual([head, leaf]);
        expect(lines([...where, ...at])).toEqual([allHead, ...all.filter((line) => line.endsWith(leaf))]);
        const { runs, diagnostics } = JSON.parse(kho([...device, ...at, '--format', 'json']).stdout);
        expect(runs).toEqual([
          expect.objectContaining({
            ...{ iova, iovaEnd: hex(BigInt(iova) + BigInt(size)), address: pa },
            ...{ pageSize: Number(size), leaves: 1, access },
          }),
        ]);
        expect(diagnostics).toEqual([]);
      }
    }
  });

  test.each([
    ['0xfffff0000000', 'not-mapped', /IOVA 0xfffff0000000 is not mapped at level \d/],
    ['0x1000000000000', 'beyond-width', /IOVA 0x1000000000000 is beyond the width of the table/],
  ])('--iova %s, which is not mapped, is told', (iova, code, words) => {
    const args = ['walk', core, '--regset', regset, '--device', '00:03.0', '--iova', iova];
    const csv = kho([...args, '--format', 'csv']);
    expect(csv).toMatchObject({ status: 0, stdout: 'iova,pa,size,access\n' });
    expect(csv.stderr).toMatch(words);
    const json = kho([...args, '--format', 'json']);
    expect(json.stderr).toBe(csv.stderr);
    expect(JSON.parse(json.stdout)).toMatchObject({
      runs: [],
      diagnostics: [{ code, message: expect.stringMatching(words), location: { iova } }],
    });
    expect(kho(args).stdout).toMatch(/^→ (not mapped|beyond the width)/m);
  });

  test('--iova shows every entry on the way', () => {
    const { stdout, status } = kho([
      'walk',
      core,
      '--regset',
      regset,
      '--device',
      '00:03.0',
      '--iova',
      '0x1abc',
    ]);
    expect(status).toBe(0);
    const [row = ''] = listing(capture, '00:03.0').split('\n').slice(2);
    // The entries of the kernel's first row, after those that lead to its table.
    for (const word of row.split(/[\s|]+/).slice(2))
      expect(stdout).toContain(`0x${BigInt(word).toString(16)}`);
    const structures =
      mode === 'legacy mode' ? ['root', 'context'] : ['root', 'context', 'PASID directory', 'PASID'];
    expect(stdout.match(/^ {2}(?:root|context|PASID.*) entry /gm)?.length).toBe(structures.length);
    expect(stdout).toMatch(/DID 5$/m);
    const page = BigInt(row.split(/[\s|]+/).at(-1) ?? 0) & ~0xfffn;
    expect(stdout).toContain(`→ 0x${(page | 0xabcn).toString(16)}  in a page of 4 KiB, r in the leaf`);
  });

  test('validate names the mapped pages that are not preserved, and nothing else but lost tables', () => {
    const args = ['validate', '--format', 'json', '--dma-continues', '--regset', regset, core];
    const { status, stdout, stderr } = kho(args);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    const [{ findings, rules, generation }] = JSON.parse(stdout).dumps;
    expect(generation).toBe('kho-v4');
    type Found = { rule: string; severity: string; location: Record<string, string>; message: string };
    const errors: Found[] = findings.filter(({ severity }: Found) => severity === 'error');
    expect([...new Set(errors.map(({ rule }) => rule))]).toEqual(['VTD-136', 'VTD-138']);
    const lost = errors.filter(({ rule }) => rule === 'VTD-138');
    const pages = lost.reduce(
      (sum, { location }) => sum + (Number(location.iovaEnd) - Number(location.iova)) / 4096,
      0,
    );
    expect(pages).toBe(2568);
    expect(lost[0]?.location.iova).toBe('0x200000000');
    for (const { message, location } of lost) {
      expect(message).toContain('00:03.0');
      expect(message).toContain(`to ${location.address}`);
    }
    const summary = findings.find(({ rule, severity }: Found) => rule === 'VTD-138' && severity === 'note');
    expect(summary.message).toContain('of 9827 pages of 4 KiB that 00:03.0 maps, 2568 are not preserved');
    expect(rules.failed).toBe(2);
    // Where each of them lands is what the kernel's listing says.
    const leaves = new Map(
      kho(['walk', core, '--regset', regset, '--device', '00:03.0', '--format', 'csv'])
        .stdout.split('\n')
        .map((line) => line.split(',') as [string, string]),
    );
    for (const { location } of lost) expect(leaves.get(location.iova ?? '')).toBe(location.address);
  });

  test('validate has one note a rule where devices are stopped before the kexec', () => {
    const { status, stdout } = kho(['validate', '--format', 'json', '--regset', regset, core]);
    expect(status).toBe(0);
    const [{ findings }] = JSON.parse(stdout).dumps;
    type Found = { rule: string; severity: string };
    const lost = findings.filter(({ rule }: Found) => rule === 'VTD-136' || rule === 'VTD-138');
    expect(lost.map(({ rule, severity }: Found) => `${rule} ${severity}`)).toEqual([
      'VTD-136 note',
      'VTD-138 note',
    ]);
  });

  test('one device can be chosen', () => {
    const args = ['validate', '--format', 'json', '--regset', regset, '--device', '00:05.0', core];
    const [{ findings }] = JSON.parse(kho(args).stdout).dumps;
    const rules = findings.map(({ rule }: { rule: string }) => rule);
    expect(rules).not.toContain('VTD-138');
    expect(rules).toContain('VTD-136');
  });
});

describe('arguments', () => {
  const { core, regset } = files(LIVE);

  test.each([
    ['both', ['--root', '0x1000', '--regset', regset], /are mutually exclusive/],
    ['device alone', ['--device', '00:03.0'], /--device needs --root/],
    ['PASID without device', ['--root', '0x1000', '--pasid', '1'], /--pasid needs --device/],
    ['bad device', ['--regset', regset, '--device', '3.0'], /is not \[SSSS:\]BB:DD\.F/],
    ['PASID in legacy mode', ['--regset', regset, '--device', '00:03.0', '--pasid', '1'], /legacy mode/],
    ['domain too', ['--regset', regset, '--domain', '1'], /not with --domain/],
    ['debugfs without unit', ['--pgd', '0x2d25000', '--agaw', '2', '--format', 'debugfs'], /needs --root/],
    ...[
      ['--regset', regset],
      ['--regset', regset, '--device', '00:03.0'],
      ['--pgd', '0x2d25000', '--agaw', '2'],
      ['--domain', '5'],
    ].map((where): [string, string[], RegExp] => [
      `debugfs of one address, ${where[0]}`,
      [...where, '--format', 'debugfs', '--iova', '0'],
      /--iova goes with --format table, csv or json/,
    ]),
    ['absent device', ['--regset', regset, '--device', '00:07.0'], /context entry at 0x.* is not present/],
    ['no regset', ['--regset', core], /is not an iommu_regset/],
    ['no file', ['--regset', join(LIVE, 'nothing')], /nothing: no such file/],
  ])('%s', (_what, args, words) => {
    const { status, stdout, stderr } = kho(['walk', core, ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(words);
    expect(stderr.trimEnd().split('\n').length).toBe(1);
  });

  test('a unit with translation off', () => {
    const off = join(folder, 'off');
    writeFileSync(off, readFileSync(regset, 'utf8').replace('0x00000000c4000000', '0x0000000044000000'));
    expect(kho(['walk', core, '--regset', off, '--format', 'debugfs']).stdout).toBe(
      'DMA Remapping is not enabled on dmar0\n',
    );
    const { stdout } = kho(['validate', '--format', 'json', '--regset', off, core]);
    const [{ rules }] = JSON.parse(stdout).dumps;
    const skipped = rules.skipped.find(({ rule }: { rule: string }) => rule === 'VTD-084');
    expect(skipped.why).toContain('translation is off');
  });

  test('two units: every one is walked, and a device is found below the one that has it', () => {
    const two = join(folder, 'two');
    const text = readFileSync(regset, 'utf8');
    // A page of zeros is an empty root table: the second level-1 table of a device that maps little.
    const other = text.replace('dmar0', 'dmar1').replace('0x000000000059d000', '0x0000000000649000');
    writeFileSync(two, `${other}${text}`);
    const run = kho(['walk', core, '--regset', two, '--device', '00:03.0', '--format', 'debugfs']);
    expect(run.stdout).toBe(listing(LIVE, '00:03.0'));
    const units = kho(['walk', core, '--regset', two, '--format', 'debugfs']).stdout;
    expect(units.match(/^IOMMU .*$/gm)).toEqual([
      'IOMMU dmar1: Root Table Address: 0x649000',
      'IOMMU dmar0: Root Table Address: 0x59d000',
    ]);
  });
});

test('memory without a handover tree: the VT-d rules run by themselves', () => {
  const image = new DataView(new ArrayBuffer(0x4000));
  // Bus 0, 00:00.0: a root entry with bit 1 set, a context, and a table that maps nothing.
  image.setBigUint64(0x1000, 0x2003n, true);
  image.setBigUint64(0x2000, 0x3001n, true);
  image.setBigUint64(0x2008, 0x202n, true);
  const path = join(folder, 'image');
  writeFileSync(path, new Uint8Array(image.buffer));
  const args = ['validate', '--format', 'json', '--base', '0', '--root', '0x1000', path];
  const { stdout, status, stderr } = kho(args);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  const [{ findings, generation }] = JSON.parse(stdout).dumps;
  expect(generation).toBeUndefined();
  const [first] = findings;
  expect(first).toMatchObject({
    rule: 'VTD-010',
    severity: 'error',
    location: { address: '0x1000', bits: '11:1' },
  });
  expect(first.message).toContain('fault reason 0xa (LRT.3)');
  const without = kho(['validate', '--format', 'json', '--base', '0', path]);
  expect(without.status).toBe(2);
});
