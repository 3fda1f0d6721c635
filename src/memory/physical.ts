import type { Budget } from './budget.js';

/**
 * What is known about one byte of physical memory. `zero` is known without being stored (the part of an
 * ELF segment beyond its file size); `absent` is not known at all, which is never the same as zero.
 */
export type ByteState = 'present' | 'zero' | 'absent';

/** A half-open range of physical byte addresses (below 2^53) in one state. */
export interface MemoryRun {
  /** First physical byte address. */
  readonly start: number;
  /** Physical byte address after the last byte. */
  readonly end: number;
  readonly state: ByteState;
  /** Where `start` is in the (unpacked) input file; only for present runs that a file backs. */
  readonly fileOffset?: number;
}

/** Physical memory as a dump holds it: opened asynchronously, read synchronously. */
export interface PhysicalMemory {
  /**
   * Copies [address, address + length) into `into` from index 0.
   *
   * @param address physical byte address, below 2^53
   * @param length bytes; `into` holds at least as many
   * @returns how many leading bytes are known (present or zero). Zero ranges read as 0; the rest of
   *   `into` is left as it was.
   */
  read(address: number, length: number, into: Uint8Array): number;
  /**
   * The runs that cover [start, end) without holes, ascending. States are told apart by byte range;
   * neighbours of equal state are merged where they also continue each other in the file.
   */
  runs(start: number, end: number): Iterable<MemoryRun>;
  /** All known (present or zero) runs of the whole memory, ascending. */
  known(): Iterable<MemoryRun>;
  /**
   * Present runs, ascending, that hold each stored byte at least once: a search need not read the others, which repeat
   * bytes of the file at other addresses. All present runs where this is left out.
   */
  distinct?(): Iterable<MemoryRun>;
  /** What may still be spent on it, where that is limited. */
  readonly budget?: Budget;
  /** For messages, e.g. `ELF core, x86-64, 12 segments`. */
  readonly description: string;
  /** Only some blobs of a machine's memory, as debugfs shows them: that the rest is absent says nothing of the dump. */
  readonly excerpt?: true;
}

/**
 * The end of physical addresses, in bytes: x86-64 (MAXPHYADDR) and arm64 (FEAT_LPA) both stop at 52 bits,
 * so every address that can exist is exact as a number.
 */
export const PHYSICAL_LIMIT = 2 ** 52;
