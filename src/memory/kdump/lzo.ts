/**
 * LZO1X, which makedumpfile -l compresses pages with (lzo1x_1_compress, a block at a time without a header). The
 * instructions are those of the kernel's Documentation/staging/lzo.rst, version 0 of the bitstream.
 */

/** What ends the stream: a match at this distance, the marker of instructions 16 to 31. */
const END_DISTANCE = 16384;
/** State after a run of four or more literals; below, the literals that followed the last match. */
const AFTER_RUN = 4;

/**
 * Unpacks a block. Work and memory are bounded by `packed` and `size`, whatever the block says.
 *
 * @param packed the whole block, up to its end marker
 * @param size bytes that it must give
 * @returns undefined for a block that is damaged, refers to before its start, or gives another size
 */
export function unpackLzo(packed: Uint8Array, size: number): Uint8Array | undefined {
  const out = new Uint8Array(size);
  const end = packed.length;
  let at = 0;
  let done = 0;
  let state = 0;

  /** A length that continues in further bytes: each 0 counts 255, the first other one ends it; -1 beyond the block. */
  function longer(base: number): number {
    let length = base;
    while (at < end) {
      const byte = packed[at++] ?? 0;
      if (byte !== 0) return length + byte;
      length += 255;
      if (length > size) return -1;
    }
    return -1;
  }

  function literals(count: number): boolean {
    if (count < 0 || count > end - at || count > size - done) return false;
    for (let i = 0; i < count; i++) out[done++] = packed[at++] ?? 0;
    return true;
  }

  /** Copies the bytes `distance` bytes back, byte by byte: a match may overlap what it makes. */
  function match(distance: number, length: number): boolean {
    if (distance > done || length < 0 || length > size - done) return false;
    for (let i = 0; i < length; i++, done++) out[done] = out[done - distance] ?? 0;
    return true;
  }

  const first = packed[0] ?? 0;
  if (first > 17) {
    at = 1;
    if (!literals(first - 17)) return undefined;
    state = Math.min(first - 17, AFTER_RUN);
  }
  while (at < end) {
    const code = packed[at++] ?? 0;
    let distance: number;
    let length: number;
    let follow: number;
    if (code >= 64) {
      if (at >= end) return undefined;
      distance = ((packed[at++] ?? 0) << 3) + ((code >>> 2) & 7) + 1;
      length = code >= 128 ? 5 + ((code >>> 5) & 3) : 3 + ((code >>> 5) & 1);
      follow = code & 3;
    } else if (code >= 16) {
      const bits = code >= 32 ? 31 : 7;
      length = (code & bits) === 0 ? longer(bits) : code & bits;
      if (length < 0 || at + 2 > end) return undefined;
      length += 2;
      const word = (packed[at] ?? 0) | ((packed[at + 1] ?? 0) << 8);
      at += 2;
      follow = word & 3;
      if (code >= 32) distance = (word >>> 2) + 1;
      else {
        distance = END_DISTANCE + ((code & 8) << 11) + (word >>> 2);
        if (distance === END_DISTANCE) return done === size && at === end ? out : undefined;
      }
    } else if (state === 0) {
      const run = code === 0 ? longer(15) : code;
      if (run < 0 || !literals(run + 3)) return undefined;
      state = AFTER_RUN;
      continue;
    } else {
      if (at >= end) return undefined;
      const near = ((packed[at++] ?? 0) << 2) + (code >>> 2) + 1;
      distance = state === AFTER_RUN ? near + 2048 : near;
      length = state === AFTER_RUN ? 3 : 2;
      follow = code & 3;
    }
    if (!match(distance, length) || !literals(follow)) return undefined;
    state = follow;
  }
  return undefined;
}
