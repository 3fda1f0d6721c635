/** The outer form of a blob: header, memory reserve map, and where the structure and strings blocks are. */

import {
  FDT_HEADER,
  FDT_HEADER_SIZE,
  FDT_RESERVE_ENTRY_SIZE,
  type FdtHeader,
  FdtHeaderVersion,
  type FdtReserveEntry,
  readFdtHeader,
  readFdtReserveEntry,
} from '../records/fdt.js';
import { addDiagnostic, type FdtDiagnosticSink, hex } from './diagnostics.js';
import { FDT_MAGIC, TAG_SIZE } from './token-layout.js';

/** The newest version this codec knows; a blob whose last_comp_version is above is not read. */
const FDT_LAST_VERSION = FdtHeaderVersion.current;
/** The oldest version that is read. */
const FDT_FIRST_VERSION = FdtHeaderVersion.withoutStructSize;
/** libfdt's FDT_FIRST_SUPPORTED_VERSION. */
const OLDEST_VERSION = 2;
/** Property names of more bytes are not read, so that names that share a long tail cost linear time. */
export const MAX_PROPERTY_NAME = 1024;
/** Memory reserve map entries that are listed. */
const MAX_RESERVE_ENTRIES = 65536;

/** Where the parts of a blob are. All offsets are byte offsets in `bytes` and inside it. */
export interface FdtLayout {
  /** Undefined when the file has fewer than 40 bytes. */
  readonly header?: FdtHeader;
  /** Whether magic and version let the blocks be read; when false all blocks are empty. */
  readonly readable: boolean;
  readonly reserveMap: FdtReserveEntry[];
  readonly structStart: number;
  readonly structEnd: number;
  /** Whether the file ends inside the structure block. */
  readonly structCut: boolean;
  readonly stringsStart: number;
  readonly stringsEnd: number;
  /** Whether the file ends inside the strings block or before it. */
  readonly stringsCut: boolean;
  /** Name offsets below this have a NUL at or after them inside the strings block. */
  readonly nameLimit: number;
  /** Name offsets below this are inside the strings block that the header declares. */
  readonly nameDeclared: number;
  /** Whether some run between NULs in the strings block is longer than {@link MAX_PROPERTY_NAME}. */
  readonly longNames: boolean;
}

interface Block {
  readonly name: string;
  readonly field: number;
  readonly start: number;
  readonly end: number;
}

const NOTHING = {
  readable: false,
  reserveMap: [],
  structStart: 0,
  structEnd: 0,
  structCut: false,
  stringsStart: 0,
  stringsEnd: 0,
  stringsCut: false,
  nameLimit: 0,
  nameDeclared: 0,
  longNames: false,
} satisfies FdtLayout;

/**
 * Reads header and memory reserve map and finds the two other blocks (devicetree specification v0.4, 5.2 and 5.3).
 * Never throws: what is wrong goes to `sink`, offsets are cut to the bytes that are there.
 */
export function readLayout(bytes: Uint8Array, view: DataView, sink: FdtDiagnosticSink): FdtLayout {
  if (bytes.length < FDT_HEADER_SIZE) {
    addDiagnostic(sink, 'file-too-short', 0, `${bytes.length} bytes`);
    return NOTHING;
  }
  const header = readFdtHeader(view, 0);
  if (header.magic !== FDT_MAGIC) {
    addDiagnostic(sink, 'bad-magic', FDT_HEADER.magic, hex(header.magic));
    return { ...NOTHING, header };
  }
  if (!checkVersion(header, sink)) return { ...NOTHING, header };

  const headerSize = header.version >= FDT_LAST_VERSION ? FDT_HEADER_SIZE : FDT_HEADER.sizeDtStruct;
  const { end, total, truncated } = checkTotalsize(bytes.length, header, headerSize, sink);
  const reserve = readReserveMap(view, header, end, total, truncated, sink);
  const blocks: Block[] = [
    {
      name: 'memory reserve map',
      field: FDT_HEADER.offMemRsvmap,
      start: header.offMemRsvmap,
      end: Math.max(reserve.end, header.offMemRsvmap),
    },
    {
      name: 'structure block',
      field: FDT_HEADER.offDtStruct,
      start: header.offDtStruct,
      // version 16 does not say how long the structure block is: it runs up to its END token
      end: header.offDtStruct + (header.version >= FDT_LAST_VERSION ? header.sizeDtStruct : 0),
    },
    {
      name: 'strings block',
      field: FDT_HEADER.offDtStrings,
      start: header.offDtStrings,
      end: header.offDtStrings + header.sizeDtStrings,
    },
  ];
  checkBlocks(blocks, headerSize, total, sink);

  const structStart = Math.min(header.offDtStruct, end);
  const structDeclared =
    header.version >= FDT_LAST_VERSION ? header.offDtStruct + header.sizeDtStruct : total;
  const structEnd = Math.max(structStart, Math.min(structDeclared, end));
  const stringsStart = Math.min(header.offDtStrings, end);
  const stringsEnd = Math.min(header.offDtStrings + header.sizeDtStrings, end);
  const names = measureNames(bytes, stringsStart, stringsEnd);
  return {
    header,
    readable: true,
    reserveMap: reserve.entries,
    structStart,
    structEnd,
    structCut: truncated && structDeclared > end,
    stringsStart,
    stringsEnd,
    stringsCut: truncated && header.offDtStrings + header.sizeDtStrings > end,
    nameLimit: names.limit,
    nameDeclared: header.sizeDtStrings,
    longNames: names.longest > MAX_PROPERTY_NAME,
  };
}

/** Whether names, values and header are laid out as they were before version 16. */
export function isOldVersion({ version }: FdtHeader): boolean {
  return version < FDT_FIRST_VERSION;
}

