/** Lists in linked pages, as the kernel's writers make them (upstream 3.2, 4.5). */
import { chainCapacity, chainHeader } from '../../decode/upstream/chain.js';
import type { RecordType } from '../../schema/record.js';
import type { Chain } from '../../structures/structure.js';
import { jsonObjects, jsonWide, optionalWide } from './json.js';
import type { Place } from './place.js';

/** A page's place, and how many records its header says. */
export interface PlannedPage {
  readonly address: bigint;
  readonly count: bigint;
  /** Where it leads, where that is not the page that follows. */
  readonly next?: bigint;
}

/** `[{ address, count, next? }]` of a document; empty where it has none. */
export function jsonPages(pages: unknown, path: string): PlannedPage[] {
  return jsonObjects(pages, path).map((page, i) => {
    const next = optionalWide(page.next, `${path}[${i}].next`);
    return {
      address: jsonWide(page.address, `${path}[${i}].address`),
      count: jsonWide(page.count, `${path}[${i}].count`),
      ...(next === undefined ? {} : { next }),
    };
  });
}

/**
 * The pages that hold so many records: those that the document has, where these hold as many, else each full before
 * the next, at the document's addresses and then at fresh ones.
 *
 * @param head address of the first page as stored in the owner; undefined when the document does not say it
 */
export function planPages(
  place: Place,
  chain: Chain,
  record: RecordType<unknown>,
  records: number,
  head: bigint | undefined,
  given: readonly PlannedPage[],
): PlannedPage[] {
  const capacity = chainCapacity(chain, place.pageSize, record.size ?? place.pageSize);
  const sum = given.reduce((total, { count }) => total + count, 0n);
  if (given.length > 0 && sum === BigInt(records) && given.every(({ count }) => count <= BigInt(capacity)))
    return [...given];
  // A count that no page has is told as it was found; the records are those that were read after it.
  const wild = given.findIndex(({ count }) => count > BigInt(capacity));
  if (wild >= 0 && holds(given, capacity, records)) return [...given];
  const needed = Math.max(Math.ceil(records / capacity), chain.empty && head === undefined ? 1 : 0);
  return Array.from({ length: needed }, (_, i) => ({
    address: given[i]?.address ?? (i === 0 && head !== undefined && head !== 0n ? head : place.keep(0)),
    count: BigInt(Math.min(capacity, records - i * capacity)),
  }));
}

function holds(pages: readonly PlannedPage[], capacity: number, records: number): boolean {
  let most = 0;
  let least = 0;
  for (const { count } of pages) {
    const exact = count <= BigInt(capacity);
    most += exact ? Number(count) : capacity;
    least += exact ? Number(count) : 0;
  }
  return least <= records && records <= most;
}

/**
 * Writes records into pages, each as many as its header says.
 *
 * @returns the first page's address; 0 for none
 */
export function writeChain<T>(
  place: Place,
  chain: Chain,
  record: RecordType<T>,
  values: readonly T[],
  pages: readonly PlannedPage[],
  path: string,
): bigint {
  const { size, write } = record;
  if (size === undefined || write === undefined) throw new TypeError(`${record.name} has no fixed size`);
  const header = chainHeader(chain);
  const capacity = chainCapacity(chain, place.pageSize, size);
  let done = 0;
  for (const [i, { address, count, next }] of pages.entries()) {
    const bytes = new Uint8Array(place.pageSize);
    const view = new DataView(bytes.buffer);
    header.write(view, { next: next ?? pages[i + 1]?.address ?? 0n, count });
    const here = count > BigInt(capacity) ? capacity : Number(count);
    for (const [j, value] of values.slice(done, done + here).entries())
      write(view, header.size + j * size, value);
    done += here;
    place.put(address, bytes, path);
  }
  return pages[0]?.address ?? 0n;
}
