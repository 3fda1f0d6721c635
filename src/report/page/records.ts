/** The records of the page: their fields, and who points where. */

import type { Handover } from '../../abi/model.js';
import { blobParts } from '../../fdt/blob-parts.js';
import { firstIndex } from '../../memory/first-after.js';
import { readBytes } from '../../memory/read.js';
import { blobMemory } from '../../memory/segments.js';
import { addTo } from '../../schema/grouped.js';
import { hex } from '../../schema/units.js';
import type { Believing } from '../../trim/believed-bytes.js';
import { type ByteRanges, within } from '../../trim/byte-ranges.js';
import type { PageRecord, RecordCollector, RecordGroup } from './collect.js';
import { type FieldRow, fieldRows } from './fields.js';

/** Who points to a record. */
export interface Referrer {
  readonly anchor: string;
  /** Not escaped. */
  readonly what: string;
  /** The kernel's name of the field. */
  readonly field: string;
  /** It points to the page that the record is in, not to the record itself. */
  readonly page?: true;
}

/** A record as the page shows it. */
export interface ShownRecord extends PageRecord {
  readonly anchor: string;
  /** Bytes. */
  readonly size: number;
  /** Absent where the bytes are not shown. */
  readonly rows?: readonly FieldRow[];
  /** Why they are not. */
  readonly hidden?: string;
  readonly referrers: readonly Referrer[];
}

/** A list as the page shows it. */
export interface ShownGroup {
  readonly title: string;
  readonly anchor: string;
  readonly total: number;
  readonly records: readonly ShownRecord[];
}

/** All records of the page. */
export interface Records {
  readonly groups: readonly ShownGroup[];
  /** The id of the record that begins at a physical address, else of the one that holds it. */
  anchorAt(address: bigint | number): string | undefined;
  /** In memory, ascending by address. */
  readonly sorted: readonly ShownRecord[];
  /** Bytes of memory that may be shown. */
  readonly believed: ByteRanges | undefined;
}

/** Records of the page; of each list fewer are shown until so many are left. */
const MAX_RECORDS = 1100;
const QUOTAS = [48, 24, 12, 6, 3, 1];
/** Referrers that are listed of one record. */
const MAX_REFERRERS = 6;
/** Smaller numbers are no addresses of records. */
const LEAST_ADDRESS = 0x1000n;

/** What the records are read from. */
export interface RecordsInput {
  readonly handover: Handover;
  /** Has heard all references, as what believes has. */
  readonly collector: RecordCollector;
  readonly believing: Believing | undefined;
}

/** Collects, reads and links the records. */
export function recordsOf({ handover, collector, believing }: RecordsInput): Records {
  const { memory, pageSize, tree } = handover;
  const groups = fewerRecords(collector.finish());
  const believed = believing?.finish();
  const blob = tree === undefined ? undefined : blobMemory(0, tree.bytes);
  const parts = tree === undefined ? [] : blobParts(tree.bytes);
  const taken = new Set<string>();
  const read = (record: PageRecord): Pick<ShownRecord, 'rows' | 'hidden'> => {
    const size = record.record.size ?? 0;
    const { address, inBlob } = record;
    if (size === 0) return { hidden: 'its size depends on data' };
    const from = inBlob ? blob : memory;
    const bytes = from === undefined ? undefined : readBytes(from, address, size);
    if (bytes === undefined) return { hidden: 'the dump does not hold its bytes' };
    const own = inBlob
      ? parts.some(([start, end]) => start <= address && address + size <= end)
      : believed !== undefined && holdsAll(believed, address, address + size);
    if (!own) return { hidden: 'the bytes do not look like this record, and are not shown' };
    return { rows: fieldRows(record.record, bytes, pageSize) };
  };
  const shown = groups.map(({ title, total, records }, i) => ({
    title,
    total,
    anchor: `list-${i}`,
    records: records.map((record) => ({
      ...record,
      size: record.record.size ?? 0,
      anchor: unique(taken, `${record.inBlob ? 'b' : 'r'}-${record.address.toString(16)}`),
      referrers: [] as Referrer[],
      ...read(record),
    })),
  }));
  const sorted = shown
    .flatMap(({ records }) => records)
    .filter(({ inBlob }) => !inBlob)
    .sort((a, b) => a.address - b.address || b.size - a.size);
  link(
    shown.flatMap(({ records }) => records),
    sorted,
    pageSize,
  );
  return {
    groups: shown,
    sorted,
    believed,
    anchorAt: (address) => recordAt(sorted, Number(address))?.anchor,
  };
}

