/**
 * What a handover holds as named things with fields, lists below them, and spans: the form in which two
 * handovers are compared, whatever their generation. Outlines are drawn, not stored.
 */

import type { Place } from '../references/place.js';
import type { Field, Value } from './difference.js';
import type { SpanColumns } from './span-columns.js';

export type { Aspect, Span } from './span.js';

export type Key = string | number;

/** A thing with an identity. */
export interface Entity {
  readonly place: Place;
  /**
   * Identity among the things of its list; the n-th of several equal ones meets the n-th of the other side. A number is
   * a hash of what the place says, for lists of millions: things that differ there are not the same.
   */
  readonly key: Key;
  readonly fields: readonly Field[];
  readonly lists?: readonly List[];
}

/** Things or spans below a thing. A list that the dump does not hold has neither. */
export interface List {
  /** What the list is of, for people; lists of both sides meet by it. */
  readonly name: string;
  readonly place: Place;
  readonly entities?: Iterable<Entity>;
  readonly spans?: SpanList;
  /**
   * Whether the list may lack things that are there, as the tree that it is read from breaks off. Lists below
   * inherit it unless they say otherwise.
   */
  readonly partial?: boolean;
  /** Whether the keys of things may be wrong, as they come from lists that are not whole: what meets nothing is unknown. */
  readonly unnamed?: boolean;
}

/** Spans by rising position; how they are cut does not matter. */
export interface SpanList {
  /** Draws the spans. @returns false when the dump does not tell what follows the last one */
  spans(): Generator<SpanColumns, boolean>;
  /** The place of [start, end). */
  place(start: bigint, end: bigint): Place;
}

/** A field that is compared. */
export function field(name: string, value: Value | null | undefined, unit?: Field['unit']): Field {
  return unit === undefined ? { name, value } : { name, value, unit };
}

/** A field that is compared with `--strict` only: an address, as a rule. */
export function strictField(
  name: string,
  value: Value | null | undefined,
  unit: Field['unit'] = 'address',
): Field {
  return { name, value, unit, only: 'strict' };
}

/** A field that only tells of what was added or removed. */
export function summaryField(name: string, value: Value | undefined, unit: Field['unit'] = 'count'): Field {
  return { name, value, unit, only: 'summary' };
}

/** Whether a node or property with typed contents is there at all; not worth telling of what was added or removed. */
export function presence(name: string, part: unknown): Field {
  return { name, value: part === undefined ? undefined : 'present', implied: true };
}
