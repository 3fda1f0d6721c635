/** `kho capture` of copied hosts, made of dumps of running kernels. */

import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCaptureNote } from '../../src/memory/elf/capture-note.js';
import { fixtures } from '../fixtures.js';
import { makeHost, put } from './fake-host.js';
import { kho } from './kho.js';

const running = join(fixtures, 'linux-7.3-running');
const core = join(running, 'run5-outgoing.elf.gz');
const debugfs = join(running, 'debugfs/run4');
const OUTGOING = 0x10f0000n;
/** struct kho_data of the same kernel: its tree, and the array of its scratch regions. */
const INCOMING = 0x4ff000n;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
/** A new place for a host or a capture. */
function place(): string {
  return join(folder, `${count++}`);
}

function setupData(fdt: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, fdt, true);
  view.setBigUint64(8, 4096n, true);
  return bytes;
}

function manifestOf(capture: string): {
  trees: { direction: string; address?: string; from: string }[];
  files: { path: string; from: string; size: number; sha256: string }[];
  refused: { path: string; code: string; why: string }[];
  config: { from: string; lines: string[] };
  release: string;
} {
  return JSON.parse(readFileSync(join(capture, 'manifest.json'), 'utf8'));
}

function allFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Everything of a fixture's kernel: both trees by name and by pointer. */
async function wholeHost(): Promise<string> {
  const root = place();
  await makeHost({ root, core, debugfs, pointers: [OUTGOING], setupData: setupData(INCOMING) });
  return root;
}

