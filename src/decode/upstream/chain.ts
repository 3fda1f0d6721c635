/** Lists of records of one size: in linked pages, each with a header, and arrays. */
import type { BlockInfo } from '../../abi/upstream/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { physicalAddress, readBytes } from '../../memory/read.js';
import { looksLike } from '../../schema/plausible.js';
import type { RecordType } from '../../schema/record.js';
import { hex } from '../../schema/units.js';
import { type AreaField, type Chain, listCapacity } from '../../structures/structure.js';
import { dataView } from '../bytes.js';
import { type Context, claim } from './context.js';
import { readKnown } from './pages.js';
import { besideOf, clearHeader, clearUnlike, fitsHeader, restOfPage } from './reused.js';

/** Where a record is, and what it says. */
export interface PlacedRecord<T> {
  readonly value: T;
  readonly address: bigint;
}

/** A list of records as memory holds it. */
export interface RecordList<T> {
  readonly records: PlacedRecord<T>[];
  readonly blocks: BlockInfo[];
  /** False when a part is absent or damaged. */
  readonly complete: boolean;
  /** A part is not in the dump, so that the list may be longer. */
  readonly absent: boolean;
}

/** How the pages of a chain are read: from the record of their header, its pointer to itself and its count. */
interface Header {
  readonly size: number;
  readonly next: { readonly id: string; readonly name: string };
  readonly count: { readonly id: string; readonly name: string };
  read(view: DataView): { readonly next: bigint; readonly count: bigint };
  write(view: DataView, value: { readonly next: bigint; readonly count: bigint }): void;
}

const headers = new WeakMap<Chain, Header>();

/**
 * What a chain's header says.
 *
 * @throws TypeError when the record is not such a header: a mistake in a binding, never in a dump
 */
export function chainHeader(chain: Chain): Header {
  const known = headers.get(chain);
  if (known !== undefined) return known;
  const { size, read, write, fields, name } = chain.header;
  const next = fields.find(({ pointer }) => pointer?.kind === 'chain' && pointer.to.includes(name));
  const count = fields.find(({ unit }) => unit === 'count');
  if (
    size === undefined ||
    read === undefined ||
    write === undefined ||
    next === undefined ||
    count === undefined
  )
    throw new TypeError(`${name} is not the header of a chain`);
  const header: Header = {
    size,
    next: { id: next.id, name: `${name}.${next.kernelName}` },
    count: { id: count.id, name: `${name}.${count.kernelName}` },
    read(view) {
      const value = read(view, 0) as Readonly<Record<string, bigint>>;
      return { next: value[next.id] ?? 0n, count: value[count.id] ?? 0n };
    },
    write: (view, value) => write(view, 0, { [next.id]: value.next, [count.id]: value.count }),
  };
  headers.set(chain, header);
  return header;
}

/** Records of `size` bytes that fit a page of a chain. */
export function chainCapacity(chain: Chain, pageSize: number, size: number): number {
  return Math.floor((pageSize - chainHeader(chain).size) / size);
}

/**
 * Follows a chain of pages.
 *
 * @param head physical address of the first page; 0 is an empty list
 * @param what the records, for messages, e.g. `sessions`
 */
export function readChain<T>(
  context: Context,
  head: bigint,
  chain: Chain,
  record: RecordType<T>,
  what: string,
): RecordList<T> {
  const { memory, pageSize, reporter } = context;
  const { size, read } = record;
  if (size === undefined || read === undefined) throw new TypeError(`${record.name} has no fixed size`);
  const { page: word, limit } = chain;
  const header = chainHeader(chain);
  const capacity = chainCapacity(chain, pageSize, size);
  const records: PlacedRecord<T>[] = [];
  const blocks: BlockInfo[] = [];
  let complete = true;
  let absent = false;
  const stop = (code: string, message: string, address: bigint, field: 'next' | 'count'): void => {
    complete = false;
    reporter.add(`${word}-${code}`, `${word}s of ${what}: ${message}`, {
      address,
      field: header[field].name,
    });
  };
  for (let address = head; address !== 0n; ) {
    const at = physicalAddress(address);
    if (at === undefined) {
      stop('pointer', `${hex(address)} is not a physical address`, address, 'next');
      break;
    }
    // The kernel would take the bytes there for a block; what it reads then was never written as a block.
    if (at % pageSize !== 0) {
      stop('pointer', `${hex(address)} is not the start of a page`, address, 'next');
      break;
    }
    if (!claim(context, at)) {
      stop(
        'shared',
        `the ${word} at ${hex(address)} already belongs to a list (a loop, or two owners)`,
        address,
        'next',
      );
      break;
    }
    if (limit !== undefined && blocks.length >= limit) {
      stop('limit', `more than ${limit}, which the kernel refuses`, address, 'next');
      break;
    }
    const page = readKnown(memory, at, pageSize);
    const known = page?.absentAt === undefined ? pageSize : page.absentAt - at;
    if (page === undefined || known < header.size) {
      complete = false;
      absent = true;
      reporter.absent(`${word} of ${what}`, address);
      break;
    }
    const view = dataView(page.bytes);
    const piece = { bytes: page.bytes, at };
    const claimed = usedOf(page.bytes.subarray(header.size), header.read(view).count, size, capacity);
    const end = header.size + Math.min(claimed, Math.floor((known - header.size) / size)) * size;
    const fits = header.read(view).count <= BigInt(capacity);
    const around = () =>
      besideOf(page.bytes.subarray(end), at + end) || !fitsHeader(chain.header, piece, fits);
    if (clearUnlike(reporter, record, piece, header.size, end, `${word} of ${what}`, around) > 0) {
      complete = false;
      clearHeader(reporter, chain.header, piece, fits, word);
    }
    const { next, count } = header.read(view);
    blocks.push({ address, next, count });
    if (count === 0n && !chain.empty) {
      stop('count', `the ${word} at ${hex(address)} is empty, which the kernel refuses`, address, 'count');
    }
    if (count > BigInt(capacity)) {
      stop(
        'count',
        `the ${word} at ${hex(address)} has a count of ${count}, but a page has room for ${capacity}`,
        address,
        'count',
      );
    }
    const used = usedOf(page.bytes.subarray(header.size), count, size, capacity);
    for (let i = 0; i < used; i++) {
      const offset = header.size + i * size;
      if (offset + size > known) {
        complete = false;
        absent = true;
        reporter.absent(`rest of a ${word} of ${what}`, at + known);
        break;
      }
      records.push({ value: read(view, offset), address: address + BigInt(offset) });
    }
    address = next;
  }
  return { records, blocks, complete, absent };
}

