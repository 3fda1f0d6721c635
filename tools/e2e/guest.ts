/** What the machine boots: an initramfs with nothing but init, and a disk with Node, kho and the next kernel. */
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { check, must } from './run.js';

/** Compiles init, and packs it. */
export async function makeInitrd(folder: string, init: string, headers: string): Promise<string> {
  const root = join(folder, 'root');
  const initrd = join(folder, 'initrd.img');
  mkdirSync(root, { recursive: true });
  const flags = ['-static', '-O2', '-Wall', '-Wextra', '-Werror'];
  await must('gcc', [...flags, '-isystem', headers, '-o', join(root, 'init'), init]);
  await must('bash', ['-c', 'echo init | cpio --quiet -o -H newc | gzip -1 > "$0"', initrd], { cwd: root });
  return initrd;
}

export interface DiskContents {
  /** `kho` as one file. */
  readonly kho: string;
  readonly bzImage: string;
  readonly initrd: string;
}

/** Bytes for what the guest writes. */
const DISK_SIZE = '512M';

/** Makes an ext2 file system without mounting anything: `lib/`, `bin/node`, `kho.mjs`, the next kernel, and `out/`. */
export async function makeDisk(folder: string, { kho, bzImage, initrd }: DiskContents): Promise<string> {
  const root = join(folder, 'disk');
  const disk = join(folder, 'disk.img');
  rmSync(root, { recursive: true, force: true });
  for (const name of ['bin', 'lib', 'out']) mkdirSync(join(root, name), { recursive: true });
  copyFileSync(process.execPath, join(root, 'bin/node'));
  chmodSync(join(root, 'bin/node'), 0o755);
  for (const library of await librariesOf(process.execPath))
    cpSync(library, join(root, 'lib', basename(library)), { dereference: true });
  for (const [from, name] of [
    [kho, 'kho.mjs'],
    [bzImage, 'bzImage'],
    [initrd, 'initrd.img'],
  ] as const)
    copyFileSync(from, join(root, name));
  rmSync(disk, { force: true });
  await must('mke2fs', ['-q', '-t', 'ext2', '-d', root, disk, DISK_SIZE]);
  rmSync(root, { recursive: true });
  return disk;
}

async function librariesOf(program: string): Promise<string[]> {
  const text = await must('ldd', [program]);
  const paths = text.match(/\/\S+(?= \(0x)/g) ?? [];
  check(
    paths.some((path) => path.includes('ld-linux')),
    `ldd ${program}: no interpreter\n${text}`,
  );
  return paths;
}

/** Copies what the guest has written to `folder/out`. */
export async function readDisk(disk: string, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  await must('debugfs', ['-R', `rdump /out ${folder}`, disk]);
  return join(folder, 'out');
}
