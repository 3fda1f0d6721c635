/** Property values as devicetree source. */

import { bytesToHex } from '../schema/text.js';

/** Longer lists of strings are printed as bytes, so that no line grows with the blob. */
const MAX_STRINGS = 4096;
const BYTES_PER_LINE = 32;

/**
 * A value as one or more lines of devicetree source, without name and `=`; the last one ends in `;`. One at a time: a
 * blob may be one value.
 * @param value not empty
 */
export function* valueLines(value: Uint8Array): Generator<string> {
  const strings = printableStrings(value);
  if (strings !== undefined) {
    yield `${strings.map(quote).join(', ')};`;
    return;
  }
  for (let at = 0; at < value.length; at += BYTES_PER_LINE) {
    const end = Math.min(at + BYTES_PER_LINE, value.length);
    const digits = bytesToHex(value.subarray(at, end)).replace(/..(?=.)/g, '$& ');
    yield `${at === 0 ? '[' : ' '}${digits}${end === value.length ? '];' : ''}`;
  }
}

/** The strings of a value that consists of NUL-terminated, non-empty runs of printable ASCII; else undefined. */
function printableStrings(value: Uint8Array): string[] | undefined {
  if (value.length > MAX_STRINGS || value[value.length - 1] !== 0) return undefined;
  const strings: string[] = [];
  let text = '';
  for (const byte of value) {
    if (byte === 0) {
      if (text === '') return undefined;
      strings.push(text);
      text = '';
    } else if (byte < 0x20 || byte > 0x7e) {
      return undefined;
    } else {
      text += String.fromCharCode(byte);
    }
  }
  return strings;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
