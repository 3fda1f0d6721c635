import { Decompress } from 'fzstd';
import { createXxh64 } from '../xxh64.js';
import { ZSTD_MAX_HEADER, type ZstdFrameHeader, zstdFrameHeader, zstdSkippableSize } from '../zstd-frame.js';
import { InputError } from './errors.js';

/** The largest window that is unpacked here, in bytes: what `zstd` itself takes without being told to. */
const MAX_WINDOW = 128 * 2 ** 20;
/** A block's content (RFC 8878 section 3.1.1.2.4: Block_Maximum_Size). */
const MAX_BLOCK = 128 * 1024;
const BLOCK_HEADER = 3;
/** Type of a block that is one byte, again and again. */
const REPEATED = 1;
const ZEROS = new Uint8Array(MAX_BLOCK);
const CHECKSUM = 4;

/**
 * All frames of Zstandard data, one after another; skippable ones give nothing. The frames are cut into
 * blocks here and unpacked one block at a time, so that little data that unpack to much are never held.
 *
 * @param path for messages
 * @throws InputError for damaged data, a dictionary, or a window above 128 MiB, with the command that helps
 */
export async function* unzstd(source: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  const input = byteQueue(source);
  const history = slidingHistory();
  try {
    for (;;) {
      const head = await input.peek(ZSTD_MAX_HEADER);
      if (head.length === 0) return;
      const skip = zstdSkippableSize(head);
      if (skip === undefined) yield* unpackFrame(input, head, history, path);
      else if (!(await input.skip(skip))) throw endsEarly(path);
    }
  } finally {
    await input.close();
  }
}

async function* unpackFrame(
  input: ByteQueue,
  head: Uint8Array,
  history: History,
  path: string,
): AsyncGenerator<Uint8Array> {
  const header = zstdFrameHeader(head);
  if (header === undefined)
    throw head.length < ZSTD_MAX_HEADER
      ? endsEarly(path)
      : damaged(path, 'no frame begins where the last one ends');
  if (header.windowSize > MAX_WINDOW) throw largeWindow(path, header.windowSize);
  if (header.dictionary) throw damaged(path, 'it needs a dictionary, which is not supported');
  const unpacked: Uint8Array[] = [];
  history.start(header.windowSize);
  const decoder = new Decompress((bytes) => {
    unpacked.push(bytes);
    history.add(decoder, bytes);
  });
  beginFrame(decoder, header);
  const hash = header.checksum ? createXxh64() : undefined;
  let produced = 0;
  let stored = 0;
  let last = false;
  await input.take(header.size);
  while (!last) {
    const block = await input.peek(BLOCK_HEADER);
    if (block.length < BLOCK_HEADER) throw endsEarly(path);
    const word = (block[0] ?? 0) | ((block[1] ?? 0) << 8) | ((block[2] ?? 0) << 16);
    last = (word & 1) !== 0;
    const size = word >>> 3;
    if (size > MAX_BLOCK) throw damaged(path, `a block of ${size} bytes`);
    const repeats = ((word >>> 1) & 3) === REPEATED;
    // The size is that of the content.
    const packedSize = repeats ? 1 : size;
    const rest = BLOCK_HEADER + packedSize + (last && header.checksum ? CHECKSUM : 0);
    const bytes = await input.take(rest);
    if (bytes.length < rest) throw endsEarly(path);
    if (repeats) {
      // Memory that was hardly used is such blocks of zeros: they need no decoder.
      const byte = bytes[BLOCK_HEADER] ?? 0;
      const content = byte === 0 ? ZEROS.subarray(0, size) : new Uint8Array(size).fill(byte);
      history.add(decoder, content);
      unpacked.push(content);
    } else {
      try {
        history.lend(decoder);
        decoder.push(bytes, last);
      } catch (error) {
        throw damaged(path, error instanceof Error ? error.message : String(error));
      }
    }
    if (last && header.checksum) stored = readChecksum(bytes);
    for (const part of unpacked) {
      produced += part.length;
      hash?.update(part);
      yield part;
    }
    unpacked.length = 0;
  }
  if (header.contentSize !== undefined && header.contentSize !== produced) {
    throw damaged(path, `a frame unpacks to ${produced} bytes, not ${header.contentSize}`);
  }
  if (hash !== undefined && hash.low32() !== stored) throw damaged(path, 'its checksum does not match');
}

/** The checksum at the end of a frame's last block. */
function readChecksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(bytes.length - CHECKSUM, true);
}

/** Keeps what a frame's later blocks refer back to, in the place of fzstd. */
interface History {
  /** Forgets the last frame. */
  start(windowSize: number): void;
  /** Takes a block's content, and the work of keeping it from the decoder. */
  add(decoder: Decompress, content: Uint8Array): void;
  /** Shows the decoder what was produced of the last window, before it decodes the next block. */
  lend(decoder: Decompress): void;
}

/**
 * fzstd allocates its whole window for each frame, and moves it for each block of at most 128 KiB: a few bytes that
 * announce 128 MiB cost as much as real data. Here one buffer serves all frames, grows with what is produced, and is
 * only moved when it is full; while fzstd would move its window, it has a small one.
 */
