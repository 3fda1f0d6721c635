/** Regions of reserve_mem (mm/memblock.c prepare_kho_fdt; upstream 3.4). */
import { reserveMemSize, reserveMemStart } from '../../records/memblock.js';
import { escapeText } from '../../schema/escape.js';
import { counted, hex, size } from '../../schema/units.js';
import { type Painter, type Rider, type RiderForm, type RiderPart, riderTree } from '../rider.js';
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

const regionsOf = (part: RiderPart): readonly RiderPart[] => part.regions as readonly RiderPart[];

/** A region of reserve_mem on a line. */
function regionLine(region: RiderPart, paint: Painter): string {
  const {
    name = '',
    start = 0n,
    size: length = 0n,
  } = region as {
    readonly name?: string;
    readonly start?: bigint;
    readonly size?: bigint;
  };
  const range = `${paint('address', `${hex(start)}-${hex(start + length)}`)}  ${paint('value', size(length))}`;
  return `  ${paint('text', JSON.stringify(escapeText(name)))}  ${range}`;
}

const FORM: RiderForm = { tree: memblockV1 };

export const memblock: Rider = {
  name: 'memblock',
  key: 'memblock',
  part: 'memblock',
  kept: true,
  forms: [FORM],
  formOf: () => FORM,
  text: {
    unknown: 'unknown',
    summary: (part) => counted(regionsOf(part).length, 'region'),
    title: (part) => `${counted(regionsOf(part).length, 'region')} of reserve_mem`,
    lines: (part, paint) => regionsOf(part).map((region) => regionLine(region, paint)),
  },
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
