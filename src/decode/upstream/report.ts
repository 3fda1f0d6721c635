/** Diagnostics of one decoding, a bounded number of each kind. */
import type { Missing, Part } from '../../abi/missing.js';
import type { Diagnostic, Location } from '../../abi/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { hex } from '../../schema/units.js';

/** Diagnostics kept of one code; further ones are counted. */
const MAX_PER_CODE = 16;

export interface Reporter {
  add(code: string, message: string, location?: Location): void;
  /** What should be at `address` is not in the dump. */
  absent(what: string, address: bigint | number, location?: Location): void;
  /** The same reporter, telling of which list what is absent is a part, and whose list it is. */
  of(part: Part, owner?: bigint): Reporter;
  /** Appends how many were left out; nothing is added afterwards. */
  finish(): void;
}

/**
 * Adds to `diagnostics` as decoding goes on.
 *
 * @param missing takes what is absent of which list; nothing of it is left out
 */
export function createReporter(
  diagnostics: Diagnostic[],
  memory: PhysicalMemory | undefined,
  missing: Missing[] = [],
): Reporter {
  const counts = new Map<string, number>();
  function add(code: string, message: string, location: Location = {}): void {
    const count = (counts.get(code) ?? 0) + 1;
    counts.set(code, count);
    if (count <= MAX_PER_CODE) diagnostics.push({ code, message, location });
  }
  const reporterOf = (part: Part, owner?: bigint): Reporter => ({
    add,
    of: reporterOf,
    absent(what, address, location = {}) {
      const at = BigInt(address);
      const where = memory?.description ?? 'the dump';
      missing.push({ part, what, address: at, ...(owner === undefined ? {} : { owner }) });
      add('memory-absent', `the ${what} at ${hex(at)} is not in ${where}`, { ...location, address: at });
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
