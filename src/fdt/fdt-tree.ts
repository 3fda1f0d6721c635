/** The form of a parsed blob. */

import type { FdtHeader, FdtReserveEntry } from '../records/fdt.js';
import type { FdtDiagnostic } from './diagnostics.js';

/**
 * A parsed blob: columns with one entry a token, in blob order, over the bytes given. NOPs and END are tokens too.
 * Offsets and lengths are in bytes.
 */
export interface FdtTree {
  /** The bytes given to `parseFdt`; values and names are read from them. */
  readonly bytes: Uint8Array;
  /** Undefined when there are fewer than 40 bytes. */
  readonly header?: FdtHeader;
  /** At most 65536 entries, without the terminator. */
  readonly reserveMap: readonly FdtReserveEntry[];
  /** Bounds of the strings block, cut to the bytes that are there. */
  readonly stringsStart: number;
  readonly stringsEnd: number;
  /** Bounds of the structure block, cut to the bytes that are there (version 16: up to totalsize). */
  readonly structStart: number;
  readonly structEnd: number;
  /** Number of tokens. */
  readonly count: number;
  /** `FdtToken` values. */
  readonly kind: Uint8Array;
  /** Offset of the tag in `bytes`. */
  readonly at: Uint32Array;
  /** Token index of the BEGIN_NODE around the token (for END_NODE: the one it closes), -1 for none. */
  readonly parent: Int32Array;
  /** BEGIN_NODE: the token after the node's END_NODE (after its last token when it has none). Others: the next token. */
  readonly next: Uint32Array;
  /** Property: length of the value. BEGIN_NODE: length of the name. Others 0. */
  readonly length: Uint32Array;
  /** Property: offset of the name in the strings block, as stored. Others 0. */
  readonly nameOffset: Uint32Array;
  /** Offset after the last token, padding included; at most `structEnd` + 3. */
  readonly tokensEnd: number;
  readonly diagnostics: readonly FdtDiagnostic[];
  /** Whether END was reached inside the structure block. */
  readonly complete: boolean;
}
