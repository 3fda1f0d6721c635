/** What of the references of a handover a trim keeps. */
import { areaAddress } from '../decode/upstream/vmalloc.js';
import type { RecordArray, ReferenceSink, TablePage } from '../instances/sink.js';
import { khoDataRfc2024, setupData } from '../records/kho.js';
import { khoData } from '../records/kho_root.js';
import type { RecordType } from '../schema/record.js';
import type { TrimParts } from './parts.js';

/** Their pages also hold what is private. */
const BOOT: ReadonlySet<RecordType<unknown>> = new Set<RecordType<unknown>>([
  setupData,
  khoDataRfc2024,
  khoData,
]);
const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;

/**
 * A listener that collects into parts: records are kept, the rest of their pages is zero. Holds ranges, never a record;
 * contents are not asked for.
 */
export function keepRecords({ records, boot, zeroed }: TrimParts): ReferenceSink {
  function array({ record, count, at }: RecordArray): void {
    const length = count * (record.size ?? 0);
    if (typeof at !== 'object') {
      records.add(at, length);
      return;
    }
    for (let offset = 0; offset < length; offset += at.runSize) {
      records.add(areaAddress(at, offset), Math.min(at.runSize, length - offset));
    }
  }

  /** Entries that follow each other are one range. */
  function table({ address, words, present }: TablePage): void {
    zeroed.add(address, words.byteLength);
    for (let i = 0; i < present.length; ) {
      const first = i++;
      while (i < present.length && present[i] === (present[i - 1] ?? 0) + 1) i++;
      records.add(address + (present[first] ?? 0) * ENTRY, (i - first) * ENTRY);
    }
  }

  return {
    array,
    table,
    blob: ({ address, bytes }) => records.add(address, bytes.length),
    record: (record, address) => (BOOT.has(record) ? boot : records).add(address, record.size ?? 0),
    page: ({ address, length }) => zeroed.add(address, length),
    radix(pages, pageSize) {
      for (const page of pages) records.add(page, pageSize);
    },
    bitmap({ address, length, used }) {
      records.add(address, used);
      zeroed.add(address, length);
    },
    bytes: (address, length) => records.add(address, length),
  };
}
