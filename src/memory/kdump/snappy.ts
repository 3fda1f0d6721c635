/** Snappy blocks, which makedumpfile -p compresses pages with (the format is google/snappy's format_description.txt). */

/** What the low two bits of a tag say. */
const TAG = { literal: 0, copy1: 1, copy2: 2 } as const;
/** Literals of up to this length have it in the tag; longer ones in one to four bytes after it. */
const SHORT_LITERAL = 60;

/**
 * Unpacks a block. Work and memory are bounded by `packed` and `size`, whatever the block says.
 *
 * @param packed the whole block
 * @param size bytes that it must give
 * @returns undefined for a block that is damaged, refers to before its start, or gives another size
 */
export function unpackSnappy(packed: Uint8Array, size: number): Uint8Array | undefined {
  const end = packed.length;
  let at = 0;
  let declared = 0;
  for (let shift = 0; ; shift += 7) {
    if (at >= end || shift > 28) return undefined;
    const byte = packed[at++] ?? 0;
    declared += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (declared !== size) return undefined;
  const out = new Uint8Array(size);
  let done = 0;

  /** A little-endian number of up to four bytes; the caller has checked that they are there. */
  function number(bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += (packed[at++] ?? 0) * 2 ** (8 * i);
    return value;
  }

  while (at < end) {
    const tag = packed[at++] ?? 0;
    const kind = tag & 3;
    const upper = tag >>> 2;
    if (kind === TAG.literal) {
      const bytes = Math.max(0, upper - SHORT_LITERAL + 1);
      if (bytes > end - at) return undefined;
      const count = (bytes === 0 ? upper : number(bytes)) + 1;
      if (count > end - at || count > size - done) return undefined;
      for (let i = 0; i < count; i++) out[done++] = packed[at++] ?? 0;
      continue;
    }
    const bytes = kind === TAG.copy1 ? 1 : kind === TAG.copy2 ? 2 : 4;
    if (bytes > end - at) return undefined;
    const low = number(bytes);
    const distance = kind === TAG.copy1 ? low + ((tag >>> 5) << 8) : low;
    const length = kind === TAG.copy1 ? 4 + (upper & 7) : upper + 1;
    if (distance === 0 || distance > done || length > size - done) return undefined;
    // Byte by byte: a copy may overlap what it makes.
    for (let i = 0; i < length; i++, done++) out[done] = out[done - distance] ?? 0;
  }
  return done === size ? out : undefined;
}
