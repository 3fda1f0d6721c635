/** Reading the upstream parts of a JSON document, with messages that name the place. */
import { hexToBytes, textToBytes } from '../../schema/text.js';
import { jsonArray, jsonInteger, jsonObject, ModelError } from '../from-json.js';

export type Json = { readonly [key: string]: unknown };

/** An unsigned integer of at most 32 bits. */
export function jsonNarrow(value: unknown, path: string): number {
  const integer = jsonInteger(value, path);
  if (integer < 0n || integer > 0xffff_ffffn) throw new ModelError(`${path}: does not fit 32 bits`);
  return Number(integer);
}

/** An unsigned integer of 64 bits. */
export function jsonWide(value: unknown, path: string): bigint {
  const integer = jsonInteger(value, path);
  if (integer < 0n || integer >= 1n << 64n) throw new ModelError(`${path}: does not fit 64 bits`);
  return integer;
}

/** As {@link jsonWide}; undefined where the value is absent. */
export function optionalWide(value: unknown, path: string): bigint | undefined {
  return value === undefined ? undefined : jsonWide(value, path);
}

/** A list of addresses; empty where it is absent. */
export function jsonAddresses(value: unknown, path: string): bigint[] {
  return value === undefined ? [] : jsonArray(value, path).map((item, i) => jsonWide(item, `${path}[${i}]`));
}

/** Objects of a list; empty where it is absent. */
export function jsonObjects(value: unknown, path: string): Json[] {
  return value === undefined
    ? []
    : jsonArray(value, path).map((item, i) => jsonObject(item, `${path}[${i}]`));
}

/**
 * Text with its NULs filled up, from `key`, or from `<key>Bytes` where the text does not tell all the bytes.
 *
 * @param size bytes of the field
 */
export function jsonText(source: Json, key: string, size: number, path: string): Uint8Array {
  const exact = source[`${key}Bytes`];
  if (exact !== undefined) {
    const bytes = typeof exact === 'string' ? hexToBytes(exact) : undefined;
    if (bytes?.length !== size)
      throw new ModelError(`${path}.${key}Bytes: expected ${size} bytes as hex digits`);
    return bytes;
  }
  const text = source[key];
  if (typeof text !== 'string') throw new ModelError(`${path}.${key}: expected a string`);
  try {
    return textToBytes(text, size);
  } catch (error) {
    throw new ModelError(`${path}.${key}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
