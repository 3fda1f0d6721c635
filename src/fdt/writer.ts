/** The bytes that libfdt's sequential writer makes (libfdt fdt_sw.c), for the same calls. */

import {
  FDT_HEADER_SIZE,
  FDT_RESERVE_ENTRY_SIZE,
  FdtHeaderVersion,
  type FdtReserveEntry,
  FdtToken,
  writeFdtHeader,
  writeFdtReserveEntry,
} from '../records/fdt.js';
import { addString, createStringPool, findString, type StringPool } from './strings.js';
import { alignToken, FDT_MAGIC, PROP_LEN, PROP_NAMEOFF, PROP_VALUE, TAG_SIZE } from './token-layout.js';

/** Writes one blob; the calls come in the order of the blob. */
export interface FdtWriter {
  /** Adds a memory reserve map entry; only before the first node. `size` 0 would end the map and throws. */
  reserve(address: bigint, size: bigint): void;
  /** Opens a node. The first one is the root and has the empty name. */
  beginNode(name: string | Uint8Array): void;
  /** Adds a property to the open node, before its first subnode. The value is copied. */
  property(name: string | Uint8Array, value: Uint8Array): void;
  /** Closes the open node. */
  endNode(): void;
  /** Returns the blob; the writer takes no further calls. */
  finish(): Uint8Array;
}

/** version and last_comp_version as libfdt writes them (fdt_finish). */
const VERSION = FdtHeaderVersion.current;
const LAST_COMP_VERSION = FdtHeaderVersion.withoutStructSize;
/** fdt_create rounds the header up to a whole reserve map entry. */
const RESERVE_MAP_OFFSET = Math.ceil(FDT_HEADER_SIZE / FDT_RESERVE_ENTRY_SIZE) * FDT_RESERVE_ENTRY_SIZE;

/**
 * Makes a writer: header at 0, memory reserve map at 0x30, structure block after it, strings block last and unpadded.
 * Each new property name goes in front of the strings; a name that is the tail of one already there shares its bytes.
 * Misuse (a NUL in a name, a property after a subnode, unbalanced nodes, a second root) throws Error.
 *
 * @example
 * ```ts
 * import { createFdtWriter } from 'kho-toolkit';
 *
 * const writer = createFdtWriter();
 * writer.beginNode('');
 * writer.property('compatible', new TextEncoder().encode('kho-v4\0'));
 * writer.endNode();
 * console.log(writer.finish().length); //=> 111
 * ```
 */
