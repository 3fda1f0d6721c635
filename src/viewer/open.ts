/** A file that was dropped → the dump in it, as the command line opens one. */
import type { Handover } from '../abi/model.js';
import { dumpsFrom, type LoadedDump, onlyDump } from '../cli/load.js';
import { InputError } from '../memory/node/errors.js';
import type { DebugfsFolder } from '../memory/node/folder.js';
import type { OpenedInput } from '../memory/node/input.js';
import { memoryWith } from '../memory/node/memory-of.js';
import { describeHead, HEAD_SIZE, recogniseKind, recognisePacking } from '../memory/node/recognise.js';
import type { RandomAccess } from '../memory/random-access.js';
import { isTar, type TarEntry, tarEntries } from '../memory/tar.js';
import { codecs } from './codecs.js';

/** An unpacked file. */
export interface GivenFile {
  readonly name: string;
  readonly file: RandomAccess;
  /** Bytes of the packed file, where it was one. */
  readonly packedSize?: number;
}

/** Unpacks what is packed inside an archive. */
export type Unpack = (packed: GivenFile) => Promise<GivenFile>;

/** A blob of a handover is smaller. */
const MAX_BLOB = 64 << 20;

/**
 * Opens a dump: a devicetree blob, an ELF or kdump core, or a tar of a debugfs folder, of a blob with its core, or of a core.
 *
 * @param unpack for files of an archive that are packed themselves
 * @throws InputError when it is nothing that the toolkit reads, holds no tree, or several
 */
export async function openDump(given: GivenFile, unpack: Unpack): Promise<LoadedDump> {
  const input = inputOf(given);
  const { path, kind, file } = input;
  const none = async (name: string): Promise<Uint8Array> => {
    throw new InputError(name, 'no-file', 'is not in what was dropped');
  };
  if (kind === 'elf' || kind === 'kdump')
    return dump(path, { memory: memoryWith(input, codecs), read: none });
  if (kind === 'fdt') return dump(path, { blob: wholeOf(path, file), read: none });
  if (isTar(file)) return fromTar(path, file, unpack);
  throw new InputError(path, 'unrecognised', `is not a dump that is read here: ${describeHead(input.head)}`);
}

function dump(path: string, inputs: Parameters<typeof dumpsFrom>[1]): Promise<LoadedDump> {
  return dumpsFrom(path, inputs, { single: true }, async (dumps, findings, memory) =>
    onlyDump(path, dumps, findings, memory),
  );
}

function inputOf({ name, file, packedSize }: GivenFile): OpenedInput {
  const head = new Uint8Array(HEAD_SIZE);
  const known = head.subarray(0, file.readAt(0, HEAD_SIZE, head));
  return {
    path: name,
    kind: recogniseKind(known),
    file,
    head: known,
    close() {},
    ...(packedSize === undefined ? {} : { packedSize }),
  };
}

function wholeOf(path: string, file: RandomAccess): Uint8Array {
  if (file.size > MAX_BLOB)
    throw new InputError(path, 'blob-size', `${file.size} bytes are too many for a blob`);
  const bytes = new Uint8Array(file.size);
  return bytes.subarray(0, file.readAt(0, bytes.length, bytes));
}

/** The bytes of an entry. */
function entryAccess(file: RandomAccess, { offset, size }: TarEntry): RandomAccess {
  return {
    size,
    readAt: (at, length, into) => file.readAt(offset + at, Math.max(0, Math.min(length, size - at)), into),
  };
}

async function fromTar(path: string, file: RandomAccess, unpack: Unpack): Promise<LoadedDump> {
  const entries = new Map<string, RandomAccess>();
  const all = tarEntries(file);
  for (let next = all.next(); ; next = all.next()) {
    if (next.done === true) {
      if (next.value !== undefined)
        throw new InputError(path, `tar-${next.value}`, `the tar archive is ${next.value}`);
      break;
    }
    const { name, kind } = next.value;
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (kind === 'file' && !parts.includes('..')) entries.set(parts.join('/'), entryAccess(file, next.value));
  }
  return fromEntries(path, entries, unpack);
}

/**
 * Opens files that belong together: a blob and its memory, or a folder of debugfs, with the memory beside it or not.
 *
 * @throws InputError when they are no dump
 */
