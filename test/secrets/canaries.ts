/**
 * Canaries: words of which four bytes are always the same, so that any piece of eight bytes that comes out of a command
 * is found, in whatever form it does.
 */
import { bytesToHex } from '../../src/schema/text.js';

/** What stands where it must not come out. */
export interface Canary {
  readonly name: string;
  /** The four bytes of each word, as they lie in memory. */
  readonly mark: Uint8Array;
  /** A word; `index` makes it unlike its neighbours. */
  word(index: number): Uint8Array;
}

const LETTERS = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** Numbers without order, the same in each run. */
function mixed(index: number): number {
  let x = Math.imul(index + 1, 0x9e37_79b1);
  x = Math.imul(x ^ (x >>> 15), 0x85eb_ca6b);
  return (x ^ (x >>> 13)) >>> 0;
}

/** Text as in a program's memory. */
export const TEXT: Canary = {
  name: 'text',
  mark: new TextEncoder().encode('wK9z'),
  word(index) {
    let rest = mixed(index);
    const bytes = new Uint8Array(8);
    bytes.set(this.mark);
    for (let i = 4; i < 8; i++, rest = Math.floor(rest / LETTERS.length))
      bytes[i] = LETTERS.charCodeAt(rest % LETTERS.length);
    return bytes;
  },
};

/** Addresses of the kernel's direct map, as in any of its own objects. */
export const POINTERS: Canary = {
  name: 'pointers',
  mark: Uint8Array.of(0x5b, 0xc6, 0xd3, 0x88),
  word(index) {
    const rest = mixed(index);
    return Uint8Array.of(rest & 0xff, (rest >>> 8) & 0xff, ...this.mark, 0xff, 0xff);
  },
};

export const CANARIES: readonly Canary[] = [TEXT, POINTERS];

/**
 * Plants words over part of a memory.
 *
 * @param at physical address of the bytes
 * @param first number of the first word
 * @returns how many words there are
 */
export function plant(canary: Canary, bytes: Uint8Array, at: number, first: number): number {
  const skew = at % 8;
  for (let i = 0; i < bytes.length; i += 8) {
    const word = canary.word(first + i / 8);
    // Words lie at multiples of eight.
    for (let k = 0; k < 8 && i + k < bytes.length; k++) bytes[i + k] = word[(k + skew) % 8] ?? 0;
  }
  return Math.ceil(bytes.length / 8);
}

/** The forms in which four bytes may be told as text. */
function formsOf(mark: Uint8Array): RegExp {
  const forms = new Set([bytesToHex(mark), bytesToHex(mark.slice().reverse())]);
  // Three places of bytes in base64; what the neighbours decide is cut off.
  for (const shift of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(shift), mark])
      .toString('base64')
      .replace(/=+$/, '');
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor(((shift + mark.length) * 8) / 6);
    forms.add(encoded.slice(from, to).replace(/[+/]/g, '\\$&'));
  }
  return new RegExp([...forms].join('|'), 'g');
}

const FORMS = new Map(CANARIES.map((canary) => [canary, formsOf(canary.mark)]));

/** Where canaries are in what a command wrote: raw, in hexadecimal digits, in decimal ones, in base64. */
export function comeOut(canary: Canary, output: Buffer): string[] {
  const { mark } = canary;
  const found: string[] = [];
  for (let at = output.indexOf(mark); at >= 0; at = output.indexOf(mark, at + 1))
    found.push(`byte ${at}: ${output.subarray(Math.max(0, at - 60), at + 40).toString('latin1')}`);
  const text = output.toString('latin1');
  // Bytes that are listed: `05 00 3f`, and as escapes.
  const digits = text
    .replace(/\\x|\\u00|\\u\{/g, '')
    .replace(/(?<=\b[0-9a-f]{2})\]? \[?(?=[0-9a-f]{2}\b)/g, '');
  const forms = FORMS.get(canary) ?? formsOf(mark);
  for (const each of digits.matchAll(forms))
    found.push(`as ${each[0]}: ${digits.slice(Math.max(0, each.index - 60), each.index + 40)}`);
  const [hex, back] = [bytesToHex(mark), bytesToHex(mark.slice().reverse())];
  for (const [number] of text.matchAll(/(?<![0-9a-fx.])\d{10,20}(?![0-9a-f])/g)) {
    const as = BigInt(number).toString(16);
    if (as.includes(hex) || as.includes(back)) found.push(`the number ${number}`);
  }
  return found;
}
