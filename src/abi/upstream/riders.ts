/** The blobs below the root that are trees themselves: memblock, kho_test, and LUO up to luo-v2. */
import { csum, khoTestFolio, khoTestMagic, nrFolios } from '../../records/kho_test.js';
import { liveupdateNumber, luoAbiHeader, luoFlbHeader, luoSessionHeader } from '../../records/luo.js';
import { reserveMemSize, reserveMemStart } from '../../records/memblock.js';
import { khoVmalloc } from '../../records/vmalloc.js';
import { container, type NodeBinding, one, packed, type TreeBinding, value } from '../binding.js';

function tree(compatible: string, root: Pick<NodeBinding, 'properties' | 'children'>): TreeBinding {
  return { compatible, root: { name: { literal: '' }, place: { merge: true }, compatible, ...root } };
}

/** mm/memblock.c, prepare_kho_fdt. */
export const memblockV1 = tree('memblock-v1', {
  properties: [],
  children: [
    {
      name: { any: true, key: 'name' },
      place: { list: 'regions' },
      compatible: 'reserve-mem-v1',
      properties: [value('start', 'start', reserveMemStart), value('size', 'size', reserveMemSize)],
      children: [],
    },
  ],
});

function khoTest(foliosInfo: 'vmalloc' | 'inline'): TreeBinding {
  const info =
    foliosInfo === 'vmalloc'
      ? one('folios_info', 'foliosInfo', khoVmalloc)
      : packed('folios_info', 'foliosInline', khoTestFolio);
  return tree('kho-test-v1', {
    properties: [value('magic', 'magic', khoTestMagic)],
    children: [
      container('data', [], [value('nr_folios', 'nrFolios', nrFolios), info, value('csum', 'csum', csum)]),
    ],
  });
}

/** lib/test_kho.c of 6.18 and later: `folios_info` describes a vmalloc area. */
export const khoTestVmalloc = khoTest('vmalloc');
/** lib/test_kho.c of 6.17: `folios_info` is the array itself. */
export const khoTestInline = khoTest('inline');

/** kernel/liveupdate/luo_core.c, luo_session.c, luo_flb.c of 6.19 to 7.1. */
export const luoV1 = tree('luo-v1', {
  properties: [value('liveupdate-number', 'liveupdateNumber', liveupdateNumber)],
  children: [
    {
      ...container('luo-session', [], [value('luo-session-header', 'sessionsAddress', luoSessionHeader)]),
      compatible: 'luo-session-v2',
    },
    {
      ...container('luo-flb', [], [value('luo-flb-header', 'flbsAddress', luoFlbHeader)]),
      compatible: 'luo-flb-v1',
    },
  ],
});

/** Between luo-v1 and luo-v3, in no release. */
export const luoV2 = tree('luo-v2', {
  properties: [value('luo-abi-header', 'abiHeader', luoAbiHeader)],
  children: [],
});
