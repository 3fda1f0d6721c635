/** Regions of reserve_mem (mm/memblock.c prepare_kho_fdt; upstream 3.4). */
import { reserveMemSize, reserveMemStart } from '../../records/memblock.js';
import { type Rider, type RiderForm, riderTree } from '../rider.js';
import { value } from '../tree.js';

export const RESERVE_MEM = 'reserve-mem-v1';

export const memblockV1 = riderTree('memblock-v1', {
  properties: [],
  children: [
    {
      name: { any: true, key: 'name' },
      place: { list: 'regions' },
      compatible: RESERVE_MEM,
      told: true,
      properties: [value('start', 'start', reserveMemStart), value('size', 'size', reserveMemSize)],
      children: [],
    },
  ],
});

const FORM: RiderForm = { tree: memblockV1 };

export const memblock: Rider = {
  name: 'memblock',
  key: 'memblock',
  part: 'memblock',
  kept: true,
  forms: [FORM],
  formOf: () => FORM,
  outline: {
    part: 'memblock',
    fields: [
      { name: 'compatible', path: ['compatible'] },
      { name: 'regions', path: ['regions'], only: 'summary' },
    ],
    nodes: {
      key: 'regions',
      naming: 'name',
      place: 'region',
      fields: [
        { name: 'size', path: ['size'], unit: 'size' },
        { name: 'start', path: ['start'], only: 'strict' },
      ],
      contents: { start: 'start', size: 'size' },
    },
  },
};
