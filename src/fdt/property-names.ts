/** Which offsets into a strings block spell the same property name, and which names a node has had. */

import { MAX_PROPERTY_NAME } from './layout.js';

/**
 * `canonical[offset]` is the first offset met that spells the same name (plus 1; 0 = not met, -1 = unreadable);
 * `seenIn[canonical offset]` the node that had the name last (plus 1). Both have one entry a byte of the strings block.
 * `byHash` has the first offset of each hash: every tail of a string is a name, and together they would take its square.
 */
export interface PropertyNames {
  readonly canonical: Int32Array;
  readonly seenIn: Int32Array;
  readonly byHash: Map<number, number>;
}

/** Names of one hash that are compared. */
const PROBES = 8;

/** @param nameLimit `FdtLayout.nameLimit` */
export function createPropertyNames(nameLimit: number): PropertyNames {
  return { canonical: new Int32Array(nameLimit), seenIn: new Int32Array(nameLimit), byHash: new Map() };
}

/** The end of a name, where its NUL is; -1 where it is longer than what is read. */
export function nameEnd(bytes: Uint8Array, start: number, limit = bytes.length): number {
  const end = Math.min(limit, start + MAX_PROPERTY_NAME + 1);
  const length = bytes.subarray(start, end).indexOf(0);
  return length < 0 ? -1 : start + length;
}

/**
 * Resolves an offset met for the first time, at most {@link MAX_PROPERTY_NAME} bytes of work.
 * @param offset below `FdtLayout.nameLimit`
 * @returns what `canonical[offset]` is set to
 */
export function resolveName(
  { canonical, byHash }: PropertyNames,
  bytes: Uint8Array,
  stringsStart: number,
  offset: number,
): number {
  const start = stringsStart + offset;
  const end = nameEnd(bytes, start);
  if (end < 0) {
    canonical[offset] = -1;
    return -1;
  }
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  canonical[offset] = offset + 1;
  // Names whose hashes are made to meet are never taken for each other; of many a repeated one may not be found.
  for (let probe = 0; probe < PROBES; probe++) {
    const first = byHash.get(hash + probe);
    if (first === undefined) {
      byHash.set(hash + probe, offset);
      break;
    }
    if (!equalNames(bytes, stringsStart + first, start, end - start)) continue;
    canonical[offset] = first + 1;
    break;
  }
  return canonical[offset];
}

function equalNames(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i <= length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}
