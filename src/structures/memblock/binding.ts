/** Regions of reserve_mem (mm/memblock.c prepare_kho_fdt; upstream 3.4). */
import { reserveMemSize, reserveMemStart } from '../../records/memblock.js';
import { type Rider, riderTree } from '../rider.js';
import { value } from '../tree.js';

export const RESERVE_MEM = 'reserve-mem-v1';

export const memblockV1 = riderTree('memblock-v1', {
  properties: [],
  children: [
    {
      name: { any: true, key: 'name' },
      place: { list: 'regions' },
      compatible: RESERVE_MEM,
      properties: [value('start', 'start', reserveMemStart), value('size', 'size', reserveMemSize)],
      children: [],
    },
  ],
});

interface Region {
  readonly name?: string;
  readonly start?: bigint;
  readonly size?: bigint;
}

export const memblock: Rider = {
  name: 'memblock',
  key: 'memblock',
  part: 'memblock',
  kept: true,
  trees: [memblockV1],
  treeOf: () => memblockV1,
  *contents({ regions }) {
    for (const { name = '', start, size } of regions as readonly Region[]) {
      if (start === undefined || size === undefined) continue;
      const run = { start, end: start + size, position: 0 };
      yield {
        ...{ names: { region: name }, name: `memblock region "${name}"`, what: 'contents' },
        fixed: true,
        runs: () => [run],
      };
    }
  },
};
