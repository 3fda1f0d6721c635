/** What a list of spans has at each position. */

/** One property of a span: a value, which may advance with the position. */
export interface Aspect {
  readonly name: string;
  /** What it is, or what it is in. */
  readonly of: string;
  /** Bytes into it at the start of the span. Exact: a multiple of a page. */
  readonly at?: number;
}

/** Positions [start, end) in bytes, multiples of a page (exact as numbers up to 2^65), with equal properties. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** In the same order for every span of a list; undefined where the dump does not tell. */
  readonly aspects: readonly Aspect[] | undefined;
}
