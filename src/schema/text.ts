import { escapeText } from './escape.js';

/** Text found in a record or property, with what a plain string would hide. */
export interface Text {
  /** The bytes before the first NUL as UTF-8; invalid sequences appear as U+FFFD. */
  readonly text: string;
  /** Whether the text is NUL-terminated within the bytes. */
  readonly terminated: boolean;
  /** Whether the text is valid UTF-8 and nothing but NULs follows its end: then it tells all there is. */
  readonly exact: boolean;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strictDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** Reads the text of a NUL-terminated (or NUL-padded) byte field. Never throws. */
export function bytesToText(bytes: Uint8Array): Text {
  const nul = bytes.indexOf(0);
  const length = nul < 0 ? bytes.length : nul;
  const content = bytes.subarray(0, length);
  let padded = true;
  for (let at = length; padded && at < bytes.length; at++) padded = bytes[at] === 0;
  try {
    return { text: strictDecoder.decode(content), terminated: nul >= 0, exact: padded };
  } catch {
    return { text: decoder.decode(content), terminated: nul >= 0, exact: false };
  }
}

/** Text of a dump in quotes, harmless. */
export function quotedText(name: string | Uint8Array): string {
  const text = typeof name === 'string' ? name : bytesToText(name).text;
  return JSON.stringify(escapeText(text)).replaceAll('\\\\u{', '\\u{');
}

/**
 * Gives the UTF-8 bytes of `text`, filled up with NULs to `size` bytes.
 *
 * @throws RangeError when the text and one NUL do not fit `size`, or when the text holds a NUL itself.
 */
export function textToBytes(text: string, size: number): Uint8Array {
  const content = new TextEncoder().encode(text);
  if (content.includes(0)) throw new RangeError('the text contains a NUL');
  if (content.length >= size) {
    throw new RangeError(`${content.length} bytes of text and a NUL do not fit ${size} bytes`);
  }
  const bytes = new Uint8Array(size);
  bytes.set(content);
  return bytes;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Longer strings are made of bytes: joined of as many pieces they would take 32 bytes for each. */
const SHORT = 256;
const DIGITS = new TextEncoder().encode('0123456789abcdef');

/** Lower-case hexadecimal digits of `bytes`, two a byte, without separators. */
export function bytesToHex(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return longHex(bytes);
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

function longHex(bytes: Uint8Array): string {
  const digits = new Uint8Array(2 * bytes.length);
  let at = 0;
  for (const byte of bytes) {
    digits[at++] = DIGITS[byte >>> 4] as number;
    digits[at++] = DIGITS[byte & 15] as number;
  }
  return new TextDecoder('latin1').decode(digits);
}

/** The bytes that hexadecimal digits stand for, or undefined when the text is anything else. */
export function hexToBytes(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || /[^0-9a-fA-F]/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  }
  return bytes;
}

/** The bytes of a text before its NUL: what the kernel compares. */
export function beforeNul(stored: Uint8Array): Uint8Array {
  const nul = stored.indexOf(0);
  return nul < 0 ? stored : stored.subarray(0, nul);
}
