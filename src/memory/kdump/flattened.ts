import {
  MAKEDUMPFILE_DATA_HEADER,
  MAKEDUMPFILE_DATA_HEADER_SIZE,
  MAKEDUMPFILE_HEADER_SIZE,
} from '../../records/makedumpfile.js';
import type { DiagnosticSink } from '../diagnostics.js';
import type { RandomAccess } from '../random-access.js';
import { addPiece, buildRunTable, createPieces, findRun, type RunTable } from '../run-table.js';

/** Signature of the flattened stream (makedumpfile.h: MAKEDUMPFILE_SIGNATURE), its NUL included. */
const SIGNATURE = new TextEncoder().encode('makedumpfile\0');
/** END_FLAG_FLAT_HEADER: -1, as the halves of a u64 read. */
const END_HALF = 0xffff_ffff;
/** The seekable file that a piece is in ends here: offsets are signed 64-bit numbers, and exact as ours. */
const OFFSET_LIMIT = Number.MAX_SAFE_INTEGER;

/**
 * Whether a file that begins with these bytes is makedumpfile's flattened stream.
 *
 * @param head its first bytes, sixteen or more
 */
export function isFlattened(head: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => head[i] === byte);
}

/**
 * The file that a flattened stream would become with `makedumpfile -R`, without writing it: one pass over
 * the headers of the pieces builds an index of 24 bytes a piece. Where pieces overlap the later one counts;
 * what no piece covers is zero, as in a sparse file.
 *
 * @param file the stream, which begins as {@link isFlattened} asks for
 * @returns what is there, with a diagnostic, when the stream ends early
 */
export function flattenedAccess(file: RandomAccess, diagnostics: DiagnosticSink): RandomAccess {
  const table = readPieces(file, diagnostics);
  const size = table.ends[table.count - 1] ?? 0;
  let stored = 0;
  for (let i = 0; i < table.count; i++) stored += (table.ends[i] ?? 0) - (table.starts[i] ?? 0);
  let last = 0;

  function readAt(offset: number, length: number, into: Uint8Array): number {
    const end = Math.min(offset + length, size);
    if (!(offset >= 0 && offset < end)) return 0;
    if (!((table.starts[last] ?? 0) <= offset && offset < (table.ends[last] ?? 0))) {
      last = findRun(table, offset);
    }
    let at = offset;
    for (let index = last; at < end; index++) {
      const start = Math.min(table.starts[index] ?? end, end);
      if (start > at) {
        into.fill(0, at - offset, start - offset);
        at = start;
        if (at >= end) break;
      }
      const count = Math.min(end, table.ends[index] ?? end) - at;
      const target = at === offset ? into : into.subarray(at - offset);
      const from = (table.offsets[index] ?? 0) + (at - (table.starts[index] ?? 0));
      const copied = file.readAt(from, count, target);
      at += copied;
      if (copied < count) break;
    }
    return at - offset;
  }

  return { size, stored, readAt };
}

/** The index: where in the target file, and where in the stream, each piece is. */
function readPieces(file: RandomAccess, diagnostics: DiagnosticSink): RunTable {
  let starts = new Float64Array(1024);
  let ends = new Float64Array(1024);
  let offsets = new Float64Array(1024);
  let count = 0;
  const header = new Uint8Array(MAKEDUMPFILE_DATA_HEADER_SIZE);
  const view = new DataView(header.buffer);
  for (let at = MAKEDUMPFILE_HEADER_SIZE; ; ) {
    if (file.readAt(at, header.length, header) < header.length) {
      diagnostics.add(
        'flattened-truncated',
        `the flattened stream ends at ${hex(at)} without its end mark`,
        at,
      );
      break;
    }
    if (
      view.getUint32(MAKEDUMPFILE_DATA_HEADER.offset) === END_HALF &&
      view.getUint32(MAKEDUMPFILE_DATA_HEADER.offset + 4) === END_HALF
    ) {
      break;
    }
    const start = u64BigEndian(view, MAKEDUMPFILE_DATA_HEADER.offset);
    const size = u64BigEndian(view, MAKEDUMPFILE_DATA_HEADER.bufSize);
    const data = at + header.length;
    if (size === 0 || start > OFFSET_LIMIT || size > OFFSET_LIMIT - start) {
      diagnostics.add(
        'flattened-piece',
        `a piece of ${hex(size)} bytes for offset ${hex(start)} is impossible; the stream is read up to it`,
        at,
      );
      break;
    }
    const stored = Math.min(size, file.size - data);
    if (count === starts.length) {
      starts = grown(starts);
      ends = grown(ends);
      offsets = grown(offsets);
    }
    starts[count] = start;
    ends[count] = start + stored;
    offsets[count++] = data;
    if (stored < size) {
      diagnostics.add('flattened-truncated', `the flattened stream ends within a piece`, file.size);
      break;
    }
    at = data + size;
  }
  // Of overlapping pieces the run table takes the first: the latest written has to come first.
  const pieces = createPieces(count);
  for (let i = count - 1; i >= 0; i--) addPiece(pieces, starts[i] ?? 0, ends[i] ?? 0, offsets[i] ?? 0);
  return buildRunTable(pieces).table;
}

function grown(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}

function u64BigEndian(view: DataView, offset: number): number {
  return view.getUint32(offset) * 0x1_0000_0000 + view.getUint32(offset + 4);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
