/** What can be wrong with a devicetree blob: one table of codes, and the bounded list that the readers fill. */

/** How far a reader has to look to see a problem: `blob` = header and blocks, `token` = the token stream, `tree` = names of siblings. */
export type FdtScope = 'blob' | 'token' | 'tree';

/** One row of `FDT_DIAGNOSTICS`. */
export interface FdtDiagnosticInfo {
  /** What is wrong, in one sentence without its full stop. */
  readonly sentence: string;
  /** The error that libfdt's `fdt_check_full` gives for it; undefined when libfdt accepts it. */
  readonly libfdt?: 'BADMAGIC' | 'BADVERSION' | 'BADSTRUCTURE' | 'TRUNCATED';
  /** What libfdt and the kernel, which reads through libfdt, do with such a blob. */
  readonly consequence: string;
  readonly scope: FdtScope;
}

const refusedByHeader = 'fdt_check_header refuses the blob; the kernel ignores the tree';
const refusedByWalk = 'fdt_check_full refuses it; fdt_next_node and every look-up stop there';

/** Every diagnostic of the devicetree codec, by its stable code. */
export const FDT_DIAGNOSTICS = {
  'file-too-short': {
    sentence: 'the file is shorter than a devicetree header',
    libfdt: 'TRUNCATED',
    consequence: 'nothing can be read',
    scope: 'blob',
  },
  'bad-magic': {
    sentence: 'the magic number is not that of a devicetree blob',
    libfdt: 'BADMAGIC',
    consequence: refusedByHeader,
    scope: 'blob',
  },
  'unsupported-version': {
    sentence: 'a version 17 reader cannot read this blob',
    libfdt: 'BADVERSION',
    consequence: refusedByHeader,
    scope: 'blob',
  },
  'other-version': {
    sentence: 'the version is neither 16 nor 17',
    consequence: 'libfdt reads every version from 2 on that declares itself compatible with 17 or below',
    scope: 'blob',
  },
  'totalsize-too-small': {
    sentence: 'totalsize is smaller than the header',
    libfdt: 'TRUNCATED',
    consequence: refusedByHeader,
    scope: 'blob',
  },
  'truncated-file': {
    sentence: 'the file ends before totalsize',
    libfdt: 'TRUNCATED',
    consequence:
      'fdt_check_full refuses it; fdt_check_header, which cannot know the size, lets readers run past the end',
    scope: 'blob',
  },
  'trailing-bytes': {
    sentence: 'there are bytes after totalsize',
    consequence: 'ignored by libfdt and the kernel',
    scope: 'blob',
  },
  'block-in-header': {
    sentence: 'a block starts inside the header',
    libfdt: 'TRUNCATED',
    consequence: refusedByHeader,
    scope: 'blob',
  },
  'block-out-of-bounds': {
    sentence: 'a block ends beyond totalsize',
    libfdt: 'TRUNCATED',
    consequence: refusedByHeader,
    scope: 'blob',
  },
  'block-unaligned': {
    sentence: 'a block is not aligned (reserve map 8, structure 4)',
    consequence:
      'from 7.1 on fdt_check_header refuses the blob, and the kernel ignores the tree; before, unaligned loads of every token',
    scope: 'blob',
  },
  'blocks-overlap': {
    sentence: 'two blocks share bytes',
    consequence: 'libfdt does not check; editing the tree in place damages it',
    scope: 'blob',
  },
  'unterminated-reserve-map': {
    sentence: 'the memory reserve map has no entry of size 0 before the next block',
    consequence:
      'libfdt continues into the next block; with no such entry up to totalsize it returns TRUNCATED',
    scope: 'blob',
  },
  'reserve-map-too-long': {
    sentence: 'the memory reserve map has more than 65536 entries; the rest is not listed',
    consequence: 'the kernel reserves each entry; memblock overflows long before',
    scope: 'blob',
  },
  'reserve-map-terminator': {
    sentence: 'the last entry of the memory reserve map has size 0 but an address',
    consequence: 'libfdt and the kernel stop at size 0; the address is lost',
    scope: 'blob',
  },
  'unknown-token': {
    sentence: 'a structure token is none of 1, 2, 3, 4, 9',
    libfdt: 'BADSTRUCTURE',
    consequence: refusedByWalk,
    scope: 'token',
  },
  'unterminated-node-name': {
    sentence: 'a node name is not NUL-terminated within the structure block',
    libfdt: 'BADSTRUCTURE',
    consequence: refusedByWalk,
    scope: 'token',
  },
  'property-overflow': {
    sentence: 'a property ends beyond the structure block',
    libfdt: 'BADSTRUCTURE',
    consequence: refusedByWalk,
    scope: 'token',
  },
  'property-name-out-of-range': {
    sentence: 'the name offset of a property is not inside the strings block',
    libfdt: 'TRUNCATED',
    consequence: 'fdt_check_full refuses it; look-ups by name skip the property',
    scope: 'token',
  },
  'property-name-unterminated': {
    sentence: 'a property name is not NUL-terminated within the strings block',
    libfdt: 'TRUNCATED',
    consequence: 'fdt_check_full refuses it; look-ups by name skip the property',
    scope: 'token',
  },
  'property-name-too-long': {
    sentence: 'a property name is longer than 1024 bytes and is not read',
    consequence: 'libfdt reads it; the devicetree specification limits names to 31 characters',
    scope: 'token',
  },
  'property-outside-node': {
    sentence: 'a property is outside every node',
    consequence: 'invisible to every reader; after the root node fdt_check_full returns BADSTRUCTURE',
    scope: 'token',
  },
  'property-after-subnode': {
    sentence: 'a property follows a subnode of its node',
    consequence:
      'libfdt and the kernel end the list of properties at the first subnode: the property is never seen',
    scope: 'token',
  },
  'end-node-without-begin': {
    sentence: 'an FDT_END_NODE has no open node to close',
    libfdt: 'BADSTRUCTURE',
    consequence: refusedByWalk,
    scope: 'token',
  },
  'unclosed-node': {
    sentence: 'FDT_END is inside a node',
    libfdt: 'BADSTRUCTURE',
    consequence: refusedByWalk,
    scope: 'token',
  },
  'missing-end': {
    sentence: 'the structure block has no FDT_END token',
    libfdt: 'TRUNCATED',
    consequence:
      'fdt_check_full refuses it, which the kernel does not call: its look-ups end with the root node. If the block ends inside the root node, the rest is lost',
    scope: 'token',
  },
  'end-outside-struct': {
    sentence: 'the FDT_END token is beyond size_dt_struct',
    libfdt: 'TRUNCATED',
    consequence:
      'fdt_check_full refuses it, which the kernel does not call: its look-ups end with the root node. If the block ends inside the root node, the rest is lost',
    scope: 'token',
  },
  'bytes-after-end': {
    sentence: 'the structure block continues after its FDT_END token',
    consequence: 'ignored by libfdt and the kernel',
    scope: 'token',
  },
  'no-root': {
    sentence: 'the structure block has no node',
    consequence: 'fdt_check_full accepts it; every look-up fails',
    scope: 'token',
  },
  'root-name': {
    sentence: 'the root node has a name',
    libfdt: 'BADSTRUCTURE',
    consequence:
      'fdt_check_full refuses it, which the kernel does not call: look-ups do not read the name of the root',
    scope: 'token',
  },
  'several-roots': {
    sentence: 'there is a second root node',
    libfdt: 'BADSTRUCTURE',
    consequence: 'look-ups by path end with the first root node: nothing in another is ever found',
    scope: 'token',
  },
  'duplicate-node': {
    sentence: 'two subnodes of a node have the same name',
    consequence: 'look-ups find the first one; the kernel unflattens both',
    scope: 'tree',
  },
  'duplicate-property': {
    sentence: 'two properties of a node have the same name',
    consequence: 'look-ups find the first one',
    scope: 'tree',
  },
} as const satisfies Record<string, FdtDiagnosticInfo>;

