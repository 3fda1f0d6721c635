import { backedMemory } from './backed.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from './physical.js';
import type { RandomAccess } from './random-access.js';
import { addPiece, buildRunTable, createPieces, type RunTable } from './run-table.js';

/**
 * Physical memory from a file that holds nothing but its bytes, one after another.
 *
 * @param base physical byte address of the first byte
 * @throws RangeError when it is not in [0, 2^52)
 */
export function rawMemory(file: RandomAccess, base: number): PhysicalMemory {
  if (!(Number.isInteger(base) && base >= 0 && base + file.size <= PHYSICAL_LIMIT)) {
    throw new RangeError(`${file.size} bytes at ${base} extend beyond physical memory (2^52 bytes)`);
  }
  const description = `raw image, ${file.size} bytes at 0x${base.toString(16)}`;
  return backedMemory(file, rawTable(file.size, base), description);
}

/** Where which memory is in such a file. */
export function rawTable(size: number, base: number): RunTable {
  const pieces = createPieces(1);
  addPiece(pieces, base, base + size, 0);
  return buildRunTable(pieces).table;
}
