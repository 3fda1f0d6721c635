import { close, type Dirent, open, read } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { constants, gunzipSync } from 'node:zlib';
import { asInputError, errorCode, InputError } from './errors.js';
import { HEAD_SIZE, type InputKind, type Packing, recogniseKind, recognisePacking } from './recognise.js';
import { unzstd } from './unzstd.js';

/** A regular file of a folder, recognised by its first bytes, unpacked ones if it is gzip. */
export interface FolderFile {
  /** Name in the folder. */
  readonly name: string;
  readonly path: string;
  readonly kind: InputKind;
  readonly packing?: Packing;
  /** Whether it holds no byte. */
  readonly empty?: true;
}

/** A rider's blob in `sub_fdts/`. */
export interface FolderBlob {
  readonly name: string;
  readonly path: string;
  /** Whether it holds no byte. */
  readonly empty?: true;
}

/** A copy of /sys/kernel/debug/kho/out or in, or of /sys/kernel/kho of the 2024 series. */
export interface DebugfsFolder {
  readonly kind: 'debugfs';
  /** Only out has the scratch_ files. */
  readonly direction: 'in' | 'out';
  /** The root tree; truncated in copies from some releases. */
  readonly fdt: string;
  readonly subFdts: readonly FolderBlob[];
  readonly scratchPhys?: string;
  readonly scratchLen?: string;
  /** What is the matter with the other side, of a copy of the folder above. */
  readonly otherSide?: string;
  /** The memory behind it, where the folder above has it: that of `kho capture`. */
  readonly memory?: string;
  readonly files: readonly FolderFile[];
}

/** What a folder is a dump of. */
export type Folder =
  /** One devicetree blob and one memory dump that belong together, e.g. kho.dtb and memory.elf.gz. */
  | {
      readonly kind: 'pair';
      readonly tree: string;
      readonly memory: string;
      readonly files: readonly FolderFile[];
    }
  /** One memory dump, and files that are none: notes, settings, accounts. */
  | { readonly kind: 'core'; readonly memory: string; readonly files: readonly FolderFile[] }
  | DebugfsFolder
  /** A copy of /sys/kernel/debug/kho, with both below it. */
  | {
      readonly kind: 'debugfs-both';
      readonly in: DebugfsFolder;
      readonly out: DebugfsFolder;
      /** The memory behind both. */
      readonly memory?: string;
      readonly files: readonly FolderFile[];
    }
  /** A copy of debugfs without the root tree: a kernel that was itself booted by KHO has no out/fdt. */
  | {
      readonly kind: 'debugfs-no-tree';
      /** The trees that are there as files without a byte, e.g. `out/fdt`. */
      readonly empty: readonly string[];
      readonly files: readonly FolderFile[];
    }
  | { readonly kind: 'unknown'; readonly files: readonly FolderFile[] };

/** A dump's folder has a handful of files; one with more is none. */
const MAX_FILES = 4096;
/** Bytes of a file looked at: a zstd block with its headers, which is unpacked as a whole. */
const PEEK = 128 * 1024 + 64;
/** Gzip bytes looked at: even at deflate's best ratio they unpack to 4 MiB. */
const PEEK_GZIP = 4096;

const openFile = promisify(open);
const closeFile = promisify(close);

/**
 * Looks at a folder.
 *
 * @returns undefined when `path` is not a folder
 * @throws InputError when it cannot be read, has more than 4096 entries, or a link leaves it
 */
export async function readFolder(path: string): Promise<Folder | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return undefined;
    const root = await realpath(path);
    const entries = await listFolder(path);
    const files = await listFiles(path, entries, root);
    return (
      (await asDebugfs(path, files, root)) ??
      (await asCapture(path, entries, files, root)) ??
      asPair(files) ??
      asCore(files) ??
      (await asDebugfsParent(path, entries, files, root)) ?? { kind: 'unknown', files }
    );
  } catch (error) {
    throw asInputError(path, error);
  }
}

async function listFiles(path: string, entries: readonly Dirent[], root: string): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  for (const entry of entries) {
    const file = join(path, entry.name);
    if (await isRegular(entry, file, root)) files.push(await recogniseFile(entry.name, file));
  }
  return files;
}

