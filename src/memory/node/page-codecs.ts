import { inflateSync } from 'node:zlib';
import type { PageCodecs } from '../kdump/pages.js';
import { zstdPage } from './zstd-page.js';

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
  zstd: zstdPage,
};
