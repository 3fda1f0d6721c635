/** Lists of folios in preserved vmalloc areas, and the memory that they name. */
import { PHYSICAL_LIMIT } from '../memory/physical.js';
import type { FolioList } from '../structures/folios.js';
import { folioSer } from '../structures/folios.js';
import { addArea } from './area.js';
import type { ReferenceContext } from './sink.js';

/** Tells the list pages of a file's area, the entries in it, and where asked for the folios. */
export function addFolios(context: ReferenceContext, { area, folios }: FolioList, file: string): void {
  const { sink, pageSize, preserved } = context;
  addArea(context, area, `the folios of ${file}`);
  sink.array({
    record: folioSer,
    count: folios.length,
    at: area,
    what: (i) => `folio ${i} of ${file}`,
    traits: { list: `folios of ${file}` },
  });
  if (sink.contents === undefined) return;
  // No folio is longer than the largest preserved block.
  const longest = 2 ** Math.max(0, ...(preserved?.orders ?? []));
  const skip = (low: number, high: number): boolean =>
    sink.apart?.(low * pageSize, Math.min((high + longest) * pageSize, PHYSICAL_LIMIT)) === true;
  for (const { length, pfn, count, step } of folios.columns(skip)) {
    for (let row = 0; row < length; row++) {
      // The last folio's size is that of its preserved block.
      const before = ((count[row] as number) - 1) * (step[row] as number);
      const first = pfn[row] as number;
      const order = preserved?.largestAt(first + before) ?? 0;
      const pages = before + (order > 0 ? 2 ** order : 1);
      sink.contents(first * pageSize, Math.min(pages * pageSize, PHYSICAL_LIMIT));
    }
  }
}
