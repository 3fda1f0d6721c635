/** Where the pages of a radix tree are in it, as its walk entered them. */
import { slotAt } from './pages.js';

/** The pages of a tree, nodes and leaves, each before those that it leads to. */
export interface MapTree {
  /** Levels, leaves included. */
  readonly depth: number;
  /** Physical addresses, the root first. */
  readonly pages: Float64Array;
  /** Physical address of the slot that leads to each; -1 for the root. */
  readonly slots: Float64Array;
}

/** A slot of a node. */
export interface SlotPlace {
  /** Physical address of the node. */
  readonly node: number;
  readonly index: number;
}

/** A page of a tree, and how one gets there. */
export interface RadixPlace {
  /** 0 for a leaf. */
  readonly level: number;
  /** Key bits above its own (`firstKey` in shape.ts). */
  readonly number: number;
  /** The slot that leads here; none for the root. */
  readonly slot?: SlotPlace;
}

function slotOf(address: number, pageSize: number): SlotPlace {
  const offset = address % pageSize;
  return { node: address - offset, index: slotAt(offset) };
}

/**
 * Where a page is.
 *
 * @param nth of the tree's pages
 */
export function treePlace({ depth, pages, slots }: MapTree, nth: number, pageSize: number): RadixPlace {
  const way: SlotPlace[] = [];
  for (let slot = slots[nth] ?? -1; slot >= 0; slot = slots[pages.indexOf(way.at(-1)?.node ?? -1)] ?? -1)
    way.push(slotOf(slot, pageSize));
  const [slot] = way;
  return {
    level: depth - 1 - way.length,
    number: way.reduceRight((number, { index }) => number * slotAt(pageSize) + index, 0),
    ...(slot === undefined ? {} : { slot }),
  };
}

/** The slots that lead to pages, node by node. */
export function treeSlots({ pages, slots }: MapTree, pageSize: number): SlotPlace[] {
  const rank = new Map(Array.from(pages, (page, i) => [page, i] as const));
  return Array.from(slots.subarray(1), (slot) => slotOf(slot, pageSize)).sort(
    (a, b) => (rank.get(a.node) ?? 0) - (rank.get(b.node) ?? 0) || a.index - b.index,
  );
}
