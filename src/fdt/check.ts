/** Checks a blob without building its tree: what libfdt's `fdt_check_full` checks, and more, in one pass over the tokens. */

import { FdtToken } from '../records/fdt.js';
import {
  addDiagnostic,
  createDiagnosticSink,
  type FdtDiagnostic,
  type FdtDiagnosticSink,
  hex,
} from './diagnostics.js';
import { type FdtLayout, readLayout } from './layout.js';
import { nameEnd } from './property-names.js';
import { alignToken, PROP_LEN, PROP_NAMEOFF, PROP_VALUE, TAG_SIZE } from './token-layout.js';
import { addEnd, addNameOffset, quoteName, stopAtProperty } from './walk-diagnostics.js';

/**
 * The diagnostics of scope `blob` and `token` that `parseFdt` gives, in the same order and without paths;
 * duplicate names (scope `tree`) are not looked for. Never throws, allocates nothing that grows with the blob.
 *
 * @example
 * ```ts
 * import { checkFdt } from 'kho-toolkit';
 *
 * for (const { code, offset } of checkFdt(new Uint8Array(8))) console.log(code, offset);
 * //=> file-too-short 0
 * ```
 */
export function checkFdt(bytes: Uint8Array): FdtDiagnostic[] {
  const sink = createDiagnosticSink();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const layout = readLayout(bytes, view, sink);
  if (layout.readable) scan(bytes, view, layout, sink);
  return sink.list;
}

function scan(bytes: Uint8Array, view: DataView, layout: FdtLayout, sink: FdtDiagnosticSink): void {
  const { structEnd: limit, nameLimit, longNames } = layout;
  let position = layout.structStart;
  let depth = 0;
  let roots = 0;
  let afterSubnode = false;
  let complete = false;

  while (limit - position >= TAG_SIZE) {
    const tag = view.getUint32(position);
    if (tag === FdtToken.prop) {
      const room = limit - position - PROP_VALUE;
      const size = room < 0 ? 0 : view.getUint32(position + PROP_LEN);
      if (size > room) {
        stopAtProperty(layout, position, size, -1, sink);
        return;
      }
      const offset = view.getUint32(position + PROP_NAMEOFF);
      if (offset >= nameLimit) addNameOffset(layout, position, offset, -1, sink);
      else if (longNames) checkNameLength(bytes, layout, position, offset, sink);
      if (afterSubnode && depth > 0) {
        addDiagnostic(sink, 'property-after-subnode', position, `at ${hex(position)}`);
      }
      if (depth === 0) addDiagnostic(sink, 'property-outside-node', position, `at ${hex(position)}`);
      position += PROP_VALUE + alignToken(size);
    } else if (tag === FdtToken.beginNode) {
      const start = position + TAG_SIZE;
      let nul = start;
      while (nul < limit && bytes[nul] !== 0) nul++;
      if (nul >= limit) {
        if (!layout.structCut) {
          addDiagnostic(sink, 'unterminated-node-name', position, `at ${hex(position)}`);
        }
        return;
      }
      if (depth === 0) {
        roots++;
        if (roots === 2) addDiagnostic(sink, 'several-roots', position, `at ${hex(position)}`);
        if (nul > start) addDiagnostic(sink, 'root-name', start, quoteName(bytes, start));
      }
      depth++;
      afterSubnode = false;
      position += TAG_SIZE + alignToken(nul - start + 1);
    } else if (tag === FdtToken.endNode) {
      if (depth === 0) {
        addDiagnostic(sink, 'end-node-without-begin', position, `at ${hex(position)}`);
      } else {
        depth--;
        afterSubnode = true;
      }
      position += TAG_SIZE;
    } else if (tag === FdtToken.nop) {
      position += TAG_SIZE;
    } else if (tag === FdtToken.end) {
      position += TAG_SIZE;
      complete = true;
      break;
    } else {
      addDiagnostic(sink, 'unknown-token', position, hex(tag));
      return;
    }
  }
  addEnd(view, layout, { position, current: depth - 1, roots, complete }, sink);
}

function checkNameLength(
  bytes: Uint8Array,
  layout: FdtLayout,
  position: number,
  offset: number,
  sink: FdtDiagnosticSink,
): void {
  if (nameEnd(bytes, layout.stringsStart + offset) < 0) {
    addDiagnostic(sink, 'property-name-too-long', position, `name offset ${hex(offset)}`);
  }
}
