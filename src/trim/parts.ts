/** What a trim is put together from: bytes that are kept, and bytes that never are. */
import { createRangeCollector, type RangeCollector } from './byte-ranges.js';

export interface TrimParts {
  /** Bytes of decoded records. */
  readonly records: RangeCollector;
  /** Bytes of records of the boot protocol, whose pages also hold what is private: kept byte by byte always. */
  readonly boot: RangeCollector;
  /** Bytes that are not a record but whose page a reader needs: kept as zero. */
  readonly zeroed: RangeCollector;
  /** Bytes that never are in the output, though their pages may be: seeds. */
  readonly secret: RangeCollector;
  /** Bytes that records point to and that do not look like the records that should be there: kept as zero. */
  readonly foreign: RangeCollector;
}

/** Empty parts. */
export function createParts(): TrimParts {
  return {
    records: createRangeCollector(),
    boot: createRangeCollector(),
    zeroed: createRangeCollector(),
    secret: createRangeCollector(),
    foreign: createRangeCollector(),
  };
}
