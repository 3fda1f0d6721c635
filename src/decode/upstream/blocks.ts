/** Block lists of kho-v4 (kernel/liveupdate/kho_block.c): records of one size in linked pages. */
import type { BlockInfo } from '../../abi/upstream/model.js';
import { physicalAddress } from '../../memory/read.js';
import { KHO_BLOCK_HEADER_SER_SIZE, readKhoBlockHeaderSer } from '../../records/kho_block.js';
import type { RecordType } from '../../schema/record.js';
import { hex } from '../../schema/units.js';
import { dataView } from '../bytes.js';
import { type Context, claim } from './context.js';
import { readKnown } from './pages.js';

/** More blocks the kernel refuses (KHO_MAX_BLOCKS). */
export const MAX_BLOCKS = 10_000;

/** Records of `size` bytes that fit a block. */
export function blockCapacity(pageSize: number, size: number): number {
  return Math.floor((pageSize - KHO_BLOCK_HEADER_SER_SIZE) / size);
}

/** Where a record lies, and what it says. */
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

/**
 * Follows a chain of blocks.
 *
 * @param head physical address of the first block; 0 is an empty list
 * @param what the records, for messages, e.g. `sessions`
 */
export function readBlocks<T>(
  context: Context,
  head: bigint,
  record: RecordType<T>,
  what: string,
): RecordList<T> {
  const { memory, pageSize, reporter } = context;
  const { size, read } = record;
  if (size === undefined || read === undefined) throw new TypeError(`${record.name} has no fixed size`);
  const capacity = blockCapacity(pageSize, size);
  const records: PlacedRecord<T>[] = [];
  const blocks: BlockInfo[] = [];
  let complete = true;
  let absent = false;
  const stop = (code: string, message: string, address: bigint, field: string): void => {
    complete = false;
    reporter.add(code, `blocks of ${what}: ${message}`, { address, field: `kho_block_header_ser.${field}` });
  };
  for (let address = head; address !== 0n; ) {
    const at = physicalAddress(address);
    if (at === undefined) {
      stop('block-pointer', `${hex(address)} is not a physical address`, address, 'next');
      break;
    }
    // The kernel would take what stands there for a block; what it reads then is nothing that anybody wrote.
    if (at % pageSize !== 0) {
      stop('block-pointer', `${hex(address)} is not the start of a page`, address, 'next');
      break;
    }
    if (!claim(context, at)) {
      stop(
        'block-shared',
        `the block at ${hex(address)} already belongs to a list (a loop, or two owners)`,
        address,
        'next',
      );
      break;
    }
    if (blocks.length >= MAX_BLOCKS) {
      stop('block-limit', `more than ${MAX_BLOCKS}, which the kernel refuses`, address, 'next');
      break;
    }
    const page = readKnown(memory, at, pageSize);
    const known = page?.absentAt === undefined ? pageSize : page.absentAt - at;
    if (page === undefined || known < KHO_BLOCK_HEADER_SER_SIZE) {
      complete = false;
      absent = true;
      reporter.absent(`block of ${what}`, address);
      break;
    }
    const view = dataView(page.bytes);
    const { next, count } = readKhoBlockHeaderSer(view, 0);
    blocks.push({ address, next, count });
    if (count === 0n) {
      stop(
        'block-count',
        `the block at ${hex(address)} is empty, which the kernel refuses`,
        address,
        'count',
      );
    }
    if (count > BigInt(capacity)) {
      stop(
        'block-count',
        `the block at ${hex(address)} has a count of ${count}, but a page has room for ${capacity}`,
        address,
        'count',
      );
    }
    // A count that is no count does not make entries of the zeros that follow the last one.
    const used = count > BigInt(capacity) ? lastWritten(page.bytes, size, capacity) : Number(count);
    for (let i = 0; i < used; i++) {
      const offset = KHO_BLOCK_HEADER_SER_SIZE + i * size;
      if (offset + size > known) {
        complete = false;
        absent = true;
        reporter.absent(`rest of a block of ${what}`, at + known);
        break;
      }
      records.push({ value: read(view, offset), address: address + BigInt(offset) });
    }
    address = next;
  }
  return { records, blocks, complete, absent };
}

/** Records of a block up to the last that is not all zero. */
function lastWritten(block: Uint8Array, size: number, capacity: number): number {
  for (let last = capacity; last > 0; last--) {
    const offset = KHO_BLOCK_HEADER_SER_SIZE + (last - 1) * size;
    if (block.subarray(offset, offset + size).some((byte) => byte !== 0)) return last;
  }
  return 0;
}

/**
 * Reads an array of records.
 *
 * @param address physical address of the first one
 * @param count as stored; what exceeds `capacity` is reported and not read
 */
export function readRecords<T>(
  { memory, reporter }: Context,
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
