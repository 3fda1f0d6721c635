/**
 * Linux 6.16 and 6.17 write bitmaps of 512 bytes, 6.18 to 7.0 bitmaps of a page, under the same version
 * string and without a mark (upstream 1.3 Q1, 2.3.5). The bytes mostly tell which.
 */
import type { Form } from '../../abi/model.js';
import type { MapChunk } from '../../abi/upstream/model.js';
import { orderFits } from '../../memory/blocks.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { physicalAddress } from '../../memory/read.js';
import { hex } from '../../schema/units.js';
import {
  type BitmapForm,
  bitmapSizeOf,
  bitmapSpan,
  bitOfAddress,
  bitsOf,
  SMALL_BITMAP,
} from '../../structures/map/bitmaps.js';
import { hasBit } from '../../structures/map/pages.js';

/** A block that the writer must have preserved, whatever else it did. */
export interface MustBePreserved {
  readonly address: bigint;
  readonly what: string;
}

/** What else is known about the writer. */
export interface ChunkEvidence {
  /** Said by the user. */
  readonly form?: Form;
  /** Kernel release of the writer, e.g. `6.18.3`. */
  readonly release?: string;
  /** What the rest of the handover says of its writer, and so of the form. */
  readonly writer?: { readonly form: BitmapForm; readonly reason: string };
  /** The root tree has a child LUO, which no kernel before 6.19 writes. */
  readonly luo: boolean;
  /** Pages that the writer has surely preserved. */
  readonly known: readonly MustBePreserved[];
}

export interface BitmapDecision {
  readonly bitmapSize: number;
  readonly reason: string;
  readonly ambiguous: boolean;
  /** Evidence against the form that was chosen. */
  readonly conflict?: string;
}

/**
 * Decides the form: what the user says, then the release, then the bytes, then what the other parts of the
 * handover say of its writer, then page-size bitmaps as ambiguous.
 */
export function bitmapForm(
  memory: PhysicalMemory,
  chunks: readonly MapChunk[],
  pageSize: number,
  evidence: ChunkEvidence,
): BitmapDecision {
  const small = smallEvidence(chunks, pageSize);
  const large = largeEvidence(memory, chunks, pageSize, evidence);
  const chosen = named(evidence, pageSize);
  if (chosen !== undefined) return { ...chosen, ambiguous: false };
  const { writer } = evidence;
  if (small !== undefined) {
    const form = { bitmapSize: SMALL_BITMAP, reason: small, ambiguous: false };
    const against = large ?? (writer?.form === 'bitmap-page' ? writer.reason : undefined);
    if (against === undefined) return form;
    return {
      ...form,
      conflict: `the map has evidence for 512-byte bitmaps (${small}) and against them (${against})`,
    };
  }
  if (large !== undefined) return { bitmapSize: pageSize, reason: large, ambiguous: false };
  if (writer !== undefined) {
    const bitmapSize = bitmapSizeOf(writer.form, pageSize);
    return { bitmapSize, reason: writer.reason, ambiguous: false };
  }
  const empty = chunks.every(({ pointers }) => pointers.length === 0);
  return { bitmapSize: pageSize, reason: 'there is no evidence for 512-byte bitmaps', ambiguous: !empty };
}

function named(
  { form, release }: ChunkEvidence,
  pageSize: number,
): { bitmapSize: number; reason: string } | undefined {
  if (isBitmapForm(form)) return { bitmapSize: bitmapSizeOf(form, pageSize), reason: '--assume' };
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release ?? '') ?? [];
  if (major === undefined || minor === undefined) return undefined;
  const isSmall = Number(major) < 6 || (Number(major) === 6 && Number(minor) < 18);
  return { bitmapSize: isSmall ? SMALL_BITMAP : pageSize, reason: `release ${release}` };
}

function isBitmapForm(form: Form | undefined): form is BitmapForm {
  return form === 'bitmap-512' || form === 'bitmap-page';
}

function smallEvidence(chunks: readonly MapChunk[], pageSize: number): string | undefined {
  for (const { order, pointers } of chunks) {
    if (!orderFits(order, pageSize)) continue;
    const unit = bitmapSpan(order, pageSize, pageSize);
    let before: bigint | undefined;
    for (const { physStart, bitmap } of pointers) {
      if (bitmap % BigInt(pageSize) !== 0n) return `the bitmap at ${hex(bitmap)} is not page-aligned`;
      if (physStart % unit !== 0n) {
        return `phys_start ${hex(physStart)} is not a multiple of the range that a page-size bitmap of order ${order} covers`;
      }
      if (before === physStart) return `two bitmaps of order ${order} start at ${hex(physStart)}`;
      before = physStart;
    }
  }
  return undefined;
}

function largeEvidence(
  memory: PhysicalMemory,
  chunks: readonly MapChunk[],
  pageSize: number,
  { luo, known }: ChunkEvidence,
): string | undefined {
  if (luo) return 'the tree has a child LUO, which Linux writes from 6.19 on';
  for (const { address, what } of known) {
    if (chunksHave(memory, chunks, pageSize, SMALL_BITMAP, address)) continue;
    if (chunksHave(memory, chunks, pageSize, pageSize, address)) {
      return `${what} at ${hex(address)} is preserved only if bitmaps have ${pageSize} bytes`;
    }
  }
  return undefined;
}

/** Whether some block of a map, read with bitmaps of this size, covers an address. */
export function chunksHave(
  memory: PhysicalMemory,
  chunks: readonly MapChunk[],
  pageSize: number,
  bitmapSize: number,
  address: bigint,
): boolean {
  for (const { order, pointers } of chunks) {
    if (!orderFits(order, pageSize)) continue;
    for (const { physStart, bitmap } of pointers) {
      if (address < physStart) continue;
      const bit = bitOfAddress({ physStart, order }, address, pageSize);
      const at = physicalAddress(bitmap);
      if (bit >= BigInt(bitsOf(bitmapSize)) || at === undefined) continue;
      if (hasBit(memory, at, Number(bit))) return true;
    }
  }
  return false;
}

/** The bitmap sizes that are possible. */
export function bitmapSizes(form: ChunkEvidence['form'], pageSize: number): readonly number[] {
  return isBitmapForm(form) ? [bitmapSizeOf(form, pageSize)] : [pageSize, SMALL_BITMAP];
}
