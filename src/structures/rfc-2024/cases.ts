/** Dumps that break the rules on the container of the 2024 series. */
import { LAYOUT } from '../../../test/rfc/build-dump.js';
import { le, nodeAt, poke, removeNode, setProperty } from '../../../test/rfc/corrupt.js';
import {
  DOMAIN_PATH,
  type FieldCase,
  payload,
  type RuleCase,
  rename,
  text,
} from '../../../test/rfc/sample.js';

export const RFC_FIELDS: readonly FieldCase[] = [
  ['/ compatible', setProperty('/', 'compatible', text('kho-v9')), ['KHO-002']],
  ['/intel-iommu/domains/* name', rename(DOMAIN_PATH, '4'), ['KHO-013', 'DMAR-006']],
  ['kho_data_rfc2024.dt_addr', payload('dtAddr', LAYOUT.cache), ['KHO-017']],
  ['kho_data_rfc2024.dt_addr', payload('dtAddr', 1n << 52n), ['KHO-017']],
  ['kho_data_rfc2024.dt_addr', payload('dtAddr', 0), ['KHO-017']],
];

export const RFC_RULES: readonly RuleCase[] = [
  [
    'KHO-001',
    "the structure block at 0x38, as libfdt's other writer puts it",
    {
      blob: (blob) => {
        const edited = blob.slice();
        const view = new DataView(edited.buffer);
        view.setUint32(16, 0x28);
        edited.fill(0, 0x28, 0x38);
        return edited;
      },
    },
  ],
  ['KHO-017', 'dt_addr leads to the mem cache', poke(LAYOUT.setupData + 16, le(LAYOUT.cache, 8))],
  ['KHO-014', 'no /guestmemfs', removeNode('/guestmemfs')],
  [
    'KHO-015',
    'a property that no kernel writes',
    {
      tree: (root) => {
        nodeAt(root, '/intel-iommu').properties.push(['account_mode', Uint8Array.of(1)]);
      },
    },
  ],
];
