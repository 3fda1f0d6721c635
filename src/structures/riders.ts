/** The riders of the root, by name, in the order in which a booting kernel registers them. */
import { foundRiders } from './bindings-found.js';
import { inOrder } from './order.js';
import type { Rider, RiderPart } from './rider.js';
import type { TreeBinding } from './tree.js';

/** The build finds them (tools/found.js); one that has no place of its own here is registered last. */
export const RIDERS: readonly Rider[] = inOrder(foundRiders, ['kexecMetadata', 'luo', 'khoTest', 'memblock']);

/** The same in the order in which documents have them. */
export const TOLD_RIDERS: readonly Rider[] = inOrder(RIDERS, ['memblock', 'luo']);

/** All trees that riders are. */
export const RIDER_TREES: readonly TreeBinding[] = RIDERS.flatMap(({ forms }) =>
  forms.flatMap(({ tree }) => tree ?? []),
);

/** The rider of a name; undefined for a child that no release hands over. */
export function riderOf(name: string | undefined): Rider | undefined {
  return RIDERS.find((rider) => rider.name === name);
}

/** The rider that a tree is of, by its string. */
export function riderOfTree(compatible: string | undefined): Rider | undefined {
  return RIDERS.find(({ forms }) => forms.some(({ tree }) => tree?.compatible === compatible));
}

/** A rider that a model, or a document, has as a tree. */
export interface HeldTree {
  readonly rider: Rider;
  readonly part: RiderPart;
  readonly binding: TreeBinding;
}

/** The rider of a name that is a tree; without a name the one that a model of a lone blob is. */
export function heldTree(top: object, name?: string): HeldTree | undefined {
  for (const rider of RIDERS.toReversed()) {
    const part = (top as { readonly [key: string]: RiderPart | null | undefined })[rider.key];
    if (part === undefined || (name !== undefined && name !== rider.name)) continue;
    const binding = rider.formOf(part ?? {}).tree;
    if (binding !== undefined) return { rider, part: part ?? {}, binding };
  }
  return undefined;
}

/** The binding of a tree that is the blob of a child: that of the model's part, else the oldest of its name. */
export function childTree(top: object, name: string): TreeBinding | undefined {
  return (
    heldTree(top, name)?.binding ?? riderOf(name)?.forms.findLast(({ tree }) => tree !== undefined)?.tree
  );
}
