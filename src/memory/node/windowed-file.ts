import { fstatSync, readSync } from 'node:fs';
import type { RandomAccess } from '../random-access.js';
import { asInputError, InputError } from './errors.js';
import { tellRead } from './telling.js';

/** Bytes of a window. 64 KiB was the fastest size measured for readSync into a reused buffer. */
const WINDOW = 64 * 1024;
/** Windows kept: a kernel takes the pages of its tables from a few places at a time. */
const MAX_WINDOWS = 32;
/** Reads of this size on are worth a window where they continue the one before, or where there was one lately. */
const DIRECT = 4 * 1024;
/** Windows that are remembered to have been read from directly; a power of two. */
const REMEMBERED = 64;

interface Window {
  readonly bytes: Uint8Array;
  /** Bytes of the file that the window holds; fewer than its size only at the end of the file. */
  filled: number;
}

/**
 * Reads a file through a few aligned windows, so that small reads cost no system call each. A page or
 * more that is in no window is read directly, unless it continues the last read or the window's bytes were read
 * from not long ago: table pages that were allocated together are stored near each other, in any order.
 *
 * @param fd open for reading; closed by its opener
 * @param size bytes of the file
 * @param path for messages
 * @returns an access that throws InputError when the system cannot read, or the file has become shorter
 */
export function windowedFile(fd: number, size: number, path: string): RandomAccess {
  // In order of their last use: Map keeps the order of insertion.
  const windows = new Map<number, Window>();
  let lastIndex = -1;
  let lastWindow: Window | undefined;
  let lastEnd = 0;
  /** By the low bits of its index: the window that was last read from directly. */
  const direct = new Float64Array(REMEMBERED).fill(-1);

  /** Whether a read of a page or more from a window that is not kept is better made without one. */
  function isAlone(index: number): boolean {
    const slot = index % REMEMBERED;
    if (direct[slot] === index) return false;
    direct[slot] = index;
    return true;
  }

  function load(index: number): Window {
    let window: Window | undefined;
    if (windows.size >= MAX_WINDOWS) {
      const [oldest] = windows;
      if (oldest !== undefined) {
        windows.delete(oldest[0]);
        window = oldest[1];
      }
    }
    window ??= { bytes: new Uint8Array(Math.min(WINDOW, size)), filled: 0 };
    window.filled = readFully(fd, index * WINDOW, window.bytes.length, window.bytes, path, size);
    windows.set(index, window);
    return window;
  }

  function find(index: number): Window | undefined {
    if (index === lastIndex) return lastWindow;
    const window = windows.get(index);
    if (window === undefined) return undefined;
    windows.delete(index);
    windows.set(index, window);
    lastIndex = index;
    lastWindow = window;
    return window;
  }

  function readAt(offset: number, length: number, into: Uint8Array): number {
    const end = Math.min(offset + length, size);
    if (!(offset >= 0 && offset < end)) return 0;
    const sequential = offset === lastEnd;
    lastEnd = end;
    if (end - offset >= WINDOW) return readFully(fd, offset, end - offset, into, path, size);
    let done = 0;
    for (let at = offset; at < end; ) {
      const index = Math.floor(at / WINDOW);
      let window = find(index);
      if (window === undefined) {
        if (end - at >= DIRECT && !sequential && isAlone(index)) {
          const target = done === 0 ? into : into.subarray(done);
          return done + readFully(fd, at, end - at, target, path, size);
        }
        window = load(index);
        lastIndex = index;
        lastWindow = window;
      }
      const from = at - index * WINDOW;
      const to = Math.min(window.filled, from + (end - at));
      if (to <= from) break;
      into.set(window.bytes.subarray(from, to), done);
      done += to - from;
      at += to - from;
      if (to === window.filled && to < WINDOW) break;
    }
    return done;
  }

  return { size, readAt };
}

/**
 * Reads until `length` bytes are there or the file ends: one read may bring less, from 2 GiB on always.
 *
 * @param size bytes that the file had when it was opened
 */
function readFully(
  fd: number,
  offset: number,
  length: number,
  into: Uint8Array,
  path: string,
  size: number,
): number {
  let done = 0;
  try {
    while (done < length) {
      const count = readSync(fd, into, done, Math.min(length - done, 1 << 30), offset + done);
      if (count === 0) break;
      done += count;
      tellRead(count);
    }
    // A file of sysfs may state more than it has; one that was cut off states less than before.
    if (done < length && offset + done < size) checkSize(fd, size, path);
  } catch (error) {
    throw asInputError(path, error);
  }
  return done;
}

function checkSize(fd: number, before: number, path: string): void {
  const { size } = fstatSync(fd);
  if (size < before) {
    throw new InputError(
      path,
      'shrunk',
      `became shorter while it was read: ${before} bytes when it was opened, ${size} now`,
    );
  }
}