/** Entries in use. A count that is not a count does not make entries of the zeros that follow the last one. */
function usedOf(records: Uint8Array, count: bigint, size: number, capacity: number): number {
  return count > BigInt(capacity) ? lastWritten(records, size, capacity) : Number(count);
}

/** Records up to the last that is not all zero. */
function lastWritten(records: Uint8Array, size: number, capacity: number): number {
  for (let last = capacity; last > 0; last--) {
    if (records.subarray((last - 1) * size, last * size).some((byte) => byte !== 0)) return last;
  }
  return 0;
}

/**
 * Reads an array of records.
 *
 * @param address physical address of the first one
 * @param count as stored; what exceeds `capacity` is reported and not read
 */
function readRecords<T>(
  { memory, pageSize, reporter }: Context,
  address: bigint,
  count: bigint,
  capacity: number,
  record: RecordType<T>,
  what: string,
): { records: PlacedRecord<T>[]; complete: boolean; absent: boolean } {
  const { size, read } = record;
  if (size === undefined || read === undefined) throw new TypeError(`${record.name} has no fixed size`);
  const records: PlacedRecord<T>[] = [];
  let complete = count <= BigInt(capacity);
  let absent = false;
  if (!complete) {
    reporter.add('array-count', `${what}: the count is ${count}, but the pages have room for ${capacity}`, {
      address,
    });
  }
  const used = complete ? Number(count) : capacity;
  const at = physicalAddress(address);
  const bytes = at === undefined || used === 0 ? undefined : readKnown(memory, at, used * size);
  const known = bytes === undefined || at === undefined ? 0 : (bytes.absentAt ?? at + used * size) - at;
  const view = bytes === undefined ? undefined : dataView(bytes.bytes);
  const fits = Math.min(used, Math.floor(known / size));
  if (bytes !== undefined && at !== undefined) {
    const around = restOfPage({ memory, pageSize }, at + fits * size);
    if (clearUnlike(reporter, record, { bytes: bytes.bytes, at }, 0, fits * size, what, around) > 0)
      complete = false;
  }
  for (let i = 0; i < used; i++) {
    if (view === undefined || (i + 1) * size > known) {
      complete = false;
      absent = true;
      reporter.absent(what, address + BigInt(known));
      break;
    }
    records.push({ value: read(view, i * size), address: address + BigInt(i * size) });
  }
  return { records, complete, absent };
}

/** Whether there can be a record; where the dump has nothing, yes. */
function isRecordAt(memory: PhysicalMemory, record: RecordType<unknown>, address: bigint): boolean {
  const bytes = readBytes(memory, address, record.size ?? 0);
  return bytes === undefined || looksLike(record, dataView(bytes), 0);
}

/** An allocation of records, and what its header says. */
export interface RecordArea<T> extends Omit<RecordList<T>, 'blocks'> {
  readonly header?: Readonly<Record<string, bigint>>;
}

/**
 * Reads the records of an allocation: as many as its header says, `counted` where it has none.
 *
 * @param what the records, for messages
 * @returns undefined, and reported, where the dump does not hold the header
 */
export function readArea(
  context: Context,
  address: bigint,
  field: AreaField,
  counted: bigint,
  what: string,
): RecordArea<unknown> | undefined {
  const { memory, pageSize, reporter } = context;
  const { area, list } = field;
  const { size = 0, read, fields } = area.header ?? {};
  const bytes = readBytes(memory, address, size);
  if (bytes === undefined) {
    reporter.absent(area.what, address);
    return undefined;
  }
  if (area.header !== undefined) {
    // Both numbers of a header may be damaged; where the first record is none either, the page is somebody else's.
    const around = () => !isRecordAt(memory, list.element.record, address + BigInt(size));
    clearUnlike(reporter, area.header, { bytes, at: Number(address) }, 0, size, area.what, around);
  }
  const header = read?.(dataView(bytes), 0) as Readonly<Record<string, bigint>> | undefined;
  const count = header?.[fields?.find(({ unit }) => unit === 'count')?.id ?? ''] ?? counted;
  const first = address + BigInt(size);
  const capacity = listCapacity(field, pageSize);
  const records = readRecords(context, first, count, capacity, list.element.record, what);
  return header === undefined ? records : { header, ...records };
}