export function openFiles(files: readonly GivenFile[], unpack: Unpack): Promise<LoadedDump> {
  const path = files[0]?.name.split('/')[0] ?? '';
  return fromEntries(path, new Map(files.map(({ name, file }) => [name, file])), unpack);
}

/** A memory without a tree in it; undefined where the file is none. */
export function memoryDump(given: GivenFile): LoadedDump | undefined {
  const input = inputOf(given);
  if (input.kind !== 'elf' && input.kind !== 'kdump') return undefined;
  const { memory } = memoryWith(input, codecs);
  const handover: Handover = { kind: 'unknown', pageSize: 4096, diagnostics: [], memory };
  return { path: given.name, description: memory.description, handover };
}

async function fromEntries(
  path: string,
  entries: ReadonlyMap<string, RandomAccess>,
  unpack: Unpack,
): Promise<LoadedDump> {
  const read = async (name: string): Promise<Uint8Array> => {
    const entry = entries.get(name);
    if (entry === undefined) throw new InputError(name, 'no-file', 'is not in the archive');
    return wholeOf(name, entry);
  };
  const folders = debugfsFolders(entries);
  const copies = new Set(folders.flatMap(({ fdt, subFdts }) => [fdt, ...subFdts.map((each) => each.path)]));
  const kinds: OpenedInput[] = [];
  for (const [name, access] of entries) {
    if (copies.has(name)) continue;
    const input = inputOf({ name, file: access });
    const packed = recognisePacking(input.head) !== undefined;
    kinds.push(packed ? inputOf(await unpack({ name, file: access })) : input);
  }
  const blobs = kinds.filter(({ kind }) => kind === 'fdt');
  const cores = kinds.filter(({ kind }) => kind === 'elf' || kind === 'kdump');
  const [core, moreCores] = cores;
  const [blob, moreBlobs] = blobs;
  if (folders.length > 0)
    return dump(path, {
      folders,
      read,
      ...(core === undefined || moreCores !== undefined ? {} : { memory: memoryWith(core, codecs) }),
    });
  if (core !== undefined && moreCores === undefined && moreBlobs === undefined) {
    const memory = memoryWith(core, codecs);
    return dump(path, {
      memory,
      read,
      ...(blob === undefined ? {} : { blob: wholeOf(blob.path, blob.file) }),
    });
  }
  if (blob !== undefined && moreBlobs === undefined)
    return dump(path, { blob: wholeOf(blob.path, blob.file), read });
  throw new InputError(path, 'folder', 'is an archive without one devicetree blob and one memory dump');
}

/** Copies of debugfs in an archive, by the names that the kernel gives the files; incoming first. */
function debugfsFolders(entries: ReadonlyMap<string, RandomAccess>): DebugfsFolder[] {
  const folders: DebugfsFolder[] = [];
  for (const [name, access] of entries) {
    const [, folder = ''] = /^((?:.*\/)?)fdt$/.exec(name) ?? [];
    if (!/(?:^|\/)fdt$/.test(name) || /(?:^|\/)sub_fdts\/fdt$/.test(name)) continue;
    if (inputOf({ name, file: access }).kind !== 'fdt') continue;
    const scratch = (file: string) => (entries.has(`${folder}${file}`) ? `${folder}${file}` : undefined);
    const [scratchPhys, scratchLen] = [scratch('scratch_phys'), scratch('scratch_len')];
    const [, side] = /(?:^|\/)(in|out)\/$/.exec(folder) ?? [];
    const prefix = `${folder}sub_fdts/`;
    folders.push({
      kind: 'debugfs',
      direction: (side as 'in' | 'out' | undefined) ?? (scratchPhys === undefined ? 'in' : 'out'),
      fdt: name,
      subFdts: [...entries]
        .filter(([path]) => path.startsWith(prefix))
        .map(([path, { size }]) => ({
          name: path.slice(prefix.length),
          path,
          ...(size === 0 ? { empty: true as const } : {}),
        })),
      ...(scratchPhys === undefined ? {} : { scratchPhys }),
      ...(scratchLen === undefined ? {} : { scratchLen }),
      files: [],
    });
  }
  return folders.sort((a, b) => (a.direction < b.direction ? -1 : 1));
}
