/** The `fdt` object of the JSON model -> image; every shape is checked and errors name the place. */

import { FDT_HEADER, type FdtHeader, type FdtReserveEntry } from '../records/fdt.js';
import { hexToBytes } from '../schema/text.js';
import { type FdtGap, type FdtImage, type FdtImageToken, type FdtRest, NO_REST } from './image.js';

const MAX_SIZE = 0xffffffff;
const encoder = new TextEncoder();

/**
 * Reads what `imageToJson` makes, edited or not. The order of `tree` is the blob's; `nameOffset` may be left out where
 * `prop` names the property (`relayout` then finds it one). `prop` beside a `nameOffset` is a comment.
 * @param path where `value` is in its document, for messages
 * @throws Error `PATH: what is wrong`, e.g. `fdt.tree[12].value: not hex`
 */
export function imageFromJson(value: unknown, path = 'fdt'): FdtImage {
  const json = object(value, path);
  const size = uint(json.size, `${path}.size`, MAX_SIZE);
  const header = json.header === undefined ? undefined : headerFromJson(json.header, `${path}.header`);
  const rest = json.rest === undefined ? NO_REST : restFromJson(json.rest, `${path}.rest`);
  const gaps = array(json.gaps ?? [], `${path}.gaps`).map((gap, i) =>
    gapFromJson(gap, size, `${path}.gaps[${i}]`),
  );
  const held = gaps.reduce((sum, gap) => sum + gap.bytes.length, 0);
  const strings = bytes(json.strings ?? '', `${path}.strings`);
  const tokens = array(json.tree, `${path}.tree`).map((token, i) =>
    tokenFromJson(token, `${path}.tree[${i}]`),
  );
  if (json.complete !== undefined && typeof json.complete !== 'boolean') {
    throw new Error(`${path}.complete: not a boolean`);
  }
  checkSize(size, held + strings.length, tokens, path);
  return {
    size,
    ...(header === undefined ? {} : { header }),
    reserveMap: array(json.reserveMap ?? [], `${path}.reserveMap`).map((entry, i) =>
      reserveFromJson(entry, `${path}.reserveMap[${i}]`),
    ),
    strings,
    tokens,
    complete: json.complete !== false,
    gaps,
    rest,
  };
}

/** A blob is mostly what its JSON holds: a `size` far beyond that is a slip that would only allocate memory. */
function checkSize(size: number, held: number, tokens: readonly FdtImageToken[], path: string): void {
  let bytes = held;
  for (const token of tokens) {
    bytes += 16;
    if (token.kind === 'prop') bytes += token.value.length;
    else if (token.kind === 'node') bytes += token.name.length;
  }
  const limit = Math.max(2 ** 28, bytes * 64);
  if (size > limit) throw new Error(`${path}.size: ${size} bytes for a tree of about ${bytes}`);
}

function headerFromJson(value: unknown, path: string): FdtHeader {
  const json = object(value, path);
  const field = (name: keyof FdtHeader): number => uint(json[name], `${path}.${name}`, 0xffffffff);
  const unknown = Object.keys(json).find((key) => !Object.hasOwn(FDT_HEADER, key));
  if (unknown !== undefined) throw new Error(`${path}: unknown field ${JSON.stringify(unknown)}`);
  return {
    magic: field('magic'),
    totalsize: field('totalsize'),
    offDtStruct: field('offDtStruct'),
    offDtStrings: field('offDtStrings'),
    offMemRsvmap: field('offMemRsvmap'),
    version: field('version'),
    lastCompVersion: field('lastCompVersion'),
    bootCpuidPhys: field('bootCpuidPhys'),
    sizeDtStrings: field('sizeDtStrings'),
    sizeDtStruct: field('sizeDtStruct'),
  };
}

function restFromJson(value: unknown, path: string): FdtRest {
  const json = object(value, path);
  return {
    struct: int(json.struct, `${path}.struct`),
    strings: int(json.strings, `${path}.strings`),
    map: int(json.map, `${path}.map`),
  };
}

function reserveFromJson(value: unknown, path: string): FdtReserveEntry {
  const json = object(value, path);
  return { address: u64(json.address, `${path}.address`), size: u64(json.size, `${path}.size`) };
}

function gapFromJson(value: unknown, size: number, path: string): FdtGap {
  const json = object(value, path);
  const offset = uint(json.offset, `${path}.offset`, MAX_SIZE);
  const content = bytes(json.bytes, `${path}.bytes`);
  if (offset + content.length > size) throw new Error(`${path}: ends beyond size ${size}`);
  return { offset, bytes: content };
}

function tokenFromJson(value: unknown, path: string): FdtImageToken {
  const json = object(value, path);
  if (json.node !== undefined || json.nodeBytes !== undefined) {
    return { kind: 'node', name: name(json.node, json.nodeBytes, `${path}.node`) };
  }
  if (json.value !== undefined || json.prop !== undefined || json.propBytes !== undefined) {
    const content = bytes(json.value, `${path}.value`);
    if (json.nameOffset !== undefined) {
      const nameOffset = uint(json.nameOffset, `${path}.nameOffset`, 0xffffffff);
      if (json.prop === undefined && json.propBytes === undefined) {
        return { kind: 'prop', nameOffset, value: content };
      }
      return {
        kind: 'prop',
        nameOffset,
        name: name(json.prop, json.propBytes, `${path}.prop`),
        value: content,
      };
    }
    return {
      kind: 'prop',
      nameOffset: undefined,
      name: name(json.prop, json.propBytes, `${path}.prop`),
      value: content,
    };
  }
  if (json.nop === true) return { kind: 'nop' };
  if (json.end === true) return { kind: 'end' };
  throw new Error(`${path}: neither node, prop, nop nor end`);
}

function name(text: unknown, hexText: unknown, path: string): Uint8Array {
  const result = hexText !== undefined ? bytes(hexText, `${path}Bytes`) : encoder.encode(string(text, path));
  if (result.includes(0)) throw new Error(`${path}: a NUL in a name`);
  return result;
}

function object(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${path}: not an object`);
  return value as Record<string, unknown>;
}

function array(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${path}: not an array`);
  return value;
}

function string(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new Error(`${path}: not a string`);
  return value;
}

function bytes(value: unknown, path: string): Uint8Array {
  const result = hexToBytes(string(value, path));
  if (result === undefined) throw new Error(`${path}: not hex`);
  return result;
}

function uint(value: unknown, path: string, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    throw new Error(`${path}: not an integer from 0 to ${max}`);
  }
  return value;
}

function int(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Error(`${path}: not an integer`);
  return value;
}

function u64(value: unknown, path: string): bigint {
  const text = string(value, path);
  if (!/^0x[0-9a-fA-F]{1,16}$/.test(text)) throw new Error(`${path}: not 0x and up to 16 hex digits`);
  return BigInt(text);
}
