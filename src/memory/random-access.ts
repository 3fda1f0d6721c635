/** Bytes that can be read at any offset, synchronously: a file, a spooled stream, an array in a browser. */
export interface RandomAccess {
  /** Bytes in all. */
  readonly size: number;
  /** Bytes that something stores, where others are holes that read as zeros; all of them when left out. */
  readonly stored?: number;
  /**
   * Copies [offset, offset + length) into `into` from index 0.
   *
   * @param offset byte offset, 0 or more
   * @param length bytes; `into` holds at least as many
   * @returns how many bytes were copied: fewer than `length` only where the data ends
   */
  readAt(offset: number, length: number, into: Uint8Array): number;
}

/**
 * Random access to bytes that are in memory already.
 *
 * @param bytes kept, not copied
 *
 * @example
 * ```ts
 * import { bytesAccess } from 'kho-toolkit';
 *
 * const into = new Uint8Array(2);
 * console.log(bytesAccess(Uint8Array.of(1, 2, 3)).readAt(1, 2, into), into.join(' ')); //=> 2 2 3
 * ```
 */
export function bytesAccess(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    readAt(offset, length, into) {
      const end = Math.min(offset + length, bytes.length);
      if (!(offset < end)) return 0;
      into.set(bytes.subarray(offset, end));
      return end - offset;
    },
  };
}
