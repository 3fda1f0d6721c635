/** What the rules on Linux 6.16 and later share. */

import { missingOf } from '../../abi/missing.js';
import type { Diagnostic, Handover, Location, Subtree } from '../../abi/model.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import type { FdtTree } from '../../fdt/parse.js';
import { largestIntOrder } from '../../memory/blocks.js';
import type { Reporter, RuleContext } from '../rule.js';
import type { Elements } from '../shapes.js';

export { orderAt } from '../../decode/upstream/pages.js';
export { BLOCKS, CHUNKS, RADIX, SIZED, UPSTREAM } from '../../versions/generations.js';

/** The tree, with the property names that a truncated copy has lost. */
export function readableTree({ namedTree, tree }: Handover): FdtTree | undefined {
  return namedTree ?? tree;
}

/** MAX_PAGE_ORDER of the default configurations of x86-64 and arm64 (include/linux/mmzone.h, arch/arm64/Kconfig). */
export function maxPageOrder(pageSize: number): number {
  if (pageSize === 65536) return 13;
  return pageSize === 16384 ? 11 : 10;
}

/**
 * Whether runs of an order have a size that the kernel can compute: kho_restore_vmalloc shifts an int by PAGE_SHIFT +
 * order.
 */
export function hasRunSize(order: number, pageSize: number): boolean {
  return order <= largestIntOrder(pageSize);
}

/**
 * Bytes of a page block (pageblock_order, include/linux/pageblock-flags.h) in the default configurations: a huge
 * page of the PMD level, 2 MiB with pages of 4 KiB, else as MAX_PAGE_ORDER.
 */
export function pageBlockSize(pageSize: number): number {
  return pageSize << (pageSize === 4096 ? 9 : maxPageOrder(pageSize));
}

/**
 * The preserved blocks, where the whole map is known: only then is a page that it does not list not
 * preserved. Otherwise the rule is skipped.
 */
export function wholeMap({ handover }: RuleContext, report: Reporter): PreservedPages | undefined {
  const { preserved, preservedMap, preservedMemoryMap } = handover;
  const missing = missingOf(handover, ['map']);
  if (missing !== undefined) {
    report.absent(`part of the preserved memory map (${missing.what})`, missing.address);
  } else if (preserved?.pages === undefined || preservedMap === undefined) {
    report.skip('the preserved memory map is not in the dump');
  } else if (preservedMemoryMap === 0n) {
    report.skip('preserved-memory-map is 0');
  } else if (handover.diagnostics.some(({ code }) => code === 'bitmap-form-conflict')) {
    report.skip('it is not clear whether the map has 512-byte or page-size bitmaps');
  } else if (!preservedMap.complete) {
    report.skip('the preserved memory map is damaged');
  } else {
    return preserved.pages;
  }
  return undefined;
}

/** Elements that are looked at where the whole map is known. */
export function withMap<E extends Elements<unknown>>(of: E): E {
  return {
    ...of,
    each: (context: RuleContext, report: Reporter) =>
      wholeMap(context, report) === undefined ? [] : of.each(context, report),
  };
}

/** Says which part of the map is not in the dump: a rule that found nothing in the rest has not passed then. */
export function notePartMissing({ handover }: RuleContext, report: Reporter): void {
  const { preservedMap, preservedMemoryMap } = handover;
  if (preservedMap?.complete === true || preservedMemoryMap === 0n) return;
  const missing = missingOf(handover, ['map']);
  if (missing !== undefined) {
    report.absent(`part of the preserved memory map (${missing.what})`, missing.address);
  } else if (preservedMap === undefined) {
    report.skip('the preserved memory map is not in the dump');
  }
}

/** Reports what decoding has found of one kind. */
export function reportDiagnostics(
  { diagnostics }: Handover,
  report: Reporter,
  code: string,
  accept: (diagnostic: Diagnostic) => boolean = () => true,
): void {
  for (const diagnostic of diagnostics) {
    if (diagnostic.code !== code || !accept(diagnostic)) continue;
    const { message, location } = diagnostic;
    report.finding({ message: message.charAt(0).toUpperCase() + message.slice(1), location });
  }
}

/**
 * The child of the root that a look-up by name finds. Where there are two, which of them is meant is KHO-112's
 * question, and what the first one holds says nothing.
 */
export function childNamed({ subtrees = [] }: Handover, name: string, report: Reporter): Subtree | undefined {
  const [found, second] = subtrees.filter((subtree) => subtree.name === name);
  if (found === undefined) report.skip(`the tree has no ${name}`);
  else if (second !== undefined) report.skip(`the tree has two children "${name}" (KHO-112)`, 'prerequisite');
  else return found;
  return undefined;
}

/** A place in memory; nothing where the address is unknown. */
export function at(address: bigint | number | undefined, field?: string): Location {
  return {
    ...(address === undefined ? {} : { address: BigInt(address) }),
    ...(field === undefined ? {} : { field }),
  };
}
