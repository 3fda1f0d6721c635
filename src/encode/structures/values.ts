/** Values of a document as those of a record's fields. */
import type { FieldInfo } from '../../schema/record.js';
import { hexToBytes } from '../../schema/text.js';
import { jsonArray, jsonInteger, ModelError } from '../from-json.js';

/**
 * A number of a field, bigint where the field has more than 32 bits.
 *
 * @throws ModelError naming the place when it is none, or does not fit
 */
export function numberFromJson(
  { bitWidth = 64, kind }: FieldInfo,
  value: unknown,
  path: string,
): number | bigint {
  const integer = typeof value === 'bigint' ? value : jsonInteger(value, path);
  // 64 bits are written as they are in memory, also those of a signed field.
  const stored = kind === 'sint' && bitWidth > 32 ? BigInt.asIntN(bitWidth, integer) : integer;
  const [low, high] =
    kind === 'sint'
      ? [-(1n << BigInt(bitWidth - 1)), 1n << BigInt(bitWidth - 1)]
      : [0n, 1n << BigInt(bitWidth)];
  if (stored < low || stored >= high || integer >= 1n << BigInt(bitWidth))
    throw new ModelError(`${path}: does not fit ${bitWidth} bits`);
  return bitWidth > 32 ? stored : Number(stored);
}

/** Bytes of a field from hex digits; zeros where the document has none. */
export function bytesFromJson({ bitWidth = 0 }: FieldInfo, value: unknown, path: string): Uint8Array {
  const size = bitWidth / 8;
  if (value === undefined) return new Uint8Array(size);
  const bytes = typeof value === 'string' ? hexToBytes(value) : undefined;
  if (bytes?.length !== size) throw new ModelError(`${path}: expected ${size} bytes as hex digits`);
  return bytes;
}

/** The numbers of an array field; zeros where the document has none. */
export function arrayFromJson({ element, length = 0 }: FieldInfo, value: unknown, path: string): unknown[] {
  const items = value === undefined ? [] : jsonArray(value, path);
  if (element === undefined || (value !== undefined && items.length !== length))
    throw new ModelError(`${path}: expected ${length} numbers`);
  return Array.from({ length }, (_, i) => numberFromJson(element, items[i] ?? 0, `${path}[${i}]`));
}
