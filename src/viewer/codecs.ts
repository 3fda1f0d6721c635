/** Decoders of the pages of kdump-compressed cores, without Node. */
import type { PageCodecs } from '../memory/kdump/pages.js';
import { zstdPage } from '../memory/node/zstd-page.js';
import { inflate } from './inflate.js';

export const codecs: PageCodecs = {
  zlib: inflate,
  zstd: zstdPage,
};