/** The folder of the kernel's debugfs: here names are what the kernel calls the files. */
async function asDebugfs(
  path: string,
  files: readonly FolderFile[],
  root: string,
): Promise<DebugfsFolder | undefined> {
  const scratchPhys = files.find(({ name }) => name === 'scratch_phys')?.path;
  const scratchLen = files.find(({ name }) => name === 'scratch_len')?.path;
  // `dt` beside the scratch files is what the 2024 series has in /sys/kernel/kho.
  const names = scratchPhys === undefined ? ['fdt'] : ['fdt', 'dt'];
  const fdt = files.find(({ name, kind }) => names.includes(name) && kind === 'fdt');
  if (fdt === undefined) return undefined;
  return {
    kind: 'debugfs',
    direction: sideNamed(path) ?? (scratchPhys === undefined && scratchLen === undefined ? 'in' : 'out'),
    fdt: fdt.path,
    subFdts: await listBlobs(join(path, 'sub_fdts'), root),
    ...(scratchPhys === undefined ? {} : { scratchPhys }),
    ...(scratchLen === undefined ? {} : { scratchLen }),
    files,
  };
}

/** The side that a folder is called after, as the kernel calls them. */
function sideNamed(path: string): 'in' | 'out' | undefined {
  const name = basename(resolve(path));
  return name === 'in' || name === 'out' ? name : undefined;
}

/** A folder with in/ and out/ below it, or one that has only riders. */
async function asDebugfsParent(
  path: string,
  entries: readonly Dirent[],
  files: readonly FolderFile[],
  root: string,
): Promise<Folder | undefined> {
  const below = async (name: 'in' | 'out') => {
    if (!entries.some((entry) => entry.name === name && entry.isDirectory())) return undefined;
    const folder = join(path, name);
    const own = await listFiles(folder, await listFolder(folder), root);
    const tree = await asDebugfs(folder, own, root);
    return { name, tree, empty: own.some((file) => file.name === 'fdt' && file.empty === true) };
  };
  const sides = [await below('in'), await below('out')].filter((side) => side !== undefined);
  const [incoming, outgoing] = (['in', 'out'] as const).map(
    (name) => sides.find((side) => side.name === name)?.tree,
  );
  if (incoming !== undefined && outgoing !== undefined) {
    return { kind: 'debugfs-both', in: incoming, out: outgoing, files };
  }
  const only = incoming ?? outgoing;
  if (only !== undefined) {
    const other = sides.find(({ tree }) => tree === undefined);
    return other === undefined ? only : { ...only, otherSide: withoutTree(other.name, other.empty) };
  }
  const empty = [
    ...files.filter((file) => file.name === 'fdt' && file.empty === true).map(({ name }) => name),
    ...sides.filter((side) => side.empty).map(({ name }) => `${name}/fdt`),
  ];
  const riders = entries.some((entry) => entry.name === 'sub_fdts' && entry.isDirectory());
  const scratch = files.some(({ name }) => name === 'scratch_phys');
  const trees = files.some(({ kind }) => kind === 'fdt');
  return (riders || scratch || empty.length > 0) && !trees
    ? { kind: 'debugfs-no-tree', empty, files }
    : undefined;
}

/** What `kho capture` writes: copies of debugfs, and the one memory dump behind them. */
async function asCapture(
  path: string,
  entries: readonly Dirent[],
  files: readonly FolderFile[],
  root: string,
): Promise<Folder | undefined> {
  const core = asCore(files);
  if (core?.kind !== 'core' || files.some(({ kind }) => kind === 'fdt')) return undefined;
  const parent = await asDebugfsParent(path, entries, files, root);
  if (parent?.kind !== 'debugfs' && parent?.kind !== 'debugfs-both') return undefined;
  return { ...parent, memory: core.memory };
}

/** What to say of an empty file: debugfs states a size of 0 for what can be read, and tar believes it. */
export function emptyCopy(name: string): string {
  return `${name} is empty: tar and cp can turn debugfs files into empty ones; copy each with cat`;
}

