/** HugeTLB (upstream 4.8). */

import { blockSize } from '../../memory/blocks.js';
import { STRUCTURES } from '../../validate/reads.js';
import type { Rule } from '../../validate/rule.js';
import { eachRule, rulesOf } from '../../validate/shapes.js';
import { checkFolios } from '../../validate/structures/folio-lists.js';
import { restoredRecord } from '../../validate/structures/generic.js';
import { eachHeld, heldOf, heldRecords } from '../../validate/structures/held.js';
import { elementField, fieldAt } from '../../validate/structures/place.js';
import { hex, size } from '../../validate/text.js';
import type { HugeMemfdState, HugetlbState } from './model.js';

const STATES = heldRecords<HugetlbState>('hugetlb', STRUCTURES);
const rule = rulesOf(STATES.shared);

const HUGETLB = 'include/linux/kho/abi/hugetlb.h (intel-lab-lkp/linux, not in a release)';
/** Records that there is room for. */
const HSTATES = 4;

export const hstates = eachRule(STATES, {
  id: 'HUGETLB-001',
  title: 'the HugeTLB state has at most four page sizes, each once and in ascending order',
  source: 'upstream 4.8',
  evidence: HUGETLB,
  consequence:
    'not checked: the next kernel takes what follows the record for a page size; of a size that is there twice the second number counts',
  *faults({ form, model }) {
    const { nrHstates, hstates: list } = model;
    if (nrHstates > HSTATES) {
      yield {
        message: `nr_hstates is ${nrHstates}`,
        location: fieldAt(form.root, model.address, 'nrHstates'),
        found: `${nrHstates}`,
        expected: `at most ${HSTATES}`,
      };
      return;
    }
    for (const [i, state] of list.items.entries()) {
      const place = elementField(form, 'hstates', state, 'order');
      if (i >= nrHstates) {
        yield {
          severity: 'warning',
          message: `page size ${i} of the HugeTLB state is not counted, but not zero`,
          location: place,
          expected: '0',
        };
        continue;
      }
      const before = list.items[i - 1];
      const order =
        before !== undefined && i > 0 && state.order <= before.order ? 'not above the one before' : undefined;
      const why = state.order === 0 ? '0, which is not a huge page' : order;
      if (why === undefined) continue;
      yield {
        message: `order of page size ${i} of the HugeTLB state is ${state.order === 0 ? why : `${state.order}, ${why}`}`,
        location: place,
        found: `${state.order}`,
      };
    }
  },
});

export const hugetlbRecord = restoredRecord(['hugetlb', 'hugeMemfd'], 'HugeTLB', {
  id: 'HUGETLB-002',
  source: 'upstream 4.8',
  evidence: HUGETLB,
  consequence:
    'the record is not restored: the pages or the file are lost, and what was not preserved has been reused',
  reads: STRUCTURES,
});

export const hugeFolios = rule({
  id: 'HUGETLB-003',
  title:
    'every folio of a HugeTLB memfd starts a preserved block of the order of the file, inside the file, at an index of its own',
  source: 'upstream 4.8',
  evidence: HUGETLB,
  consequence: 'the folio is not restored, and the file with it; or it is restored with another size',
  requires: ['HUGETLB-002'],
  check(context, report) {
    checkFolios(context, report, 'hugeMemfd', (model) => (model as HugeMemfdState).order);
  },
});

export const hugeOrder = rule({
  id: 'HUGETLB-004',
  title: 'the page size of a HugeTLB memfd is one of the HugeTLB state, and its size a multiple of it',
  source: 'upstream 4.8',
  evidence: HUGETLB,
  consequence: 'the next kernel has no such page size set up from the state, and cannot restore the file',
  requires: ['HUGETLB-001', 'HUGETLB-002'],
  check(context, report) {
    const { handover } = context;
    const files = eachHeld<HugeMemfdState>(context, 'hugeMemfd', report);
    const states = heldOf<HugetlbState>(handover, 'hugetlb');
    const orders = new Set(states.flatMap(({ model }) => model.hstates.items.map(({ order }) => order)));
    for (const { form, model, name, subject } of files) {
      const known = states.length > 0 && states.every((state) => state.model.hstates.missing === undefined);
      if (known && !orders.has(model.order)) {
        report.finding({
          subject,
          message: `the pages of ${name} are of order ${model.order}, which the HugeTLB state lacks`,
          location: fieldAt(form.root, model.address, 'order'),
          found: `${model.order}`,
          expected: [...orders].join(', '),
        });
        continue;
      }
      const huge = blockSize(Math.min(model.order, 40), handover.pageSize);
      if (model.size % huge === 0n) continue;
      report.finding({
        subject,
        message: `the size of ${name} is ${hex(model.size)}, not a multiple of its pages of ${size(huge)}`,
        location: fieldAt(form.root, model.address, 'size'),
        found: hex(model.size),
      });
    }
  },
});

export const hugetlbRules: readonly Rule[] = [hugetlbRecord, hstates, hugeFolios, hugeOrder];
