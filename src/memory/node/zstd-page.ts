/** Zstandard pages of kdump-compressed cores; without Node built-ins, as the viewer has them too. */
import { decompress } from 'fzstd';
import { zstdFrameHeader } from '../zstd-frame.js';

/** Blocks of a Zstandard frame: a page's frame never needs a window beyond this. */
const MAX_WINDOW = 1 << 20;

/** @returns undefined if that is not a frame of `size` bytes */
export function zstdPage(packed: Uint8Array, size: number): Uint8Array | undefined {
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
}