describe('a running kernel with debugfs and /proc/kcore', () => {
  let root = '';
  let out = '';
  beforeAll(async () => {
    root = await wholeHost();
    out = place();
    const { status, stdout, stderr } = kho(['capture', '--root-dir', root, '-o', out]);
    expect(stderr).toMatch(/captured: .*incoming at 0x4ff000.*\n.* of records in .* of pages\n$/);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  test('the manifest names trees, files with their hashes, and the configuration', () => {
    const { trees, files, refused, config, release } = manifestOf(out);
    expect(trees.map(({ direction, address }) => `${direction} ${address}`).sort()).toEqual([
      'incoming 0x4ff000',
      'outgoing 0x10f0000',
    ]);
    expect(release).toBe('7.3.4');
    expect(config).toEqual({
      from: '/boot/config-7.3.4',
      lines: ['CONFIG_KEXEC_HANDOVER=y', '# CONFIG_STRICT_DEVMEM is not set'],
    });
    expect(refused).toEqual([
      {
        path: '/sys/kernel/debug/kho/in/sub_fdts/LUO',
        code: 'FREED',
        why: 'shows memory that the kernel has freed and reused',
      },
    ]);
    const listed = files.map(({ path }) => join(out, path)).sort();
    expect(listed).toEqual(
      allFiles(out)
        .filter((path) => !path.endsWith('manifest.json'))
        .sort(),
    );
    for (const { path, size, sha256 } of files) {
      const bytes = readFileSync(join(out, path));
      expect(bytes.length).toBe(size);
      expect(hashOf(join(out, path))).toBe(sha256);
    }
  });

  test('copies are whole, and readable by their owner alone', () => {
    for (const name of ['fdt', 'sub_fdts/memblock'])
      expect(readFileSync(join(out, 'in', name))).toEqual(readFileSync(join(debugfs, 'in', name)));
    for (const path of allFiles(out)) expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(out).mode & 0o777).toBe(0o700);
  });

  test('a blob that has been freed and reused is not in it, whoever has the memory now', () => {
    expect(existsSync(join(out, 'in/sub_fdts/LUO'))).toBe(false);
  });

  test('no seed is in it', () => {
    for (const path of allFiles(out)) expect(readFileSync(path).includes('SEED SEED')).toBe(false);
  });

  test('the core has the records that a trim of the dump has', () => {
    const trimmed = kho(['trim', core]).stdout.length;
    expect(statSync(join(out, 'memory.elf')).size).toBeLessThan(3 * trimmed + 65536);
  });

  test('every command opens the folder', () => {
    const { stdout } = kho(['validate', out]);
    expect(stdout).toMatch(/\/in: valid {2}kho-v4, 0 errors, 0 warnings/);
    expect(stdout).toMatch(/\/out: valid {2}kho-v4, 0 errors, 0 warnings/);
    expect(stdout).toMatch(/nothing refers to 261 blocks/);
    const direct = kho(['dump', core]).stdout;
    expect(kho(['dump', out]).stdout).toBe(direct);
    for (const command of ['info', 'report', 'trim']) expect(kho([command, out]).status).toBe(0);
  });

  test('validate --live says the same, and leaves nothing behind', () => {
    const before = readdirSync(folder);
    const live = kho(['validate', '--live', '--root-dir', root, '--spool', folder]);
    expect(live.stdout.replaceAll('live/', `${out}/`)).toBe(kho(['validate', out]).stdout);
    expect(live.status).toBe(0);
    expect(readdirSync(folder)).toEqual(before);
  });

  test('as one core', () => {
    const file = `${place()}.elf`;
    expect(kho(['capture', '--root-dir', root, '-o', file]).status).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(kho(['dump', file]).stdout).toBe(kho(['dump', core]).stdout);
    expect(kho(['validate', file, '--tree', 'incoming']).stdout).toMatch(/: valid {2}kho-v4, 0 errors/);
    expect(kho(['capture', '--root-dir', root, '-o', '-', '--quiet'])).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  test('a folder with files in it stays as it is', () => {
    const before = allFiles(out).map(hashOf);
    const { status, stderr } = kho(['capture', '--root-dir', root, '-o', out]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `kho: ${out}: is a folder with files in it; name a new one\n`,
    });
    expect(allFiles(out).map(hashOf)).toEqual(before);
  });
});

test('a tree that debugfs shows in part, as from 6.19 on, is captured whole', async () => {
  const root = await wholeHost();
  const first = place();
  expect(kho(['capture', '--root-dir', root, '-o', first]).status).toBe(0);
  const whole = readFileSync(join(first, 'out/fdt'));
  put(root, '/sys/kernel/debug/kho/out/fdt', whole.subarray(0, 233));
  const out = place();
  expect(kho(['capture', '--root-dir', root, '-o', out]).status).toBe(0);
  expect(readFileSync(join(out, 'out/fdt'))).toEqual(whole);
  expect(manifestOf(out).files.find(({ path }) => path === 'out/fdt')?.from).toBe('/proc/kcore at 0x10f0000');
  expect(kho(['validate', out]).stdout).not.toContain('FDT-006');
  // Of another tree nothing is taken over.
  put(root, '/sys/kernel/debug/kho/out/fdt', whole.subarray(0, 233).fill(0xff, 100));
  const other = place();
  expect(kho(['capture', '--root-dir', root, '-o', other]).status).toBe(0);
  expect(readFileSync(join(other, 'out/fdt')).length).toBe(233);
});

test('a kcore whose image points to no tree is told as refused', async () => {
  const root = place();
  await makeHost({ root, core, debugfs });
  const out = place();
  expect(kho(['capture', '--root-dir', root, '-o', out]).status).toBe(0);
  expect(manifestOf(out).refused.map(({ path, code }) => [path, code])).toContainEqual([
    '/proc/kcore',
    'no-tree',
  ]);
  expect(existsSync(join(out, 'memory.elf'))).toBe(false);
});

describe('hosts that show less', () => {
  test('without /proc/kcore: the trees of debugfs, and what is missing', async () => {
    const root = place();
    await makeHost({ root, debugfs });
    const out = place();
    const { status, stderr } = kho(['capture', '--root-dir', root, '-o', out]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^kho: \/proc\/kcore: not captured: .*CONFIG_PROC_KCORE \[ENOENT\]$/m);
    expect(manifestOf(out).refused.map(({ path, code }) => [path, code])).toContainEqual([
      '/proc/kcore',
      'ENOENT',
    ]);
    expect(existsSync(join(out, 'memory.elf'))).toBe(false);
    expect(kho(['validate', out, '--allow-incomplete']).status).toBe(0);
    const file = kho(['capture', '--root-dir', root, '-o', `${place()}.elf`]);
    expect(file.status).toBe(2);
    expect(file.stderr).toMatch(/^kho: \/proc\/kcore: [^\n]*; a folder \(-o DIR\)[^\n]*\n$/);
  });

  test('without debugfs: the trees that setup_data and the kernel point to', async () => {
    const root = place();
    await makeHost({ root, core, pointers: [OUTGOING], setupData: setupData(INCOMING) });
    const out = place();
    expect(kho(['capture', '--root-dir', root, '-o', out]).status).toBe(0);
    expect(manifestOf(out).files.map(({ path, from }) => `${path} ${from}`)).toEqual(
      expect.arrayContaining(['in/fdt /proc/kcore at 0x4ff000', 'out/fdt /proc/kcore at 0x10f0000']),
    );
    expect(kho(['validate', out]).status).toBe(0);
  });

  test('a kernel whose image is not shown: the tree that setup_data names', async () => {
    const root = place();
    await makeHost({ root, core, setupData: setupData(INCOMING) });
    const out = place();
    expect(kho(['capture', '--root-dir', root, '-o', out]).status).toBe(0);
    expect(manifestOf(out).trees).toEqual([
      { direction: 'incoming', address: '0x4ff000', from: '/proc/kcore' },
    ]);
    expect(kho(['validate', out]).stdout).toMatch(/: valid {2}kho-v4/);
  });

  test('arm64: /chosen names the tree, by the properties or in the blob of the firmware', async () => {
    const arm = join(fixtures, 'linux-7.3-arm64-16k');
    for (const blob of [true, false]) {
      const root = place();
      if (blob) put(root, '/sys/firmware/fdt', readFileSync(join(arm, 'firmware-fdt.dtb')));
      cpSync(join(arm, 'debugfs-in'), join(root, 'sys/kernel/debug/kho/in'), { recursive: true });
      const out = place();
      expect(kho(['capture', '--root-dir', root, '-o', out]).status).toBe(0);
      const names = readdirSync(out);
      expect(names.includes('chosen')).toBe(blob);
      if (blob)
        expect(readdirSync(join(out, 'chosen'))).toEqual(
          expect.arrayContaining(['linux,kho-fdt', '#size-cells']),
        );
    }
  });

  test('nothing there: one line that says what to do', () => {
    const root = place();
    mkdirSync(root);
    for (const args of [
      ['capture', '-o', place()],
      ['capture', '-o', `${place()}.elf`],
      ['validate', '--live'],
    ]) {
      const { status, stdout, stderr } = kho([...args, '--root-dir', root]);
      expect(status).toBe(2);
      if (args[0] === 'capture') expect(stdout).toBe('');
      expect(stderr).toMatch(/^kho: \/sys\/kernel\/debug\/kho: [^\n]*CONFIG_KEXEC_HANDOVER_DEBUGFS[^\n]*\n$/);
    }
  });

  test('arguments that cannot be used', () => {
    expect(kho(['capture']).stderr).toMatch(/^kho: -o DIR or -o FILE.elf is missing/);
    expect(kho(['capture', '-o', place(), '--root-dir', join(folder, 'none')])).toMatchObject({ status: 2 });
    expect(kho(['validate']).stderr).toMatch(/^kho: an argument is missing: kho validate <dumps..>/);
  });
});

describe('hostile copies of a host', () => {
  test('a link that leaves the copy is not followed', async () => {
    const root = place();
    await makeHost({ root, debugfs });
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'SECRET OF ANOTHER MACHINE');
    symlinkSync(secret, join(root, 'sys/kernel/debug/kho/in/sub_fdts/secret'));
    symlinkSync('/etc', join(root, 'sys/kernel/boot_params'));
    const out = place();
    expect(kho(['capture', '--root-dir', root, '-o', out]).status).toBe(0);
    expect(manifestOf(out).refused).toContainEqual({
      path: '/sys/kernel/debug/kho/in/sub_fdts/secret',
      code: 'LINK-OUTSIDE',
      why: `is a link that leaves ${root}: not followed`,
    });
    for (const path of allFiles(out)) expect(readFileSync(path).includes('SECRET')).toBe(false);
  });

  test('links inside the copy are followed, as those of /sys', async () => {
    const root = place();
    await makeHost({ root, debugfs });
    put(root, '/sys/devices/virtual/iommu/dmar0/intel-iommu/cap', '8d2078c106f0466\n');
    mkdirSync(join(root, 'sys/class/iommu'), { recursive: true });
    symlinkSync('../../devices/virtual/iommu/dmar0', join(root, 'sys/class/iommu/dmar0'));
    const out = place();
    expect(kho(['capture', '--root-dir', root, '-o', out]).status).toBe(0);
    expect(readFileSync(join(out, 'vtd/dmar0/cap'), 'utf8')).toBe('8d2078c106f0466\n');
  });

  test('a folder where a file should be, a damaged kcore, a tree of zeros', async () => {
    const root = place();
    await makeHost({ root, debugfs });
    mkdirSync(join(root, 'sys/kernel/boot_params/data'), { recursive: true });
    put(root, '/proc/kcore', 'not an ELF file');
    put(root, '/sys/kernel/debug/kho/out/fdt', new Uint8Array(4096));
    const out = place();
    expect(kho(['capture', '--root-dir', root, '-o', out]).status).toBe(0);
    const codes = manifestOf(out).refused.map(({ path, code }) => `${path} ${code}`);
    expect(codes).toEqual(
      expect.arrayContaining(['/sys/kernel/boot_params/data EISDIR', '/proc/kcore kcore']),
    );
  });

  test('a kcore that is cut off is read as far as it goes', async () => {
    const root = await wholeHost();
    const path = join(root, 'proc/kcore');
    const whole = readFileSync(path);
    for (const part of [0.3, 0.6, 0.9]) {
      writeFileSync(path, whole.subarray(0, Math.floor(whole.length * part)));
      const out = place();
      expect(kho(['capture', '--root-dir', root, '-o', out]).status).toBe(0);
      expect([0, 1, 2]).toContain(kho(['validate', out]).status);
    }
  });

  // Root may read anything, so that what others see takes a process without its rights.
  test.skipIf(process.getuid?.() === 0)('a file that may not be read', async () => {
    const root = place();
    await makeHost({ root, debugfs });
    chmodSync(join(root, 'sys/kernel/debug/kho/in/fdt'), 0);
    const out = place();
    kho(['capture', '--root-dir', root, '-o', out]);
    expect(manifestOf(out).refused).toContainEqual(expect.objectContaining({ code: 'EACCES' }));
  });
});

test('the note of a core is read as far as it makes sense', () => {
  const tree = { address: '0x1000', direction: 'incoming' };
  expect(parseCaptureNote(JSON.stringify({ trees: [tree, { address: 7 }, null, 'x'] }))).toEqual({
    trees: [{ address: 0x1000n, direction: 'incoming' }],
  });
  const scratch = [{ start: '0x0', end: '0x10' }, { start: '0x9', end: '0x1' }, {}];
  expect(parseCaptureNote(JSON.stringify({ trees: [], scratch }))).toEqual({
    trees: [],
    scratch: [{ start: 0n, end: 16n }],
  });
  for (const text of ['', '[]', '{}', 'null', '{"trees":7}', '{"trees":'])
    expect(parseCaptureNote(text)).toBeUndefined();
});
