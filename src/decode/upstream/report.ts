/** Diagnostics of one decoding, a bounded number of each kind. */
import type { Missing, Part, ReusedMemory } from '../../abi/missing.js';
import type { Diagnostic, Location } from '../../abi/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { hex } from '../../schema/units.js';

/** Diagnostics kept of one code; further ones are counted. */
const MAX_PER_CODE = 16;

export interface Reporter {
  add(code: string, message: string, location?: Location): void;
  /** What should be at `address` is not in the dump. */
  absent(what: string, address: bigint | number, location?: Location): void;
  /**
   * Bytes of what should be at an address are not it: they are taken as zero, and not told.
   *
   * @param tail whether they follow the end of a text
   */
  reused(what: string, start: number, end: number, tail?: boolean): void;
  /** Where that is kept: what is found while a long list is read, after the decoding, is added there alone. */
  readonly reusedMemory: ReusedMemory;
  /** The same reporter, telling of which list what is absent is a part, and whose list it is. */
  of(part: Part, owner?: bigint): Reporter;
  /** Appends how many were left out; nothing is added afterwards. */
  finish(): void;
}

/**
 * Adds to `diagnostics` as decoding goes on.
 *
 * @param missing takes what is absent of which list; nothing of it is left out
 * @param reused takes what is not what it should be
 */
export function createReporter(
  diagnostics: Diagnostic[],
  memory: PhysicalMemory | undefined,
  missing: Missing[] = [],
  reused: ReusedMemory = { ranges: [], unjudged: [] },
): Reporter {
  const counts = new Map<string, number>();
  function add(code: string, message: string, location: Location = {}): void {
    const count = (counts.get(code) ?? 0) + 1;
    counts.set(code, count);
    if (count <= MAX_PER_CODE) diagnostics.push({ code, message, location });
  }
  const reporterOf = (part: Part, owner?: bigint): Reporter => ({
    add,
    reusedMemory: reused,
    of: reporterOf,
    absent(what, address, location = {}) {
      const at = BigInt(address);
      const where = memory?.description ?? 'the dump';
      missing.push({ part, what, address: at, ...(owner === undefined ? {} : { owner }) });
      add('memory-absent', `the ${what} at ${hex(at)} is not in ${where}`, { ...location, address: at });
    },
    reused(what, start, end, tail = false) {
      reused.ranges.push({ what, start, end, ...(tail ? { tail } : {}) });
      const why = tail
        ? 'follow the end of a text: a kernel leaves zeros there'
        : 'are not what should be there: the memory was used again, or a pointer to it is damaged; they are taken as zero';
      add('memory-reused', `${what}: ${end - start} bytes at ${hex(start)} ${why}`, {
        address: BigInt(start),
      });
    },
    finish() {
      for (const [code, count] of counts) {
        if (count <= MAX_PER_CODE) continue;
        diagnostics.push({ code, message: `and ${count - MAX_PER_CODE} more like this`, location: {} });
      }
      counts.clear();
    },
  });
  return reporterOf('draft');
}
