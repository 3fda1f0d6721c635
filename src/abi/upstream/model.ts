/**
 * The upstream parts of the model (Linux 6.16 on): the preserved memory map, memblock, kho-test,
 * kexec-metadata and LUO. Sets that grow with the dump are views and columns, never arrays of objects.
 */
import type { KhoserMemBitmapPtr } from '../../records/kho_map.js';
import type { KhoVmalloc } from '../../records/vmalloc.js';
import type { VmallocArea } from '../../structures/folios.js';
import type { LuoVersion } from '../../structures/luo/model.js';
import type { FileStructures, FlbStructures } from '../../structures/typed.js';
import type { AddressRange, Origin } from '../origin.js';
import type { RecordView } from '../record-view.js';

export type { FolioColumns, FolioRun, FolioView, VmallocArea } from '../../structures/folios.js';
export { LUO_VERSIONS, type LuoVersion } from '../../structures/luo/model.js';
export type * from '../../structures/typed.js';

/** Adjacent preserved blocks of one order. */
export interface PreservedBlocks {
  /** Physical address of the first block, in bytes. */
  readonly address: bigint;
  /** A block has pageSize << order bytes. */
  readonly order: number;
  /** How many blocks follow each other, the first included. */
  readonly count: number;
}

/** Runs of adjacent blocks in columns. The arrays are used again for the next batch. */
export interface BlockColumns {
  readonly length: number;
  /** First page frame of the first block. */
  readonly pfn: Float64Array;
  readonly order: Uint8Array;
  /** How many blocks follow each other, the first included. */
  readonly count: Float64Array;
}

/** Runs of page frames [start, end) in columns. The arrays are used again for the next batch. */
export interface FrameColumns {
  readonly length: number;
  readonly start: Float64Array;
  readonly end: Float64Array;
}

/** The blocks of a preserved memory map. Page frame numbers are exact as numbers (52 bits at most). */
export interface PreservedPages {
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Orders that occur, ascending. */
  readonly orders: readonly number[];
  /** Runs of adjacent blocks of one order, by rising address, the smaller order first at equal addresses. */
  blocks(): Iterable<PreservedBlocks>;
  /** The same, many at a time. */
  blockColumns(): Iterable<BlockColumns>;
  /** Covered page frames [start, end), merged over all orders, ascending. */
  runs(): Iterable<{ start: number; end: number }>;
  /** The same, many at a time. */
  runColumns(): Iterable<FrameColumns>;
  /** The same in bytes. */
  ranges(): Iterable<AddressRange>;
  /** Number of blocks. */
  countBlocks(): number;
  /** Pages covered by at least one block. */
  countPages(): number;
  /** Whether some block covers a page frame. */
  contains(pfn: number): boolean;
  /** Whether the map has the block of this order that starts at this page frame. */
  has(pfn: number, order: number): boolean;
  /** Orders of the blocks that start at a page frame, ascending; a healthy map has one at most. */
  ordersAt(pfn: number): readonly number[];
  /** Order of the smallest block that starts at a page frame; -1 where none does. */
  smallestAt(pfn: number): number;
  /** Order of the largest block that starts at a page frame; -1 where none does. */
  largestAt(pfn: number): number;
  /** End of a covered stretch that begins at page frame `first`, `limit` at most; `first` where it is not covered. */
  coveredUntil(first: number, limit: number): number;
  /** The first covered page frame from `first` on; `limit` where there is none before it. */
  nextCovered(first: number, limit: number): number;
  /** Whether all pages of the bytes [start, end) are covered; true for an empty range. */
  covers(start: bigint | number, end: bigint | number): boolean;
  /** The parts, in bytes, of [start, end) whose pages are not covered, ascending. */
  uncovered(start: bigint | number, end: bigint | number): Iterable<AddressRange>;
}

/** One page of bitmap pointers of a kho-v1 map. */
export interface MapChunk {
  readonly address: bigint;
  readonly next: bigint;
  readonly order: number;
  /** As stored; may exceed what a page holds. */
  readonly numElms: number;
  /** The first min(num_elms, capacity) pointers. */
  readonly pointers: RecordView<KhoserMemBitmapPtr>;
}

/** The layout of the preserved memory map in memory. */
export interface PreservedMap {
  readonly form: 'chunks' | 'radix';
  /** Bytes of a bitmap of a kho-v1 map: 512 (6.16, 6.17) or a page (6.18 on). */
  readonly bitmapSize?: number;
  /** Why this bitmap size, for people; `ambiguous` when nothing in the dump tells the two apart. */
  readonly bitmapReason?: string;
  readonly ambiguous?: boolean;
  /** Levels of the radix tree, leaves included. */
  readonly depth?: number;
  /** Physical address of the slot that leads to each of the pages of the radix tree; -1 for its root. */
  readonly slots?: Float64Array;
  /** False when parts are absent, damaged or were not followed. */
  readonly complete: boolean;
  /** Chunks in chain order; kho-v1 only. */
  readonly chunks?: readonly MapChunk[];
  /** Physical addresses of the pages that hold the map itself (chunks and bitmaps, or nodes and leaves), as visited. */
  readonly pages: Float64Array;
}

