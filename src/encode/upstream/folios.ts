/** Lists of folios of a document, as the entries that are in a preserved area. */
import { FOLIO_SER_SIZE, writeFolioSer } from '../../structures/folios.js';
import { ModelError } from '../from-json.js';
import { jsonNarrow, jsonObjects, jsonWide } from './json.js';
import type { Place } from './place.js';

/** Entries of one list that a document may ask for: 2 GiB of them. */
const MAX_ENTRIES = 2 ** 27;

/** `folios` of a file, runs expanded, as the entries of its list. */
export function folioBytes(place: Pick<Place, 'make'>, value: unknown, path: string): Uint8Array {
  const runs = jsonObjects(value, path).map((run, i) => ({
    pfn: jsonWide(run.pfn, `${path}[${i}].pfn`),
    flags: jsonNarrow(run.flags, `${path}[${i}].flags`),
    index: jsonWide(run.index, `${path}[${i}].index`),
    count: jsonNarrow(run.count ?? 1, `${path}[${i}].count`),
    step: BigInt(jsonNarrow(run.step ?? 1, `${path}[${i}].step`)),
  }));
  const total = runs.reduce((sum, { count }) => sum + count, 0);
  if (total > MAX_ENTRIES) throw new ModelError(`${path}: ${total} entries are too many`);
  place.make(total * FOLIO_SER_SIZE, path);
  const bytes = new Uint8Array(total * FOLIO_SER_SIZE);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { pfn, flags, index, count, step } of runs) {
    for (let i = 0n; i < count; i++) {
      writeFolioSer(view, at, { pfn: pfn + i * step, flags, index: index + i * step });
      at += FOLIO_SER_SIZE;
    }
  }
  return bytes;
}
