import type { PhysicalMemory } from '../../memory/physical.js';
import type { EntryMask } from '../../schema/masks.js';
import type { RecordType } from '../../schema/record.js';

/** An entry of a root, context, PASID directory or PASID table, as it is in memory. */
export interface Structure<T> {
  readonly type: RecordType<T>;
  /** Physical byte address. */
  readonly address: number;
  /** Its 64-bit words. */
  readonly words: readonly bigint[];
  readonly value: T;
}

const ADDRESS_END = 2 ** 52;

/**
 * Reads an entry of fixed size.
 *
 * @param address physical byte address
 * @returns undefined when not all of its bytes are in the dump
 */
export function readStructure<T>(
  memory: PhysicalMemory,
  type: RecordType<T>,
  address: number,
): Structure<T> | undefined {
  const size = type.size ?? 0;
  const bytes = new Uint8Array(size);
  if (!(address < ADDRESS_END) || type.read === undefined) return undefined;
  if (memory.read(address, size, bytes) < size) return undefined;
  const view = new DataView(bytes.buffer);
  const words = Array.from({ length: size / 8 }, (_, word) => view.getBigUint64(word * 8, true));
  return { type, address, words, value: type.read(view, 0) };
}

/** Physical byte address in an address field, which holds it without its low 12 bits. */
export function pageAddress(field: bigint): number {
  return Number(field) * 4096;
}

/** The bits of each word that are set though a mask reserves them; all 0 for a well-formed entry. */
export function reservedBits(words: readonly bigint[], masks: readonly EntryMask[]): bigint[] {
  return words.map((word, index) => {
    const mask = masks[index];
    if (mask === undefined) return 0n;
    return word & ((BigInt(mask.reservedHi) << 32n) | BigInt(mask.reservedLo));
  });
}