/** That what hangs here is of an ABI that no release has. */
export interface DraftRecord {
  /** Draft and variant, e.g. `pci version 1`. */
  readonly draft: string;
  /** Where its layout is known from. */
  readonly source: string;
  /** The dump does not hold the record: its draft is known by name only. */
  readonly absent?: true;
  /** Version of the record, where it is none that is known. */
  readonly version?: number | bigint;
}

export interface LuoFile extends FileStructures {
  /** Handler string, as stored (48 bytes). */
  readonly compatible: Uint8Array;
  readonly token: bigint;
  /** The handler's value; the physical address of its record, as a rule. */
  readonly data: bigint;
  draft?: DraftRecord;
  readonly origin: Origin;
}

/** A LUO session: a named set of files that one agent preserves and retrieves. */
export interface LuoSession {
  /** As stored (64 bytes). */
  readonly name: Uint8Array;
  /** file_set_ser.count, as stored. */
  readonly count: bigint;
  /** file_set_ser.files, as stored. */
  readonly filesAddress: bigint;
  /** Absent when its memory is. */
  files?: readonly LuoFile[];
  /** Blocks of files, luo-v5. */
  fileBlocks?: readonly BlockInfo[];
  readonly origin: Origin;
}

export interface LuoFlb extends FlbStructures {
  /** As stored (48 bytes). */
  readonly name: Uint8Array;
  readonly data: bigint;
  readonly count: bigint;
  draft?: DraftRecord;
  readonly origin: Origin;
}

/** A block of a block list (kho_block), for the rules. */
export interface BlockInfo {
  readonly address: bigint;
  readonly count: bigint;
  readonly next: bigint;
}

/** The Live Update Orchestrator's state. */
export interface Luo {
  /** Text of its compatible string. */
  readonly compatible: string;
  readonly version?: LuoVersion;
  liveupdateNumber?: bigint;
  /** Session area (up to luo-v3) or first session block, as stored. */
  sessionsAddress?: bigint;
  /** FLB page, as stored. */
  flbsAddress?: bigint;
  /** luo-v2: physical address of luo_ser. */
  abiHeader?: bigint;
  /** Count in the head of the session area, up to luo-v3. */
  sessionCount?: bigint;
  sessions?: readonly LuoSession[];
  /** Blocks of sessions, luo-v4 on. */
  sessionBlocks?: readonly BlockInfo[];
  /** luo_flb_header_ser.pgcnt and count, as stored. */
  flbPages?: bigint;
  flbCount?: bigint;
  flbs?: readonly LuoFlb[];
  origin?: Origin;
}

/** A region of the `memblock` rider (reserve_mem). */
export interface ReserveMemRegion {
  name?: string;
  nodeName?: string;
  compatible?: string;
  start?: bigint;
  size?: bigint;
  origin?: Origin;
}

/** The child `memblock` of the root: regions of reserve_mem that are kept. */
export interface Memblock {
  readonly compatible: string;
  regions: ReserveMemRegion[];
  origin?: Origin;
}

/** A folio of lib/test_kho.c. */
export interface KhoTestFolio {
  /** Physical address. */
  readonly address: bigint;
  readonly order: number;
}

/** The `kho_test` rider (lib/test_kho.c). */
export interface KhoTest {
  readonly compatible: string;
  magic?: number;
  nrFolios?: number;
  csum?: number;
  /** Internet checksum over the folios as 32-bit words, when all of them are in the dump. */
  csumComputed?: number;
  /** `folios_info` from Linux 6.18 on. */
  foliosInfo?: KhoVmalloc;
  /** `folios_info` of 6.17: the words themselves. */
  foliosInline?: RecordView<{ value: bigint }>;
  area?: VmallocArea;
  /** Absent when the list is. */
  folios?: Iterable<KhoTestFolio> & { readonly length: number };
  origin?: Origin;
}

/** The `kexec-metadata` rider (kernel/liveupdate/kexec_handover.c). */
export interface KexecMetadata {
  readonly version: number;
  /** As stored (65 bytes). */
  readonly previousRelease?: Uint8Array;
  readonly kexecCount?: number;
  origin?: Origin;
}

/** Blocks that a kernel was handed and has not restored (page.private of struct page). */
export interface UnrestoredBlocks {
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Physical byte address of each block, ascending. */
  readonly addresses: Float64Array;
  readonly orders: Uint8Array;
  /** Pages of struct page that are not in the dump, so that there may be more blocks. */
  readonly unread: number;
  /** Addresses of what is used where it is, and never restored: the page of the tree, and its riders' blobs. */
  readonly kept: ReadonlySet<number>;
}

/** That the kernel of the dump has taken the tree over: what it consumes of it is memory like any other. */
export interface TakenOver {
  /** What shows it, for people. */
  readonly why: string;
  /** Riders whose blobs are not themselves any more; where it is left out, all but memblock and kexec-metadata. */
  readonly gone?: readonly string[];
  /** There is no proof that memory was reused: what can still be read without any trouble is in the model. */
  readonly tentative?: true;
}
