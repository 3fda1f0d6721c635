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

export const memblock: Rider = {
  name: 'memblock',
  key: 'memblock',
  part: 'memblock',
  kept: true,
  trees: [memblockV1],
  treeOf: () => memblockV1,
};
