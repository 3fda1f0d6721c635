/** Which offsets into a strings block spell the same property name, and which names a node has had. */

import { MAX_PROPERTY_NAME } from './layout.js';

/**
 * `canonical[offset]` is the first offset met that spells the same name (plus 1; 0 = not met, -1 = unreadable);
 * `seenIn[canonical offset]` the node that had the name last (plus 1). Both have one entry a byte of the strings block.
 */
export interface PropertyNames {
  readonly canonical: Int32Array;
  readonly seenIn: Int32Array;
  readonly byText: Map<string, number>;
}

/** @param nameLimit `FdtLayout.nameLimit` */
export function createPropertyNames(nameLimit: number): PropertyNames {
  return { canonical: new Int32Array(nameLimit), seenIn: new Int32Array(nameLimit), byText: new Map() };
}

/**
 * Resolves an offset met for the first time, at most {@link MAX_PROPERTY_NAME} bytes of work.
 * @param offset below `FdtLayout.nameLimit`
 * @returns what `canonical[offset]` is set to
 */
export function resolveName(
  names: PropertyNames,
  bytes: Uint8Array,
  stringsStart: number,
  offset: number,
): number {
  const start = stringsStart + offset;
  let text = '';
  for (let i = start; bytes[i] !== 0; i++) {
    if (i - start >= MAX_PROPERTY_NAME) {
      names.canonical[offset] = -1;
      return -1;
    }
    text += String.fromCharCode(bytes[i] ?? 0);
  }
  let canonical = names.byText.get(text);
  if (canonical === undefined) {
    canonical = offset + 1;
    names.byText.set(text, canonical);
  }
  names.canonical[offset] = canonical;
  return canonical;
}
