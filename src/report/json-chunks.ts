/** JSON text in chunks, so that no report has to be one string (a string ends near 512 Mi characters). */
import { escapeJson } from '../schema/escape.js';
import { bytesToHex } from '../schema/text.js';
import { isJsonRows, rowChunks } from './json-rows.js';

const CHUNK = 1 << 16;
const MAX_KEYS = 1024;

/**
 * The JSON text of `value`: bigint as `"0x…"`, Uint8Array as hex digits, any other iterable as an array
 * that is drawn from as it is written; keys whose value is undefined are left out. A function stands for what
 * it returns, and is called when its turn comes: for what is known only after what is before it is drawn.
 *
 * @param indent spaces per level; 0 writes one line
 *
 * @example
 * ```ts
 * import { jsonChunks } from 'kho-toolkit';
 *
 * console.log([...jsonChunks({ address: 4096n, bytes: Uint8Array.of(1, 2), list: new Set([1]), none: undefined }, 0)].join(''));
 * //=> {"address":"0x1000","bytes":"0102","list":[1]}
 * ```
 */
export function* jsonChunks(value: unknown, indent = 1): Generator<string> {
  const decoder = new TextDecoder();
  for (const chunk of chunksOf(value, indent))
    yield typeof chunk === 'string' ? chunk : decoder.decode(chunk);
}

/**
 * The same as UTF-8. A chunk is valid until the next is asked for: rows of large arrays are written into one buffer
 * again and again, and never are a string.
 */
export function* jsonBytes(value: unknown, indent = 1): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const chunk of chunksOf(value, indent))
    yield typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
}

function* chunksOf(value: unknown, indent: number): Generator<string | Uint8Array> {
  let buffer = '';
  for (const piece of pieces(value, indent, 0)) {
    if (typeof piece === 'string') {
      buffer += piece;
      if (buffer.length < CHUNK) continue;
      yield buffer;
      buffer = '';
    } else {
      if (buffer !== '') yield buffer;
      buffer = '';
      yield piece;
    }
  }
  yield `${buffer}\n`;
}

/** Depth is that of the report's own shape (trees are written as flat lists), so recursion is bounded. */
function* pieces(value: unknown, indent: number, depth: number): Generator<string | Uint8Array> {
  const scalar = scalarJson(value);
  if (scalar !== undefined) {
    yield scalar;
    return;
  }
  if (isJsonRows(value)) {
    yield '[';
    const any = yield* rowChunks(value, lineBreak(indent, depth + 1));
    yield any ? `${lineBreak(indent, depth)}]` : ']';
    return;
  }
  if (Symbol.iterator in Object(value)) yield* arrayPieces(value as Iterable<unknown>, indent, depth);
  else yield* objectPieces(value as object, indent, depth);
}

function* arrayPieces(
  items: Iterable<unknown>,
  indent: number,
  depth: number,
): Generator<string | Uint8Array> {
  const inner = lineBreak(indent, depth + 1);
  let first = true;
  yield '[';
  for (const given of items) {
    const item = typeof given === 'function' ? given() : (given ?? null);
    if (item === undefined) continue;
    const head = first ? inner : `,${inner}`;
    first = false;
    // Elements of an array stay on one line each when they are flat: a record a line reads well and diffs well.
    const flat = flatJson(item);
    if (flat !== undefined) yield head + flat;
    else {
      yield head;
      yield* pieces(item, indent, depth + 1);
    }
  }
  yield first ? ']' : `${lineBreak(indent, depth)}]`;
}

function* objectPieces(value: object, indent: number, depth: number): Generator<string | Uint8Array> {
  const inner = lineBreak(indent, depth + 1);
  const colon = indent > 0 ? ': ' : ':';
  let first = true;
  yield '{';
  for (const [key, given] of Object.entries(value)) {
    const item = typeof given === 'function' ? given() : given;
    if (item === undefined) continue;
    yield `${first ? '' : ','}${inner}${keyJson(key)}${colon}`;
    first = false;
    yield* pieces(item, indent, depth + 1);
  }
  yield first ? '}' : `${lineBreak(indent, depth)}}`;
}

/** An object of scalars, or a scalar, on one line; undefined for anything else. */
function flatJson(value: unknown): string | undefined {
  const scalar = scalarJson(value);
  if (scalar !== undefined) return scalar;
  if (Symbol.iterator in Object(value)) return undefined;
  let text = '';
  for (const [key, item] of Object.entries(value as object)) {
    if (item === undefined) continue;
    const json = scalarJson(item);
    // A function is not a scalar: it is asked when its turn comes.
    if (json === undefined) return undefined;
    text += `${text === '' ? '{' : ','}${keyJson(key)}:${json}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

const keys = new Map<string, string>();

/** A key as JSON. The report's own keys are few, and remembered; of those that a dump may name not all are. */
function keyJson(key: string): string {
  let json = keys.get(key);
  if (json === undefined) {
    json = escapeJson(JSON.stringify(key));
    if (keys.size < MAX_KEYS) keys.set(key, json);
  }
  return json;
}

function scalarJson(value: unknown): string | undefined {
  if (typeof value === 'bigint')
    return value < 0n ? `"-0x${(-value).toString(16)}"` : `"0x${value.toString(16)}"`;
  if (typeof value === 'number' && Number.isFinite(value)) return `${value}`;
  if (value instanceof Uint8Array) return `"${bytesToHex(value)}"`;
  if (value === null || typeof value !== 'object') return escapeJson(JSON.stringify(value ?? null));
  return undefined;
}

function lineBreak(indent: number, depth: number): string {
  return indent === 0 ? '' : `\n${' '.repeat(indent * depth)}`;
}
