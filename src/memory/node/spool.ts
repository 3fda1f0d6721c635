import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepFile, removeAtExit } from './cleanup.js';
import { asInputError, errorCause, errorCode, InputError } from './errors.js';
import { tellRead } from './telling.js';
import { uniqueSuffix } from './unique.js';

/** Where and how much may be unpacked. */
export interface SpoolOptions {
  /** Folder for the temporary file; the system's own when left out. */
  readonly spoolDir?: string;
  /** Largest unpacked size in bytes; {@link DEFAULT_MAX_UNPACKED} when left out. */
  readonly maxUnpacked?: number;
  /** Factor of the limits on what an input may cost; 1 when left out. */
  readonly budget?: number;
  /**
   * Where a stream may end to be read, by its first bytes: what is nothing known, or should be small, may have no end.
   * Of a longer one the input has a little more than that.
   */
  readonly largest?: (start: Uint8Array) => number;
}

/** Data that a packed file may unpack to whatever its size, and for each of its bytes; zero pages, as holes, count nothing. */
const SPOOL_FLOOR = 128 * 2 ** 20;
const SPOOL_EACH = 256;

/**
 * The same with its zeros: they are not data, but take time. Memory that was hardly used, packed as well as can be, has
 * some thousand for each byte; but what a kernel needs to run at all packs to tens of MiB, so that of a file of few MiB,
 * where its size is known, zeros are worth less: 16 for each byte and MiB.
 */
const ZEROS_FLOOR = 2 * 2 ** 30;
const ZEROS_EACH = 4096;
const ZEROS_EACH_MIB = 16;

function zerosAllowed(packed: number, whole: number | undefined): number {
  if (whole === undefined) return ZEROS_FLOOR + ZEROS_EACH * packed;
  return ZEROS_FLOOR + whole * Math.min(ZEROS_EACH, (ZEROS_EACH_MIB * whole) / 2 ** 20);
}

/** An unpacked stream in a temporary file that is not visible to others. */
export interface Spool {
  readonly fd: number;
  /** Bytes. */
  readonly size: number;
  /** Closes and removes it; further calls do nothing. */
  close(): void;
}

/** 64 GiB: more than the dumps people handle, less than what a small hostile file can unpack to. */
const DEFAULT_MAX_UNPACKED = 64 * 2 ** 30;

const PAGE = 4096;
const BLOCK = 64 * PAGE;
const ZERO_PAGE = new Uint8Array(PAGE);

/**
 * Writes a stream into a sparse temporary file: pages of zeros become holes. The file is readable by its
 * owner alone, for dumps hold secrets, and where the system allows it has no name any more once open,
 * so that it ends with the process whatever ends that.
 *
 * @param path the input's, for messages
 * @param packed bytes of the packed file that were read so far; what is in no proportion to them is refused
 * @param whole bytes of the packed file, where that is known
 * @throws InputError when the stream fails, is larger than allowed, or the disk is full
 */
export async function spoolStream(
  source: AsyncIterable<Uint8Array>,
  path: string,
  options: SpoolOptions,
  packed: () => number = () => Number.POSITIVE_INFINITY,
  whole?: number,
): Promise<Spool> {
  const folder = options.spoolDir ?? tmpdir();
  const limit = options.maxUnpacked ?? DEFAULT_MAX_UNPACKED;
  const { fd, close } = createTemporary(folder);
  try {
    const block = new Uint8Array(BLOCK);
    let size = 0;
    let stored = 0;
    const flush = (length: number, offset: number): void => {
      stored += writeSparse(fd, block, length, offset, folder);
      // Little that unpacks to much takes long too.
      tellRead(0);
      const allowed = (options.budget ?? 1) * (SPOOL_FLOOR + SPOOL_EACH * packed());
      if (stored > allowed) throw outOfProportion(path, stored, packed());
      const zeros = (options.budget ?? 1) * zerosAllowed(packed(), whole);
      if (size > zeros) throw outOfProportion(path, size, whole ?? packed());
    };
    let largest: number | undefined;
    for await (const chunk of source) {
      if (size + chunk.length > limit) throw tooLarge(path, limit);
      for (let from = 0; from < chunk.length; ) {
        const at = size % BLOCK;
        const count = Math.min(BLOCK - at, chunk.length - from);
        block.set(chunk.subarray(from, from + count), at);
        from += count;
        size += count;
        if (size % BLOCK > 0) continue;
        largest ??= options.largest?.(block) ?? Number.POSITIVE_INFINITY;
        flush(BLOCK, size - BLOCK);
      }
      if (largest !== undefined && size > largest) break;
    }
    const rest = size % BLOCK;
    flush(rest, size - rest);
    ftruncateSync(fd, size);
    return { fd, size, close };
  } catch (error) {
    close();
    throw asInputError(path, error);
  }
}

function createTemporary(folder: string): { fd: number; close(): void } {
  const path = join(folder, `kho-spool-${uniqueSuffix()}`);
  let fd: number;
  try {
    fd = openSync(path, 'wx+', 0o600);
  } catch (error) {
    throw spoolError(folder, error);
  }
  removeAtExit(path);
  let open = true;
  try {
    rmSync(path);
    keepFile(path);
  } catch {
    // Where an open file cannot be removed it keeps its name until it is closed.
  }
  return {
    fd,
    close() {
      if (!open) return;
      open = false;
      closeSync(fd);
      rmSync(path, { force: true });
      keepFile(path);
    },
  };
}

/** Writes the pages of a block that are not all zero, neighbours together; returns their bytes. */
function writeSparse(fd: number, block: Uint8Array, length: number, offset: number, folder: string): number {
  const pages = Buffer.from(block.buffer, block.byteOffset, length);
  let start = -1;
  let stored = 0;
  for (let page = 0; page < length; page += PAGE) {
    const end = Math.min(page + PAGE, length);
    const zero = pages.compare(ZERO_PAGE, 0, end - page, page, end) === 0;
    if (!zero) stored += end - page;
    if (!zero && start < 0) start = page;
    if (zero && start >= 0) {
      writeFully(fd, block, start, page, offset, folder);
      start = -1;
    }
  }
  if (start >= 0) writeFully(fd, block, start, length, offset, folder);
  return stored;
}

function writeFully(
  fd: number,
  block: Uint8Array,
  start: number,
  end: number,
  offset: number,
  folder: string,
): void {
  try {
    for (let at = start; at < end; ) at += writeSync(fd, block, at, end - at, offset + at);
  } catch (error) {
    throw spoolError(folder, error);
  }
}

function spoolError(folder: string, error: unknown): InputError {
  const cause = `cannot unpack here: ${errorCause(error)}; choose another folder with --spool`;
  return new InputError(folder, errorCode(error), cause);
}

function outOfProportion(path: string, stored: number, packed: number): InputError {
  const mib = Math.round(stored / 2 ** 20);
  return new InputError(
    path,
    'budget-spool',
    `${packed} packed bytes unpack to more than ${mib} MiB of data, which no memory dump does; raise the limit with --budget FACTOR, or unpack it first`,
  );
}

function tooLarge(path: string, limit: number): InputError {
  const cause = `unpacks to more than ${formatLimit(limit)}; raise the limit with --max-unpacked`;
  return new InputError(path, 'too-large', cause);
}

function formatLimit(limit: number): string {
  const gib = limit / 2 ** 30;
  return Number.isInteger(gib) ? `${gib} GiB` : `${limit} bytes`;
}
