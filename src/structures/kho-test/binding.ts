/** The in-kernel test (lib/test_kho.c; upstream 3.7): the same string in two forms. */
import type { FdtTree } from '../../fdt/parse.js';
import { findNode, findProperty, propertyValue } from '../../fdt/tree.js';
import {
  csum,
  KHO_TEST_FOLIO_SIZE,
  khoTestFolio,
  khoTestMagic,
  NR_FOLIOS_SIZE,
  nrFolios,
  readNrFolios,
} from '../../records/kho_test.js';
import { KHO_VMALLOC_SIZE, khoVmalloc } from '../../records/vmalloc.js';
import { counted, hex } from '../../schema/units.js';
import type { KhoTestForm } from '../../versions/table.js';
import { type Rider, type RiderForm, type RiderPart, riderTree, type TaggedList } from '../rider.js';
import { container, one, type PropertyBinding, packed, type TreeBinding, value } from '../tree.js';
import { folioSum } from './checksum.js';

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

const FOLIOS: TaggedList = {
  key: 'folios',
  record: khoTestFolio,
  what: 'list of kho_test',
  owner: 'kho_test',
  element: 'folio',
  address: 'address',
  tag: 'order',
  from: 'foliosInfo',
  count: 'nrFolios',
  location: { fdtPath: '/data', property: 'nr_folios' },
  code: 'kho-test-folios',
};
const VMALLOC: RiderForm = { tree: khoTestVmalloc, tagged: FOLIOS };
const INLINE: RiderForm = {
  tree: khoTestInline,
  tagged: { ...FOLIOS, from: 'foliosInline', packed: true },
};

/** How long `folios_info` is, and how long an array of `nr_folios` is; undefined where the tree lacks either. */
function lengths(tree: FdtTree): { readonly info: number; readonly array: number } | undefined {
  const data = findNode(tree, '/data');
  const bytes = (name: string): Uint8Array | undefined => {
    const property = data < 0 ? -1 : findProperty(tree, data, name);
    return property < 0 ? undefined : propertyValue(tree, property);
  };
  const [info, count] = [bytes('folios_info'), bytes('nr_folios')];
  if (info === undefined || count?.length !== NR_FOLIOS_SIZE) return undefined;
  const view = new DataView(count.buffer, count.byteOffset, count.length);
  return { info: info.length, array: readNrFolios(view, 0).value * KHO_TEST_FOLIO_SIZE };
}

/** How `folios_info` of a tree of kho_test is written; undefined where both forms are as long, or it is neither. */
export function khoTestForm(tree: FdtTree): KhoTestForm | undefined {
  const { info, array } = lengths(tree) ?? {};
  const inline = info === array;
  if (info === undefined || inline === (info === KHO_VMALLOC_SIZE)) return undefined;
  return inline ? 'inline' : 'vmalloc';
}

const folioCount = ({ nrFolios: count }: RiderPart): string =>
  count === undefined ? '? folios' : counted(count as number, 'folio');

export const khoTest: Rider = {
  name: 'kho_test',
  key: 'khoTest',
  part: 'kho-test',
  forms: [VMALLOC, INLINE],
  formOf: ({ foliosInline }) => (foliosInline === undefined ? VMALLOC : INLINE),
  formOfTree(tree, old) {
    const { info, array } = lengths(tree) ?? {};
    // Two words are as long as a descriptor.
    return info !== undefined && info === array && (info !== KHO_VMALLOC_SIZE || old) ? INLINE : VMALLOC;
  },
  computed: folioSum,
  text: {
    unknown: 'unknown',
    cutOff: true,
    late: true,
    summary: folioCount,
    title: folioCount,
    lines({ csum: sum, csumComputed }) {
      const computed =
        csumComputed === undefined
          ? 'not computed: not all folios are in the dump'
          : hex(csumComputed as number);
      return [`  csum ${sum === undefined ? '(none)' : hex(sum as number)}, ${computed}`];
    },
  },
  outline: {
    part: 'kho-test',
    fields: [
      { name: 'compatible', path: ['compatible'] },
      { name: 'magic', path: ['magic'], unit: 'hex' },
      { name: 'nr_folios', path: ['nrFolios'], unit: 'count' },
      // Stands for the contents of the folios, which are random at each cold boot.
      { name: 'csum', path: ['csum'], unit: 'hex' },
      { name: 'folios_info.first', path: ['foliosInfo', 'first'], only: 'strict' },
    ],
  },
};
