/** JSON as `dump --format json` writes it → the keys of the typed model, checked by the binding. */

import { packRecords } from '../abi/record-view.js';
import type { FieldInfo, RecordType } from '../schema/record.js';
import { hexToBytes } from '../schema/text.js';
import type { NodeBinding, PropertyBinding } from '../structures/tree.js';

/**
 * A JSON document that does not have the form of a model; the message names the place in it.
 *
 * @example
 * ```ts
 * import { encodeBlob, ModelError } from 'kho-toolkit';
 *
 * try {
 *   encodeBlob({ kind: 'handover', generation: 7 });
 * } catch (error) {
 *   console.log(error instanceof ModelError); //=> true
 * }
 * ```
 */
export class ModelError extends Error {
  override name = 'ModelError';
}

type Json = { readonly [key: string]: unknown };

/** `value` as an object, or ModelError naming `path`. */
export function jsonObject(value: unknown, path: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ModelError(`${path || 'the document'}: expected an object`);
  }
  return value as Json;
}

/** `value` as an array, or ModelError naming `path`. */
export function jsonArray(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ModelError(`${path}: expected an array`);
  return value;
}

/**
 * `value` as an unsigned or signed integer: a JSON number, or a string `0x…` or decimal.
 *
 * @throws ModelError naming `path`
 */
export function jsonInteger(value: unknown, path: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?(0x[0-9a-fA-F]+|[0-9]+)$/.test(value)) {
    return value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value);
  }
  throw new ModelError(`${path}: expected an integer ("0x…" for 64 bits), got ${shown(value)}`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/**
 * The model object of a bound node. Keys that the binding does not know are ignored: they are either
 * derived (preserved ranges, files) or read elsewhere.
 *
 * @throws ModelError naming the first place whose value does not fit
 */
export function modelObject(binding: NodeBinding, value: unknown, path = ''): { [key: string]: unknown } {
  const target: { [key: string]: unknown } = {};
  fill(binding, jsonObject(value, path), path, target);
  return target;
}

function fill(binding: NodeBinding, source: Json, path: string, target: { [key: string]: unknown }): void {
  for (const property of binding.properties) {
    const item = source[property.key];
    if (item !== undefined) target[property.key] = propertyValue(property, item, join(path, property.key));
  }
  for (const child of binding.children) {
    const { place } = child;
    if ('merge' in place) {
      fill(child, source, path, target);
    } else if ('object' in place) {
      const item = source[place.object];
      if (item !== undefined) target[place.object] = modelObject(child, item, join(path, place.object));
    } else {
      const items = source[place.list];
      if (items === undefined) continue;
      const listPath = join(path, place.list);
      target[place.list] = jsonArray(items, listPath).map((item, i) =>
        listItem(child, item, i, `${listPath}[${i}]`),
      );
    }
  }
}

function listItem(
  binding: NodeBinding,
  value: unknown,
  position: number,
  path: string,
): { [key: string]: unknown } {
  const source = jsonObject(value, path);
  const target = modelObject(binding, source, path);
  if (source.nodeName !== undefined) target.nodeName = text(source.nodeName, `${path}.nodeName`);
  const { name } = binding;
  if (!('key' in name) || target[name.key] !== undefined) return target;
  const key = source[name.key];
  if (key === undefined) {
    // Nodes that are just numbered in order need not say their number.
    if (name.key === 'index' && target.nodeName === undefined) target.index = position;
    else if (target.nodeName === undefined) throw new ModelError(`${path}: ${name.key} is missing`);
  } else if ('any' in name) {
    target[name.key] = text(key, `${path}.${name.key}`);
  } else {
    const number = jsonInteger(key, `${path}.${name.key}`);
    if (number < 0n || number >= 1n << (name.wide ? 64n : 32n)) {
      throw new ModelError(`${path}.${name.key}: ${shown(key)} does not fit ${name.wide ? 64 : 32} bits`);
    }
    target[name.key] = name.wide ? number : Number(number);
  }
  return target;
}

function text(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new ModelError(`${path}: expected a string`);
  return value;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function propertyValue(binding: PropertyBinding, value: unknown, path: string): unknown {
  if (binding.shape === 'records') {
    const records = jsonArray(value, path).map((item, i) =>
      recordFromJson(binding.record, item, `${path}[${i}]`),
    );
    return packRecords(binding.record as RecordType<unknown>, records);
  }
  if (binding.shape === 'record') return recordFromJson(binding.record, value, path);
  const [field] = binding.record.fields;
  if (field === undefined) throw new TypeError(`${binding.record.name} has no field`);
  return fieldFromJson(field, value, path);
}

/**
 * A record from its JSON object, every field present and in range.
 *
 * @throws ModelError naming the place
 */
export function recordFromJson<T>(record: RecordType<T>, value: unknown, path: string): T {
  const source = jsonObject(value, path);
  const result: { [key: string]: unknown } = {};
  for (const field of record.fields)
    result[field.id] = fieldFromJson(field, source[field.id], `${path}.${field.id}`);
  // Every field of the table was read as its own kind, which is what T is generated from.
  return result as T;
}

function fieldFromJson(field: FieldInfo, value: unknown, path: string): unknown {
  if (field.kind === 'uint' || field.kind === 'sint') {
    const width = field.bitWidth ?? 64;
    const integer = jsonInteger(value, path);
    const signed = field.kind === 'sint';
    const low = signed ? -(1n << BigInt(width - 1)) : 0n;
    const high = 1n << BigInt(signed ? width - 1 : width);
    if (integer < low || integer >= high)
      throw new ModelError(`${path}: ${shown(value)} does not fit ${width} bits`);
    return width > 32 ? integer : Number(integer);
  }
  if (field.kind === 'bytes') {
    const bytes = typeof value === 'string' ? hexToBytes(value) : undefined;
    const length = (field.bitWidth ?? 0) / 8;
    if (bytes === undefined || bytes.length !== length)
      throw new ModelError(`${path}: expected ${length} bytes as hex digits`);
    return bytes;
  }
  throw new TypeError(`${field.id}: no JSON form for ${field.kind}`);
}