function checkVersion(header: FdtHeader, sink: FdtDiagnosticSink): boolean {
  const { version, lastCompVersion } = header;
  const detail = `version ${version}, last_comp_version ${lastCompVersion}`;
  if (version < OLDEST_VERSION || lastCompVersion > FDT_LAST_VERSION || version < lastCompVersion) {
    addDiagnostic(sink, 'unsupported-version', FDT_HEADER.version, detail);
    return false;
  }
  // Up to version 3 a node's name is its whole path, values of 8 bytes and more are aligned to 8, and the header is
  // shorter (libfdt fdt_next_tag, fdt_get_name, fdt_header_size_): read as version 17, values would be wrong ones.
  if (isOldVersion(header)) {
    addDiagnostic(sink, 'other-version', FDT_HEADER.version, `${detail}: it is not read`);
    return false;
  }
  if (version > FDT_LAST_VERSION) {
    addDiagnostic(sink, 'other-version', FDT_HEADER.version, `${detail}: it is read as version 17`);
  }
  return true;
}

/** Compares totalsize with the file: `total` is the size to judge blocks by, `end` that of the bytes to read. */
function checkTotalsize(
  length: number,
  header: FdtHeader,
  headerSize: number,
  sink: FdtDiagnosticSink,
): { end: number; total: number; truncated: boolean } {
  const { totalsize } = header;
  if (totalsize < headerSize) {
    addDiagnostic(sink, 'totalsize-too-small', FDT_HEADER.totalsize, `${totalsize} bytes`);
    const end = Math.min(length, 0xffffffff);
    return { end, total: end, truncated: false };
  }
  if (totalsize > length) {
    addDiagnostic(
      sink,
      'truncated-file',
      FDT_HEADER.totalsize,
      `totalsize ${totalsize}, file ${length} bytes`,
    );
    return { end: length, total: totalsize, truncated: true };
  }
  if (totalsize < length) {
    addDiagnostic(sink, 'trailing-bytes', totalsize, `totalsize ${totalsize}, file ${length} bytes`);
  }
  return { end: totalsize, total: totalsize, truncated: false };
}

/** Reads the entries up to one of size 0, the next block, or the end of the bytes. `end` is after the last one read. */
function readReserveMap(
  view: DataView,
  header: FdtHeader,
  end: number,
  total: number,
  truncated: boolean,
  sink: FdtDiagnosticSink,
): { entries: FdtReserveEntry[]; end: number } {
  const start = header.offMemRsvmap;
  const entries: FdtReserveEntry[] = [];
  let limit = total;
  if (header.offDtStruct > start) limit = Math.min(limit, header.offDtStruct);
  if (header.offDtStrings > start) limit = Math.min(limit, header.offDtStrings);
  let at = start;
  for (; at + FDT_RESERVE_ENTRY_SIZE <= Math.min(limit, end); at += FDT_RESERVE_ENTRY_SIZE) {
    const entry = readFdtReserveEntry(view, at);
    if (entry.size === 0n) {
      if (entry.address !== 0n) {
        addDiagnostic(sink, 'reserve-map-terminator', at, `address 0x${entry.address.toString(16)}`);
      }
      return { entries, end: at + FDT_RESERVE_ENTRY_SIZE };
    }
    if (entries.length === MAX_RESERVE_ENTRIES) {
      addDiagnostic(sink, 'reserve-map-too-long', at, `from ${hex(at)} on`);
      return { entries, end: at };
    }
    entries.push(entry);
  }
  const cutByFile = truncated && limit > end;
  if (!cutByFile) {
    addDiagnostic(sink, 'unterminated-reserve-map', start, `${entries.length} entries up to ${hex(at)}`);
  }
  return { entries, end: at };
}

function checkBlocks(
  blocks: readonly Block[],
  headerSize: number,
  total: number,
  sink: FdtDiagnosticSink,
): void {
  for (const { name, field, start, end } of blocks) {
    if (start < headerSize) {
      addDiagnostic(sink, 'block-in-header', field, `${name} at ${hex(start)}`);
    }
    if (end > total) {
      addDiagnostic(
        sink,
        'block-out-of-bounds',
        field,
        `${name} ${hex(start)}..${hex(end)}, totalsize ${hex(total)}`,
      );
    }
    const alignment = field === FDT_HEADER.offMemRsvmap ? 8 : field === FDT_HEADER.offDtStruct ? TAG_SIZE : 1;
    if (start % alignment !== 0) {
      addDiagnostic(sink, 'block-unaligned', field, `${name} at ${hex(start)}`);
    }
  }
  for (let i = 0; i < blocks.length; i++) {
    for (let j = i + 1; j < blocks.length; j++) {
      const a = blocks[i];
      const b = blocks[j];
      if (a !== undefined && b !== undefined && a.start < b.end && b.start < a.end) {
        addDiagnostic(
          sink,
          'blocks-overlap',
          b.field,
          `${a.name} ${hex(a.start)}..${hex(a.end)}, ${b.name} ${hex(b.start)}..${hex(b.end)}`,
        );
      }
    }
  }
}

/** `limit`: offset after the last NUL of the strings block, relative to its start; `longest`: longest run without NUL. */
function measureNames(bytes: Uint8Array, start: number, end: number): { limit: number; longest: number } {
  const block = bytes.subarray(start, end);
  let limit = 0;
  let longest = 0;
  let runStart = 0;
  for (;;) {
    const nul = block.indexOf(0, runStart);
    if (nul < 0) break;
    if (nul - runStart > longest) longest = nul - runStart;
    runStart = nul + 1;
    limit = runStart;
  }
  return { limit, longest };
}
