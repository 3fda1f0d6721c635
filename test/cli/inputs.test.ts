/** Every form a dump comes in, through the command line as a process. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { concat } from '../memory/bytes.js';
import { buildElf } from '../memory/elf/builder.js';
import { buildFlattened, buildKdump, ZLIB, zstdFrame } from '../memory/kdump/builder.js';
import { kho } from './kho.js';

const folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const plain = (buffer: Uint8Array) => new Uint8Array(buffer);
const coreGz = 'fixtures/linux-7.3-live-update/handover.elf.gz';
const core = plain(gunzipSync(readFileSync(coreGz)));
const tree = plain(readFileSync('fixtures/linux-7.3-live-update/debugfs-in/fdt'));

/** Status 2, nothing on standard output, one line on standard error that says why. */
function expectRefused(args: readonly string[], why: RegExp, input?: Uint8Array): void {
  const { status, stdout, stderr } = kho(args, input);
  expect(stderr).toMatch(why);
  expect(stderr.split('\n')).toHaveLength(2);
  expect(stdout).toBe('');
  expect(status).toBe(2);
}

/** A blob cut into Zstandard frames of raw blocks. */
function zstd(bytes: Uint8Array): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 100_000) frames.push(zstdFrame(bytes.subarray(at, at + 100_000)));
  return concat(...frames);
}

/** A page that holds a blob. */
function page(blob: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4096);
  bytes.set(blob);
  return bytes;
}

/** The tree with another map address, so that it says something else. */
function otherTree(): Uint8Array {
  const bytes = Uint8Array.from(tree);
  const at = Buffer.from(tree).indexOf(Buffer.from('kho-v4'));
  // compatible, padded; then tag, length, name of preserved-memory-map.
  bytes[at + 8 + 12 + 3] = 0x55;
  return bytes;
}

describe('the same core in every packing', () => {
  const expected = kho(['dump', '--format', 'json', coreGz]).stdout;
  const cases: [string, Uint8Array][] = [
    ['plain', core],
    ['gzip', plain(gzipSync(core))],
    ['zstd', zstd(core)],
  ];

  test.each(cases)('%s, as a file and on standard input', (name, bytes) => {
    expect(JSON.parse(expected).generation).toBe('kho-v4');
    const path = file(`core-${name}`, bytes);
    expect(kho(['dump', '--format', 'json', path])).toMatchObject({ status: 0, stdout: expected });
    expect(kho(['dump', '--format', 'json', '-'], bytes)).toMatchObject({ status: 0, stdout: expected });
  });
});

test('a raw image at its base, alone and with a blob', () => {
  const image = new Uint8Array(0x4000);
  image.set(tree, 0x3000);
  const path = file('raw.img', image);
  const run = kho(['info', '--base', '1G', path]);
  expect(run.stderr.replace(/^.* is not in raw image, .* \[memory-absent\]\n/gm, '')).toBe('');
  expect(run.stdout).toMatch(/raw image, 16384 bytes at 0x40000000/);
  expect(run.stdout).toMatch(/found at +0x40003000, by search/);
  const behind = kho(['info', file('tree.dtb', tree), '--memory', path, '--base', '0x1000']);
  expect(behind.stdout).toMatch(/found at +0x4000, by search/);
  expectRefused(
    ['info', path],
    /neither a devicetree blob nor a core .* a raw memory image needs --base ADDRESS/,
  );
  expectRefused(['info', coreGz, '--base', '0'], /is a core with addresses of its own/);
  expectRefused(['info', path, '--base', '0xffffffffffffffff'], /extend beyond physical memory/);
});

describe('a kdump-compressed core', () => {
  const recipe = {
    pages: [{ pfn: 0x300, bytes: page(tree), flags: ZLIB }],
    vmcoreinfo: 'OSRELEASE=7.3.4\nPAGESIZE=4096\n',
  };

  test('plain and flattened', () => {
    const bytes = buildKdump(recipe);
    for (const form of [bytes, buildFlattened([{ at: 0, bytes }])]) {
      const { status, stdout, stderr } = kho(['info', file('dump', form)]);
      expect(stderr.replace(/^.* is not in kdump-compressed core.* \[memory-absent\]\n/gm, '')).toBe('');
      expect(stdout).toMatch(/kdump-compressed core/);
      expect(stdout).toMatch(/found at +0x300000, by search/);
      expect(stdout).toMatch(/release +7\.3\.4, from VMCOREINFO in the kdump header/);
      expect(status).toBe(0);
    }
  });
});

