/** A tar archive as a temporary folder, for what is read as a folder is read there. */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RandomAccess } from '../random-access.js';
import { type TarEntry, type TarProblem, tarEntries } from '../tar.js';
import { keepFile, removeAtExit } from './cleanup.js';
import { errorCause, errorCode, InputError } from './errors.js';
import type { SpoolOptions } from './spool.js';

/** An unpacked archive. */
export interface UnpackedArchive {
  /** The folder to read: the archive's own, or the one folder in it that holds everything. */
  readonly path: string;
  /** Removes it; further calls do nothing. */
  close(): void;
}

const CHUNK = 1 << 20;
/** 64 GiB, as for what is unpacked from gzip. */
const DEFAULT_MAX_UNPACKED = 64 * 2 ** 30;
/** Folders that say which tree they hold: what is around them has to stay. */
const NAMED: ReadonlySet<string> = new Set(['in', 'out', 'sub_fdts']);
const DEEPEST = 16;

const PROBLEMS: Readonly<Record<TarProblem, string>> = {
  truncated: 'the tar archive ends early',
  damaged: "the tar archive is damaged: a header's checksum does not match",
  'too-many-entries': 'the tar archive has more than 4096 entries; a dump has a few',
  sparse:
    'the tar archive stores a sparse file: make it without --sparse, or unpack it with tar -xf and name the folder',
};

/**
 * Unpacks the regular files of an archive. Links within it and devices are left out; names and links that lead out
 * of it are refused, so that nothing outside it is read or written.
 *
 * @param path the archive's, for messages
 * @throws InputError when the archive is damaged, holds no file, has only empty ones, leads out of
 *   its folder, or does not fit
 */
export function unpackArchive(file: RandomAccess, path: string, options: SpoolOptions): UnpackedArchive {
  const parent = options.spoolDir ?? tmpdir();
  const root = makeTemporary(parent);
  removeAtExit(root);
  const close = () => {
    rmSync(root, { recursive: true, force: true });
    keepFile(root);
  };
  try {
    const { files, bytes } = unpackEntries(file, root, path, options.maxUnpacked ?? DEFAULT_MAX_UNPACKED);
    if (files === 0) throw new InputError(path, 'tar', 'is a tar archive without a regular file');
    if (bytes === 0) throw emptyFiles(path, 'is a tar archive of empty files');
    return { path: innermost(root), close };
  } catch (error) {
    close();
    if (error instanceof InputError) throw error;
    throw new InputError(
      parent,
      errorCode(error),
      `cannot unpack here: ${errorCause(error)}; choose another folder with --spool`,
    );
  }
}

/** Why a copy of debugfs may hold nothing, and what does. */
export function emptyFiles(path: string, what: string): InputError {
  return new InputError(
    path,
    'empty-files',
    `${what}: debugfs reports size 0, which tar and rsync rely on; copy it with cp -r /sys/kernel/debug/kho COPY and use that (or an archive of it)`,
  );
}

function makeTemporary(parent: string): string {
  try {
    return mkdtempSync(join(parent, 'kho-tar-'));
  } catch (error) {
    throw new InputError(
      parent,
      errorCode(error),
      `cannot unpack here: ${errorCause(error)}; choose another folder with --spool`,
    );
  }
}

function unpackEntries(
  file: RandomAccess,
  root: string,
  path: string,
  limit: number,
): { files: number; bytes: number } {
  const entries = tarEntries(file);
  let files = 0;
  let bytes = 0;
  for (;;) {
    const next = entries.next();
    if (next.done === true) {
      if (next.value !== undefined) throw new InputError(path, `tar-${next.value}`, PROBLEMS[next.value]);
      return { files, bytes };
    }
    const entry = next.value;
    const name = safeName(entry.name);
    refuseWayOut(entry, path);
    if (entry.kind !== 'file' || name === undefined) continue;
    bytes += entry.size;
    if (bytes > limit) throw new InputError(path, 'too-large', 'unpacks to more than --max-unpacked allows');
    files++;
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeEntry(file, entry, join(root, name));
  }
}

/** @throws InputError for an entry outside the archive's folder, or a link that leads there */
function refuseWayOut({ name, kind, target = '', hard = false }: TarEntry, path: string): void {
  const refuse = (what: string) => {
    throw new InputError(path, 'link-outside', `${what}; unpack it and name the folder if that is intended`);
  };
  if (leavesFolder(name.split('/'))) refuse(`the tar archive has a name that leads out of it: ${name}`);
  if (kind !== 'link') return;
  // A hard link names another entry, without a leading slash as this is unpacked.
  const way = hard ? target.split('/') : [...name.split('/').slice(0, -1), ...target.split('/')];
  if ((!hard && target.startsWith('/')) || leavesFolder(way))
    refuse(`${name} in the tar archive is a link that leaves it, to ${target}`);
}

function leavesFolder(parts: readonly string[]): boolean {
  let depth = 0;
  for (const part of parts) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}

/** The path inside the folder; undefined for one that leads out of it or to nowhere. */
function safeName(name: string): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  const unsafe =
    parts.length === 0 ||
    parts.length > DEEPEST ||
    parts.some((part) => part === '..' || part.includes('\\') || part.length > 255);
  return unsafe ? undefined : parts.join('/');
}

function writeEntry(file: RandomAccess, { offset, size }: TarEntry, target: string): void {
  // Of two entries of one name the later one counts, as for tar itself.
  rmSync(target, { recursive: true, force: true });
  const fd = openSync(target, 'wx', 0o600);
  try {
    const chunk = Buffer.alloc(Math.min(CHUNK, size));
    for (let at = 0; at < size; ) {
      const count = file.readAt(offset + at, Math.min(chunk.length, size - at), chunk);
      if (count === 0) break;
      const part = chunk.subarray(0, count);
      // Zeros become holes.
      if (part.some((byte) => byte !== 0))
        for (let done = 0; done < count; ) done += writeSync(fd, part, done, count - done, at + done);
      at += count;
    }
    ftruncateSync(fd, size);
  } finally {
    closeSync(fd);
  }
}

/** Follows folders that hold one folder and nothing else: `tar c kho` and `tar c sys/kernel/debug/kho` are meant alike. */
function innermost(root: string): string {
  let path = root;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const [only, ...more] = readdirSync(path, { withFileTypes: true });
    if (only === undefined || more.length > 0 || !only.isDirectory() || NAMED.has(only.name)) return path;
    path = join(path, only.name);
  }
  return path;
}
