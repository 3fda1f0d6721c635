import { appendRow, createLeafBatch, ENTRIES_PER_TABLE, type LeafBatch, pagesPerEntry } from './batch.js';
import type { WalkRequest } from './state.js';
import { type Translation, translate } from './translate.js';

/** The leaf that one IOVA is in, in the form in which a walk of the whole table gives it. */
export interface LeafAt {
  /** A batch of one row; none where the IOVA is not mapped. */
  readonly batches: readonly LeafBatch[];
  /** The way to it, or how far it goes. */
  readonly translation: Translation;
}

/** Looks one IOVA up, and tells `onTable` of each table on the way. */
export function leafAt(request: WalkRequest, iova: bigint): LeafAt {
  const { format, onTable } = request;
  const translation = translate(request, iova);
  const { steps, result } = translation;
  const page = Number(iova >> 12n);
  const batch = createLeafBatch(ENTRIES_PER_TABLE, format);
  let from = { entryAddress: -1, lo: 0, hi: 0 };
  for (const { level, index, entryAddress, entry, verdict } of steps) {
    const span = pagesPerEntry(level);
    const table = span * ENTRIES_PER_TABLE;
    if (entry === undefined) break;
    onTable?.({
      ...from,
      address: entryAddress - index * 8,
      level,
      iova: page - (page % table),
      empty: false,
    });
    const lo = Number(BigInt.asIntN(32, entry));
    const hi = Number(BigInt.asIntN(32, entry >> 32n));
    from = { entryAddress, lo, hi };
    if (verdict === 'leaf') appendRow(batch, { iova: page - (page % span), pages: span, level, lo, hi });
  }
  return { batches: result.kind === 'mapped' ? [batch] : [], translation };
}
