/** How many pages the tables of a domain are made of, by the entries that point to tables. */
import { dataView } from '../../decode/bytes.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { readBytes } from '../../memory/read.js';
import { SS_PDE_LEAF_BITS, SS_PTE_BITS, SS_PTE_SIZE } from '../../records/vtd.js';

const PAGE = 4096;
const PRESENT = SS_PTE_BITS.r.lo | SS_PTE_BITS.w.lo;
const LARGE = SS_PDE_LEAF_BITS.ps.lo;
const ADDRESS = 0x000f_ffff_ffff_f000n;

/**
 * Counts the top table and every entry that points to a table. The lowest tables are not read.
 *
 * @param limit the count is given up above this, so that tables that loop end too
 * @returns undefined when a table is absent, or there are more than `limit`
 */
export function countTables(
  memory: PhysicalMemory,
  pgd: bigint,
  levels: number,
  limit: number,
): number | undefined {
  let count = 1;
  const open = [{ address: pgd, level: levels }];
  for (let table = open.pop(); table !== undefined; table = open.pop()) {
    if (table.level < 2) continue;
    const bytes = readBytes(memory, table.address, PAGE);
    if (bytes === undefined) return undefined;
    const view = dataView(bytes);
    for (let at = 0; at < PAGE; at += SS_PTE_SIZE) {
      const low = view.getUint32(at, true);
      if ((low & PRESENT) === 0 || (low & LARGE) !== 0) continue;
      if (++count > limit) return undefined;
      if (table.level > 2)
        open.push({ address: view.getBigUint64(at, true) & ADDRESS, level: table.level - 1 });
    }
  }
  return count;
}