/** A stable code of `FDT_DIAGNOSTICS`. */
export type FdtDiagnosticCode = keyof typeof FDT_DIAGNOSTICS;

/** One thing that is wrong with a blob. */
export interface FdtDiagnostic {
  readonly code: FdtDiagnosticCode;
  /** The code's sentence and the values of this case; text from the blob is escaped. */
  readonly message: string;
  /** Byte offset in the blob of the field, token or byte concerned. */
  readonly offset: number;
  /** Path of the node concerned, escaped and cut at 1024 characters; only from `parseFdt`. */
  path?: string;
  /** Number of occurrences this entry stands for: above 1 on the last entry kept of a code that floods. */
  count: number;
}

/** Entries kept of one code; further ones only raise the last entry's `count`. */
export const MAX_DIAGNOSTICS_PER_CODE = 16;

/** Diagnostics while they are collected. `tokens[i]` is the token index `list[i]` speaks of, -1 for none. */
export interface FdtDiagnosticSink {
  readonly list: FdtDiagnostic[];
  readonly tokens: number[];
  readonly last: Map<FdtDiagnosticCode, { entry: FdtDiagnostic; kept: number }>;
}

/** An empty sink. */
export function createDiagnosticSink(): FdtDiagnosticSink {
  return { list: [], tokens: [], last: new Map() };
}

/**
 * Adds a diagnostic, or counts it when {@link MAX_DIAGNOSTICS_PER_CODE} of its code are there.
 * @param offset byte offset in the blob
 * @param detail the values of this case; already escaped
 * @param token token index for the path, -1 when the problem belongs to no token
 */
export function addDiagnostic(
  sink: FdtDiagnosticSink,
  code: FdtDiagnosticCode,
  offset: number,
  detail: string,
  token = -1,
): void {
  const last = sink.last.get(code);
  if (last !== undefined && last.kept >= MAX_DIAGNOSTICS_PER_CODE) {
    last.entry.count++;
    return;
  }
  const entry: FdtDiagnostic = {
    code,
    message: `${FDT_DIAGNOSTICS[code].sentence}: ${detail}`,
    offset,
    count: 1,
  };
  sink.list.push(entry);
  sink.tokens.push(token);
  sink.last.set(code, { entry, kept: (last?.kept ?? 0) + 1 });
}

/** A byte offset as messages print it. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
