/** What the header of a Zstandard frame says (RFC 8878 section 3.1.1.1). */
export interface ZstdFrameHeader {
  /** Bytes of the header, the magic number included. */
  readonly size: number;
  /** Bytes of memory that unpacking needs; the content's size for a frame of a single segment. */
  readonly windowSize: number;
  /** Bytes of the unpacked content, where the frame says it. */
  readonly contentSize?: number;
  /** Whether four bytes of the content's XXH64 follow the last block. */
  readonly checksum: boolean;
  /** Whether unpacking needs a dictionary. */
  readonly dictionary: boolean;
}

/** The largest header: magic number, descriptor, window, dictionary id, content size. */
export const ZSTD_MAX_HEADER = 18;
/** The magic number of a frame, and of the first of the sixteen kinds of skippable frame. */
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

/**
 * Reads a frame's header.
 *
 * @param bytes begin with the frame's magic number
 * @returns undefined when they do not, or end within the header
 */
export function zstdFrameHeader(bytes: Uint8Array): ZstdFrameHeader | undefined {
  if (bytes.length < 6) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const descriptor = view.getUint8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0;
  const contentAt = 5 + (singleSegment ? 0 : 1) + dictionaryBytes;
  const size = contentAt + contentBytes;
  if (bytes.length < size) return undefined;
  const contentSize = readContentSize(view, contentAt, contentBytes);
  const dictionary = readLittleEndian(view, contentAt - dictionaryBytes, dictionaryBytes) !== 0;
  return {
    size,
    windowSize: singleSegment ? (contentSize ?? 0) : windowOf(view.getUint8(5)),
    ...(contentSize === undefined ? {} : { contentSize }),
    checksum: (descriptor & 4) !== 0,
    dictionary,
  };
}

/**
 * The size of a skippable frame.
 *
 * @param bytes eight or more
 * @returns bytes in all, header included; undefined when this is another frame
 */
export function zstdSkippableSize(bytes: Uint8Array): number | undefined {
  if (bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if ((view.getUint32(0, true) & 0xffff_fff0) >>> 0 !== SKIPPABLE) return undefined;
  return 8 + view.getUint32(4, true);
}

/** Window_Size: a power of two from 1 KiB, and eighths of it. */
function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

function readContentSize(view: DataView, offset: number, bytes: number): number | undefined {
  if (bytes === 0) return undefined;
  // A field of two bytes starts counting where that of one byte ends.
  return readLittleEndian(view, offset, bytes) + (bytes === 2 ? 256 : 0);
}

function readLittleEndian(view: DataView, offset: number, bytes: number): number {
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + view.getUint8(offset + i);
  return value;
}
