/** Arrays of a JSON document whose rows come in columns: written as bytes, millions of them without an object each. */
import { escapeJson } from '../schema/escape.js';
import { asciiBytes, NUMBER_MOST, putBytes, putDecimal, putHex, putHexWords } from '../schema/put-text.js';

/** Bytes of a chunk, about. */
const CHUNK = 1 << 18;

/** One key of every row. */
export interface JsonColumn {
  /** Absent where each row is that value alone. */
  readonly key?: string;
  /** `hex`: a string `"0x…"`, as 64-bit values are; `number`: decimal digits. */
  readonly as: 'hex' | 'number';
  /** The key is left out of rows that have this value; NaN stands for itself. */
  readonly unless?: number;
}

/** Values of a column: integers, or those of 64 bits as two words each, the low one first. */
export interface ColumnValues {
  readonly [row: number]: number;
  readonly words?: undefined;
}
export interface WordValues {
  readonly words: Uint32Array;
}

/** Some rows. */
export interface JsonBatch {
  readonly length: number;
  /** One for each column. */
  readonly values: readonly (ColumnValues | WordValues)[];
}

const ROWS = Symbol('rows');

/** An array of rows: `jsonChunks` and `jsonBytes` write it as they write an array of such objects. */
export interface JsonRows extends Iterable<unknown> {
  readonly [ROWS]: true;
  readonly columns: readonly JsonColumn[];
  batches(): Iterable<JsonBatch>;
}

/** @param batches drawn as the rows are written; a batch is used up before the next is asked for */
export function jsonRows(columns: readonly JsonColumn[], batches: () => Iterable<JsonBatch>): JsonRows {
  return {
    [ROWS]: true,
    columns,
    batches,
    *[Symbol.iterator]() {
      for (const batch of batches()) {
        for (let row = 0; row < batch.length; row++) yield rowValue(columns, batch, row);
      }
    },
  };
}

/** Whether a value is an array of rows. */
export function isJsonRows(value: unknown): value is JsonRows {
  return typeof value === 'object' && value !== null && ROWS in value;
}

/** One row as plain data, for a caller that takes the document in this form. */
function rowValue(columns: readonly JsonColumn[], { values }: JsonBatch, row: number): unknown {
  const object: { [key: string]: unknown } = {};
  for (const [i, { key, as, unless }] of columns.entries()) {
    const column = values[i];
    if (column === undefined) continue;
    const value = valueAt(column, row);
    const shown =
      as === 'hex' && typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
    if (key === undefined) return shown;
    if (!isLeftOut(Number(value), unless)) object[key] = shown;
  }
  return object;
}

function valueAt(column: ColumnValues | WordValues, row: number): number | bigint {
  if (column.words === undefined) return column[row] as number;
  return (BigInt(column.words[2 * row + 1] ?? 0) << 32n) | BigInt(column.words[2 * row] ?? 0);
}

function isLeftOut(value: number, unless: number | undefined): boolean {
  return unless !== undefined && (value === unless || (Number.isNaN(unless) && Number.isNaN(value)));
}

/** What is before a value of a row, and after it. */
interface Cell {
  readonly head: Uint8Array;
  /** The same where no key is before it in the row. */
  readonly firstHead: Uint8Array;
  readonly tail: Uint8Array;
  readonly hex: boolean;
  readonly unless: number | undefined;
}

function cellOf({ key, as, unless }: JsonColumn): Cell {
  const quote = as === 'hex' ? '"' : '';
  const head = key === undefined ? quote : `${escapeJson(JSON.stringify(key))}:${quote}`;
  return {
    head: asciiBytes(`,${head}`),
    firstHead: asciiBytes(head),
    tail: asciiBytes(quote),
    hex: as === 'hex',
    unless,
  };
}

/**
 * The rows with what separates them, without the brackets around them. A chunk is valid until the next is asked for.
 *
 * @param lineBreak text before each row
 * @returns whether there was a row
 */
export function* rowChunks(
  { columns, batches }: JsonRows,
  lineBreak: string,
): Generator<Uint8Array, boolean> {
  const cells = columns.map(cellOf);
  const plain = columns[0]?.key === undefined;
  const open = asciiBytes(`${lineBreak}${plain ? '' : '{'}`);
  const next = asciiBytes(`,${lineBreak}${plain ? '' : '{'}`);
  const most = next.length + 1 + cells.reduce((sum, { head }) => sum + head.length + NUMBER_MOST + 1, 0);
  let out = new Uint8Array(0);
  let used = 0;
  let separator = open;
  for (const batch of batches()) {
    // Tens of thousands of files may have a row each.
    const room = Math.min(CHUNK, batch.length * most) + most;
    if (out.length < room) {
      if (used > 0) yield out.subarray(0, used);
      out = new Uint8Array(room);
      used = 0;
    }
    const full = out.length - most;
    for (let row = 0; row < batch.length; row++) {
      used = putBytes(out, used, separator);
      separator = next;
      used = putRow(out, used, cells, batch.values, row);
      if (!plain) out[used++] = 0x7d;
      if (used > full) {
        yield out.subarray(0, used);
        used = 0;
      }
    }
  }
  if (used > 0) yield out.subarray(0, used);
  return separator === next;
}

function putRow(
  out: Uint8Array,
  at: number,
  cells: readonly Cell[],
  values: JsonBatch['values'],
  row: number,
): number {
  let used = at;
  let first = true;
  for (let i = 0; i < cells.length; i++) {
    const { head, firstHead, tail, hex, unless } = cells[i] as Cell;
    const column = values[i] as ColumnValues | WordValues;
    if (column.words !== undefined) {
      used = putBytes(out, used, first ? firstHead : head);
      used = putHexWords(out, used, column.words[2 * row] as number, column.words[2 * row + 1] as number);
    } else {
      const value = column[row] as number;
      if (unless !== undefined && isLeftOut(value, unless)) continue;
      used = putBytes(out, used, first ? firstHead : head);
      used = hex ? putHex(out, used, value) : putDecimal(out, used, value);
    }
    used = putBytes(out, used, tail);
    first = false;
  }
  return used;
}
