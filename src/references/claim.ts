/** What is told of memory that somebody has. */
import type { Location } from '../abi/model.js';
import type { Subject } from '../abi/subject.js';
import type { VmallocArea } from '../abi/upstream/model.js';
import type { RecordType } from '../schema/record.js';
import type { CountedFolios } from '../structures/folios.js';
import type { ListPage } from '../structures/model.js';
import type { ChainField } from '../structures/structure.js';
import type { EntryFormat } from '../vtd/walk/format.js';
import type { Place } from './place.js';

/** One that has memory. */
export interface Owner {
  readonly place: Place;
  /** In words: `the memfd of token 0x1, session "vm"`. */
  readonly name: string;
  /** The same in findings. */
  readonly subject: Subject;
  /** Key of the subject in the registry that it is a structure of. */
  readonly structure?: string;
  /** What it has hangs on a record that another of its records leads to. */
  readonly inner?: true;
}

/** Physical bytes, half-open. */
export interface Run {
  readonly start: number | bigint;
  readonly end: number | bigint;
  /** Where they are in the owner's file, in bytes. */
  readonly position?: number;
}

/** Where a domain's tables begin. */
export interface TableTree {
  /** Physical address of the top table. */
  readonly root: bigint;
  readonly levels: number;
  readonly format: EntryFormat;
  readonly stage: 'first' | 'second';
  /** Whose they are, e.g. `domain 2`. */
  readonly owner: string;
  /** Address of the record that names them. */
  readonly element?: bigint;
}

/** Page tables by what they are the tables of; without the tree where the dump does not tell it. */
export interface PlacedTree {
  readonly place: Place;
  readonly tree?: TableTree;
}

/** Pages of a list. */
export interface LinkedPages {
  readonly field: ChainField;
  /** What they hold, in words: `files of session "vm"`. */
  readonly list: string;
  /** Physical address of the first, as stored. */
  readonly head: bigint;
  /** As far as they were found. */
  readonly pages: readonly ListPage[];
}

/**
 * How what must be preserved is: as a block that starts there, which is restored as a folio; as a block of one page; or
 * so that all of its bytes are in blocks.
 */
export type Preserved = 'block' | 'page' | 'bytes';

/** Records, end to end, whose first field names a piece of contents each. */
export interface Entries {
  readonly record: RecordType<unknown>;
  /** Physical address of the first, or the area that begins with it. */
  readonly at: bigint | VmallocArea;
  /** Bytes that each names, by their position; each names a run where it is left out. */
  readonly unit?: number;
  /** In words. */
  readonly what: (i: number) => string;
}

/** Memory that one owner has for one purpose. */
export interface Claim extends Owner {
  /**
   * - `bookkeeping`: a tree, a blob, the map: what the handover itself is written down in;
   * - `record`: a record, and what follows it;
   * - `area`: an allocation that records are in, end to end;
   * - `pages`: linked pages that records are in;
   * - `list`: a vmalloc area: its list pages, then its runs;
   * - `contents`: what outlives the kexec, bytes that no record describes;
   * - `region`: memory that contents are allocated from;
   * - `tables`: page tables of hardware, and what these map.
   */
  readonly at: 'bookkeeping' | 'record' | 'area' | 'pages' | 'list' | 'contents' | 'region' | 'tables';
  /** What the memory is to its owner, in words: `contents`, `the session area`. */
  readonly what: string;
  /** The memory, drawn anew each time; none where `folios` or `trees` tell it. */
  runs(): Iterable<Run>;
  /** It must be preserved, and how. */
  readonly preserved?: Preserved;
  /** It stays where it is, as nobody copies it. */
  readonly fixed?: true;
  /** Bookkeeping that outlives the kexec. */
  readonly lasting?: true;
  /** What is there was not read. */
  readonly unread?: true;
  /** The chain of pages is damaged. */
  readonly damaged?: true;
  /** What of the owner names its contents. */
  readonly entries?: Entries;
  /** Contents as a list of folios. */
  readonly folios?: CountedFolios;
  /** Of a list. */
  readonly area?: VmallocArea;
  /** Where its descriptor is. */
  readonly descriptor?: Location;
  readonly linked?: LinkedPages;
  /** The field that refers to it. */
  readonly by?: Location;
  /** Of tables. */
  readonly trees?: () => Iterable<PlacedTree>;
}

/** No memory. */
export const noRuns = (): readonly Run[] => [];
