/** Devicetree blob -> columns of tokens, in linear time and without recursion; bad data becomes diagnostics. */

import { FdtToken } from '../records/fdt.js';
import { escapeText } from '../schema/escape.js';
import { addDiagnostic, createDiagnosticSink, type FdtDiagnosticSink, hex } from './diagnostics.js';
import type { FdtTree } from './fdt-tree.js';
import { type FdtLayout, isOldVersion, readLayout } from './layout.js';
import { createPropertyNames, resolveName } from './property-names.js';
import { duplicateSiblings, type SiblingColumns, siblingKey } from './siblings.js';
import { alignToken, PROP_LEN, PROP_NAMEOFF, PROP_VALUE, TAG_SIZE } from './token-layout.js';
import { nodePath } from './tree.js';
import { addEnd, addNameOffset, quoteName, stopAtProperty } from './walk-diagnostics.js';

export type { FdtTree } from './fdt-tree.js';

/**
 * Parses a devicetree blob (devicetree specification v0.4, chapter 5; versions 16 and 17, newer ones when they declare
 * themselves compatible). Never throws: a damaged or truncated blob gives the tokens up to the damage, and diagnostics.
 *
 * @example
 * ```ts
 * import { parseFdt } from 'kho-toolkit';
 *
 * const { count, diagnostics } = parseFdt(Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed));
 * console.log(count, diagnostics[0]?.code); //=> 0 file-too-short
 * ```
 */
export function parseFdt(bytes: Uint8Array): FdtTree {
  const sink = createDiagnosticSink();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const layout = readLayout(bytes, view, sink);
  const columns = layout.readable ? walk(bytes, view, layout, sink) : NO_TOKENS;
  const tree: FdtTree = {
    bytes,
    ...(layout.header === undefined ? {} : { header: layout.header }),
    reserveMap: layout.reserveMap,
    stringsStart: layout.stringsStart,
    stringsEnd: layout.stringsEnd,
    structStart: layout.structStart,
    structEnd: layout.structEnd,
    ...columns,
    diagnostics: sink.list,
  };
  for (let i = 0; i < sink.list.length; i++) {
    const entry = sink.list[i];
    const token = sink.tokens[i] ?? -1;
    if (entry !== undefined && token >= 0) entry.path = escapeText(nodePath(tree, token));
  }
  return tree;
}

/** Whether a blob is one that libfdt reads and {@link parseFdt} does not, for the age of its version. */
export function isTooOld({ header, diagnostics }: FdtTree): boolean {
  return (
    header !== undefined && isOldVersion(header) && diagnostics.some(({ code }) => code === 'other-version')
  );
}

type Columns = Pick<
  FdtTree,
  'count' | 'kind' | 'at' | 'parent' | 'next' | 'length' | 'nameOffset' | 'tokensEnd' | 'complete'
>;

const NO_TOKENS: Columns = {
  count: 0,
  kind: new Uint8Array(0),
  at: new Uint32Array(0),
  parent: new Int32Array(0),
  next: new Uint32Array(0),
  length: new Uint32Array(0),
  nameOffset: new Uint32Array(0),
  tokensEnd: 0,
  complete: false,
};

