/** Lists of folios and the vmalloc areas that hold them, as plain values for JSON, drawn as they are written. */
import type { FolioList, VmallocArea } from '../structures/folios.js';
import { addressRows, folioRows } from './upstream-rows.js';

type Json = { [key: string]: unknown };

/** `list` and `folios` of a file. */
export function folioListJson({ area, folios }: FolioList): Json {
  return { list: areaJson(area), folios: folioRows(folios) };
}

/** A vmalloc area: its descriptor, its list pages and the pages that these list. */
export function areaJson({ descriptor, chunks, runs }: VmallocArea): Json {
  return { ...descriptor, chunks: addressRows(chunks), runs: addressRows(runs) };
}
