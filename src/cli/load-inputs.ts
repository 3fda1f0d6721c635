/** A DUMP argument → open files, recognised by content: a blob, its memory, a folder of debugfs. */

import { unpackArchive } from '../memory/node/archive.js';
import { InputError } from '../memory/node/errors.js';
import { type DebugfsFolder, emptyCopy, type Folder, readFolder } from '../memory/node/folder.js';
import { type OpenedInput, openInput } from '../memory/node/input.js';
import { memoryOf, type OpenedMemory } from '../memory/node/open-memory.js';
import { describeHead, foreignFormat, recogniseKind } from '../memory/node/recognise.js';
import { tellStage } from '../memory/node/telling.js';
import { PHYSICAL_LIMIT } from '../memory/physical.js';
import { isTar, isTarHead } from '../memory/tar.js';
import { several } from '../schema/units.js';
import { watchBudget } from './budgets.js';
import { refuseEmptyCopy } from './load-empty.js';
import type { LoadOptions } from './load-options.js';

/** What an argument is, opened. */
export interface Inputs {
  /** A devicetree blob or a rider's record; absent when the argument is a memory dump or a folder of debugfs. */
  readonly blob?: Uint8Array;
  /** What to say when the blob turns out to be neither. */
  readonly unrecognised?: InputError;
  /** The argument itself when it is a memory dump, else what belongs to it or what `--memory` names. */
  readonly memory?: OpenedMemory;
  /** Copies of debugfs folders, incoming first. */
  readonly folders?: readonly DebugfsFolder[];
  /** Whether the memory was taken at the same time as the copies of debugfs. */
  readonly captured?: boolean;
  /** Reads another file of the same argument as a whole. */
  read(path: string): Promise<Uint8Array>;
}

/** A blob larger than this is not a handover (the 2024 series' dt_max defaults to 10 MiB), as where trees are searched. */
const MAX_BLOB = 64 << 20;
/** Records that are handed over by themselves are smaller. */
const MAX_RECORD = 1 << 20;
/** Names of a folder's files that a message shows. */
const SHOWN_NAMES = 8;

/**
 * Opens an argument, hands it to `use`, and closes everything however that ends.
 *
 * @throws InputError when it cannot be read or is nothing that the toolkit reads
 */
export async function withInputs<T>(
  path: string,
  options: LoadOptions,
  use: (inputs: Inputs) => Promise<T>,
): Promise<T> {
  const opened: { close(): void }[] = [];
  const open = async (file: string): Promise<OpenedInput> => {
    const input = await openInput(file, {
      ...(options.spool === undefined ? {} : { spoolDir: options.spool }),
      ...(options.maxUnpacked === undefined ? {} : { maxUnpacked: options.maxUnpacked }),
      ...(options.budget === undefined ? {} : { budget: options.budget }),
      ...(options.base === undefined ? { largest: largestOf } : {}),
    });
    opened.push(input);
    return input;
  };
  const read = async (file: string) => readBlob(await open(file));
  const openMemory = async (file: string | undefined): Promise<{ memory?: OpenedMemory }> =>
    file === undefined
      ? {}
      : { memory: watchBudget(path, memoryOf(await open(file), memoryOptions(options))) };
  try {
    const folder = path === '-' ? undefined : await readFolder(path);
    if (folder?.kind === 'debugfs' || folder?.kind === 'debugfs-both') {
      const folders = folder.kind === 'debugfs' ? [folder] : [folder.in, folder.out];
      const captured =
        options.captured === true || (options.memory === undefined && folder.memory !== undefined);
      const memory = await openMemory(options.memory ?? folder.memory);
      return await use({ folders, read, ...memory, ...(captured ? { captured } : {}) });
    }
    if (folder !== undefined) await refuseEmptyCopy(path, folder);
    const parts = folder === undefined ? { main: path } : folderPair(path, folder);
    const main = await open(parts.main);
    const isRaw = options.base !== undefined && options.memory === undefined;
    if (main.kind === 'elf' || main.kind === 'kdump' || isRaw) {
      if (options.memory !== undefined) {
        throw new InputError(
          path,
          'memory-twice',
          'is a memory dump itself; --memory goes with a devicetree blob',
        );
      }
      return await use({ memory: watchBudget(path, memoryOf(main, memoryOptions(options))), read });
    }
    if (main.kind === 'unknown' && isTar(main.file)) return await withArchive(main, options, use);
    const memory = await openMemory(options.memory ?? parts.memory);
    if (main.kind === 'fdt') return await use({ blob: readBlob(main), read, ...memory });
    const unrecognised = unrecognisedError(main);
    // Riders that are records have no magic number of their own; decoding tells.
    if (main.file.size === 0 || main.file.size > MAX_RECORD) throw unrecognised;
    return await use({ blob: readBlob(main), unrecognised, read, ...memory });
  } finally {
    for (const input of opened) input.close();
  }
}