function walk(bytes: Uint8Array, view: DataView, layout: FdtLayout, sink: FdtDiagnosticSink): Columns {
  const { structStart, structEnd: limit, stringsStart, nameLimit, longNames } = layout;
  const names = createPropertyNames(nameLimit);
  const { canonical, seenIn } = names;
  // random, so that no blob can be made to collide; it has no influence on what is found
  const seed = Math.floor(Math.random() * 0x7fffffff);
  let subnodes = 0;

  // Trees of small properties have some 14 bytes a token; pages of the columns that stay unused cost nothing.
  // Growth doubles, and a token has at least 4 bytes.
  let capacity = Math.min(
    Math.ceil((limit - structStart) / 12) + 64,
    Math.ceil((limit - structStart) / 4) + 1,
  );
  let kind = new Uint8Array(capacity);
  let at = new Uint32Array(capacity);
  let parent = new Int32Array(capacity);
  let next = new Uint32Array(capacity);
  let length = new Uint32Array(capacity);
  let nameOffset = new Uint32Array(capacity);

  let count = 0;
  let current = -1;
  let roots = 0;
  let afterSubnode = false;
  let complete = false;
  let position = structStart;
  let stopped = false;

  while (limit - position >= TAG_SIZE) {
    if (count === capacity) {
      capacity = capacity * 2 + 64;
      kind = grown(kind, new Uint8Array(capacity));
      at = grown(at, new Uint32Array(capacity));
      parent = grown(parent, new Int32Array(capacity));
      next = grown(next, new Uint32Array(capacity));
      length = grown(length, new Uint32Array(capacity));
      nameOffset = grown(nameOffset, new Uint32Array(capacity));
    }
    const tag = view.getUint32(position);
    if (tag === FdtToken.prop) {
      const room = limit - position - PROP_VALUE;
      const size = room < 0 ? 0 : view.getUint32(position + PROP_LEN);
      if (size > room) {
        stopped = true;
        stopAtProperty(layout, position, size, current, sink);
        break;
      }
      const offset = view.getUint32(position + PROP_NAMEOFF);
      kind[count] = tag;
      at[count] = position;
      parent[count] = current;
      next[count] = count + 1;
      length[count] = size;
      nameOffset[count] = offset;
      if (offset < nameLimit) {
        let id = canonical[offset] ?? 0;
        if (id === 0) id = resolveName(names, bytes, stringsStart, offset);
        if (id > 0) {
          if (seenIn[id - 1] === current + 1 && current >= 0) {
            addDiagnostic(
              sink,
              'duplicate-property',
              position,
              quoteName(bytes, stringsStart + offset),
              current,
            );
          }
          seenIn[id - 1] = current + 1;
        } else if (longNames) {
          addDiagnostic(sink, 'property-name-too-long', position, `name offset ${hex(offset)}`, current);
        }
      } else {
        addNameOffset(layout, position, offset, current, sink);
      }
      if (afterSubnode && current >= 0) {
        addDiagnostic(sink, 'property-after-subnode', position, `at ${hex(position)}`, current);
      }
      if (current < 0) addDiagnostic(sink, 'property-outside-node', position, `at ${hex(position)}`);
      count++;
      position += PROP_VALUE + alignToken(size);
    } else if (tag === FdtToken.beginNode) {
      const start = position + TAG_SIZE;
      let nul = start;
      let hash = seed;
      for (let byte = bytes[nul]; nul < limit && byte !== 0; byte = bytes[++nul]) {
        hash = Math.imul(hash ^ (byte ?? 0), 0x01000193);
        hash ^= hash >>> 15;
      }
      if (nul >= limit) {
        stopped = true;
        if (!layout.structCut) {
          addDiagnostic(sink, 'unterminated-node-name', position, `at ${hex(position)}`, current);
        }
        break;
      }
      const size = nul - start;
      kind[count] = tag;
      at[count] = position;
      parent[count] = current;
      length[count] = size;
      if (current < 0) {
        roots++;
        if (roots === 2) addDiagnostic(sink, 'several-roots', position, `at ${hex(position)}`, count);
        if (size > 0) addDiagnostic(sink, 'root-name', start, quoteName(bytes, start), count);
      } else {
        nameOffset[count] = siblingKey(hash, current); // until takeSiblingKeys
        subnodes++;
      }
      current = count;
      afterSubnode = false;
      count++;
      position += TAG_SIZE + alignToken(size + 1);
    } else if (tag === FdtToken.endNode) {
      kind[count] = tag;
      at[count] = position;
      parent[count] = current;
      next[count] = count + 1;
      if (current < 0) {
        addDiagnostic(sink, 'end-node-without-begin', position, `at ${hex(position)}`);
      } else {
        next[current] = count + 1;
        current = parent[current] ?? -1;
        afterSubnode = true;
      }
      count++;
      position += TAG_SIZE;
    } else if (tag === FdtToken.nop || tag === FdtToken.end) {
      kind[count] = tag;
      at[count] = position;
      parent[count] = current;
      next[count] = count + 1;
      count++;
      position += TAG_SIZE;
      if (tag === FdtToken.end) {
        complete = true;
        break;
      }
    } else {
      stopped = true;
      addDiagnostic(sink, 'unknown-token', position, hex(tag), current);
      break;
    }
  }

  if (!stopped) addEnd(view, layout, { position, current, roots, complete }, sink);
  const closing = complete ? count - 1 : count;
  for (let node = current; node >= 0; node = parent[node] ?? -1) next[node] = closing;
  const { nodes, keys } = takeSiblingKeys(kind, parent, nameOffset, count, subnodes);
  addDuplicateNodes({ bytes, at, length, parent }, nodes, keys, sink);
  return {
    count,
    kind: kind.subarray(0, count),
    at: at.subarray(0, count),
    parent: parent.subarray(0, count),
    next: next.subarray(0, count),
    length: length.subarray(0, count),
    nameOffset: nameOffset.subarray(0, count),
    tokensEnd: position,
    complete,
  };
}

function grown<T extends Uint8Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Moves the keys of subnodes out of the name offset column, where only properties have something to say. */
function takeSiblingKeys(
  kind: Uint8Array,
  parent: Int32Array,
  nameOffset: Uint32Array,
  count: number,
  subnodes: number,
): { nodes: Uint32Array; keys: Uint32Array } {
  const nodes = new Uint32Array(subnodes);
  const keys = new Uint32Array(subnodes);
  let n = 0;
  for (let i = 0; i < count; i++) {
    if (kind[i] !== FdtToken.beginNode || (parent[i] ?? -1) < 0) continue;
    nodes[n] = i;
    keys[n] = nameOffset[i] ?? 0;
    nameOffset[i] = 0;
    n++;
  }
  return { nodes, keys };
}

function addDuplicateNodes(
  columns: SiblingColumns,
  nodes: Uint32Array,
  keys: Uint32Array,
  sink: FdtDiagnosticSink,
): void {
  for (const node of duplicateSiblings(columns, nodes, keys)) {
    const position = columns.at[node] ?? 0;
    const name = quoteName(columns.bytes, position + TAG_SIZE);
    addDiagnostic(sink, 'duplicate-node', position, name, columns.parent[node]);
  }
}
