import { KdumpStatus, PAGE_DESC, PAGE_DESC_SIZE } from '../../records/kdump.js';
import type { DiagnosticSink } from '../diagnostics.js';
import type { RandomAccess } from '../random-access.js';
import { u64AsNumber } from '../u64.js';
import type { KdumpLayout } from './header.js';
import { unpackLzo } from './lzo.js';
import { unpackSnappy } from './snappy.js';

/** Unpacks one page. */
export type UnpackPage = (
  /** The page's data as the file holds them. */
  packed: Uint8Array,
  /** Bytes of the page. */
  size: number,
) => Uint8Array | undefined;

/** How pages are unpacked that the platform brings a decoder for; those of LZO and snappy are here. */
export interface PageCodecs {
  /** A zlib stream (RFC 1950); undefined for one that is damaged or does not give `size` bytes. */
  readonly zlib: UnpackPage;
  /** A Zstandard frame (RFC 8878); likewise. */
  readonly zstd: UnpackPage;
}

/** Pages of a kdump-compressed core, by the number of their descriptor. */
export interface PageReader {
  /**
   * The bytes of a page.
   *
   * @param index number of its descriptor
   * @returns valid until the next call, not to be changed; undefined, counted as a diagnostic, when they
   *   are cut off or damaged
   */
  page(index: number): Uint8Array | undefined;
  /**
   * Whether the file has the page's data, in a form that is read. That they are damaged shows only when the
   * page is read; from then on it counts as unreadable too.
   */
  readable(index: number): boolean;
  /** Whether the data of a readable page are those of a page that was asked about before; answers from memory of its own. */
  repeats(index: number): boolean;
}

/** Unpacked pages that are kept: what a walk goes back and forth between. */
const CACHED_BYTES = 1 << 19;
/** Descriptors read at a time. */
const BATCH = 128;
/** Bytes of the shortest packed page, and the largest file for which places are remembered (32 MiB of bits). */
const SHORTEST = 8;
const MAX_SEEN = 2 ** 31;
/** Data of a page may be larger than the page, if its writer compressed it nevertheless, but not by much. */
const MAX_GROWTH = 2;

/** Reads pages through a small cache; pages that share their data (zeros above all) share the cache's entry. */
export function pageReader(
  file: RandomAccess,
  layout: KdumpLayout,
  pageCount: number,
  codecs: PageCodecs,
  diagnostics: DiagnosticSink,
): PageReader {
  const { pageSize, descriptors } = layout;
  const descBytes = new Uint8Array(BATCH * PAGE_DESC_SIZE);
  const desc = new DataView(descBytes.buffer);
  let firstDesc = 0;
  let descCount = 0;
  // By file offset of the data, in order of their last use: Map keeps the order of insertion.
  const pages = new Map<number, Uint8Array>();
  const capacity = Math.max(8, Math.floor(CACHED_BYTES / pageSize));
  const packed = new Uint8Array(MAX_GROWTH * pageSize);
  /** A bit for each page that was found unreadable, so that it is told of once. */
  let refused: Uint8Array | undefined;

  /** Where the descriptor is in `desc`; -1 when the file does not have it. */
  function locate(index: number): number {
    if (!(index >= firstDesc && index < firstDesc + descCount)) {
      firstDesc = index - (index % BATCH);
      const read = file.readAt(descriptors + firstDesc * PAGE_DESC_SIZE, descBytes.length, descBytes);
      descCount = Math.floor(read / PAGE_DESC_SIZE);
      if (index >= firstDesc + descCount) return -1;
    }
    return (index - firstDesc) * PAGE_DESC_SIZE;
  }

  function wasRefused(index: number): boolean {
    return refused !== undefined && (((refused[index >>> 3] ?? 0) >>> (index & 7)) & 1) === 1;
  }

  function page(index: number): Uint8Array | undefined {
    if (!readable(index)) return undefined;
    const at = locate(index);
    const offset = u64AsNumber(desc, at + PAGE_DESC.offset);
    const cached = pages.get(offset);
    if (cached !== undefined) {
      pages.delete(offset);
      pages.set(offset, cached);
      return cached;
    }
    const size = desc.getUint32(at + PAGE_DESC.size, true);
    const bytes = load(index, offset, size, desc.getUint32(at + PAGE_DESC.flags, true));
    if (bytes === undefined) return undefined;
    const [oldest] = pages.size < capacity ? [] : pages.keys();
    if (oldest !== undefined) pages.delete(oldest);
    pages.set(offset, bytes);
    return bytes;
  }

  function readable(index: number): boolean {
    const at = locate(index);
    if (at < 0 || wasRefused(index)) return false;
    const offset = u64AsNumber(desc, at + PAGE_DESC.offset);
    const size = desc.getUint32(at + PAGE_DESC.size, true);
    // Writers leave the offset 0 for pages that they could not write any more.
    if (offset === 0 || size === 0 || size > packed.length || offset + size > file.size) {
      refuse(index, `its ${size} bytes at file offset 0x${offset.toString(16)} are missing`);
      return false;
    }
    const flags = desc.getUint32(at + PAGE_DESC.flags, true);
    if (codecOf(flags) !== undefined || size === pageSize) return true;
    refuse(index, `it has ${size} bytes, uncompressed`);
    return false;
  }

  function load(index: number, offset: number, size: number, flags: number): Uint8Array | undefined {
    file.readAt(offset, size, packed);
    const data = packed.subarray(0, size);
    const codec = codecOf(flags);
    if (codec === undefined) return data.slice();
    return codec(data, pageSize) ?? refuse(index, 'its compressed data are damaged');
  }

  function codecOf(flags: number): UnpackPage | undefined {
    if ((flags & KdumpStatus.compressedZlib) !== 0) return codecs.zlib;
    if ((flags & KdumpStatus.compressedLzo) !== 0) return unpackLzo;
    if ((flags & KdumpStatus.compressedSnappy) !== 0) return unpackSnappy;
    return (flags & KdumpStatus.compressedZstd) !== 0 ? codecs.zstd : undefined;
  }

  function refuse(index: number, why: string): undefined {
    refused ??= new Uint8Array(Math.ceil(pageCount / 8));
    refused[index >>> 3] = (refused[index >>> 3] ?? 0) | (1 << (index & 7));
    diagnostics.add('kdump-page', `a page cannot be read: ${why}`, descriptors + index * PAGE_DESC_SIZE);
    return undefined;
  }

  /** A bit for each eight bytes of the file: no page's data are shorter. Huge files have the offsets ascend instead. */
  let seen: Uint8Array | undefined;
  let highest = -1;

  function repeats(index: number): boolean {
    const offset = u64AsNumber(desc, locate(index) + PAGE_DESC.offset);
    if (file.size > MAX_SEEN) {
      if (offset <= highest) return true;
      highest = offset;
      return false;
    }
    seen ??= new Uint8Array(Math.ceil(file.size / (8 * SHORTEST)));
    const place = Math.floor(offset / SHORTEST);
    const bit = 1 << (place & 7);
    const byte = seen[place >>> 3] ?? 0;
    if ((byte & bit) !== 0) return true;
    seen[place >>> 3] = byte | bit;
    return false;
  }

  return { page, readable, repeats };
}
