/** What a comparison gives: differences, what could not be compared, and their numbers. */
import type { Place } from '../references/place.js';

/** A value of a field; bytes are compared whole and shown only as far as they are short. */
export type Value = string | number | bigint | Uint8Array;

/** How people read a number. */
export type Unit = 'size' | 'address' | 'hex' | 'count' | 'id';

/** A named value of one thing; names are the kernel's. */
export interface Field {
  readonly name: string;
  /** null when the dump does not hold it, undefined when it has none. */
  readonly value: Value | null | undefined;
  readonly unit?: Unit;
  /** `strict`: compared with `--strict` only; `summary`: told of what was added or removed, not compared. */
  readonly only?: 'strict' | 'summary';
  /** Whether a kexec makes this change, where the second handover is the later one. */
  readonly expected?: (a: Value, b: Value) => boolean;
  /** The bytes may hold what must not be shown. */
  readonly secret?: boolean;
  /** The record of the fields whose names begin so is not in the dump: none that is lacking is known to be. */
  readonly unknown?: string;
  /** Goes without saying where the whole thing was added or removed. */
  readonly implied?: boolean;
}

/** How two byte strings differ. */
export interface ByteDifference {
  /** Offset of the first byte that differs. */
  readonly offset: number;
  /** Bytes that differ, those that only the longer one has included. */
  readonly differing: number;
  readonly sizeA: number;
  readonly sizeB: number;
}

/** One difference: a thing that only one side has, or a field with two values. */
export interface Difference {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly place: Place;
  /** Absent when the thing as a whole was added or removed. */
  readonly field?: string;
  readonly a?: Value;
  readonly b?: Value;
  readonly unit?: Unit;
  /** Every kexec changes this. */
  readonly expected?: boolean;
  /** What a thing that was added or removed has. */
  readonly contents?: readonly Field[];
  readonly bytes?: ByteDifference;
  readonly secret?: boolean;
}

/** Something that one dump does not hold, so that nothing can be said of it. */
export interface Gap {
  readonly place: Place;
  /** What was not compared: a field or a list; the thing itself when absent. */
  readonly what?: string;
  /** Which dump lacks it. */
  readonly missing: 'a' | 'b' | 'both';
}

/** Numbers of differences; `expected` ones are in `changed` too. */
export interface Tally {
  added: number;
  removed: number;
  changed: number;
  expected: number;
}