/** Of long lists the first records, and those of findings, until the page can hold what is left. */
function fewerRecords(groups: readonly RecordGroup[]): readonly RecordGroup[] {
  let left = groups;
  for (const quota of QUOTAS) {
    const count = left.reduce((sum, { records }) => sum + records.length, 0);
    if (count <= MAX_RECORDS) return left;
    left = groups.map((group) => ({ ...group, records: group.records.slice(0, quota) }));
  }
  let room = MAX_RECORDS;
  return left.map((group) => {
    const records = group.records.slice(0, Math.max(0, room));
    room -= records.length;
    return { ...group, records };
  });
}

function holdsAll(ranges: ByteRanges, start: number, end: number): boolean {
  let at = start;
  for (const part of within(ranges, start, end)) {
    if (part.start > at) return false;
    at = part.end;
  }
  return at >= end;
}

function unique(taken: Set<string>, wanted: string): string {
  let id = wanted;
  for (let i = 2; taken.has(id); i++) id = `${wanted}-${i}`;
  taken.add(id);
  return id;
}

/** The record that begins at an address, else the smallest that holds it. */
function recordAt(sorted: readonly ShownRecord[], address: number): ShownRecord | undefined {
  const low = firstIndex(sorted.length, (i) => (sorted[i]?.address ?? 0) < address);
  const exact = sorted[low];
  if (exact?.address === address) return exact;
  let best: ShownRecord | undefined;
  for (let i = low - 1; i >= 0 && i > low - 64; i--) {
    const one = sorted[i];
    if (one === undefined || one.address + one.size <= address) continue;
    if (best === undefined || one.size < best.size) best = one;
  }
  return best;
}

interface Linkable extends ShownRecord {
  readonly referrers: Referrer[];
}

/** Tells each record who points to it, or to the page that it is in. */
function link(all: readonly Linkable[], sorted: readonly ShownRecord[], pageSize: number): void {
  const starts = new Map<number, Linkable[]>();
  const pages = new Map<number, Linkable[]>();
  for (const record of sorted as readonly Linkable[]) {
    addTo(starts, record.address, record);
    addTo(pages, record.address - (record.address % pageSize), record);
  }
  for (const from of all) {
    for (const { name, target } of from.rows ?? []) {
      if (target === undefined || target < LEAST_ADDRESS) continue;
      const address = Number(target);
      const exact = starts.get(address);
      for (const to of exact ?? [])
        refer(to, { anchor: from.anchor, what: from.what, field: fieldName(from, name) });
      if (address % pageSize !== 0) continue;
      for (const to of pages.get(address) ?? []) {
        if (exact?.includes(to) === true || to === from) continue;
        refer(to, { anchor: from.anchor, what: from.what, field: fieldName(from, name), page: true });
      }
    }
  }
}

function refer(to: Linkable, referrer: Referrer): void {
  const { referrers } = to;
  if (referrers.length >= MAX_REFERRERS) return;
  if (!referrers.some(({ anchor, field }) => anchor === referrer.anchor && field === referrer.field))
    referrers.push(referrer);
}

function fieldName({ record }: ShownRecord, name: string): string {
  return `${record.kernelName.replace(/^struct /, '')}.${name}`;
}

/** Where a record is, for people: `0x1000`, or `blob offset 0x40`. */
export function recordPlace({ address, inBlob }: PageRecord): string {
  return inBlob ? `blob offset ${hex(address)}` : hex(address);
}
