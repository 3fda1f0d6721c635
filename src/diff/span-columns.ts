/** Spans in columns: how lists of millions of them are drawn. */
import type { Aspect, Span } from './span.js';

/** What does not advance of an aspect. */
export interface AspectKind {
  readonly name: string;
  readonly of: string;
  /** Whether it advances with the position. */
  readonly moves: boolean;
}

/** Aspects of one span that advance, at most. */
export const MOST_MOVING = 2;
/** Spans of a batch. */
export const SPAN_BATCH = 1024;

/** Spans by rising position. The arrays are used again for the next batch. */
export interface SpanColumns {
  length: number;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Aspects in the order that all spans of the list have; undefined where the dump does not tell. */
  readonly kinds: (readonly AspectKind[] | undefined)[];
  /** Where each aspect that advances is at the start of the span, {@link MOST_MOVING} a span, in their order. */
  readonly at: Float64Array;
}

/** An empty batch: tens of thousands of lists may have a span each. */
export function createSpanColumns(size = SPAN_BATCH): SpanColumns {
  return {
    length: 0,
    starts: new Float64Array(size),
    ends: new Float64Array(size),
    kinds: new Array<readonly AspectKind[] | undefined>(size).fill(undefined),
    at: new Float64Array(size * MOST_MOVING),
  };
}

/**
 * Adds a span with one aspect that advances at most, which may go on from the one before in the batch: then it is
 * joined to it.
 *
 * @param at where that aspect is; of no account where none advances
 */
export function addSpan(
  batch: SpanColumns,
  start: number,
  end: number,
  kinds: readonly AspectKind[],
  at: number,
): void {
  const { starts, ends, length } = batch;
  const last = length - 1;
  if (last >= 0 && ends[last] === start && sameKinds(batch.kinds[last], kinds)) {
    const by = start - (starts[last] as number);
    if ((batch.at[last * MOST_MOVING] as number) + by === at || !anyMoves(kinds)) {
      ends[last] = end;
      return;
    }
  }
  putSpan(batch, start, end, kinds, at);
}

/**
 * Adds a span; the batch has room for it.
 *
 * @param at where its first aspect that advances is, @param second where the next one is
 */
export function putSpan(
  batch: SpanColumns,
  start: number,
  end: number,
  kinds: readonly AspectKind[] | undefined,
  at = 0,
  second = 0,
): void {
  const row = batch.length++;
  batch.starts[row] = start;
  batch.ends[row] = end;
  batch.kinds[row] = kinds;
  batch.at[row * MOST_MOVING] = at;
  batch.at[row * MOST_MOVING + 1] = second;
}

function anyMoves(kinds: readonly AspectKind[]): boolean {
  for (let i = 0; i < kinds.length; i++) if (kinds[i]?.moves === true) return true;
  return false;
}

/** Whether aspects are the same but for where they are. */
export function sameKinds(
  a: readonly AspectKind[] | undefined,
  b: readonly AspectKind[] | undefined,
): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as AspectKind, b[i] as AspectKind];
    if (x.of !== y.of || x.moves !== y.moves || x.name !== y.name) return false;
  }
  return true;
}

/**
 * The aspects of a span as objects.
 *
 * @param skip bytes of the span that are before
 */
export function aspectsAt(
  kinds: readonly AspectKind[],
  at: Float64Array,
  row: number,
  skip: number,
): readonly Aspect[] {
  let moving = row * MOST_MOVING;
  return kinds.map(({ name, of, moves }) =>
    moves ? { name, of, at: (at[moving++] as number) + skip } : { name, of },
  );
}

/**
 * Spans that come one by one, as columns.
 *
 * @param size spans of a batch, at most {@link SPAN_BATCH}
 */
export function* spanColumns(
  spans: Generator<Span, boolean>,
  size = SPAN_BATCH,
): Generator<SpanColumns, boolean> {
  const batch = createSpanColumns();
  for (;;) {
    const { done, value } = spans.next();
    if (done === true) {
      if (batch.length > 0) yield batch;
      return value;
    }
    const row = batch.length++;
    batch.starts[row] = value.start;
    batch.ends[row] = value.end;
    batch.kinds[row] = value.aspects?.map(({ name, of, at }) => ({ name, of, moves: at !== undefined }));
    let moving = row * MOST_MOVING;
    for (const { at } of value.aspects ?? []) if (at !== undefined) batch.at[moving++] = at;
    if (batch.length === size) {
      yield batch;
      batch.length = 0;
    }
  }
}
