/** The files by which a host shows its handover: read only, to their end, and with the reason where one is refused. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { errorCode } from '../../memory/node/errors.js';

/** Why a file could not be read. */
export interface Refusal {
  /** As the host knows it, e.g. `/proc/kcore`. */
  readonly path: string;
  /** The system's error code, or `LINK-OUTSIDE`, `TOO-LARGE`. */
  readonly code: string;
  readonly why: string;
}

/** An entry of a folder. */
export interface HostEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
}

/** A file that is read in place. */
export interface HostFile {
  readonly fd: number;
  /** Bytes that the system states; 0 for many files of /proc. */
  readonly size: number;
  close(): void;
}

/** Reads a host. Paths are absolute, as the host knows them. */
export interface HostFiles {
  read(path: string): Uint8Array | Refusal;
  list(path: string): readonly HostEntry[] | Refusal;
  open(path: string): HostFile | Refusal;
}

export function isRefusal(result: object): result is Refusal {
  return 'code' in result && 'why' in result;
}

/** A tree has at most 10 MiB, a blob of the kernel a few pages. */
const MAX_FILE = 64 << 20;
const FIRST = 1 << 16;
const MAX_ENTRIES = 4096;

/**
 * @param root folder with the host's /sys and /proc: `/`, or a copy. In a copy no link is followed out of it.
 */
export function createHostFiles(root: string): HostFiles {
  const real = root === '/' ? '/' : realpathSync(root);

  /** @throws what the system says, or a refusal */
  function locate(path: string): string {
    if (root === '/') return path;
    const target = realpathSync(join(real, path));
    if (target === real || target.startsWith(real + sep)) return target;
    const why = `is a link that leaves ${root}: not followed`;
    throw { path, code: 'LINK-OUTSIDE', why } satisfies Refusal;
  }

  return {
    read: (path) => refusing(path, () => readToEnd(path, locate(path))),
    list: (path) =>
      refusing(path, () =>
        readdirSync(locate(path), { withFileTypes: true })
          .slice(0, MAX_ENTRIES)
          .flatMap((entry): HostEntry[] => {
            if (entry.isDirectory()) return [{ name: entry.name, kind: 'folder' }];
            // A link may lead to either: whoever opens it finds out.
            return entry.isFile() || entry.isSymbolicLink() ? [{ name: entry.name, kind: 'file' }] : [];
          })
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    open: (path) =>
      refusing(path, () => {
        const fd = openSync(locate(path), 'r');
        return { fd, size: fstatSync(fd).size, close: () => closeSync(fd) };
      }),
  };
}

function refusing<T>(path: string, action: () => T): T | Refusal {
  try {
    return action();
  } catch (error) {
    if (typeof error === 'object' && error !== null && isRefusal(error)) return error;
    const code = errorCode(error) || 'EIO';
    return { path, code, why: REASONS.get(code) ?? code };
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'not there'],
  ['EPERM', 'operation not permitted'],
  ['EACCES', 'permission denied'],
  ['EISDIR', 'is a folder'],
  ['ENOTDIR', 'part of the path is not a folder'],
]);

/**
 * Reads until there is nothing more, whatever size the system states: files of debugfs and /proc state 0 or a page, and
 * one read may bring less than is there.
 */
function readToEnd(path: string, file: string): Uint8Array {
  const fd = openSync(file, 'r');
  try {
    let bytes = new Uint8Array(FIRST);
    let filled = 0;
    for (;;) {
      if (filled === bytes.length) {
        if (filled >= MAX_FILE) {
          const why = `has more than ${MAX_FILE >> 20} MiB`;
          throw { path, code: 'TOO-LARGE', why } satisfies Refusal;
        }
        const larger = new Uint8Array(2 * bytes.length);
        larger.set(bytes);
        bytes = larger;
      }
      const count = readSync(fd, bytes, filled, bytes.length - filled, null);
      if (count === 0) return bytes.slice(0, filled);
      filled += count;
    }
  } finally {
    closeSync(fd);
  }
}