/** Bytes that a stream can have to be of use, where it is no raw image. */
function largestOf(start: Uint8Array): number {
  const kind = recogniseKind(start);
  if (kind === 'fdt') return MAX_BLOB;
  return kind !== 'unknown' || isTarHead(start) ? Number.POSITIVE_INFINITY : MAX_RECORD;
}

/** The same for what an archive holds, as for the folder that it was made of. */
async function withArchive<T>(
  { path, file }: OpenedInput,
  options: LoadOptions,
  use: (inputs: Inputs) => Promise<T>,
): Promise<T> {
  const { spool, maxUnpacked } = options;
  tellStage('unpacking', path, file.size);
  const archive = unpackArchive(file, path, {
    ...(spool === undefined ? {} : { spoolDir: spool }),
    ...(maxUnpacked === undefined ? {} : { maxUnpacked }),
  });
  try {
    return await withInputs(archive.path, options, use);
  } catch (error) {
    if (!(error instanceof InputError) || !error.path.startsWith(archive.path)) throw error;
    // Nobody knows the temporary folder: the place is told as one in the archive.
    const cause = error.message.slice(error.path.length + 2);
    throw new InputError(`${path}${error.path.slice(archive.path.length)}`, error.code, cause);
  } finally {
    archive.close();
  }
}

function memoryOptions({ base, budget }: LoadOptions): { base?: number; budget?: number } {
  return {
    ...(budget === undefined ? {} : { budget }),
    // A base beyond what can be an address is refused with the image's size, not rounded.
    ...(base === undefined ? {} : { base: base > BigInt(PHYSICAL_LIMIT) ? PHYSICAL_LIMIT : Number(base) }),
  };
}

function folderPair(path: string, folder: Folder): { main: string; memory?: string } {
  if (folder.kind === 'pair') return { main: folder.tree, memory: folder.memory };
  if (folder.kind === 'core') return { main: folder.memory };
  if (folder.kind === 'debugfs-no-tree') {
    if (folder.empty.length > 0) {
      throw new InputError(path, 'folder', `has no root tree: ${several(folder.empty.map(emptyCopy), '; ')}`);
    }
    throw new InputError(
      path,
      'folder',
      'has no root tree: a kernel that was itself booted by KHO does not create out/fdt; take a memory dump',
    );
  }
  const names = folder.files.map(({ name, kind }) => `${name} (${kind})`);
  const shown = names.slice(0, SHOWN_NAMES).join(', ');
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '';
  throw new InputError(
    path,
    'folder',
    `is a folder without one devicetree blob and one memory dump${shown === '' ? ': it is empty' : `: ${shown}${more}`}`,
  );
}

function unrecognisedError({ path, head }: OpenedInput): InputError {
  const foreign = foreignFormat(head);
  if (head.length === 0) return new InputError(path, 'unrecognised', 'is empty');
  return new InputError(
    path,
    'unrecognised',
    foreign === undefined
      ? `is neither a devicetree blob nor a core (ELF, kdump); ${describeHead(head)}; a raw memory image needs --base ADDRESS`
      : `is not read: ${foreign}`,
  );
}

function readBlob({ file, path }: OpenedInput): Uint8Array {
  if (file.size > MAX_BLOB) {
    throw new InputError(
      path,
      'blob-size',
      `${file.size} bytes are too many for a devicetree blob of a handover; a raw memory image needs --base ADDRESS`,
    );
  }
  const bytes = new Uint8Array(file.size);
  return bytes.subarray(0, file.readAt(0, bytes.length, bytes));
}
