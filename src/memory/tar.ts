/**
 * Tar archives, as tar(5) has them: POSIX ustar and pax, GNU, and the one before them. What is in one is told,
 * not unpacked.
 */
import type { RandomAccess } from './random-access.js';

/** A regular file or folder of an archive. */
export interface TarEntry {
  /** Path as stored, not to be trusted: it may be absolute, hold `..`, or any byte but NUL. */
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Where a link leads, as stored: a hard link to another entry's name, another link from the folder it is in. */
  readonly target?: string;
  /** Whether it is a hard link. */
  readonly hard?: boolean;
  /** Bytes. */
  readonly size: number;
  /** File offset of its bytes. */
  readonly offset: number;
}

/** What a walk through an archive ended with, when not with its end. */
export type TarProblem = 'truncated' | 'damaged' | 'too-many-entries' | 'sparse';

const BLOCK = 512;
/** Field offsets and sizes of a header. */
const NAME = [0, 100] as const;
const SIZE = [124, 12] as const;
const CHECKSUM = [148, 8] as const;
const TYPE = 156;
const LINK = [157, 100] as const;
const MAGIC = [257, 6] as const;
const PREFIX = [345, 155] as const;
/** Names and pax records longer than this are not those of a dump. */
const MAX_EXTENSION = 1 << 16;
/** Headers read; a dump's folder has a few files. */
const MAX_ENTRIES = 4096;

/**
 * Whether a file begins with a header whose checksum is right; old archives have no other mark.
 *
 * @param file the unpacked archive
 */
export function isTar(file: RandomAccess): boolean {
  const header = new Uint8Array(BLOCK);
  return isTarHead(header.subarray(0, file.readAt(0, BLOCK, header)));
}

/** The same of the first bytes of a stream. */
export function isTarHead(start: Uint8Array): boolean {
  return start.length >= BLOCK && checksumFits(start.subarray(0, BLOCK));
}

/**
 * The entries of an archive in order. Work is bounded by its number of headers, of which at most 4096 are read.
 *
 * @returns what stopped it early
 */
export function* tarEntries(file: RandomAccess): Generator<TarEntry, TarProblem | undefined> {
  const header = new Uint8Array(BLOCK);
  let longName: string | undefined;
  let longLink: string | undefined;
  let pax: ReadonlyMap<string, string> = new Map();
  let at = 0;
  for (let count = 0; ; count++) {
    const read = file.readAt(at, BLOCK, header);
    // The end mark is two blocks of zeros; not every writer makes it.
    if (read === 0 || (read === BLOCK && header.every((byte) => byte === 0))) return undefined;
    if (read < BLOCK) return 'truncated';
    if (!checksumFits(header)) return 'damaged';
    if (count === MAX_ENTRIES) return 'too-many-entries';
    const type = String.fromCharCode(header[TYPE] ?? 0);
    const size = sizeOf(pax.get('size')) ?? number(header, SIZE);
    if (!(size >= 0 && size <= Number.MAX_SAFE_INTEGER)) return 'damaged';
    const offset = at + BLOCK;
    const stored = type === '1' || type === '2' || type === '5' ? 0 : size;
    if (stored > file.size - offset) return 'truncated';
    at = offset + Math.ceil(stored / BLOCK) * BLOCK;
    if (type === 'L' || type === 'x' || type === 'K' || type === 'g') {
      if (size > MAX_EXTENSION) return 'damaged';
      const bytes = new Uint8Array(size);
      file.readAt(offset, size, bytes);
      if (type === 'L') longName = text(bytes);
      if (type === 'K') longLink = text(bytes);
      if (type === 'x') pax = paxRecords(bytes);
      continue;
    }
    if (type === 'S' || pax.has('GNU.sparse.major') || pax.has('GNU.sparse.size')) return 'sparse';
    const name = pax.get('path') ?? longName ?? headerName(header);
    const target = pax.get('linkpath') ?? longLink ?? text(header.subarray(LINK[0], LINK[0] + LINK[1]));
    longName = undefined;
    longLink = undefined;
    pax = new Map();
    const kind = kindOf(type, name);
    yield {
      name,
      kind,
      size: stored,
      offset,
      ...(kind === 'link' ? { target, hard: type === '1' } : {}),
    };
  }
}

function kindOf(type: string, name: string): TarEntry['kind'] {
  if (type === '5') return 'folder';
  if (type === '1' || type === '2') return 'link';
  if (type !== '0' && type !== '\0' && type !== '7') return 'other';
  // Before POSIX a folder was a file whose name ends so.
  return name.endsWith('/') ? 'folder' : 'file';
}

function checksumFits(header: Uint8Array): boolean {
  const [start, size] = CHECKSUM;
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= start && i < start + size ? 0x20 : (header[i] ?? 0);
  return sum !== size * 0x20 && number(header, CHECKSUM) === sum;
}

/** Octal text, or from 8 GiB on a binary number whose first bit is set (GNU). */
function number(header: Uint8Array, [start, size]: readonly [number, number]): number {
  const bytes = header.subarray(start, start + size);
  if (((bytes[0] ?? 0) & 0x80) !== 0) {
    return bytes.reduce((value, byte, i) => value * 256 + (i === 0 ? byte & 0x7f : byte), 0);
  }
  const digits = text(bytes).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : digits === '' ? 0 : Number.NaN;
}

function sizeOf(value: string | undefined): number | undefined {
  return value !== undefined && /^[0-9]{1,15}$/.test(value) ? Number(value) : undefined;
}

function headerName(header: Uint8Array): string {
  const name = text(header.subarray(NAME[0], NAME[0] + NAME[1]));
  // GNU writes "ustar " and has times where POSIX has the prefix.
  const posix = text(header.subarray(MAGIC[0], MAGIC[0] + MAGIC[1])) === 'ustar';
  const prefix = posix ? text(header.subarray(PREFIX[0], PREFIX[0] + PREFIX[1])) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records `LENGTH KEY=VALUE\n`; what is none ends them. */
function paxRecords(bytes: Uint8Array): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(text(bytes.subarray(at, space)));
    if (!(Number.isInteger(length) && length > space - at && at + length <= bytes.length)) break;
    const record = text(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

function text(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return new TextDecoder().decode(nul < 0 ? bytes : bytes.subarray(0, nul));
}
