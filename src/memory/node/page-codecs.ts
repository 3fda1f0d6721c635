import { inflateSync } from 'node:zlib';
import { decompress } from 'fzstd';
import type { PageCodecs } from '../kdump/pages.js';
import { zstdFrameHeader } from '../zstd-frame.js';

/** Blocks of a Zstandard frame: a page's frame never needs a window beyond this. */
const MAX_WINDOW = 1 << 20;

/** Unpacks the pages of kdump-compressed cores with Node's zlib and with fzstd. */
export const pageCodecs: PageCodecs = {
  zlib(packed, size) {
    try {
      const bytes = inflateSync(packed, { chunkSize: size, maxOutputLength: size });
      return bytes.length === size ? new Uint8Array(bytes.buffer, bytes.byteOffset, size) : undefined;
    } catch {
      return undefined;
    }
  },
  zstd(packed, size) {
    const header = zstdFrameHeader(packed);
    // What the frame says about its size is checked before fzstd allocates by it.
    if (header === undefined || header.windowSize > MAX_WINDOW) return undefined;
    if (header.contentSize !== undefined && header.contentSize !== size) return undefined;
    try {
      const bytes = decompress(packed);
      return bytes.length === size ? bytes : undefined;
    } catch {
      return undefined;
    }
  },
};
