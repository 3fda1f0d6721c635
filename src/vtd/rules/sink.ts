/** Where everything that looks at VT-d tables puts what it finds. */
import type { PhysicalMemory } from '../../memory/physical.js';
import type { PageLog } from './page-log.js';
import type { RamMap } from './ram.js';
import type { Entry, EntryRow, Hit, Scope } from './row.js';
import type { Setting, Tally } from './tally.js';
import { placeName, placeSubject } from './target.js';

export interface Sink {
  readonly memory: PhysicalMemory;
  readonly tally: Tally;
  readonly pages: PageLog;
  /** What there was to judge. */
  readonly seen: Set<Scope>;
  /** Bytes that are not in the dump: the rules of these scopes cannot pass. */
  absent(scopes: readonly Scope[], what: string, address: number): void;
  /** What is below a damaged pointer is not reached: the rules of these scopes cannot pass. */
  blocked(scopes: readonly Scope[], why: string): void;
  readonly ram: RamMap;
}

/** Judges one entry by the rows that need nothing else. */
export function judge<T>(
  { tally }: Sink,
  rows: readonly EntryRow<T>[],
  entry: Entry<T>,
  setting: Setting,
  what: string,
): void {
  for (const row of rows) {
    const hit = row.test(entry);
    if (hit === undefined) continue;
    tally.see(row.id, at(hit, entry, what), { ...setting, subject: placeSubject(entry.place) });
  }
}

/** A hit whose text says which entry it is about. */
export function at<T>(hit: Hit, { place, address }: Entry<T>, what: string): Hit {
  const where = address < 0 ? what : `${what} of ${placeName(place)}`;
  const subject = hit.subject ?? (address < 0 ? {} : placeSubject(place));
  return { ...hit, text: `${where}: ${hit.text}`, subject };
}

/** The known leading bytes of [address, address + length), `length` at most a few pages. */
export function readKnown(memory: PhysicalMemory, address: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  if (!(address + length <= 2 ** 52)) return bytes.subarray(0, 0);
  return bytes.subarray(0, memory.read(address, length, bytes));
}

/** The 64-bit words of an entry. */
export function wordsOf(view: DataView, offset: number, size: number): bigint[] {
  return Array.from({ length: size / 8 }, (_, word) => view.getBigUint64(offset + word * 8, true));
}
