/** HugeTLB and guest_memfd files (upstream 4.8, 4.9). */

import type { FolioList } from '../../structures/folios.js';
import type { GuestMemfdState } from '../../structures/guest-memfd/model.js';
import type { HugeMemfdState, HugetlbState } from '../../structures/hugetlb/model.js';
import type { StructureModel } from '../../structures/model.js';
import { STRUCTURES } from '../reads.js';
import type { Reporter, RuleContext } from '../rule.js';
import { hex, size } from '../text.js';
import { orderAt, wholeMap } from '../upstream/shared.js';
import { definedValues, draft, restoredRecord } from './generic.js';
import { eachHeld, heldOf } from './held.js';
import { elementField, fieldAt } from './place.js';
import { vmTokens } from './vm-tokens.js';

const HUGETLB = 'include/linux/kho/abi/hugetlb.h (intel-lab-lkp/linux, not in a release)';
const GMEM = 'virt/kvm/guest_memfd_luo.c (RFC of mid 2026, not in a release)';
/** Records that there is room for. */
const HSTATES = 4;

export const hstates = draft({
  id: 'HUGETLB-001',
  title: 'the HugeTLB state has at most four page sizes, each once and in ascending order',
  severity: 'error',
  source: 'upstream 4.8',
  evidence: HUGETLB,
  consequence:
    'not checked: the next kernel takes what follows the record for a page size; of a size that is there twice the second number counts',
  reads: STRUCTURES,
  check(context, report) {
    for (const { form, model, subject } of eachHeld<HugetlbState>(context, 'hugetlb', report)) {
      const { nrHstates, hstates: list } = model;
      if (nrHstates > HSTATES) {
        report.finding({
          subject,
          message: `nr_hstates is ${nrHstates}`,
          location: fieldAt(form.root, model.address, 'nrHstates'),
          found: `${nrHstates}`,
          expected: `at most ${HSTATES}`,
        });
        continue;
      }
      for (const [i, state] of list.items.entries()) {
        const place = elementField(form, 'hstates', state, 'order');
        if (i >= nrHstates) {
          report.finding({
            severity: 'warning',
            subject,
            message: `page size ${i} of the HugeTLB state is not counted, but not zero`,
            location: place,
            expected: '0',
          });
          continue;
        }
        const before = list.items[i - 1];
        const order =
          before !== undefined && i > 0 && state.order <= before.order
            ? 'not above the one before'
            : undefined;
        const why = state.order === 0 ? '0, which is not a huge page' : order;
        if (why === undefined) continue;
        report.finding({
          subject,
          message: `order of page size ${i} of the HugeTLB state is ${state.order === 0 ? why : `${state.order}, ${why}`}`,
          location: place,
          found: `${state.order}`,
        });
      }
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

/** Says what of a list of folios cannot be restored, once a file. */
function checkFolios(
  context: RuleContext,
  report: Reporter,
  key: string,
  orderOf: (model: StructureModel) => number | undefined,
): void {
  const all = eachHeld<StructureModel & FolioList & { readonly size: bigint }>(context, key, report);
  const map = wholeMap(context, report);
  if (map === undefined) return;
  const page = BigInt(map.pageSize);
  for (const held of all) {
    const { model, name, subject, location } = held;
    if (model.folios === undefined) continue;
    const wanted = orderOf(model);
    const seen = new Set<number>();
    let told = false;
    const tell = (message: string): void => {
      if (told) report.more(1);
      else report.finding({ subject, message: `${name.replace(/,$/, '')}: ${message}`, location });
      told = true;
    };
    model.folios.each((pfn, _flags, index, i) => {
      const order = orderAt(map, pfn);
      if (pfn === 0) return;
      if (order < 0) tell(`folio ${i} at ${hex(BigInt(pfn) * page)} does not start a preserved block`);
      else if (wanted !== undefined && order !== wanted)
        tell(
          `folio ${i} at ${hex(BigInt(pfn) * page)} is of order ${order}, but the pages of the file are of order ${wanted}`,
        );
      else if (seen.has(pfn)) tell(`folio ${i} at ${hex(BigInt(pfn) * page)} is in the list already`);
      else if (indexPages(BigInt(index), wanted) * page >= roundUp(model.size, page))
        tell(`folio ${i} has index ${index}, after the end at ${size(model.size)}`);
      seen.add(pfn);
    });
  }
}

/** The index of a HugeTLB folio counts huge pages. */
function indexPages(index: bigint, order: number | undefined): bigint {
  return order === undefined ? index : index << BigInt(order);
}

function roundUp(value: bigint, to: bigint): bigint {
  return ((value + to - 1n) / to) * to;
}

export const hugeFolios = draft({
  id: 'HUGETLB-003',
  title:
    'every folio of a HugeTLB memfd starts a preserved block of the order of the file, and is inside the file',
  severity: 'error',
  source: 'upstream 4.8',
  evidence: HUGETLB,
  consequence: 'the folio is not restored, and the file with it; or it is restored with another size',
  requires: ['HUGETLB-002'],
  reads: STRUCTURES,
  check(context, report) {
    checkFolios(context, report, 'hugeMemfd', (model) => (model as HugeMemfdState).order);
  },
});

export const hugeOrder = draft({
  id: 'HUGETLB-004',
  title: 'the page size of a HugeTLB memfd is one of the HugeTLB state, and its size a multiple of it',
  severity: 'error',
  source: 'upstream 4.8',
  evidence: HUGETLB,
  consequence: 'the next kernel has no such page size set up from the state, and cannot restore the file',
  requires: ['HUGETLB-001', 'HUGETLB-002'],
  reads: STRUCTURES,
  check(context, report) {
    const { handover } = context;
    const files = eachHeld<HugeMemfdState>(context, 'hugeMemfd', report);
    const states = heldOf<HugetlbState>(handover, 'hugetlb');
    const orders = new Set(states.flatMap(({ model }) => model.hstates.items.map(({ order }) => order)));
    for (const { form, model, name, subject } of files) {
      if (states.length > 0 && !orders.has(model.order)) {
        report.finding({
          subject,
          message: `the pages of ${name} are of order ${model.order}, which the HugeTLB state lacks`,
          location: fieldAt(form.root, model.address, 'order'),
          found: `${model.order}`,
          expected: [...orders].join(', '),
        });
        continue;
      }
      const huge = BigInt(handover.pageSize) << BigInt(Math.min(model.order, 40));
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

export const guestRecord = restoredRecord(['guestMemfd'], 'guest_memfds', {
  id: 'GMEM-001',
  source: 'upstream 4.9',
  evidence: GMEM,
  consequence: 'the file is not restored, and the guest memory is lost',
  reads: STRUCTURES,
});

export const guestFlags = definedValues(['guestMemfd'], 'guest_memfds', {
  id: 'GMEM-002',
  source: 'upstream 4.9',
  evidence: `${GMEM}; include/uapi/linux/kvm.h GUEST_MEMFD_FLAG_MMAP, GUEST_MEMFD_FLAG_INIT_SHARED`,
  consequence: 'a kernel that does not know the flag refuses to create the file (-EINVAL), or leaves it out',
  reads: STRUCTURES,
});

export const guestVm = vmTokens<GuestMemfdState>('guestMemfd', {
  id: 'GMEM-003',
  title: 'vm_token of a guest_memfd is the token of a virtual machine of the session',
  source: 'upstream 4.9',
  evidence: GMEM,
  consequence: 'the file has no virtual machine, and cannot be restored: the guest memory is lost',
  reads: STRUCTURES,
});

export const guestFolios = draft({
  id: 'GMEM-004',
  title: 'every folio of a guest_memfd starts a preserved block, and is inside the file',
  severity: 'error',
  source: 'upstream 4.9',
  evidence: GMEM,
  consequence: 'the folio is not restored, and the file with it',
  requires: ['GMEM-001'],
  reads: STRUCTURES,
  check(context, report) {
    checkFolios(context, report, 'guestMemfd', () => undefined);
  },
});

export const memoryRules = [
  hugetlbRecord,
  hstates,
  hugeFolios,
  hugeOrder,
  guestRecord,
  guestFlags,
  guestVm,
  guestFolios,
];
