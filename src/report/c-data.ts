/** Data as C initialisers in the kernel's style: tabs, eight bytes a row, zeros left out. */

const ROW = 8;

/**
 * Lines of a `static const u8` array. Rows of zeros are skipped: the next row says its index, and C fills what is
 * left out with zeros.
 *
 * @param bytes at least one
 */
export function* byteArrayLines(name: string, bytes: Uint8Array): Generator<string> {
  yield `static const u8 ${name}[${bytes.length}] = {`;
  let next = 0;
  let any = false;
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = bytes.subarray(at, at + ROW);
    if (row.every((byte) => byte === 0)) continue;
    const index = at === next ? '' : `[0x${at.toString(16)}] = `;
    yield `\t${index}${[...row].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(', ')},`;
    next = at + row.length;
    any = true;
  }
  if (!any) yield '\t0x00,';
  yield '};';
}

/** A member and its value; without a value it is left out, and is zero. */
export type Member = readonly [name: string, value: string | undefined];

/** Lines of a structure's initialiser between its braces. */
export function* memberLines(members: readonly Member[], indent = '\t'): Generator<string> {
  for (const [name, value] of members) if (value !== undefined) yield `${indent}.${name} = ${value},`;
}

/** Lines of a `static const` array of structures, each with a line per member. */
export function* structArrayLines(
  type: string,
  name: string,
  elements: Iterable<readonly Member[]>,
): Generator<string> {
  yield `static const struct ${type} ${name}[] = {`;
  for (const members of elements) {
    yield '\t{';
    yield* memberLines(members, '\t\t');
    yield '\t},';
  }
  yield '};';
}

/** Lines of a `static const` array of structures of numbers alone, each on one line, in the members' order. */
export function* rowArrayLines(
  type: string,
  name: string,
  rows: Iterable<readonly string[]>,
): Generator<string> {
  yield `static const struct ${type} ${name}[] = {`;
  for (const row of rows) yield `\t{ ${row.join(', ')} },`;
  yield '};';
}

/** A string literal. What is not printable ASCII is in octal, which ends after three digits. */
export function cString(text: string): string {
  let literal = '';
  for (const byte of new TextEncoder().encode(text)) {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === '\\') literal += `\\${char}`;
    else if (byte >= 0x20 && byte < 0x7f) literal += char;
    else literal += `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `"${literal}"`;
}

/** An identifier made of a description: `luo.sessions[0].fileBlocks` → `luo_sessions_0_file_blocks`. */
export function cName(text: string): string {
  return text
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^(?:the_)|^_+|_+$/g, '');
}
