/** Lists of folios in preserved vmalloc areas, and the memory that they name. */
import { PHYSICAL_LIMIT } from '../memory/physical.js';
import { memfdLuoFolioSer } from '../records/memfd.js';
import type { FolioList } from '../structures/folios.js';
import { addArea } from './area.js';
import type { ReferenceContext } from './sink.js';

/** Tells the list pages of a file's area, the entries in it, and where asked for the folios. */
export function addFolios(context: ReferenceContext, { area, folios }: FolioList, file: string): void {
  const { sink, pageSize, preserved } = context;
  addArea(context, area, `the folios of ${file}`);
  sink.array({
    record: memfdLuoFolioSer,
    count: folios.length,
    at: area,
    what: (i) => `folio ${i} of ${file}`,
    traits: { list: `folios of ${file}` },
  });
  if (sink.contents === undefined) return;
  for (const { pfn, count, step } of folios.runs()) {
    // The last folio's size is that of its preserved block.
    const last = Number(pfn) + (count - 1) * step;
    const order = preserved?.ordersAt(last).at(-1) ?? 0;
    const pages = (count - 1) * step + 2 ** order;
    sink.contents(Number(pfn) * pageSize, Math.min(pages * pageSize, PHYSICAL_LIMIT));
  }
}
