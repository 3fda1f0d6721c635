/** Rows on the entries of page tables that a walk meets: those whose bits decide hold their own test. */
import type { Hit, Row, VtdRule } from './row.js';
import { supervisorOnly, type Target } from './target.js';

/** An entry as a walk meets it: its halves, the level of its table, and its permissions. */
export interface WalkedEntry {
  lo: number;
  hi: number;
  level: number;
  access: number;
}

/** What makes an entry break a row. */
export interface BitTest {
  /** The clause after the entry. */
  readonly what: string;
  readonly depends?: 'cap' | 'ecap';
  /** Key and severity, where hits of several tables are one. */
  readonly more?: Partial<Hit>;
  test(entry: WalkedEntry): boolean;
}

/** A row that judges entries by their bits. Its functions are asked once a walk; undefined where it has nothing to test. */
export interface WalkRow extends Row {
  /** The test of leaves. */
  readonly leaf?: (target: Target) => BitTest | undefined;
  /** The test of entries that point to tables. */
  readonly pointer?: (target: Target) => BitTest | undefined;
}

export interface Check extends BitTest {
  readonly rule: VtdRule;
}

/** The tests that a walk of a target needs. */
export function checksOf(rows: readonly WalkRow[], kind: 'leaf' | 'pointer', target: Target): Check[] {
  return rows.flatMap((row) => {
    const test = row[kind]?.(target);
    return test === undefined ? [] : [{ ...test, rule: row.id }];
  });
}

/** What a check adds to a hit. */
export function hitOf({ depends, more }: Check): Partial<Hit> {
  return depends === undefined ? { ...more } : { depends, ...more };
}

/** Bits of an entry that must be clear. */
export interface Bits {
  readonly lo?: number;
  readonly hi?: number;
}

/** A test for any of these bits. */
export function hasBits(
  what: string,
  { lo = 0, hi = 0 }: Bits,
  more: Omit<BitTest, 'what' | 'test'> = {},
): BitTest {
  return { what, ...more, test: (entry) => (entry.lo & lo) !== 0 || (entry.hi & hi) !== 0 };
}

/** Entries without U/S are one finding for all tables of a unit: a kernel that leaves it away does so everywhere. */
export function withoutUser(target: Target, user: number): BitTest {
  const severity = supervisorOnly(target);
  const key = severity === 'note' ? target.name : `${target.unit ?? ''} ${severity}`;
  return { what: 'refuses user requests', more: { severity, key }, test: ({ lo }) => (lo & user) === 0 };
}
