import type { PhysicalMemory } from '../../memory/physical.js';
import type { AnomalyLog } from './anomaly.js';
import type { LeafBatch } from './batch.js';
import type { EntryFormat } from './format.js';
import type { VisitedTables } from './visited.js';
import type { TableWindow } from './window.js';

/** A table page that the walk enters; each page is delivered once per level. */
export interface TableVisit {
  /** Physical byte address of the table page. */
  readonly address: number;
  /** 1 = page table (of PTEs) up to the number of levels = the root. */
  readonly level: number;
  /** First IOVA that the table serves (the first time it is reached), as a page frame number. */
  readonly iova: number;
  /** Physical byte address of the entry that points here, -1 for the root. */
  readonly entryAddress: number;
  /** That entry as 32-bit halves; 0 for the root. */
  readonly lo: number;
  readonly hi: number;
  /** Whether no entry is present; false when some are not in the dump. */
  readonly empty: boolean;
}

/** Tables of level 1 to which entries lead that follow one another. What it holds is the walk's: to be taken at once. */
export interface TableStretch {
  count: number;
  /** Physical byte addresses of the tables. */
  readonly addresses: Float64Array;
  /** First IOVA that the first of them serves, as a page frame number; each serves 512 pages. */
  iova: number;
  /** Physical byte address of the entry that points to the first. */
  entryAddress: number;
  /** The words of the entries, from this place on. */
  words: Int32Array;
  at: number;
}

/** One table of a stretch. */
export function visitOf({ addresses, iova, entryAddress, words, at }: TableStretch, nth: number): TableVisit {
  return {
    address: addresses[nth] as number,
    level: 1,
    iova: iova + nth * 512,
    entryAddress: entryAddress + nth * 8,
    lo: words[at + 2 * nth] as number,
    hi: words[at + 2 * nth + 1] as number,
    empty: false,
  };
}

/** What to walk. */
export interface WalkRequest {
  readonly memory: PhysicalMemory;
  /** Physical byte address of the top table, as the pointer to it says: any u64. */
  readonly root: bigint | number;
  /** Levels of the table: 2..5; agaw + 2 for a second stage. */
  readonly levels: number;
  readonly format: EntryFormat;
  /**
   * Usable width of the IOVA in bits, min(MGAW, width of the address width code); entries that serve
   * addresses at or above it are dead. The width that the levels give when absent.
   */
  readonly inputWidth?: number;
  /** How many times table pages that were walked before may be walked again; SHARED_TABLE_BUDGET when absent. */
  readonly sharedTableBudget?: number;
  /** Called for every table page and level when it is entered first. */
  readonly onTable?: (table: TableVisit) => void;
  /** Called in place of `onTable` for tables that can be told of together; without it `onTable` is, for each. */
  readonly onTables?: (tables: TableStretch) => void;
}

/** Walks of shared table pages before the walk stops following them: 16 Ki pages, up to 8 Mi leaves. */
export const SHARED_TABLE_BUDGET = 16384;

/** The state of a walk: an explicit stack with one place per level. */
export interface WalkState {
  readonly memory: PhysicalMemory;
  readonly format: EntryFormat;
  /** See {@link WalkRequest.onTable}. */
  readonly onTable: ((table: TableVisit) => void) | undefined;
  readonly onTables: ((tables: TableStretch) => void) | undefined;
  /** Usable IOVAs end here, as a page frame number. */
  readonly iovaEnd: number;
  readonly top: number;
  /** Byte address of the top table, and the word that points to it. */
  readonly root: number;
  readonly rootLo: number;
  readonly rootHi: number;
  readonly batch: LeafBatch;
  readonly log: AnomalyLog;
  readonly visited: VisitedTables;
  /**
   * By level: the window that holds the current table, made with the first, and where in its words that table starts.
   */
  readonly windows: (TableWindow | undefined)[];
  readonly at: Int32Array;
  /** By level: byte address of the current table, its first IOVA (page frame number), the next entry to look at. */
  readonly address: Float64Array;
  readonly base: Float64Array;
  readonly next: Int32Array;
  /** By level: entries from here on are beyond the usable IOVA width. */
  readonly live: Int32Array;
  /** By level: 1 when the current table was walked before, so that nothing in it is reported twice. */
  readonly again: Uint8Array;
  /** Tables that need not be read: where nobody has noted any, or none could do without being looked at, undefined. */
  readonly rising: ReadonlyMap<number, Int32Array> | undefined;
  /** Those that were taken last, to be told of. */
  readonly stretch: TableStretch;
  /**
   * The last row of the batch may still grow: by a leaf of `openLevel` at the IOVA `openEnd` (page frame
   * number) with these halves. Its length is written when it ends.
   */
  open: boolean;
  openLevel: number;
  openEnd: number;
  expectedLo: number;
  expectedHi: number;
  /** Bits in which some leaf of the batch differs from the one before it, besides the low half's address bits. */
  diffLo: number;
  diffHi: number;
  /** Byte address of the last table of which the dump holds only parts. */
  partial: number;
  /** `pages` when the current batch was begun, without those of a row that it took over. */
  given: number;
  /** Level being walked; above `top` when the walk is over. */
  level: number;
  budget: number;
  leaves: number;
  /** 4 KiB pages that the leaves map. */
  pages: number;
  tables: number;
  sharedWalks: number;
}