describe('several trees', () => {
  const core = file(
    'two.elf',
    buildElf({
      headers: [{ paddr: 0x10_0000n, offset: 0x1000n, filesz: 0x2000n }],
      data: [
        { at: 0x1000, bytes: tree },
        { at: 0x2000, bytes: otherTree() },
      ],
      size: 0x3000,
    }),
  );

  test('info lists all, other commands ask to choose', () => {
    const { status, stdout } = kho(['info', core]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/tree 1 of 2, at 0x100000\n[\s\S]*tree 2 of 2, at 0x101000\n/);
    for (const command of ['dump', 'validate']) {
      expectRefused(
        [command, core],
        /contains 2 handover trees, at 0x100000, at 0x101000; choose one with --fdt-addr/,
      );
    }
    const { fdt } = JSON.parse(kho(['dump', '--format', 'json', '--fdt-addr', '0x101000', core]).stdout);
    expect(fdt.address).toBe('0x101000');
    expectRefused(['dump', core, '--tree', 'incoming'], /does not show which tree is incoming/);
    expectRefused(
      ['dump', core, '--fdt-addr', '0x102000'],
      /does not hold the memory at 0x102000, which --fdt-addr names/,
    );
  });
});

describe('--fdt-addr where no devicetree blob is', () => {
  const dump = 'fixtures/linux-7.3-live-update/handover.elf.gz';
  // The page of the tree, but not its first byte.
  const at = ['--fdt-addr', '0x4ee008'];

  test.each([
    ['dump', dump],
    ['dump', dump, '--format', 'json'],
    ['dump', dump, '--format', 'dts'],
    ['dump', dump, '--node', '/LUO'],
    ['diff', dump, dump],
    ['trim', dump],
    ['what', dump, '0x1000'],
    ['walk', dump],
    ['walk', dump, '--domain', '1'],
    ['walk', dump, '--device', '00:03.0'],
    ['fuzz', dump, '--count', '1', '-o', '/nonexistent/folder'],
    ['fuzz', dump, '--blobs', '--count', '1', '-o', '/nonexistent/folder'],
    ['fuzz', dump, '--self', '--count', '1'],
  ])('kho %s %s %s is refused', (...args) => {
    expectRefused([...args, ...at], /has no devicetree blob at 0x4ee008, which --fdt-addr names/);
  });

  test('is what validate and info judge', () => {
    expect(kho(['validate', dump, ...at])).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/FDT-002 .*\n.*0x38\n/),
    });
    expect(kho(['info', dump, ...at]).stdout).toMatch(/invalid/);
  });
});

