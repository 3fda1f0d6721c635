/** Memory that devices reach, and the page tables that lead there. */

import type { PhysicalMemory } from '../../memory/physical.js';
import type { TableTree } from '../../references/claim.js';
import type { Place } from '../../references/place.js';
import { iovasOf, pagesOf, targetsOf } from '../../vtd/walk/batch.js';
import { mergeBatches } from '../../vtd/walk/runs.js';
import type { WalkRequest } from '../../vtd/walk/state.js';
import { walkTable } from '../../vtd/walk/walk.js';
import { createUseColumns, putUse, type UseCollector, type UseColumns, useColumns } from './user.js';

const PAGE = 4096;

/** The tables of a domain, and what its devices reach. */
export function collectTables(
  tree: TableTree | undefined,
  place: Place,
  key: string,
  memory: PhysicalMemory | undefined,
  uses: UseCollector,
): void {
  const tables = `tables of ${key}`;
  if (memory === undefined || tree === undefined) {
    uses.untold(key);
    uses.untold(tables);
    return;
  }
  const { root, levels, format } = tree;
  const request = { memory, root, levels, format };
  // Tables are few beside what they map: they are held, and the rest is walked when it is asked for.
  const pages: number[] = [];
  const walk = walkTable({ ...request, onTable: ({ address }) => void pages.push(address) });
  for (const _ of walk.batches);
  uses.user({
    ...{ place, what: 'page tables', kind: 'reach', key: tables },
    runs: () => useColumns(pages.map((start) => ({ start, end: start + PAGE }))),
  });
  uses.user({ ...{ place, what: 'mapped memory', kind: 'reach', key }, runs: () => mappedUses(request) });
  if (walk.report().anomalies.some(({ kind }) => kind === 'table-absent')) {
    uses.untold(key);
    uses.untold(tables);
  }
}

function* mappedUses(root: WalkRequest): Generator<UseColumns> {
  const columns = createUseColumns();
  for (const batch of mergeBatches(walkTable(root).batches, root.format)) {
    const iovas = iovasOf(batch);
    const pages = pagesOf(batch);
    const targets = targetsOf(batch);
    for (let row = 0; row < batch.length; row++) {
      const start = (targets[row] as number) * PAGE;
      const end = start + (pages[row] as number) * PAGE;
      if (!putUse(columns, start, end, (iovas[row] as number) * PAGE)) continue;
      yield columns;
      columns.length = 0;
    }
  }
  if (columns.length > 0) yield columns;
}
