import { backedMemory } from './backed.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from './physical.js';
import type { RandomAccess } from './random-access.js';
import { addPiece, buildRunTable, createPieces } from './run-table.js';

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
  const pieces = createPieces(1);
  addPiece(pieces, base, base + file.size, 0);
  const { table } = buildRunTable(pieces);
  return backedMemory(file, table, `raw image, ${file.size} bytes at 0x${base.toString(16)}`);
}