describe('a copy of debugfs', () => {
  test('with its riders, and what the kernel had freed', () => {
    const run = kho(['dump', '--format', 'json', 'fixtures/linux-7.3-live-update/debugfs-in']);
    const model = JSON.parse(run.stdout);
    expect(model.memblock.compatible).toBe('memblock-v1');
    expect(model).not.toHaveProperty('luo');
    expect(model.diagnostics.map(({ code }: { code: string }) => code)).toContain('debugfs-freed');
    expect(run.stderr).toMatch(/sub_fdts\/LUO of the incoming tree is memory that the kernel had freed /);
    // It may be anyone's by now: nothing of it is shown.
    expect(run.stdout + run.stderr).not.toContain('7f454c46');
  });

  test('of out, truncated, as far as it goes, with scratch', () => {
    const { status, stdout } = kho([
      'dump',
      '--format',
      'json',
      'fixtures/linux-7.3-live-update/debugfs-out',
    ]);
    const model = JSON.parse(stdout);
    expect(status).toBe(0);
    expect(model.scratch).toHaveLength(3);
    expect(model.scratch[0]).toEqual({ start: '0x17400000', end: '0x1ac00000' });
    expect(model.memblock.compatible).toBe('memblock-v1');
  });

  test('with in and out below: both are checked, what is prepared is dumped, --tree chooses', () => {
    const both = join(folder, 'kho');
    mkdirSync(both);
    cpSync('fixtures/linux-6.18-handover/debugfs-in', join(both, 'in'), { recursive: true });
    cpSync('fixtures/linux-6.18-handover/debugfs-out', join(both, 'out'), { recursive: true });
    expect(kho(['info', both]).stdout).toMatch(/tree 1 of 2, in in\/[\s\S]*tree 2 of 2, in out\//);
    const checked = JSON.parse(kho(['validate', '--format', 'json', both]).stdout);
    expect(checked.dumps.map(({ path }: { path: string }) => path)).toEqual([
      join(both, 'in'),
      join(both, 'out'),
    ]);
    expect(JSON.parse(kho(['dump', '--format', 'json', both]).stdout).scratch).toHaveLength(3);
    expect(
      JSON.parse(kho(['dump', '--format', 'json', both, '--tree', 'outgoing']).stdout).scratch,
    ).toHaveLength(3);
    expect(
      JSON.parse(kho(['dump', '--format', 'json', both, '--tree', 'incoming']).stdout),
    ).not.toHaveProperty('scratch');
  });

  test('with empty files, as tar makes them: named, in their own result', () => {
    const copy = join(folder, 'tarred');
    cpSync('fixtures/linux-7.3-running/debugfs/run0', copy, { recursive: true });
    const alone = kho(['validate', '--format', 'json', copy]);
    expect(alone.status).toBe(0);
    expect(alone.stderr).toMatch(
      /out\/ has no fdt: a kernel that was itself booted by KHO does not create it/,
    );
    const [only, ...others] = JSON.parse(alone.stdout).dumps;
    expect([only.path, only.verdict, others]).toEqual([join(copy, 'in'), 'valid', []]);
    writeFileSync(join(copy, 'out/fdt'), '');
    const { status, stdout, stderr } = kho(['validate', '--format', 'json', copy]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/tarred\/out: has no root tree: fdt is empty: tar and cp .* copy each with cat/);
    expect(JSON.parse(stdout).dumps.map(({ verdict }: { verdict: string }) => verdict)).toEqual([
      'valid',
      'unreadable',
    ]);
    expect(kho(['info', copy]).stderr).toMatch(/out\/fdt is empty: tar and cp/);
  });

  test('without out/fdt, as kernels that KHO booted have it', () => {
    const out = join(folder, 'out-only');
    mkdirSync(join(out, 'sub_fdts'), { recursive: true });
    expectRefused(
      ['info', out],
      /has no root tree: a kernel that was itself booted by KHO does not create out\/fdt/,
    );
  });
});

test('the device tree that the next kernel was booted with names the handover', () => {
  const base = 'fixtures/linux-7.3-arm64-16k';
  const args = [join(base, 'firmware-fdt.dtb'), '--memory', join(base, 'handover.elf.gz')];
  const { stdout } = kho(['info', ...args]);
  expect(stdout).toMatch(/found at +0x42210000, by \/chosen/);
  expect(stdout).toMatch(/page size +16 KiB/);
  const named = JSON.parse(kho(['dump', '--format', 'json', ...args]).stdout);
  const searched = JSON.parse(kho(['dump', '--format', 'json', join(base, 'handover.elf.gz')]).stdout);
  expect(named.luo).toEqual(searched.luo);
  expect(named.luo.sessions.length).toBeGreaterThan(0);
});

describe('what is refused, with status 2 and one line', () => {
  test('nothing there, nothing in it, nothing known', () => {
    expectRefused(['dump', join(folder, 'missing')], /missing: no such file or folder/);
    expectRefused(['dump', file('empty', '')], /empty: is empty/);
    expectRefused(['dump', '-'], /standard input: is empty/, new Uint8Array(0));
    expectRefused(
      ['dump', file('a.png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10))],
      /it begins with 89 50 4e 47/,
    );
    expectRefused(['info', file('zeros', new Uint8Array(5000))], /it begins with 00 00/);
    expectRefused(
      [
        'dump',
        file(
          'no-tree.elf',
          buildElf({ headers: [{ paddr: 0n, offset: 0x1000n, filesz: 0x1000n }], size: 0x2000 }),
        ),
      ],
      /contains no handover tree/,
    );
  });

  test('only a truncated tree', () => {
    const bytes = buildElf({
      headers: [{ paddr: 0x5000n, offset: 0x1000n, filesz: 0x1000n }],
      data: [{ at: 0x1000, bytes: tree.subarray(0, 233) }],
      size: 0x2000,
    });
    expectRefused(
      ['dump', file('cut.elf', bytes)],
      /contains no complete handover tree, only truncated ones at 0x5000/,
    );
  });

  test('folders without a dump', () => {
    const empty = join(folder, 'empty-folder');
    mkdirSync(empty);
    expectRefused(
      ['info', empty],
      /is a folder without one devicetree blob and one memory dump: it is empty/,
    );
    file('empty-folder/notes.txt', 'x');
    expectRefused(['info', empty], /memory dump: notes\.txt \(unknown\)/);
  });

  // Root reads what it likes.
  test.skipIf(process.getuid?.() === 0)('an unreadable file', () => {
    const path = file('secret', tree);
    writeFileSync(path, tree, { mode: 0 });
    expectRefused(['info', path], /permission denied/);
  });

  test('damaged packings', () => {
    expectRefused(
      ['info', file('cut.gz', readFileSync(coreGz).subarray(0, 20_000))],
      /the gzip data ends early/,
    );
    expectRefused(['info', file('cut.zst', zstd(core).subarray(0, 20_000))], /the zstd data ends early/);
    const window = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 3, 0, 0, 7, 0, 0);
    expectRefused(
      ['info', file('long.zst', window)],
      /more than the 128 MiB .* zstd -d --long=31 \S+long\.zst/,
    );
  });
});
