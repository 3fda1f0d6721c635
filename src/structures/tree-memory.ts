/** What records of a tree's node lead to in memory. Nothing there says what it is: the node does. */
import { KHO_MEM_ADDR_BITS } from '../records/kho.js';
import type { RecordType } from '../schema/record.js';
import type { Compared } from './compared.js';
import type { Model, RecordBinding } from './structure.js';
import type { NodeKey, TREE_PARTS } from './typed.js';

/** Flag in an address: the region was never given to the page allocator (include/uapi/linux/kexec.h KHO_MEM_NOINIT). */
export const KHO_MEM_NOINIT = BigInt(KHO_MEM_ADDR_BITS.noinit.lo >>> 0);

/** Memory that a record of a property names. */
export interface NamedMemory {
  readonly addr: bigint;
  readonly len: bigint;
}

/** Pages of entries: the n-th of several records names that of the entry whose number is the n-th of a list. */
export interface EntryPage {
  /** One, for people. */
  readonly what: string;
  /** Keys of the records, of the address of a page, and of what it holds: numbers of blocks of the region. */
  readonly from: string;
  readonly key: string;
  readonly list: string;
  /** Of one number. */
  readonly record: RecordType<unknown>;
  /** Key of an entry that counts them. */
  readonly count: string;
  /** Bytes. */
  readonly size: number;
}

/** A structure that is read as a whole. */
interface Part {
  /** For people. */
  readonly what: string;
  /** Key of the record that names it, and its position where there are several. */
  readonly from: string;
  readonly nth?: number;
  /** Bytes that the kernel allocates for it. */
  readonly size: number;
}

/** What is read of it, by its key. */
interface Read {
  readonly record: RecordType<unknown>;
  readonly key: string;
}

/** One record. */
export interface RecordPart extends Part, Read {
  readonly kind: 'record';
  /** Its key in JSON. */
  readonly json: string;
  /** Fields that have virtual addresses of parts, by the positions of these among records of the same property. */
  readonly pointers: Readonly<Record<string, number>>;
}

/** Entries end to end, numbered from 1. */
export interface TablePart extends Part, Read {
  readonly kind: 'table';
  /** Key of an entry's number. */
  readonly number: string;
  /** Entries in use: their key in the model and in JSON, what the name of one is in places, and what it is compared by. */
  readonly used: {
    readonly key: string;
    readonly element: RecordBinding;
    readonly named: NodeKey;
    readonly compared: readonly Compared[];
  };
  /** The others: their key in JSON, where they are not as the kernel makes them. */
  readonly others: { readonly key: string; readonly element: RecordBinding };
  /** Others that stand for those of their kind, beside so many in use. */
  samples(used: number): readonly { readonly number: number; readonly what: string; readonly list: string }[];
  /** Whether the entry at an offset is in use: most of thousands are not, and no object is made of these. */
  isUsed(table: DataView, at: number): boolean;
  readonly page: EntryPage;
}

/** The numbers of the entries that pages are of, 0 after the last; a record of one number. */
export interface NumbersPart extends Part, Read {
  readonly kind: 'numbers';
}

/** A bit for each block of the region that an entry has. */
export interface BitsPart extends Part {
  readonly kind: 'bits';
  /** For people, where it stands by itself. */
  readonly called: string;
}

export type MemoryPart = RecordPart | TablePart | NumbersPart | BitsPart;

/** An entry in use of a document. */
export interface WrittenEntry {
  readonly number: number;
  /** Fields by their ids. */
  readonly value: Model;
}

/** What is in memory where a document does not say it. */
export interface Unsaid {
  /** An entry before its first use. */
  entry(number: number): Model;
  /** One with so many blocks. */
  used(number: number, blocks: number): Model;
  /** The entries that are not in use, of a document that says nothing of them; links those that are. */
  others(entries: readonly WrittenEntry[]): ReadonlyMap<number, Model>;
  /** The record, but for its pointers. */
  record(entries: readonly WrittenEntry[], others: ReadonlyMap<number, Model>): Model;
}

/** The structures of a node. */
export interface TreeMemory {
  /** What of a handover is missing where one is not in the dump. */
  readonly part: (typeof TREE_PARTS)[number];
  /** All that is allocated for them, for people. */
  readonly what: string;
  /** Key of what was read. */
  readonly state: string;
  /** In the order in which they are placed. */
  readonly parts: readonly MemoryPart[];
  /** Key of the record of the memory that blocks are of, what that is for people, and the bytes of a block. */
  readonly region: { readonly from: string; readonly what: string; readonly block: bigint };
  readonly unsaid: Unsaid;
}

/** The memory of a record without its flag. */
export function memoryRange({ addr, len }: NamedMemory): { readonly start: bigint; readonly end: bigint } {
  const start = addr & ~KHO_MEM_NOINIT;
  return { start, end: start + len };
}

/** The memory that contents of entries are blocks of; undefined where the node does not name it. */
export function regionOf({ region }: TreeMemory, node: Model): ReturnType<typeof memoryRange> | undefined {
  const named = node[region.from] as NamedMemory | undefined;
  return named === undefined ? undefined : memoryRange(named);
}

/** The record that names a part. */
export function partRecord({ from, nth }: Pick<Part, 'from' | 'nth'>, node: Model): NamedMemory | undefined {
  if (nth === undefined) return node[from] as NamedMemory | undefined;
  const records = node[from] as { readonly length: number; at(i: number): NamedMemory } | undefined;
  return records !== undefined && nth < records.length ? records.at(nth) : undefined;
}

/** The table of a node, which each has. */
export function tableOf({ parts }: TreeMemory): TablePart {
  const table = parts.find((part): part is TablePart => part.kind === 'table');
  if (table === undefined) throw new TypeError('structures in memory without a table');
  return table;
}

/** Records of the pages of entries, by the entries' numbers; the first where several are of one. */
export function entryPages(
  { from }: EntryPage,
  node: Model,
  numbers: Iterable<number>,
): ReadonlyMap<number, bigint> {
  const pages = new Map<number, bigint>();
  const records = ((node[from] ?? []) as Iterable<NamedMemory>)[Symbol.iterator]();
  for (const number of numbers) {
    const { value, done } = records.next();
    if (done === true) break;
    if (!pages.has(number)) pages.set(number, (value as NamedMemory).addr);
  }
  return pages;
}
