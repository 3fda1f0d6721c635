/** Decoders of the pages of kdump-compressed cores, without Node. */
import { decompress } from 'fzstd';
import type { PageCodecs } from '../memory/kdump/pages.js';
import { zstdFrameHeader } from '../memory/zstd-frame.js';
import { inflate } from './inflate.js';

/** Blocks of a Zstandard frame: a page's frame never needs a window beyond this. */
const MAX_WINDOW = 1 << 20;

export const codecs: PageCodecs = {
  zlib: inflate,
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
