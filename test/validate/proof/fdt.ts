/** Single faults of a devicetree blob, made in the root trees of every generation. */

import { decodeHandover } from '../../../src/decode/handover.js';
import type { FdtDiagnosticCode } from '../../../src/fdt/diagnostics.js';
import { fdtRules } from '../../../src/validate/fdt/index.js';
import { DUMP } from '../../rfc/sample.js';
import { ORIGINAL } from '../upstream-damage.js';
import { secondGeneration } from '../variants.js';
import { type Blob, blobOf } from './blob-edit.js';
import type { Fault } from './fault.js';

const NODE = 1;
const END_NODE = 2;
const PROPERTY = 3;
const NOP = 4;

/** Header words. */
const AT = {
  totalsize: 4,
  struct: 8,
  strings: 12,
  reserve: 16,
  version: 20,
  compatible: 24,
  stringsSize: 32,
  structSize: 36,
};

/** What is done to a valid blob for each diagnostic. */
const EDITS: Readonly<Record<FdtDiagnosticCode, readonly [what: string, edit: (blob: Blob) => Uint8Array]>> =
  {
    'file-too-short': ['39 bytes of it', ({ bytes }) => bytes.subarray(0, 39)],
    'bad-magic': ['one bit of the magic', (blob) => blob.word(0, 0xd00dfeee)],
    'unsupported-version': [
      'version 18',
      (blob) => blobOf(blob.word(AT.version, 18)).word(AT.compatible, 18),
    ],
    'other-version': ['version 18, compatible with 16', (blob) => blob.word(AT.version, 18)],
    'totalsize-too-small': ['totalsize 39', (blob) => blob.word(AT.totalsize, 39)],
    'truncated-file': ['the last 4 bytes cut off', ({ bytes }) => bytes.subarray(0, -4)],
    'trailing-bytes': ['4 bytes after it', ({ bytes }) => Uint8Array.from([...bytes, 0, 0, 0, 0])],
    'block-in-header': ['the reserve map at 0x20', (blob) => blob.word(AT.reserve, 0x20)],
    'block-out-of-bounds': ['a strings block of 64 KiB', (blob) => blob.word(AT.stringsSize, 0x10000)],
    'block-unaligned': ['the reserve map 4 bytes later', (blob) => blob.shiftedReserve()],
    'blocks-overlap': ['the strings block 4 bytes earlier', (blob) => blob.overlapping()],
    'unterminated-reserve-map': [
      'a size in the last entry of the reserve map',
      (blob) => blob.word(blob.reserve + 12, 1),
    ],
    'reserve-map-too-long': ['65537 entries in the reserve map', (blob) => blob.longReserve(65537)],
    'reserve-map-terminator': [
      'an address in the last entry of the reserve map',
      (blob) => blob.word(blob.reserve + 4, 1),
    ],
    'unknown-token': ['a token 5 in the root', (blob) => blob.insert(blob.end - 4, [5])],
    'unterminated-node-name': [
      'a name up to the end of the structure block',
      (blob) =>
        blobOf(blob.insert(blob.end - 4, [NODE, 0x61616161])).word(AT.structSize, blob.end + 4 - blob.struct),
    ],
    'property-overflow': ['a length of 64 KiB', (blob) => blob.word(blob.lastProperty + 4, 0x10000)],
    'property-name-out-of-range': [
      'a name after the strings block',
      (blob) => blob.word(blob.lastProperty + 8, 0xffff),
    ],
    'property-name-unterminated': [
      'a strings block without its last byte',
      (blob) => blob.word(AT.stringsSize, blob.stringsSize - 1),
    ],
    'property-name-too-long': ['a name of 1025 bytes', (blob) => blob.withProperty('n'.repeat(1025))],
    'property-outside-node': [
      'a property before the root',
      (blob) => blob.insert(blob.struct, [PROPERTY, 0, 0]),
    ],
    'property-after-subnode': [
      'a property after the children',
      (blob) => blob.insert(blob.end - 4, [PROPERTY, 0, 0]),
    ],
    'end-node-without-begin': [
      'an FDT_END_NODE before the root',
      (blob) => blob.insert(blob.struct, [END_NODE]),
    ],
    'unclosed-node': ['a NOP for the last FDT_END_NODE', (blob) => blob.word(blob.end - 4, NOP)],
    'missing-end': ['a NOP for FDT_END', (blob) => blob.word(blob.end, NOP)],
    'end-outside-struct': ['size_dt_struct 4 less', (blob) => blob.word(AT.structSize, blob.structSize - 4)],
    'bytes-after-end': ['4 bytes after FDT_END', (blob) => blob.insert(blob.end + 4, [NOP])],
    'no-root': ['NOPs for every token but FDT_END', (blob) => blob.emptied()],
    'root-name': ['a root named "a"', (blob) => blob.word(blob.struct + 4, 0x61000000)],
    'several-roots': ['a second root', (blob) => blob.insert(blob.end, [NODE, 0, END_NODE])],
    'duplicate-node': [
      'two nodes "a" in one child',
      (blob) => blob.insert(blob.end - 8, [NODE, 0x61000000, END_NODE, NODE, 0x61000000, END_NODE]),
    ],
    'duplicate-property': ['the first property twice', (blob) => blob.firstPropertyTwice()],
  };

const RULES = new Map(fdtRules.map(({ id }, i) => [Object.keys(EDITS)[i], id]));

const BLOBS = [
  ['built by test/rfc', 'rfc-2024', DUMP.blob],
  ...[...ORIGINAL, { name: 'linux-7.1-live-update as kho-v2', ...secondGeneration() }].map(
    ({ name, handover }) => [name, handover.generation, handover.tree?.bytes] as const,
  ),
] as const;

export const fdtFaults: readonly Fault[] = BLOBS.flatMap(([base, generation, bytes]) =>
  (Object.keys(EDITS) as FdtDiagnosticCode[]).flatMap((code): Fault[] => {
    const rule = RULES.get(code);
    if (generation === undefined || bytes === undefined || rule === undefined) return [];
    const [what, edit] = EDITS[code];
    return [
      {
        rule,
        what,
        base,
        generation,
        broken: () => ({
          handover: { ...decodeHandover(edit(blobOf(bytes)), { assume: generation }), generation },
        }),
      },
    ];
  }),
);
