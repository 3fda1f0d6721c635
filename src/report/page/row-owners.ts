/** Whose memory the rows of the domains' tables lead to. */

import type { User } from '../../diff/kept/user.js';
import { firstFrom } from '../../memory/first-after.js';
import { hex } from '../../schema/units.js';
import { FRAME } from './kept.js';
import type { MappedRow } from './spaces.js';

/** A user of the first page of a row. */
export interface RowOwner {
  readonly user: User;
  /** Offset in the user's file, bytes; undefined where nothing tells. */
  readonly offset?: number;
  /** It has all pages of the row. */
  readonly whole: boolean;
}

/**
 * Looks up who has the target of each row: one pass over what users have, whose runs are never held.
 *
 * @returns for rows whose memory somebody has as contents, the one that has its first page
 */
export function rowOwners(rows: readonly MappedRow[], users: readonly User[]): Map<MappedRow, RowOwner> {
  const sorted = [...rows].sort((a, b) => a.target - b.target);
  const starts = Float64Array.from(sorted, ({ target }) => target);
  const found = new Map<MappedRow, RowOwner>();
  if (rows.length === 0) return found;
  for (const user of users) {
    if (user.kind !== 'object' && user.kind !== 'fixed') continue;
    for (const { length, starts: from, ends, positions } of user.runs()) {
      for (let i = 0; i < length; i++) {
        const start = (from[i] as number) / FRAME;
        const end = (ends[i] as number) / FRAME;
        for (let at = firstFrom(starts, start); at < sorted.length && (starts[at] as number) < end; at++) {
          const row = sorted[at] as MappedRow;
          if (found.has(row)) continue;
          const offset = (positions[i] as number) + (row.target - start) * FRAME;
          const whole = row.target + row.pages <= end;
          found.set(row, Number.isNaN(offset) ? { user, whole } : { user, offset, whole });
        }
      }
    }
  }
  return found;
}

/** `… at 0x3000`, for people; not escaped. */
export function offsetText({ offset, whole }: RowOwner): string {
  const at = offset === undefined ? '' : ` at ${hex(offset)}`;
  return whole ? at : `${at}, and others`;
}
