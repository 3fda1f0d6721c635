/** Dumps that break the rules on kho_test, one fault each. */

import { type Case, V73, V618 } from '../../../test/validate/upstream-cases/case.js';
import { dropProperty, sure, text, u32, u64, value } from '../../../test/validate/upstream-patches.js';

export const CASES: readonly Case[] = [
  V73('KTEST-001', 'kho-test-v2', (handover) =>
    text(value(handover, '/', 'compatible', 'kho_test'), 'kho-test-v2'),
  ),
  V618('KTEST-001', 'another magic', (handover) => u32(value(handover, '/', 'magic', 'kho_test'), 1)),
  V73('KTEST-001', 'no csum', (handover) => dropProperty(handover, '/data', 'csum', 'kho_test', 4)),
  V73('KTEST-002', '513 folios in a page', (handover) =>
    u32(value(handover, '/data', 'nr_folios', 'kho_test'), 513),
  ),
  V73('KTEST-003', 'another order', (handover) => {
    const [first] = sure(handover.khoTest?.folios, 'folios');
    const { address, order } = sure(first, 'folio');
    return u64(sure(handover.khoTest?.area?.runs[0], 'list'), address + BigInt(order + 1));
  }),
  V73('KTEST-003', 'another sum', (handover) => {
    const folios = [...sure(handover.khoTest?.folios, 'folios')];
    return folios.map(({ address, order }) => ({ address: Number(address), zeroLength: 4096 << order }));
  }),
];
