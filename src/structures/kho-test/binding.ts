/** The in-kernel test (lib/test_kho.c; upstream 3.7): the same string in two forms. */
import { csum, khoTestFolio, khoTestMagic, nrFolios } from '../../records/kho_test.js';
import { khoVmalloc } from '../../records/vmalloc.js';
import type { VmallocArea } from '../folios.js';
import { type Rider, riderTree } from '../rider.js';
import { container, one, type PropertyBinding, packed, type TreeBinding, value } from '../tree.js';

function tree(foliosInfo: PropertyBinding): TreeBinding {
  return riderTree('kho-test-v1', {
    properties: [value('magic', 'magic', khoTestMagic)],
    children: [
      container(
        'data',
        [],
        [value('nr_folios', 'nrFolios', nrFolios), foliosInfo, value('csum', 'csum', csum)],
      ),
    ],
  });
}

/** From 6.18 on `folios_info` describes a vmalloc area. */
export const khoTestVmalloc = tree(one('folios_info', 'foliosInfo', khoVmalloc));
/** In 6.17 `folios_info` is the array itself. */
export const khoTestInline = tree(packed('folios_info', 'foliosInline', khoTestFolio));

const ENTRIES = { record: khoTestFolio, what: (i: number) => `kho_test folio ${i}` };
/** Folios of a larger order are not in any memory. */
const MAX_ORDER = 60;

export const khoTest: Rider = {
  name: 'kho_test',
  key: 'khoTest',
  part: 'kho-test',
  trees: [khoTestVmalloc, khoTestInline],
  *contents({ folios, area }, pageSize) {
    const list = folios as Iterable<{ readonly address: bigint; readonly order: number }> | undefined;
    if (list === undefined) return;
    yield {
      ...{ name: 'kho_test', what: 'folios' },
      ...(area === undefined ? {} : { entries: { ...ENTRIES, at: area as VmallocArea } }),
      *runs() {
        for (const { address, order } of list)
          yield { start: address, end: Number(address) + pageSize * 2 ** Math.min(order, MAX_ORDER) };
      },
    };
  },
  treeOf: ({ foliosInline }) => (foliosInline === undefined ? khoTestVmalloc : khoTestInline),
};
