/** The lists of an upstream handover that have a row for each of millions of pages. */
import type { FolioView, PreservedPages } from '../abi/upstream/model.js';
import { type JsonBatch, type JsonRows, jsonRows } from './json-rows.js';

/** `preserved.ranges`: `{ start, end }`. */
export function rangeRows(pages: PreservedPages): JsonRows {
  const columns = [
    { key: 'start', as: 'hex' },
    { key: 'end', as: 'hex' },
  ] as const;
  return jsonRows(columns, function* (): Generator<JsonBatch> {
    for (const { length, start, end } of pages.runColumns()) {
      yield { length, values: [scaled(start, length, pages.pageSize), scaled(end, length, pages.pageSize)] };
    }
  });
}

/** `preserved.pages`: `{ address, order, count? }`. */
export function blockRows(pages: PreservedPages): JsonRows {
  const columns = [
    { key: 'address', as: 'hex' },
    { key: 'order', as: 'number' },
    { key: 'count', as: 'number', unless: 1 },
  ] as const;
  return jsonRows(columns, function* (): Generator<JsonBatch> {
    for (const { length, pfn, order, count } of pages.blockColumns()) {
      yield { length, values: [scaled(pfn, length, pages.pageSize), order, count] };
    }
  });
}

/** Page frames as byte addresses, in place: a double loses nothing by a power of two. */
function scaled(frames: Float64Array, length: number, pageSize: number): Float64Array {
  for (let i = 0; i < length; i++) frames[i] = (frames[i] as number) * pageSize;
  return frames;
}

/** `folios` of a file: `{ pfn, flags, index, count?, step? }`. */
export function folioRows(folios: FolioView): JsonRows {
  const columns = [
    { key: 'pfn', as: 'hex' },
    { key: 'flags', as: 'hex' },
    { key: 'index', as: 'hex' },
    { key: 'count', as: 'number', unless: 1 },
    { key: 'step', as: 'number', unless: 1 },
  ] as const;
  return jsonRows(columns, function* (): Generator<JsonBatch> {
    for (const { length, pfn, flags, indexWords, count, step } of folios.columns()) {
      yield { length, values: [pfn, flags, { words: indexWords }, count, step] };
    }
  });
}

/** Addresses, each on its own. */
export function addressRows(column: Float64Array): JsonRows {
  return jsonRows([{ as: 'hex' }], () => [{ length: column.length, values: [column] }]);
}
