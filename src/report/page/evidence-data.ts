/** What the page knows of a dump to answer as `kho what` does: references, bytes of records, and whose memory is. */
import type { Plain } from './plain.js';

/** Kinds of what is told of references, the first number of each. */
export const Told = {
  /** Type, address, text, list, property. */
  record: 0,
  /** Type, count, address, text before and after the number, list, property. */
  array: 1,
  /** Type, count, area, text before and after the number, list, property. */
  areaArray: 2,
  /** Address, bytes, chain, text. */
  page: 3,
  /** Pages as rows, bytes of a page. */
  radix: 4,
  /** Address, bytes, bytes used, text. */
  bitmap: 5,
  /** Address, bytes. */
  bytes: 6,
  /** Address, number of the blob. */
  blob: 7,
  /** Number of the tree of page tables. */
  tables: 8,
} as const;

/** Page tables below one top table; rows are address, level, first IOVA as a frame, address of the entry. */
export interface TablesData {
  readonly root: string;
  readonly stage: 'first' | 'second';
  readonly owner: string;
  readonly large: number;
  readonly rows: string;
}

/** A list of folios; rows are page frame, count, step, index. */
export interface FoliosData {
  /** Name of the session and handler string, in hexadecimal. */
  readonly session: string;
  readonly handler: string;
  readonly token: string;
  readonly order?: number;
  readonly area: number;
  readonly rows: string;
}

/** Contents of one owner; rows are start, end, and the place in its file, -1 where there is none. */
export interface ContentsData {
  readonly place: Plain;
  readonly cpu?: number;
  /** Whose they are, where the place does not say it. */
  readonly name?: string;
  readonly rows: string;
  /** Records that name them: an address or the number of an area, and words before and after the number of one. */
  readonly entries?: {
    readonly record: string;
    readonly field: string;
    readonly size: number;
    readonly at?: number;
    readonly area?: number;
    readonly unit?: number;
    readonly words: readonly [string, string];
  };
}

export interface EvidenceData {
  readonly pageSize: number;
  readonly texts: readonly string[];
  /** Types of records, their fields without words. */
  readonly types: readonly Plain[];
  /** Properties: blob, path, name, rider. */
  readonly properties: readonly (readonly [blob: number, path: string, name: string, rider: string])[];
  /** Areas: bytes of a run, and the runs as rows. */
  readonly areas: readonly (readonly [runSize: number, rows: string])[];
  readonly blobs: readonly (readonly [bytes: string, length: number, rider: string])[];
  readonly tables: readonly TablesData[];
  /** References of the handover, and those that only spaces lead to. */
  readonly references: readonly (readonly number[])[];
  readonly translations: readonly (readonly number[])[];
  /** Type, address, text. */
  readonly inner: readonly (readonly number[])[];
  /** Bytes of records: rows of address and length, and the bytes of all, end to end. */
  readonly places: string;
  readonly bytes: string;
  /** Rows of start, end, and 1 where the bytes are stored. */
  readonly states: string;
  /** Blocks of the preserved map: rows of page frame, order, count; or ranges: rows of start and end. */
  readonly blocks?: string;
  readonly ranges?: string;
  readonly model: Plain;
  readonly contents: readonly ContentsData[];
  readonly folios: readonly FoliosData[];
  /** Top tables, and who uses them. */
  readonly spaces: Plain;
  /** Runs of leaves: number of the space, IOVA, target, frames, level, access. */
  readonly roots: readonly string[];
  readonly mappings: string;
  /** Names of spaces, and how they are translated. */
  readonly names: Plain;
  readonly domainsThere: string;
  readonly unitsThere: string;
  /** What it has only a part of. */
  readonly cut: readonly string[];
}