function slidingHistory(): History {
  let buffer = new Uint8Array(4 * MAX_BLOCK);
  const decoy = new Uint8Array(MAX_BLOCK);
  let windowSize = 0;
  let end = 0;

  function start(size: number): void {
    windowSize = size;
    end = 0;
  }

  function add(decoder: Decompress, content: Uint8Array): void {
    const state = windowState(decoder);
    if (state === undefined || content.length === 0 || content.length > MAX_BLOCK) return;
    if (end + content.length > buffer.length) makeRoom();
    buffer.set(content, end);
    end += content.length;
    state.w = decoy;
  }

  function makeRoom(): void {
    const kept = buffer.subarray(Math.max(0, end - windowSize), end);
    const wanted = windowSize + Math.max(windowSize >>> 2, 8 * MAX_BLOCK);
    if (buffer.length < wanted) {
      const larger = new Uint8Array(Math.min(wanted, 2 * buffer.length));
      larger.set(kept);
      buffer = larger;
    } else buffer.copyWithin(0, end - kept.length, end);
    end = kept.length;
  }

  function lend(decoder: Decompress): void {
    const state = windowState(decoder);
    if (state === undefined) return;
    const length = Math.min(end, windowSize);
    state.w = buffer.subarray(end - length, end);
    // Distances count back from here.
    state.e = length;
  }

  return { start, add, lend };
}

/** What fzstd 0.1.1 keeps of a frame; its names are one letter each. */
interface FrameState {
  /** The window, and its length. */
  w: Uint8Array;
  e: number;
}

/** The state of a frame; undefined after it. */
function windowState(decoder: Decompress): FrameState | undefined {
  const { s: state } = decoder as unknown as { s?: unknown };
  return typeof state === 'object' && state !== null && 'w' in state ? (state as FrameState) : undefined;
}

/** Positions a decoder after a frame's header, which we read: fzstd's own reader allocates the window that it announces. */
function beginFrame(decoder: Decompress, header: ZstdFrameHeader): void {
  const state = {
    b: 0,
    y: 0,
    l: 0,
    d: 0,
    w: new Uint8Array(0),
    e: 0,
    // The three last distances (RFC 8878 section 3.1.1.5).
    o: Int32Array.of(1, 4, 8),
    u: header.contentSize ?? 0,
    c: header.checksum ? 1 : 0,
    m: Math.min(MAX_BLOCK, header.windowSize),
  };
  Object.assign(decoder, { s: state });
}

/** Bytes of a stream in the pieces that are asked for. */
interface ByteQueue {
  /** The next bytes, without taking them: fewer than `length` only at the end. */
  peek(length: number): Promise<Uint8Array>;
  /** The next bytes: fewer than `length` only at the end. */
  take(length: number): Promise<Uint8Array>;
  /** Drops bytes; false when there are fewer. */
  skip(length: number): Promise<boolean>;
  /** Ends the stream. */
  close(): Promise<void>;
}

function byteQueue(source: AsyncIterable<Uint8Array>): ByteQueue {
  const iterator = source[Symbol.asyncIterator]();
  let held = new Uint8Array(0) as Uint8Array;
  let ended = false;

  /** Brings at least `length` bytes into `held`, if there are as many. */
  async function fill(length: number): Promise<void> {
    if (held.length >= length || ended) return;
    const parts = [held];
    let size = held.length;
    while (size < length) {
      const next = await iterator.next();
      if (next.done === true) {
        ended = true;
        break;
      }
      parts.push(next.value);
      size += next.value.length;
    }
    held = joined(...parts);
  }

  async function peek(length: number): Promise<Uint8Array> {
    await fill(length);
    return held.subarray(0, length);
  }

  async function take(length: number): Promise<Uint8Array> {
    const bytes = await peek(length);
    held = held.subarray(bytes.length);
    return bytes;
  }

  async function skip(length: number): Promise<boolean> {
    for (let left = length; left > 0; ) {
      const { length: taken } = await take(Math.min(left, MAX_BLOCK));
      if (taken === 0) return false;
      left -= taken;
    }
    return true;
  }

  async function close(): Promise<void> {
    await iterator.return?.();
  }

  return { peek, take, skip, close };
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function largeWindow(path: string, windowSize: number): InputError {
  const long = Math.ceil(Math.log2(windowSize));
  const mib = Math.ceil(windowSize / 2 ** 20);
  const command = path === '-' ? `zstd -d --long=${long} -c` : `zstd -d --long=${long} ${path}`;
  return new InputError(
    path,
    'zstd-window',
    `the zstd data needs a window of ${mib} MiB, more than the 128 MiB that are unpacked here; unpack it first: ${command}`,
  );
}

function endsEarly(path: string): InputError {
  return new InputError(path, 'zstd-data', 'the zstd data ends early');
}

function damaged(path: string, cause: string): InputError {
  return new InputError(path, 'zstd-data', `the zstd data is damaged (${cause})`);
}
