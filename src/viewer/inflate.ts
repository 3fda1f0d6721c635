/**
 * zlib streams (RFC 1950, RFC 1951) of known size, unpacked at once: the pages of kdump-compressed cores, where browsers
 * have a decoder for streams only.
 */

/** Base length and extra bits of length codes 257 to 285, and of distance codes (RFC 1951 section 3.2.5). */
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** Order of the code lengths of the code length alphabet (section 3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MAX_BITS = 15;

/** A Huffman code: how many codes there are of each length, and their symbols in order. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

function codeOf(lengths: ArrayLike<number>): Code {
  const counts = new Uint16Array(MAX_BITS + 1);
  const symbols = new Uint16Array(lengths.length);
  for (let i = 0; i < lengths.length; i++)
    counts[lengths[i] as number] = (counts[lengths[i] as number] ?? 0) + 1;
  counts[0] = 0;
  const offsets = new Uint16Array(MAX_BITS + 2);
  for (let bits = 1; bits <= MAX_BITS; bits++) offsets[bits + 1] = (offsets[bits] ?? 0) + (counts[bits] ?? 0);
  for (let i = 0; i < lengths.length; i++) {
    const bits = lengths[i] as number;
    if (bits === 0) continue;
    symbols[offsets[bits] as number] = i;
    offsets[bits] = (offsets[bits] ?? 0) + 1;
  }
  return { counts, symbols };
}

let fixed: readonly [Code, Code] | undefined;

/** The codes of blocks that bring none (section 3.2.6). */
function fixedCodes(): readonly [Code, Code] {
  fixed ??= [
    codeOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
    codeOf(new Array(30).fill(5)),
  ];
  return fixed;
}

/**
 * Unpacks a zlib stream.
 *
 * @param size bytes that it has to give
 * @returns undefined for data that are damaged or give another size
 */
export function inflate(packed: Uint8Array, size: number): Uint8Array | undefined {
  const out = new Uint8Array(size);
  // Deflate, and a header that is a multiple of 31; a preset dictionary is not known.
  const header = ((packed[0] ?? 0) << 8) | (packed[1] ?? 0);
  if ((header & 0x0f00) !== 0x0800 || header % 31 !== 0 || (header & 0x20) !== 0) return undefined;
  let at = 2;
  let hold = 0;
  let held = 0;
  let written = 0;

  /** Bits, low ones first; -1 after the end. */
  function bits(count: number): number {
    while (held < count) {
      if (at >= packed.length) return -1;
      hold |= (packed[at++] as number) << held;
      held += 8;
    }
    const value = hold & ((1 << count) - 1);
    hold >>>= count;
    held -= count;
    return value;
  }

  /** The next symbol; -1 where no code fits. */
  function symbol({ counts, symbols }: Code): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_BITS; length++) {
      const bit = bits(1);
      if (bit < 0) return -1;
      code |= bit;
      const count = counts[length] as number;
      if (code - count < first) return symbols[index + code - first] as number;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return -1;
  }

  function stored(): boolean {
    hold = 0;
    held = 0;
    const length = (packed[at] ?? 0) | ((packed[at + 1] ?? 0) << 8);
    const inverse = (packed[at + 2] ?? 0) | ((packed[at + 3] ?? 0) << 8);
    at += 4;
    if ((length ^ inverse) !== 0xffff || at + length > packed.length || written + length > size) return false;
    out.set(packed.subarray(at, at + length), written);
    at += length;
    written += length;
    return true;
  }

  function dynamicCodes(): readonly [Code, Code] | undefined {
    const [lengths, distances, codes] = [bits(5) + 257, bits(5) + 1, bits(4) + 4];
    const own = new Uint8Array(19);
    for (let i = 0; i < codes; i++) own[ORDER[i] as number] = Math.max(0, bits(3));
    const code = codeOf(own);
    const all = new Uint8Array(lengths + distances);
    for (let i = 0; i < all.length; ) {
      const next = symbol(code);
      if (next < 0) return undefined;
      if (next < 16) {
        all[i++] = next;
        continue;
      }
      const [value, repeat] =
        next === 16
          ? [i === 0 ? -1 : (all[i - 1] as number), bits(2) + 3]
          : [0, next === 17 ? bits(3) + 3 : bits(7) + 11];
      if (value < 0 || i + repeat > all.length) return undefined;
      all.fill(value, i, i + repeat);
      i += repeat;
    }
    return [codeOf(all.subarray(0, lengths)), codeOf(all.subarray(lengths))];
  }

  function compressed([literals, distances]: readonly [Code, Code]): boolean {
    for (;;) {
      const next = symbol(literals);
      if (next < 0 || next > 285) return false;
      if (next === 256) return true;
      if (next < 256) {
        if (written >= size) return false;
        out[written++] = next;
        continue;
      }
      const length = (LENGTH_BASE[next - 257] as number) + bits(LENGTH_EXTRA[next - 257] as number);
      const far = symbol(distances);
      if (far < 0 || far >= DISTANCE_BASE.length) return false;
      const distance = (DISTANCE_BASE[far] as number) + bits(DISTANCE_EXTRA[far] as number);
      if (distance > written || written + length > size) return false;
      for (let i = 0; i < length; i++, written++) out[written] = out[written - distance] as number;
    }
  }

  for (let last = 0; last === 0; ) {
    last = bits(1);
    const kind = bits(2);
    if (last < 0 || kind < 0 || kind === 3) return undefined;
    const codes = kind === 2 ? dynamicCodes() : fixedCodes();
    if (codes === undefined || !(kind === 0 ? stored() : compressed(codes))) return undefined;
  }
  return written === size ? out : undefined;
}