function withoutTree(name: 'in' | 'out', empty: boolean): string {
  if (empty) return emptyCopy(`${name}/fdt`);
  return name === 'out'
    ? 'out/ has no fdt: a kernel that was itself booted by KHO does not create it; what it prepares is in a memory dump'
    : 'in/ has no fdt: nothing was handed to its kernel';
}

/** Exactly one memory dump, and nothing that could be its tree. */
function asCore(files: readonly FolderFile[]): Folder | undefined {
  const [memory, ...more] = files.filter(({ kind }) => kind === 'elf' || kind === 'kdump');
  return memory === undefined || more.length > 0 ? undefined : { kind: 'core', memory: memory.path, files };
}

/** Exactly one tree and one memory dump, whatever they are called. */
function asPair(files: readonly FolderFile[]): Folder | undefined {
  const trees = files.filter(({ kind }) => kind === 'fdt');
  const memories = files.filter(({ kind }) => kind === 'elf' || kind === 'kdump');
  const [tree] = trees;
  const [memory] = memories;
  if (tree === undefined || memory === undefined || trees.length + memories.length !== 2) return undefined;
  return { kind: 'pair', tree: tree.path, memory: memory.path, files };
}

async function listBlobs(path: string, root: string): Promise<FolderBlob[]> {
  try {
    const blobs: FolderBlob[] = [];
    for (const entry of await listFolder(path)) {
      const blob = { name: entry.name, path: join(path, entry.name) };
      if (!(await isRegular(entry, blob.path, root))) continue;
      const { empty } = await recogniseFile(blob.name, blob.path);
      blobs.push(empty === undefined ? blob : { ...blob, empty });
    }
    return blobs;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw asInputError(path, error);
  }
}

async function listFolder(path: string): Promise<Dirent[]> {
  const entries = await readdir(path, { withFileTypes: true });
  if (entries.length > MAX_FILES) {
    throw new InputError(path, 'too-many-files', `has ${entries.length} entries; a dump has a few`);
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Whether an entry is a file of the dump.
 *
 * @param root the folder that was named, without links
 * @throws InputError for a link that leaves it: a folder from elsewhere must not have files of this machine read
 */
async function isRegular(entry: Dirent, path: string, root: string): Promise<boolean> {
  if (!entry.isSymbolicLink() && !entry.isFile()) return false;
  let target: string;
  try {
    target = await realpath(path);
  } catch {
    // A link to nowhere is no file of the dump.
    return false;
  }
  // The entry may be a file, and the folder that it is in a link.
  if (target !== root && !target.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new InputError(
      path,
      'link-outside',
      `is a link that leaves the folder, to ${target}; put a copy of the file in its place`,
    );
  }
  return entry.isFile() || (await stat(target)).isFile();
}

async function recogniseFile(name: string, path: string): Promise<FolderFile> {
  const bytes = await readStart(path);
  if (bytes.length === 0) return { name, path, kind: 'unknown', empty: true };
  const packing = recognisePacking(bytes);
  if (packing === undefined) return { name, path, kind: recogniseKind(bytes) };
  const start = packing === 'gzip' ? gunzipStart(bytes) : await unzstdStart(path, bytes);
  return { name, path, kind: recogniseKind(start), packing };
}

async function readStart(path: string): Promise<Uint8Array> {
  try {
    const fd = await openFile(path, 'r');
    try {
      const { bytesRead, buffer } = await promisify(read)(fd, new Uint8Array(PEEK), 0, PEEK, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await closeFile(fd);
    }
  } catch (error) {
    throw asInputError(path, error);
  }
}

/** What the first bytes of a zstd file unpack to; empty when that is not known. */
async function unzstdStart(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  async function* source() {
    yield bytes;
  }
  try {
    for await (const content of unzstd(source(), path)) return content.slice(0, HEAD_SIZE);
  } catch {
    // Its first block is longer than what was read: that takes opening the file.
  }
  return new Uint8Array(0);
}

/** What the first bytes of a gzip file unpack to; empty when they are damaged. */
function gunzipStart(bytes: Uint8Array): Uint8Array {
  try {
    return Uint8Array.from(
      gunzipSync(bytes.subarray(0, PEEK_GZIP), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(
        0,
        HEAD_SIZE,
      ),
    );
  } catch {
    return new Uint8Array(0);
  }
}
