import type { FdtDiagnosticCode } from '../../src/fdt/diagnostics.js';
import { begin, blob, end, endNode, nop, prop, raw, text, word } from './token-builder.js';

/** Offset of the structure block in a blob of the builder with an empty reserve map. */
const S = 64;
const VALID = [begin(''), endNode, end];
const LONG = 'n'.repeat(1025);

export interface BadBlob {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** All diagnostics of parseFdt: code and offset. */
  readonly expected: readonly (readonly [FdtDiagnosticCode, number])[];
}

/** One entry of the reserve map beyond those that are listed. */
function longMap(): (readonly [bigint, bigint])[] {
  return Array.from({ length: 65537 }, (_, i) => [BigInt(i), 1n] as const);
}

/** Blobs with one thing wrong each (and what follows from it), at least one for each code. */
export const BAD_BLOBS: readonly BadBlob[] = [
  { name: 'no bytes', bytes: new Uint8Array(0), expected: [['file-too-short', 0]] },
  { name: '39 bytes', bytes: blob({}).subarray(0, 39), expected: [['file-too-short', 0]] },
  { name: 'another magic', bytes: blob({ header: { magic: 0xd00dfeee } }), expected: [['bad-magic', 0]] },
  {
    name: 'the magic of an unfinished sequential write',
    bytes: blob({ header: { magic: 0x2ff20112 } }),
    expected: [['bad-magic', 0]],
  },
  {
    name: 'compatible with 18 only',
    bytes: blob({ header: { version: 18, lastCompVersion: 18 } }),
    expected: [['unsupported-version', 20]],
  },
  {
    name: 'version below last_comp_version',
    bytes: blob({ header: { version: 16, lastCompVersion: 17 } }),
    expected: [['unsupported-version', 20]],
  },
  {
    name: 'version 1',
    bytes: blob({ header: { version: 1, lastCompVersion: 1 } }),
    expected: [['unsupported-version', 20]],
  },
  {
    name: 'version 18, compatible with 16',
    bytes: blob({ header: { version: 18 } }),
    expected: [['other-version', 20]],
  },
  {
    name: 'totalsize 39',
    bytes: blob({ header: { totalsize: 39 } }),
    expected: [['totalsize-too-small', 4]],
  },
  {
    name: 'cut inside the structure block',
    bytes: blob({ struct: [begin(''), begin('abc'), endNode, endNode, end] }).subarray(0, S + 14),
    expected: [['truncated-file', 4]],
  },
  {
    name: 'cut inside the reserve map',
    bytes: blob({ reserve: [[1n, 1n]] }).subarray(0, 72),
    expected: [['truncated-file', 4]],
  },
  {
    name: 'cut inside a property name',
    bytes: blob({ struct: [begin(''), prop(0, []), endNode, end], strings: [text('abc')] }).slice(0, -2),
    expected: [['truncated-file', 4]],
  },
  {
    name: 'bytes after totalsize',
    bytes: blob({ trailing: Uint8Array.of(1, 2, 3) }),
    expected: [['trailing-bytes', S + 16]],
  },
  {
    name: 'strings inside the header',
    bytes: blob({ header: { offDtStrings: 39 } }),
    expected: [['block-in-header', 12]],
  },
  {
    name: 'strings block beyond totalsize',
    bytes: blob({ header: { sizeDtStrings: 1 } }),
    expected: [['block-out-of-bounds', 12]],
  },
  {
    name: 'structure block far beyond totalsize',
    bytes: blob({ header: { offDtStruct: 0xfffffff0 } }),
    expected: [
      ['block-out-of-bounds', 8],
      ['missing-end', 80],
    ],
  },
  {
    name: 'reserve map at 44',
    bytes: blob({ header: { offMemRsvmap: 44 }, terminator: [0n, 0n] }),
    expected: [['block-unaligned', 16]],
  },
  {
    name: 'strings inside the structure block',
    bytes: blob({ header: { offDtStrings: S + 4, sizeDtStrings: 4 } }),
    expected: [['blocks-overlap', 12]],
  },
  {
    name: 'no terminator',
    bytes: blob({ reserve: [[5n, 6n]], terminator: undefined }),
    expected: [['unterminated-reserve-map', 48]],
  },
  {
    name: '65537 reserve map entries',
    bytes: blob({ reserve: longMap() }),
    expected: [['reserve-map-too-long', 48 + 65536 * 16]],
  },
  {
    name: 'a terminator with an address',
    bytes: blob({ terminator: [7n, 0n] }),
    expected: [['reserve-map-terminator', 48]],
  },
  {
    name: 'token 5',
    bytes: blob({ struct: [begin(''), word(5), endNode, end] }),
    expected: [['unknown-token', S + 8]],
  },
  {
    name: 'a node name up to the end of the block',
    bytes: blob({ struct: [begin(''), word(1), raw(65, 65, 65, 65)] }),
    expected: [['unterminated-node-name', S + 8]],
  },
  {
    name: 'a value one byte beyond the block',
    bytes: blob({ struct: [begin(''), word(3), word(5), word(0), raw(1, 2, 3, 4)], strings: [text('a')] }),
    expected: [['property-overflow', S + 8]],
  },
  {
    name: 'a property of two words at the end of the block',
    bytes: blob({ struct: [begin(''), word(3), word(0)] }),
    expected: [['property-overflow', S + 8]],
  },
  {
    name: 'a name offset after the strings block',
    bytes: blob({ struct: [begin(''), prop(2, []), endNode, end], strings: [text('a')] }),
    expected: [['property-name-out-of-range', S + 8]],
  },
  {
    name: 'a strings block without NUL',
    bytes: blob({ struct: [begin(''), prop(0, []), endNode, end], strings: [raw(97, 98)] }),
    expected: [['property-name-unterminated', S + 8]],
  },
  {
    name: 'a property name of 1025 bytes, another of 1024 inside it',
    bytes: blob({ struct: [begin(''), prop(0, []), prop(1, []), endNode, end], strings: [text(LONG)] }),
    expected: [['property-name-too-long', S + 8]],
  },
  {
    name: 'a property in front of the root',
    bytes: blob({ struct: [prop(0, []), begin(''), endNode, end], strings: [text('a')] }),
    expected: [['property-outside-node', S]],
  },
  {
    name: 'a property after a subnode',
    bytes: blob({
      struct: [begin(''), begin('x'), endNode, prop(0, []), endNode, end],
      strings: [text('a')],
    }),
    expected: [['property-after-subnode', S + 20]],
  },
  {
    name: 'one END_NODE too many',
    bytes: blob({ struct: [begin(''), endNode, endNode, end] }),
    expected: [['end-node-without-begin', S + 12]],
  },
  {
    name: 'END inside a node',
    bytes: blob({ struct: [begin(''), begin('x'), endNode, end] }),
    expected: [['unclosed-node', S + 20]],
  },
  {
    name: 'no END',
    bytes: blob({ struct: [begin(''), endNode] }),
    expected: [['missing-end', S + 12]],
  },
  {
    name: 'END after size_dt_struct',
    bytes: blob({ struct: VALID, header: { sizeDtStruct: 12 } }),
    expected: [['end-outside-struct', S + 12]],
  },
  {
    name: 'tokens after END',
    bytes: blob({ struct: [...VALID, nop, end] }),
    expected: [['bytes-after-end', S + 16]],
  },
  {
    name: 'nothing but END',
    bytes: blob({ struct: [end] }),
    expected: [['no-root', S]],
  },
  {
    name: 'a root called x',
    bytes: blob({ struct: [begin('x'), endNode, end] }),
    expected: [['root-name', S + 4]],
  },
  {
    name: 'two roots',
    bytes: blob({ struct: [begin(''), endNode, begin(''), endNode, end] }),
    expected: [['several-roots', S + 12]],
  },
  {
    name: 'two subnodes called x, in different nodes one each',
    bytes: blob({
      struct: [begin(''), begin('x'), begin('x'), endNode, endNode, begin('x'), endNode, endNode, end],
    }),
    expected: [['duplicate-node', S + 8 + 8 + 8 + 4 + 4]],
  },
  {
    name: 'a property name twice in a node, from two places in the strings block',
    bytes: blob({
      struct: [begin(''), prop(0, []), prop(3, []), begin('x'), prop(0, []), endNode, endNode, end],
      strings: [text('a'), text('ba')],
    }),
    expected: [['duplicate-property', S + 8 + 12]],
  },
];
