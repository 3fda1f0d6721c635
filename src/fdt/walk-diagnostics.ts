/** What `parseFdt` and `checkFdt` say alike about a token stream. */

import { FdtHeaderVersion, FdtToken } from '../records/fdt.js';
import { decodeText, escapeText } from '../schema/escape.js';
import { addDiagnostic, type FdtDiagnosticSink, hex } from './diagnostics.js';
import type { FdtLayout } from './layout.js';
import { TAG_SIZE } from './token-layout.js';

/** A name for a message: at most 64 bytes of it, escaped, in quotes. */
export function quoteName(bytes: Uint8Array, start: number): string {
  let end = start;
  while (end < start + 64 && end < bytes.length && bytes[end] !== 0) end++;
  return `"${escapeText(decodeText(bytes.subarray(start, end)))}"${bytes[end] === 0 ? '' : '...'}`;
}

/** A property whose value does not end inside the block; the file's own end is reported elsewhere. */
export function stopAtProperty(
  layout: FdtLayout,
  position: number,
  size: number,
  node: number,
  sink: FdtDiagnosticSink,
): void {
  if (layout.structCut) return;
  const room = layout.structEnd - position;
  addDiagnostic(
    sink,
    'property-overflow',
    position,
    `length ${size}, ${room} bytes left from its tag on`,
    node,
  );
}

/** A property whose name offset is at or above `layout.nameLimit`. */
export function addNameOffset(
  layout: FdtLayout,
  position: number,
  nameOffset: number,
  node: number,
  sink: FdtDiagnosticSink,
): void {
  const detail = `name offset ${hex(nameOffset)}, strings block of ${hex(layout.nameDeclared)} bytes`;
  if (nameOffset >= layout.nameDeclared) {
    addDiagnostic(sink, 'property-name-out-of-range', position, detail, node);
  } else if (!layout.stringsCut) {
    addDiagnostic(sink, 'property-name-unterminated', position, detail, node);
  }
}

/** Where a walk that met no damage came to its end. `current` is the open node, -1 for none. */
export interface WalkEnd {
  readonly position: number;
  readonly current: number;
  readonly roots: number;
  readonly complete: boolean;
}

/** Judges how the token stream ends. */
export function addEnd(view: DataView, layout: FdtLayout, walk: WalkEnd, sink: FdtDiagnosticSink): void {
  const { position, current, roots, complete } = walk;
  if (complete) {
    const end = position - TAG_SIZE;
    if (current >= 0) addDiagnostic(sink, 'unclosed-node', end, `at ${hex(end)}`, current);
    else if (roots === 0) addDiagnostic(sink, 'no-root', layout.structStart, `at ${hex(layout.structStart)}`);
    const version = layout.header?.version ?? 0;
    if (version >= FdtHeaderVersion.current && layout.structEnd > position) {
      addDiagnostic(sink, 'bytes-after-end', position, `${layout.structEnd - position} bytes`);
    }
    return;
  }
  if (layout.structCut) return;
  const follows = position + TAG_SIZE <= view.byteLength ? view.getUint32(position) : 0;
  const code = follows === FdtToken.end ? 'end-outside-struct' : 'missing-end';
  addDiagnostic(sink, code, position, `block ends at ${hex(layout.structEnd)}`, current);
}
