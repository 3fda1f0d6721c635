/** Memory that devices reach, and the page tables that lead there. */
import type { TableTree } from '../../instances/tables.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { iovasOf, pagesOf, targetsOf } from '../../vtd/walk/batch.js';
import { mergeBatches } from '../../vtd/walk/runs.js';
import { walkTable } from '../../vtd/walk/walk.js';
import type { Place } from '../place.js';
import type { UseCollector } from './user.js';

const PAGE = 4096;

/** The tables of a domain, and what its devices reach. */
export function collectTables(
  { root, levels, format }: Pick<TableTree, 'root' | 'levels' | 'format'>,
  place: Place,
  key: string,
  memory: PhysicalMemory,
  uses: UseCollector,
): void {
  const mapped = uses.user({ place, what: 'mapped memory', kind: 'reach', key });
  const tables = uses.user({ place, what: 'page tables', kind: 'reach', key: `tables of ${key}` });
  const walk = walkTable({
    memory,
    root,
    levels,
    format,
    onTable: ({ address }) => uses.add(tables, address, address + PAGE),
  });
  for (const batch of mergeBatches(walk.batches, format)) {
    const iovas = iovasOf(batch);
    const pages = pagesOf(batch);
    const targets = targetsOf(batch);
    for (let row = 0; row < batch.length; row++) {
      const start = (targets[row] as number) * PAGE;
      const iova = (iovas[row] as number) * PAGE;
      uses.add(mapped, start, start + (pages[row] as number) * PAGE, iova);
    }
  }
  if (walk.report().anomalies.some(({ kind }) => kind === 'table-absent')) {
    uses.untold(key);
    uses.untold(`tables of ${key}`);
  }
}
