import { PHYSICAL_LIMIT, type PhysicalMemory } from './physical.js';

/** How much is allocated before the memory has shown that it holds that much, and that it may be kept. */
const TRUSTED_LENGTH = 1 << 20;
/** No structure of a handover is larger, and a larger array need not fit. */
const MAX_LENGTH = 2 ** 31;

/**
 * Reads a block of memory that must be known as a whole.
 *
 * @param address physical byte address; any value is allowed
 * @param length bytes
 * @returns a fresh array, or undefined when any byte is absent or is at 2^52 or above
 *
 * @example
 * ```ts
 * import { blobMemory, readBytes } from 'kho-toolkit';
 *
 * const memory = blobMemory(0x1000, Uint8Array.of(1, 2));
 * console.log(readBytes(memory, 0x1000, 2)?.join(' '), readBytes(memory, 0x1000, 3));
 * //=> 1 2 undefined
 * ```
 */
export function readBytes(
  memory: PhysicalMemory,
  address: bigint | number,
  length: number,
): Uint8Array | undefined {
  const start = physicalAddress(address);
  if (start === undefined || !(length >= 0 && start + length <= PHYSICAL_LIMIT)) return undefined;
  if (length > TRUSTED_LENGTH && !isKnown(memory, start, start + length)) return undefined;
  if (length > TRUSTED_LENGTH && !mayHold(memory, length)) return undefined;
  const bytes = new Uint8Array(length);
  return memory.read(start, length, bytes) === length ? bytes : undefined;
}

/** Zeros that no file stores are known as well: that memory knows so many bytes is no reason to keep them. */
function mayHold(memory: PhysicalMemory, length: number): boolean {
  return length <= MAX_LENGTH && memory.budget?.take('held', length) !== false;
}

/**
 * A physical address as a number.
 *
 * @returns undefined for what cannot be one: negative, fractional, or 2^52 and above
 */
export function physicalAddress(address: bigint | number): number | undefined {
  const value = Number(address);
  return Number.isInteger(value) && value >= 0 && value < PHYSICAL_LIMIT ? value : undefined;
}

/** Whether every byte of [start, end) is known, present or zero. */
export function isKnown(memory: PhysicalMemory, start: number, end: number): boolean {
  for (const run of memory.runs(start, end)) if (run.state === 'absent') return false;
  return true;
}

/**
 * The first absent byte of [start, end), for the message of what had to be skipped.
 *
 * @returns its physical address, or undefined when all are known
 */
export function firstAbsent(memory: PhysicalMemory, start: number, end: number): number | undefined {
  for (const run of memory.runs(start, end)) if (run.state === 'absent') return run.start;
  return undefined;
}
