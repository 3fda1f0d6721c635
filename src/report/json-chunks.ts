/** JSON text in chunks, so that no report has to be one string (a string ends near 512 Mi characters). */
import { escapeJson } from '../schema/escape.js';
import { bytesToHex } from '../schema/text.js';

const CHUNK = 1 << 16;

/**
 * The JSON text of `value`: bigint as `"0x…"`, Uint8Array as hex digits, any other iterable as an array
 * that is drawn from as it is written; keys whose value is undefined are left out. A function stands for what
 * it returns, and is called when its turn comes: for what is known only after what is before it is drawn.
 *
 * @param indent spaces per level; 0 writes one line
 */
export function* jsonChunks(value: unknown, indent = 1): Generator<string> {
  let buffer = '';
  for (const piece of pieces(value, indent, 0)) {
    buffer += piece;
    if (buffer.length >= CHUNK) {
      yield buffer;
      buffer = '';
    }
  }
  yield `${buffer}\n`;
}

/** Depth is that of the report's own shape (trees are written as flat lists), so recursion is bounded. */
function* pieces(value: unknown, indent: number, depth: number): Generator<string> {
  const scalar = scalarJson(value);
  if (scalar !== undefined) {
    yield scalar;
    return;
  }
  const isArray = Symbol.iterator in Object(value);
  const entries: Iterable<readonly [string | undefined, unknown]> = isArray
    ? unnamed(value as Iterable<unknown>)
    : Object.entries(value as object);
  // Elements of an array stay on one line each when they are flat: a record a line reads well and diffs well.
  let first = true;
  yield isArray ? '[' : '{';
  for (const [key, given] of entries) {
    const item = typeof given === 'function' ? given() : given;
    if (item === undefined) continue;
    yield (first ? '' : ',') + lineBreak(indent, depth + 1);
    first = false;
    if (key !== undefined) yield `${escapeJson(JSON.stringify(key))}:${indent > 0 ? ' ' : ''}`;
    if (isArray && isFlat(item)) yield* pieces(item, 0, 0);
    else yield* pieces(item, indent, depth + 1);
  }
  if (!first) yield lineBreak(indent, depth);
  yield isArray ? ']' : '}';
}

function* unnamed(items: Iterable<unknown>): Generator<readonly [undefined, unknown]> {
  for (const item of items) yield [undefined, item === undefined ? null : item];
}

function scalarJson(value: unknown): string | undefined {
  if (typeof value === 'bigint')
    return value < 0n ? `"-0x${(-value).toString(16)}"` : `"0x${value.toString(16)}"`;
  if (value instanceof Uint8Array) return `"${bytesToHex(value)}"`;
  if (value === null || typeof value !== 'object') return escapeJson(JSON.stringify(value ?? null));
  return undefined;
}

function isFlat(value: unknown): boolean {
  if (scalarJson(value) !== undefined) return true;
  if (Symbol.iterator in Object(value)) return false;
  return Object.values(value as object).every((item) => item === undefined || scalarJson(item) !== undefined);
}

function lineBreak(indent: number, depth: number): string {
  return indent === 0 ? '' : `\n${' '.repeat(indent * depth)}`;
}
