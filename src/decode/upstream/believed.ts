/** How much of a list is read of which a record tells the length. */
import type { Location } from '../../abi/model.js';
import type { VmallocArea } from '../../abi/upstream/model.js';
import { physicalAddress } from '../../memory/read.js';
import type { Context } from './context.js';
import { areaLength } from './vmalloc.js';

/** Bytes looked at together. */
const STEP = 1 << 16;

/** Who says how long a list is. */
export interface Claim {
  /** For messages. */
  readonly owner: string;
  /** Code of the diagnostic where the area has no room for as many, and where the number is. */
  readonly code: string;
  readonly location: Location;
}

/**
 * How many entries of an area are read as a list: as many as there is room for, and the memory's budget lets be read.
 * Zeros that no file stores are known memory, and so are segments that alias each other: neither proves that a kernel
 * ever had a list of that length.
 *
 * @param count as the owner says
 * @param size bytes of an entry
 */
export function believedEntries(
  { memory, reporter, pageSize }: Context,
  area: VmallocArea,
  count: number | bigint,
  size: number,
  { owner, code, location }: Claim,
): number {
  const room = Math.floor(areaLength(area, pageSize) / size);
  // What the descriptor leaves room for: of a list that is absent nothing else is known.
  const claimed = Math.floor((area.descriptor.totalPages * pageSize) / size);
  if (count > claimed)
    reporter.add(code, `${owner}: nr_folios is ${count}, but the list has room for ${claimed}`, location);
  const length = (count > room ? room : Number(count)) * size;
  const { budget } = memory;
  if (budget === undefined) return length / size;
  for (let done = 0; done < length; done += STEP) {
    if (budget.take('lists', Math.min(STEP, length - done))) continue;
    reporter.add(
      'budget-lists',
      `${owner}: a list of ${length} bytes is more than this dump can hold; only ${done} bytes of it are read`,
      { address: BigInt(physicalAddress(area.runs[0] ?? 0) ?? 0) },
    );
    return Math.floor(done / size);
  }
  return length / size;
}
