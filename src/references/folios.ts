/** Lists of folios in preserved vmalloc areas. */
import type { FolioList } from '../structures/folios.js';
import { folioSer } from '../structures/folios.js';
import { addArea } from './area.js';
import type { ReferenceContext } from './sink.js';

/** Tells the list pages of a file's area, and the entries in it. */
export function addFolios(context: ReferenceContext, { area, folios }: FolioList, file: string): void {
  addArea(context, area, `the folios of ${file}`);
  context.sink.array({
    record: folioSer,
    count: folios.length,
    at: area,
    what: (i) => `folio ${i} of ${file}`,
    traits: { list: `folios of ${file}` },
  });
}
