/** A list of folios that no memory holds. */
import type { FolioColumns, FolioRun, FolioView } from '../src/abi/upstream/model.js';

/** The view of these runs; `each` is not asked for. */
export function folioViewOf(length: number, draw: () => Iterable<FolioRun>): FolioView {
  return {
    length,
    each: () => {},
    runs: draw,
    *columns(): Generator<FolioColumns> {
      for (const { pfn, flags, index, count, step } of draw()) {
        yield {
          length: 1,
          pfn: Float64Array.of(Number(pfn)),
          flags: Uint16Array.of(flags),
          index: Float64Array.of(Number(index)),
          indexWords: new Uint32Array(BigUint64Array.of(index).buffer),
          count: Float64Array.of(count),
          step: Float64Array.of(step),
        };
      }
    },
  };
}
