/** How much of a list is read of which a record tells the length. */
import type { VmallocArea } from '../../abi/upstream/model.js';
import { physicalAddress } from '../../memory/read.js';
import type { Context } from './context.js';

/** Bytes looked at together. */
const STEP = 1 << 16;

/**
 * The leading bytes of an area that the memory's budget lets be read as a list. Zeros that no file stores are known
 * memory, and so are segments that alias each other: neither proves that a kernel ever had a list of that length.
 *
 * @param length bytes that the record claims, within the area
 * @param owner whose list it is, for messages
 */
export function believedLength(
  { memory, reporter }: Context,
  area: VmallocArea,
  length: number,
  owner: string,
): number {
  const { budget } = memory;
  if (budget === undefined) return length;
  for (let done = 0; done < length; done += STEP) {
    const size = Math.min(STEP, length - done);
    if (budget.take('lists', size)) continue;
    reporter.add(
      'budget-lists',
      `${owner}: a list of ${length} bytes is more than this dump can hold; only ${done} bytes of it are read`,
      { address: BigInt(physicalAddress(area.runs[0] ?? 0) ?? 0) },
    );
    return done;
  }
  return length;
}
