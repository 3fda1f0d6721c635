/** Lists of folios that are in preserved vmalloc areas, as the model has them. */
import type { KhoVmalloc } from '../records/vmalloc.js';

/** An entry: whatever the file is, its list is one of struct memfd_luo_folio_ser. */
export {
  MEMFD_LUO_FOLIO_SER as FOLIO_SER,
  MEMFD_LUO_FOLIO_SER_BITS as FOLIO_SER_BITS,
  MEMFD_LUO_FOLIO_SER_SIZE as FOLIO_SER_SIZE,
  MemfdLuoFolioSerFlags as FolioSerFlags,
  memfdLuoFolioSer as folioSer,
  writeMemfdLuoFolioSer as writeFolioSer,
} from '../records/memfd.js';

/** A preserved vmalloc area (struct kho_vmalloc) and what its chain of list pages says. */
export interface VmallocArea {
  readonly descriptor: KhoVmalloc;
  /** Physical addresses of the list pages, in chain order. */
  readonly chunks: Float64Array;
  /** Physical addresses of the runs of 2^order pages, in virtual order. */
  readonly runs: Float64Array;
  /** Bytes of a run. */
  readonly runSize: number;
  /** False when the chain is absent, damaged or holds another number of pages than the descriptor says. */
  readonly complete: boolean;
}

/** Folios of a file that continue each other: pfn and index rise by `step` from one to the next. */
export interface FolioRun {
  readonly pfn: bigint;
  readonly flags: number;
  readonly index: bigint;
  readonly count: number;
  readonly step: number;
}

/** Runs of folios in columns, each as {@link FolioRun} has it. The arrays are used again for the next batch. */
export interface FolioColumns {
  readonly length: number;
  readonly pfn: Float64Array;
  readonly flags: Uint16Array;
  /** Exact below 2^53. */
  readonly index: Float64Array;
  /** The same exactly, in two words, the low one first. */
  readonly indexWords: Uint32Array;
  readonly count: Float64Array;
  readonly step: Float64Array;
}

/** The list of folios of a file, read from memory when asked for. */
export interface FolioView {
  /** Entries of the list that its area has room for; at most nr_folios. */
  readonly length: number;
  /** Reads the entries in order; stops at the first that is absent. `index` is exact below 2^53. */
  each(visit: (pfn: number, flags: number, index: number, position: number) => void): void;
  /** The entries, runs joined; stops at the first that is absent. */
  runs(): Iterable<FolioRun>;
  /**
   * The same, many at a time.
   *
   * @param skip told the lowest and the highest page frame of entries that follow each other; leaves them out if true
   */
  columns(skip?: (low: number, high: number) => boolean): Iterable<FolioColumns>;
}

/** What a record has that names an area of folios. */
export interface FolioList {
  readonly area: VmallocArea;
  readonly folios: FolioView;
}

/** A record that says how many folios its list has. */
export interface CountedFolios extends FolioList {
  /** As stored. */
  readonly nrFolios: bigint;
  /** Order of each, where the record says it; else that of its preserved block. */
  readonly order?: number;
}
