import {
  DISK_DUMP_HEADER_SIZE,
  type DiskDumpHeader,
  KDUMP_SUB_HEADER_SIZE,
  KdumpStatus,
  type KdumpSubHeader,
  PAGE_DESC_SIZE,
  readDiskDumpHeader,
  readKdumpSubHeader,
} from '../../records/kdump.js';
import type { DiagnosticSink } from '../diagnostics.js';
import type { Machine } from '../elf/header.js';
import { PHYSICAL_LIMIT } from '../physical.js';
import type { RandomAccess } from '../random-access.js';

/** Where the parts of a kdump-compressed core are. Offsets and sizes in bytes of the (seekable) file. */
export interface KdumpLayout {
  /** Undefined where the header does not say (QEMU writes "Unknown" for every guest). */
  readonly machine?: Machine;
  /** Offset and size of the ELF notes of the CPUs; size 0 without any. */
  readonly notes: { readonly offset: number; readonly size: number };
  /** utsname.release; empty where the writer did not know it (QEMU). */
  readonly release: string;
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Offset of the bitmap of the pages that are in the file. */
  readonly bitmap: number;
  /** First page frame number that the file is about: not 0 in part of a split dump. */
  readonly firstPfn: number;
  /** Page frame number after the last one; its bit and all below are inside the file. */
  readonly endPfn: number;
  /** Offset of the first page descriptor. */
  readonly descriptors: number;
  /** Offset and size of the VMCOREINFO text; size 0 without one. */
  readonly vmcoreinfo: { readonly offset: number; readonly size: number };
}

const SIGNATURE = new TextEncoder().encode('KDUMP   ');
const MACHINES: ReadonlyMap<string, Machine> = new Map([
  ['x86_64', 'x86-64'],
  ['aarch64', 'arm64'],
]);
/** What writers say that do not know: QEMU's dump/dump.c since 2.12 (create_header64), and nothing at all. */
const UNNAMED: ReadonlySet<string> = new Set(['Unknown', '']);
const NOWHERE = { offset: 0, size: 0 } as const;
/** DISKDUMP_HEADER_BLOCKS: the header has one block to itself. */
const HEADER_BLOCKS = 1;
const MIN_PAGE = 4096;
const MAX_PAGE = 65536;
/** header_version from which the sub header has the field. */
const SINCE = { split: 2, vmcoreinfo: 3, notes: 4, wideFrames: 6 } as const;

/**
 * Whether a file that begins with these bytes says that it is a kdump-compressed core.
 *
 * @param head its first bytes, eight or more
 */
export function isKdump(head: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => head[i] === byte);
}

/**
 * Reads and checks both headers.
 *
 * @returns undefined, with a diagnostic that says why, when the file cannot be used as a core
 */
export function readKdumpLayout(file: RandomAccess, diagnostics: DiagnosticSink): KdumpLayout | undefined {
  const bytes = new Uint8Array(DISK_DUMP_HEADER_SIZE);
  const length = file.readAt(0, bytes.length, bytes);
  if (length < bytes.length) {
    diagnostics.add(
      'kdump-header-truncated',
      `the file ends after ${length} bytes, within the kdump header`,
      0,
    );
    return undefined;
  }
  if (!isKdump(bytes)) {
    diagnostics.add('kdump-signature', 'the file does not begin with "KDUMP   "', 0);
    return undefined;
  }
  const header = readDiskDumpHeader(new DataView(bytes.buffer), 0);
  if (!checkHeader(header, diagnostics)) return undefined;
  const machine = MACHINES.get(text(header.utsname.machine));
  const pageSize = header.blockSize;
  const sub = readSubHeader(file, header, diagnostics);
  if (sub === undefined) return undefined;
  const bitmaps = (HEADER_BLOCKS + header.subHdrSize) * pageSize;
  // Two bitmaps of equal size; the first says which pages exist, the second which are here.
  const bitmapSize = Math.floor((header.bitmapBlocks * pageSize) / 2);
  const bitmap = bitmaps + bitmapSize;
  return {
    ...(machine === undefined ? {} : { machine }),
    release: text(header.utsname.release),
    pageSize,
    bitmap,
    ...frames(file, header, sub, bitmap, bitmapSize, diagnostics),
    descriptors: bitmaps + header.bitmapBlocks * pageSize,
    vmcoreinfo:
      header.headerVersion >= SINCE.vmcoreinfo
        ? { offset: Number(sub.offsetVmcoreinfo), size: Number(sub.sizeVmcoreinfo) }
        : NOWHERE,
    notes:
      header.headerVersion >= SINCE.notes
        ? { offset: Number(sub.offsetNote), size: Number(sub.sizeNote) }
        : NOWHERE,
  };
}

