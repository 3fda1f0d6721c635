/** What differs between two handovers, by logical identity. */
import type { Handover } from '../abi/model.js';
import { compareLists } from './compare.js';
import type { Difference, Gap, Tally } from './difference.js';
import { outline } from './outline/root.js';

/** Gaps that are kept; a damaged dump may have one per page table. */
const MAX_GAPS = 256;

/** How handovers are compared. */
export interface DiffOptions {
  /** Compare addresses and the bytes of blobs too. */
  readonly strict?: boolean;
}

/** A comparison in progress. */
export interface Diff {
  /** Can be drawn once, in the order of the parts; nothing is held of what was drawn. */
  readonly differences: Iterable<Difference>;
  /** What one of the dumps does not hold; complete once `differences` has ended. */
  readonly gaps: readonly Gap[];
  /** Gaps beyond those that are kept. */
  moreGaps(): number;
  /** Complete once `differences` has ended. */
  readonly tally: Readonly<Tally>;
}

/**
 * Compares two handovers, of any generations: sessions and files by name and token, domains and iommufds by
 * persistent_id, mappings by IOVA and what they lead to in terms of files, the rest by node and property.
 * The place of memory is not a difference unless `strict`. Bytes that one dump does not hold are gaps, never
 * differences. Takes O(n log n) time at most; memory grows with the number of sessions, files and runs, not
 * with pages.
 *
 * @example
 * ```ts
 * import { decodeHandover, diffHandovers, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const [a, b] = [1, 2].map((sessions) => {
 *   const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4', sessions, files: 2 }));
 *   return decodeHandover(blob, { memory });
 * });
 * if (a === undefined || b === undefined) throw new Error('two handovers');
 * const { differences, tally } = diffHandovers(a, b);
 * // They are found as they are drawn.
 * for (const _ of differences);
 * console.log(tally.added > 0); //=> true
 * ```
 */
export function diffHandovers(a: Handover, b: Handover, { strict = false }: DiffOptions = {}): Diff {
  const gaps: Gap[] = [];
  let more = 0;
  const tally: Tally = { added: 0, removed: 0, changed: 0, expected: 0 };
  const gap = (found: Gap): void => {
    if (gaps.length < MAX_GAPS) gaps.push(found);
    else more++;
  };
  function* differences(): Generator<Difference> {
    const context = { strict, later: isLater(a, b), gap };
    for (const difference of compareLists(outline(a, strict), outline(b, strict), context)) {
      tally[difference.kind]++;
      if (difference.expected === true) tally.expected++;
      yield difference;
    }
  }
  return { differences: differences(), gaps, moreGaps: () => more, tally };
}

/** Whether `b` was handed over by a later kernel of a chain of kexecs, as the counts of both say. */
function isLater(a: Handover, b: Handover): boolean {
  const [before, after] = [a.kexecMetadata?.kexecCount, b.kexecMetadata?.kexecCount];
  if (before !== undefined && after !== undefined) return after > before;
  const [first, second] = [a.luo?.liveupdateNumber, b.luo?.liveupdateNumber];
  return first !== undefined && second !== undefined && second > first;
}
