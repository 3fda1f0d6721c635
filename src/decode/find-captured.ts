/** What `kho capture`, `trim` and `encode` knew of the trees in a core, which the records alone may not show. */
import type { AddressRange } from '../abi/origin.js';
import type { CaptureNote } from '../memory/elf/capture-note.js';
import type { Direction } from './find-direction.js';
import type { TakenOverTree } from './find-taken-over.js';

interface Tree {
  readonly addresses: readonly bigint[];
  readonly direction?: Direction;
  readonly scratch?: readonly AddressRange[];
  readonly takenOver?: TakenOverTree;
}

interface Found<T extends Tree> {
  readonly trees: readonly T[];
  readonly others: readonly T[];
}

/** Why an incoming tree of a running kernel is one that was taken over. */
export const CAPTURED_RUNNING = 'the note of the core says that the kernel that it was handed to was running';

/**
 * Adds directions and scratch regions that a note tells. An incoming tree was taken over: its kernel was running.
 *
 * @param note of the core that the trees were found in, if it has one
 */
export function withCaptured<T extends Tree, F extends Found<T>>(
  findings: F & Found<T>,
  note: CaptureNote | undefined,
): F {
  if (note === undefined) return findings;
  const { scratch } = note;
  const add = (tree: T): T => {
    const known = note.trees.find(({ address }) => tree.addresses.includes(address));
    if (known === undefined) return tree;
    return {
      ...tree,
      ...(known.direction === undefined ? {} : { direction: known.direction }),
      ...(tree.scratch !== undefined || scratch === undefined ? {} : { scratch }),
      ...(known.direction === 'incoming' ? { takenOver: tree.takenOver ?? { why: CAPTURED_RUNNING } } : {}),
    };
  };
  return { ...findings, trees: findings.trees.map(add), others: findings.others.map(add) };
}