export function createFdtWriter(): FdtWriter {
  const encoder = new TextEncoder();
  const reserveMap: FdtReserveEntry[] = [];
  const pool = createStringPool();
  const offsetByText = new Map<string, { string: number; from: number; strings: number }>();
  let struct = new Uint8Array(1024);
  let view = new DataView(struct.buffer);
  let size = 0;
  let depth = 0;
  let state: 'reserve' | 'properties' | 'subnodes' | 'closed' | 'finished' = 'reserve';

  function grab(length: number): number {
    const start = size;
    size += alignToken(length);
    if (size > struct.length) {
      const larger = new Uint8Array(Math.max(size, struct.length * 2));
      larger.set(struct.subarray(0, start));
      struct = larger;
      view = new DataView(larger.buffer);
    }
    return start;
  }

  function tag(token: number): void {
    const start = grab(TAG_SIZE); // may replace `view`
    view.setUint32(start, token);
  }

  function nameBytes(name: string | Uint8Array): Uint8Array {
    const bytes = typeof name === 'string' ? (asciiBytes(name) ?? encoder.encode(name)) : name;
    if (bytes.includes(0)) throw new Error('a devicetree name cannot contain a NUL');
    return bytes;
  }

  function place(name: string | Uint8Array): { string: number; from: number } {
    // a name found once stays where it is until a string is added
    const known = typeof name === 'string' ? offsetByText.get(name) : undefined;
    if (known?.strings === pool.strings.length) return known;
    const bytes = nameBytes(name);
    const found = findString(pool, bytes, 'last') ?? { string: addString(pool, bytes), from: 0 };
    if (typeof name === 'string') offsetByText.set(name, { ...found, strings: pool.strings.length });
    return found;
  }

  return {
    reserve(address, entrySize) {
      if (state !== 'reserve') throw new Error('reserve() after the first node');
      if (entrySize === 0n) throw new Error('a memory reserve map entry of size 0 would end the map');
      reserveMap.push({ address, size: entrySize });
    },
    beginNode(name) {
      const bytes = nameBytes(name);
      if (state === 'finished' || state === 'closed') throw new Error('beginNode() after the root node');
      if (depth === 0 && bytes.length > 0) throw new Error('the root node has the empty name');
      const start = grab(TAG_SIZE + bytes.length + 1);
      view.setUint32(start, FdtToken.beginNode);
      struct.set(bytes, start + TAG_SIZE);
      depth++;
      state = 'properties';
    },
    property(name, value) {
      if (state !== 'properties') {
        throw new Error(state === 'subnodes' ? 'property() after a subnode' : 'property() outside a node');
      }
      const { string, from } = place(name);
      const start = grab(PROP_VALUE + value.length);
      view.setUint32(start, FdtToken.prop);
      view.setUint32(start + PROP_LEN, value.length);
      // until finish(): the distance from the end of the strings block, which does not move
      view.setUint32(start + PROP_NAMEOFF, (pool.sizes[string] ?? 0) - from);
      struct.set(value, start + PROP_VALUE);
    },
    endNode() {
      if (depth === 0 || state === 'finished') throw new Error('endNode() without beginNode()');
      tag(FdtToken.endNode);
      depth--;
      state = depth === 0 ? 'closed' : 'subnodes';
    },
    finish() {
      if (state !== 'closed')
        throw new Error(depth > 0 ? 'finish() inside a node' : 'finish() without a root node');
      state = 'finished';
      tag(FdtToken.end);
      setNameOffsets(view, size, pool.size);
      return assemble(reserveMap, struct.subarray(0, size), pool);
    },
  };
}

/** The bytes of a short ASCII text, several times faster than TextEncoder; undefined for other texts. */
function asciiBytes(text: string): Uint8Array | undefined {
  if (text.length > 64) return undefined;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return undefined;
    bytes[i] = code;
  }
  return bytes;
}

/** Turns distances from the end of the strings block into offsets, in a structure block of `size` bytes. */
function setNameOffsets(view: DataView, size: number, stringsSize: number): void {
  for (let at = 0; at < size; ) {
    const token = view.getUint32(at);
    if (token === FdtToken.prop) {
      view.setUint32(at + PROP_NAMEOFF, stringsSize - view.getUint32(at + PROP_NAMEOFF));
      at += PROP_VALUE + alignToken(view.getUint32(at + PROP_LEN));
    } else if (token === FdtToken.beginNode) {
      at += TAG_SIZE;
      while (view.getUint8(at) !== 0) at++;
      at = alignToken(at + 1);
    } else {
      at += TAG_SIZE;
    }
  }
}

function assemble(reserveMap: readonly FdtReserveEntry[], struct: Uint8Array, pool: StringPool): Uint8Array {
  const offDtStruct = RESERVE_MAP_OFFSET + (reserveMap.length + 1) * FDT_RESERVE_ENTRY_SIZE;
  const offDtStrings = offDtStruct + struct.length;
  const totalsize = offDtStrings + pool.size;
  if (totalsize > 0x7fffffff)
    throw new Error(`a devicetree blob of ${totalsize} bytes: the limit of libfdt is 2^31 - 1`);
  const blob = new Uint8Array(totalsize);
  const view = new DataView(blob.buffer);
  writeFdtHeader(view, 0, {
    magic: FDT_MAGIC,
    totalsize,
    offDtStruct,
    offDtStrings,
    offMemRsvmap: RESERVE_MAP_OFFSET,
    version: VERSION,
    lastCompVersion: LAST_COMP_VERSION,
    bootCpuidPhys: 0,
    sizeDtStrings: pool.size,
    sizeDtStruct: struct.length,
  });
  for (const [i, entry] of reserveMap.entries()) {
    writeFdtReserveEntry(view, RESERVE_MAP_OFFSET + i * FDT_RESERVE_ENTRY_SIZE, entry);
  }
  blob.set(struct, offDtStruct);
  let end = totalsize;
  for (const string of pool.strings) {
    end -= string.length;
    blob.set(string, end);
  }
  return blob;
}
