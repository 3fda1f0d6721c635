/** A kernel from a source package of Debian: fetched, configured, built, and built again with a patch. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { check, must, say } from './run.js';

/** What a machine boots, and what leads a debugger. */
export interface Kernel {
  /** Folder with `bzImage`, `vmlinux` and `System.map`. */
  readonly folder: string;
  readonly release: string;
}

/** A source tree, and where it is built. */
export interface Tree {
  readonly source: string;
  readonly build: string;
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const HOUR = 3600;

/**
 * Fetches the package with apt lists of its own, so that those of the machine stay as they are.
 *
 * @param name the package, e.g. `linux-source-7.3`
 * @param suite the suite that has it, e.g. `trixie-backports`
 * @returns the path of the tarball in it
 */
export async function fetchSource(work: string, name: string, suite: string): Promise<string> {
  const folder = join(work, 'package');
  const lists = join(folder, 'lists');
  const cache = join(folder, 'cache');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(cache, 'archives/partial'), { recursive: true });
  const sources = join(folder, 'debian.list');
  const signed = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
  writeFileSync(sources, `deb ${signed}https://deb.debian.org/debian ${suite} main\n`);
  const options = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${lists}`,
    `Dir::Cache=${cache}`,
  ].flatMap((option) => ['-o', option]);
  await must('apt-get', ['-q', ...options, 'update'], { timeout: 600 });
  await must('apt-get', ['-q', ...options, 'download', name], { cwd: folder, timeout: 1800 });
  const deb = readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
  check(deb !== undefined, `apt-get download ${name}: no package came`);
  await must('dpkg-deb', ['-x', deb, '.'], { cwd: folder });
  say(`package ${deb}`);
  return join(folder, 'usr/src', `${name}.tar.xz`);
}

/** Unpacks the tarball beside the build, unless that has been done. */
export async function unpack(work: string, tarball: string): Promise<Tree> {
  const [top = ''] = (await must('bash', ['-c', 'tar -tf "$0" | head -n 1', tarball])).split('/');
  const source = join(work, top);
  const done = join(work, 'unpacked');
  if (!existsSync(done)) {
    await must('tar', ['-xf', tarball, '-C', work], { timeout: HOUR });
    writeFileSync(done, '');
  }
  return { source, build: join(work, 'build') };
}

/**
 * Configures tinyconfig with a fragment.
 *
 * @throws Error when a line of the fragment did not come through, as when one that it depends on is missing
 */
export async function configure({ source, build }: Tree, fragment: string): Promise<void> {
  if (!existsSync(join(build, '.config'))) {
    mkdirSync(build, { recursive: true });
    await must('make', ['-s', '-C', source, `O=${build}`, 'tinyconfig']);
    const merge = join(source, 'scripts/kconfig/merge_config.sh');
    await must('bash', [merge, '-m', '-O', build, join(build, '.config'), fragment], { cwd: source });
    await must('make', ['-s', '-C', source, `O=${build}`, 'olddefconfig']);
  }
  const config = new Set(readFileSync(join(build, '.config'), 'utf8').split('\n'));
  const wanted = readFileSync(fragment, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('CONFIG_'));
  const lost = wanted.filter((line) => !config.has(line));
  check(lost.length === 0, `${fragment}: not in the configuration: ${lost.join(', ')}`);
}

/** The tree of a folder in which a kernel has been built, with or without O=. */
export function treeOf(folder: string): Tree {
  const build = resolve(folder);
  const source = join(build, 'source');
  return { source: existsSync(source) ? source : build, build };
}

/** Builds the image, and copies what is needed of it to `folder`. */
export async function build({ build: from }: Tree, folder: string, jobs: number): Promise<Kernel> {
  mkdirSync(folder, { recursive: true });
  const log = join(dirname(folder), 'make.log');
  await must('make', ['-C', from, `-j${jobs}`, 'bzImage'], { timeout: 4 * HOUR, log });
  cpSync(join(from, 'arch/x86/boot/bzImage'), join(folder, 'bzImage'));
  for (const name of ['vmlinux', 'System.map']) cpSync(join(from, name), join(folder, name));
  const release = readFileSync(join(from, 'include/config/kernel.release'), 'utf8').trim();
  return { folder, release };
}

/** Installs the headers that init is compiled with, unless they are there. */
export async function installHeaders({ build: from }: Tree, folder: string): Promise<string> {
  const include = join(folder, 'include');
  if (!existsSync(join(include, 'linux/liveupdate.h')))
    await must('make', ['-s', '-C', from, 'headers_install', `INSTALL_HDR_PATH=${folder}`]);
  return include;
}

/** Applies a patch, builds, and takes it back. */
export async function buildPatched(tree: Tree, patch: string, folder: string, jobs: number): Promise<Kernel> {
  const apply = (...more: string[]) =>
    must('patch', ['-p1', '-i', resolve(patch), ...more], { cwd: tree.source });
  await apply('--forward');
  try {
    return await build(tree, folder, jobs);
  } finally {
    await apply('-R');
  }
}

/** Where a function of the kernel is, as System.map has it. */
export function symbol({ folder }: Kernel, name: string): bigint {
  const map = readFileSync(join(folder, 'System.map'), 'utf8');
  const [, address] = new RegExp(`^([0-9a-f]+) [tT] ${name}$`, 'm').exec(map) ?? [];
  check(address !== undefined, `System.map has no ${name}`);
  return BigInt(`0x${address}`);
}
