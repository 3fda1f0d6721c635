/** What of the references of a handover a trim keeps. */
import { dataView } from '../decode/bytes.js';
import { SMALLEST_PAGE as PAGE } from '../decode/upstream/reused.js';
import { areaAddress } from '../decode/upstream/vmalloc.js';
import { blobParts } from '../fdt/blob-parts.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { khoDataRfc2024, setupData } from '../records/kho.js';
import { khoData } from '../records/kho_root.js';
import type { RecordArray, ReferenceSink, TablePage } from '../references/sink.js';
import { looksLikeBits } from '../schema/plausible-words.js';
import type { RecordType } from '../schema/record.js';
import { createJudge, looksLikeTable, looksLikeText } from './believed.js';
import { type ByteRanges, createRangeCollector, type RangeCollector, without } from './byte-ranges.js';
import type { TrimParts } from './parts.js';

/** Their pages also hold what is private. */
const BOOT: ReadonlySet<RecordType<unknown>> = new Set<RecordType<unknown>>([
  setupData,
  khoDataRfc2024,
  khoData,
]);
const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;

/**
 * A listener that collects into parts: what looks like the records that are told is kept, the rest of their pages is
 * zero. Holds ranges, never a record; contents are not asked for.
 */
export function keepRecords(
  { records, boot, zeroed, foreign }: TrimParts,
  memory: PhysicalMemory,
): ReferenceSink {
  const judge = createJudge(
    memory,
    (address, length) => records.add(address, length),
    (address, length) => foreign.add(address, length),
  );

  function array({ record, count, at }: RecordArray): void {
    const size = record.size ?? 0;
    if (typeof at !== 'object') {
      judge.records(record, at, count);
      return;
    }
    // A run is whole pages, which hold whole records.
    const each = Math.max(1, Math.floor(at.runSize / size));
    for (let first = 0; first < count; ) {
      const address = areaAddress(at, first * size);
      let next = first + each;
      // Runs that follow each other in memory are judged together, as their records do too.
      if (each * size === at.runSize) {
        while (next < count && at.runs[next / each] === Number(address) + (next - first) * size) next += each;
      }
      judge.records(record, address, Math.min(next, count) - first);
      first = next;
    }
  }

  /** Entries that follow each other are one range. */
  function table({ address, words, present, format, level }: TablePage): void {
    zeroed.add(address, words.byteLength);
    const kept = looksLikeTable(words, present, format, level) ? records : foreign;
    for (let i = 0; i < present.length; ) {
      const first = i++;
      while (i < present.length && present[i] === (present[i - 1] ?? 0) + 1) i++;
      kept.add(address + (present[first] ?? 0) * ENTRY, (i - first) * ENTRY);
    }
  }

  /** Bits say nothing of themselves, unless they are text. */
  function bits(address: number, length: number): void {
    const bytes = new Uint8Array(length);
    const known = memory.read(address, length, bytes);
    (looksLikeText(bytes.subarray(0, known)) ? foreign : records).add(address, length);
  }

  return {
    array,
    table,
    blob({ address, bytes }) {
      // What its size takes in is known memory to every reader, as zero where it is not part of the tree.
      zeroed.add(address, bytes.length);
      const parts = createRangeCollector();
      for (const [start, end] of blobParts(bytes)) if (end > start) parts.add(address + start, end - start);
      const kept = parts.finish();
      addRanges(records, kept);
      // Zeros that fill up a page have no owner.
      const rest = without(oneRange(address, bytes.length), kept);
      for (let i = 0; i < rest.count; i++) {
        const [start, end] = [rest.starts[i] ?? 0, rest.ends[i] ?? 0];
        if (bytes.subarray(start - address, end - address).some((byte) => byte !== 0))
          foreign.add(start, end - start);
      }
    },
    record(record, address) {
      if (BOOT.has(record)) boot.add(address, record.size ?? 0);
      else judge.records(record, address, 1);
    },
    page: ({ address, length }) => zeroed.add(address, length),
    radix({ pages }, pageSize) {
      for (const page of pages) bits(page, pageSize);
    },
    bitmap({ address, length, used }) {
      // After the bits in use a page of a bitmap is zero: of a few bits that tells more than they do.
      for (let from = 0; from < used; from += PAGE) {
        const bytes = new Uint8Array(Math.min(PAGE, length - from));
        const known = memory.read(address + from, bytes.length, bytes);
        const own =
          looksLikeBits(dataView(bytes.subarray(0, known))) && !isForeign(bytes.subarray(used - from));
        (own ? records : foreign).add(address + from, Math.min(PAGE, used - from));
      }
      zeroed.add(address, length);
    },
    bytes: (address, length) => bits(Number(address), length),
  };
}

/** Words that are not 0 where zeros are expected: fewer are damage of a few bits. */
const FOREIGN_WORDS = 8;

function isForeign(bytes: Uint8Array): boolean {
  let words = 0;
  for (let at = 0; at < bytes.length; at += ENTRY)
    if (bytes.subarray(at, at + ENTRY).some((byte) => byte !== 0)) words++;
  return words >= FOREIGN_WORDS;
}

function oneRange(address: number, length: number): ByteRanges {
  const range = createRangeCollector();
  range.add(address, length);
  return range.finish();
}

function addRanges(collector: RangeCollector, { starts, ends, count }: ByteRanges): void {
  for (let i = 0; i < count; i++) collector.add(starts[i] ?? 0, (ends[i] ?? 0) - (starts[i] ?? 0));
}
