/** Kernels with one line changed, of the kind that a review misses, and what must be found in their handover. */
import type { Account } from './account.js';
import type { Finding } from './judge.js';

export interface Fault {
  /** `faults/NAME.patch`. */
  readonly name: string;
  /** What a reviewer would have to see. */
  readonly why: string;
  readonly rule: string;
  /** The finding's sentence must match. */
  readonly message: RegExp;
  /** What the kernel that takes over does with it, on its own console. */
  readonly lost: (account: Account, console: string) => boolean;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'memfd-tail',
    why: 'the number of pages is rounded down: a size that is not a multiple of the page size loses its last page',
    rule: 'MEMFD-021',
    message: /list of 20 folios leaves out 4 KiB from index 0x14/,
    lost: ({ restored }) => restored.get('vm-2 9223372036854775808') !== 'ok',
  },
  {
    name: 'memfd-index',
    why: 'the index is that of the list, not of the file: the two are equal until a folio is large',
    rule: 'MEMFD-011',
    message: /index 0x1 is not aligned to its order 9/,
    lost: ({ restored }) => restored.get('vm-2 6') !== 'ok',
  },
  {
    name: 'block-count',
    why: 'the count is stored before the entry is taken: it is one less than the entries in the block',
    rule: 'LUO-011',
    message: /count of 2, but its blocks hold 1 file/,
    lost: (_, console) => /luo: File count mismatch/.test(console),
  },
];

/** The finding of a fault, with its numbers. */
export function findingOf({ rule, message }: Fault, findings: readonly Finding[]): Finding | undefined {
  return findings.find(
    (each) => each.severity === 'error' && each.rule === rule && message.test(each.message),
  );
}