/** Whether the header is one that can be read; a diagnostic says why not. */
function checkHeader(header: DiskDumpHeader, diagnostics: DiagnosticSink): boolean {
  const { blockSize, subHdrSize, status } = header;
  const name = text(header.utsname.machine);
  if (!MACHINES.has(name) && !UNNAMED.has(name)) {
    diagnostics.add(
      'kdump-machine',
      `the core is of machine ${JSON.stringify(name)}; x86_64 and aarch64 are read`,
    );
    return false;
  }
  if (!(blockSize >= MIN_PAGE && blockSize <= MAX_PAGE && Number.isInteger(Math.log2(blockSize)))) {
    diagnostics.add('kdump-block-size', `block_size ${blockSize} is not a page size of 4 KiB to 64 KiB`);
    return false;
  }
  if (subHdrSize < 1) {
    diagnostics.add('kdump-layout', `sub_hdr_size is ${subHdrSize}: there is no sub header`);
    return false;
  }
  if ((status & KdumpStatus.compressedIncomplete) !== 0) {
    diagnostics.add('kdump-incomplete', 'its writer marked the dump as incomplete: pages are missing');
  }
  return true;
}

function readSubHeader(
  file: RandomAccess,
  header: DiskDumpHeader,
  diagnostics: DiagnosticSink,
): KdumpSubHeader | undefined {
  const bytes = new Uint8Array(KDUMP_SUB_HEADER_SIZE);
  const at = HEADER_BLOCKS * header.blockSize;
  if (file.readAt(at, bytes.length, bytes) < bytes.length) {
    diagnostics.add('kdump-header-truncated', 'the file ends before or within the kdump sub header', at);
    return undefined;
  }
  return readKdumpSubHeader(new DataView(bytes.buffer), 0);
}

/** Which page frames the file is about, cut to the bits that are there. */
function frames(
  file: RandomAccess,
  header: DiskDumpHeader,
  sub: KdumpSubHeader,
  bitmap: number,
  bitmapSize: number,
  diagnostics: DiagnosticSink,
): { firstPfn: number; endPfn: number } {
  const wide = header.headerVersion >= SINCE.wideFrames;
  const declared = wide ? Number(sub.maxMapnr64) : header.maxMapnr;
  // Both writers of flattened streams write whole bitmaps: one in a hole, of up to 2^53 bytes, is of no core.
  const stored = Math.max(0, Math.min(bitmapSize, file.size - bitmap, file.stored ?? file.size)) * 8;
  const limit = PHYSICAL_LIMIT / header.blockSize;
  let endPfn = Math.min(declared, stored, limit);
  if (endPfn < declared) {
    diagnostics.add(
      'kdump-bitmap',
      `max_mapnr is ${declared}, but the bitmap holds ${stored} page frames; the rest is absent`,
      bitmap,
    );
  }
  if (header.headerVersion < SINCE.split || sub.split === 0) return { firstPfn: 0, endPfn };
  const firstPfn = Math.min(Number(wide ? sub.startPfn64 : sub.startPfn), endPfn);
  endPfn = Math.max(firstPfn, Math.min(Number(wide ? sub.endPfn64 : sub.endPfn), endPfn));
  diagnostics.add(
    'kdump-split',
    `one of several files of a split dump: page frames ${firstPfn} to ${endPfn} only; makedumpfile --reassemble joins them`,
  );
  return { firstPfn, endPfn };
}

/** Page descriptors that the file has room for. */
export function descriptorRoom(file: RandomAccess, layout: KdumpLayout): number {
  return Math.max(0, Math.floor((file.size - layout.descriptors) / PAGE_DESC_SIZE));
}

function text(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return new TextDecoder().decode(nul < 0 ? bytes : bytes.subarray(0, nul));
}
