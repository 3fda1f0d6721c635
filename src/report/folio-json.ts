/** Lists of folios and the vmalloc areas that hold them, as plain values for JSON, drawn as they are written. */

import { hex } from '../schema/units.js';
import type { FolioList, FolioView, VmallocArea } from '../structures/folios.js';

type Json = { [key: string]: unknown };

/** `list` and `folios` of a file. */
export function folioListJson({ area, folios }: FolioList): Json {
  return { list: areaJson(area), folios: { [Symbol.iterator]: () => foliosJson(folios) } };
}

function* foliosJson(folios: FolioView): Generator<Json> {
  for (const { pfn, flags, index, count, step } of folios.runs()) {
    yield {
      pfn,
      flags: hex(flags),
      index,
      count: count === 1 ? undefined : count,
      step: step === 1 ? undefined : step,
    };
  }
}

/** A vmalloc area: its descriptor, its list pages and the pages that these list. */
export function areaJson({ descriptor, chunks, runs }: VmallocArea): Json {
  return { ...descriptor, chunks: addresses(chunks), runs: addresses(runs) };
}

function addresses(column: Float64Array): Iterable<bigint> {
  return {
    *[Symbol.iterator]() {
      for (const address of column) yield BigInt(address);
    },
  };
}
