/** The record of the IOMMU state and its lists of objects (upstream 4.5). */

import { chainCapacity } from '../../decode/upstream/chain.js';
import { readBytes } from '../../memory/read.js';
import { misplacedRecord } from '../../validate/preserved.js';
import { IOMMU } from '../../validate/reads.js';
import { eachRule, rulesOf } from '../../validate/shapes.js';
import { chainEnds } from '../../validate/structures/chains.js';
import {
  definedValues,
  knownVersion,
  linksOf,
  pageCounts,
  reservedZero,
  restoredPages,
  restoredRecord,
} from '../../validate/structures/generic.js';
import { fieldAt } from '../../validate/structures/place.js';
import { hex } from '../../validate/text.js';
import { at } from '../../validate/upstream/shared.js';
import { ABI, CORE, eachView, fieldPlace, INTEL, isDeleted, isWhole, VIEWS } from './rules-view.js';

const rule = rulesOf(VIEWS.shared);

const PANIC =
  'the next kernel panics: "Failed to restore IOMMU Live Update FLB"; the tables of the devices are still in use, and nothing else keeps their DMA apart';

export const version = knownVersion('iommu', {
  id: 'IOMMU-001',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_liveupdate_flb_get_incoming; ${ABI} IOMMU_LUO_FLB_VERSION`,
  consequence: PANIC,
  reads: IOMMU,
});

export const record = restoredRecord(['iommu'], 'the IOMMU state', {
  id: 'IOMMU-002',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_liveupdate_flb_retrieve`,
  consequence: 'BUG_ON: kho_restore_folio gives nothing for it, and the next kernel stops during boot',
  reads: IOMMU,
});

export const firstPages = eachRule(VIEWS, {
  id: 'IOMMU-003',
  title: 'each list of objects has a first page',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_liveupdate_flb_get_incoming`,
  consequence: `${PANIC}. The first page of each list is there even without objects. iommu-v1 takes address 0 where no object is counted, and else reads at physical address 0`,
  *faults({ form, model }) {
    const counts = [model.nrUnits, model.nrDomains, model.nrDevices];
    for (const [i, { head, field, link }] of linksOf({ form, model }).entries()) {
      if (head !== 0n || counts[i] === 0n) continue;
      yield {
        message: `the list of ${field.list.what} is at 0`,
        location: link,
        found: '0x0',
        expected: 'the address of a page',
      };
    }
  },
});

export const links = chainEnds('iommu', ['pci', 'iommufd', 'vfioPci'], {
  id: 'IOMMU-004',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_liveupdate_restore_array`,
  consequence:
    'BUG_ON: a page that was restored already, or that is none, is not restored, and the next kernel stops during boot',
  reads: IOMMU,
});

export const counts = pageCounts('iommu', {
  id: 'IOMMU-005',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_liveupdate_for_each_obj`,
  consequence: 'not checked: the next kernel takes what follows the page for objects',
  requires: ['IOMMU-004'],
  reads: IOMMU,
});

export const pages = restoredPages('iommu', 'the lists of IOMMU objects', {
  id: 'IOMMU-006',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_liveupdate_restore_array`,
  consequence:
    'BUG_ON: kho_restore_folio gives nothing for the page, and the next kernel stops during boot. A larger block is restored as a whole, though the writer makes single pages',
  reads: IOMMU,
});

export const innerPages = eachRule(VIEWS, {
  id: 'IOMMU-007',
  title: 'a page of objects is full before the next one begins',
  severity: 'warning',
  source: 'upstream 4.5',
  evidence: `${CORE} alloc_object_ser`,
  consequence:
    'no kernel writes that, as deleted objects keep their place: objects were lost. iommu-v1 counts places, so that it takes zeros for objects there',
  requires: ['IOMMU-004', 'IOMMU-005'],
  *faults({ form, model }, context) {
    const { pageSize } = context.handover;
    for (const { list, field } of linksOf({ form, model })) {
      const capacity = chainCapacity(field.chain, pageSize, field.list.element.record.size ?? 1);
      for (const [i, { address, count, next }] of (list.pages ?? []).entries()) {
        // A page that cannot be there is IOMMU-006.
        if (next === 0n || count >= BigInt(capacity)) continue;
        if (misplacedRecord(context.handover, next) !== undefined) continue;
        yield {
          message: `page ${i} of the ${field.list.what} counts ${count}, but has a next page at ${hex(next)}`,
          location: at(address + 8n, 'iommu_array_hdr_ser.nr_objects'),
          found: `${count}`,
          expected: `${capacity}`,
        };
      }
    }
  },
});

export const nothingBehind = eachRule(VIEWS, {
  id: 'IOMMU-008',
  title: 'the rest of a page after its last object is zero',
  source: 'upstream 4.5',
  evidence: `${CORE} alloc_object_ser, iommu_liveupdate_for_each_obj`,
  consequence:
    'objects that the count leaves out are lost: a device without its object is set up afresh while its DMA goes on, and a domain or unit without one is taken from the devices that refer to it',
  requires: ['IOMMU-004', 'IOMMU-005'],
  *faults({ form, model }, context, report) {
    const { memory, pageSize } = context.handover;
    for (const { list, field } of linksOf({ form, model })) {
      const size = BigInt(field.list.element.record.size ?? 1);
      for (const [i, { address, count }] of (list.pages ?? []).entries()) {
        const start = BigInt(field.chain.header.size ?? 0) + count * size;
        if (memory === undefined || start + size > BigInt(pageSize)) continue;
        const bytes = readBytes(memory, address + start, Number(size));
        if (bytes === undefined) {
          // A core that is cut down to records need not have it.
          report.skip(`what follows the last of the ${field.list.what} is not in the dump`, 'not-given');
          continue;
        }
        if (bytes.every((byte) => byte === 0)) continue;
        yield {
          message: `Page ${i} of the ${field.list.what} counts ${count}, but another one follows`,
          location: at(address + 8n, 'iommu_array_hdr_ser.nr_objects'),
          found: `${count}`,
          expected: `${count + 1n} or more`,
        };
      }
    }
  },
});

const LISTS = ['units', 'domains', 'devices'] as const;

export const written = eachRule(VIEWS, {
  id: 'IOMMU-009',
  title: 'every object that is counted was written',
  source: 'upstream 4.5',
  evidence: `${CORE} alloc_object_ser, iommu_for_each_preserved_device`,
  consequence:
    'zeros are taken for an object: a device 0000:00:00.0 with domain and unit at 0, for which restoring all devices fails (BUG_ON), or a unit or domain that nothing refers to',
  requires: ['IOMMU-004', 'IOMMU-005'],
  *faults(view) {
    for (const key of LISTS) {
      for (const [i, object] of view.model[key].items.entries()) {
        if (!view.blank.has(object)) continue;
        const place = fieldPlace(view, key, object, 'refCount');
        yield {
          ...(key === 'devices' ? {} : { severity: 'warning' as const }),
          message: `object ${i} of the IOMMU ${key} is counted, but all zeros`,
          location: place,
          expected: 'an object with ref_count 1 or more',
        };
      }
    }
  },
});

export const totals = rule({
  id: 'IOMMU-010',
  title: 'iommu-v1: the totals and the positions of objects are those of the lists',
  source: 'upstream 4.5 (A)',
  evidence: 'drivers/iommu/liveupdate.c iommu_get_preserved_data (list post of February 2026)',
  consequence:
    'the next kernel goes by the totals: it leaves objects out, or reads past the last page; positions are not read',
  requires: ['IOMMU-004', 'IOMMU-005'],
  check(context, report) {
    const views = eachView(context, report);
    const early = views.filter(({ model }) => model.nrUnits !== undefined);
    if (views.length > 0 && early.length === 0) report.skip('only iommu-v1 has totals and positions');
    for (const view of early) {
      const { form, model, subject } = view;
      const found = [
        ['units', 'nrIommus', model.nrUnits],
        ['domains', 'nrDomains', model.nrDomains],
        ['devices', 'nrDevices', model.nrDevices],
      ] as const;
      for (const [key, id, total = 0n] of found) {
        const { items } = model[key];
        if (total !== BigInt(items.length) && isWhole(model[key]))
          report.finding({
            subject,
            message: `the record counts ${total} ${key}, but the pages of the list have ${items.length}`,
            location: fieldAt(form.root, model.address, id),
            found: `${total}`,
            expected: `${items.length}`,
          });
        for (const [i, object] of items.entries()) {
          if (object.idx === i || view.blank.has(object)) continue;
          report.finding({
            severity: 'warning',
            subject,
            message: `idx of object ${i} of the IOMMU ${key} is ${object.idx}`,
            location: fieldPlace(view, key, object, 'idx'),
            found: `${object.idx}`,
            expected: `${i}`,
          });
        }
      }
    }
  },
});

export const values = definedValues(['iommu'], 'IOMMU objects', {
  id: 'IOMMU-011',
  source: 'upstream 4.5',
  evidence: `${ABI} IOMMU_SER_FLAG_DELETED, IOMMU_SER_FLAG_INCOMING, struct iommu_domain_ser`,
  consequence: 'undefined bits and values are ignored, or taken for 1',
  // Types are IOMMU-014, values that a running kernel sets IOMMU-012.
  except: ['type', 'restored'],
  requires: ['IOMMU-004', 'IOMMU-005'],
  reads: IOMMU,
});

export const padding = reservedZero(['iommu'], 'IOMMU objects', {
  id: 'IOMMU-013',
  source: 'upstream 4.5',
  evidence: `${ABI}; kho_alloc_preserve gives pages of zeros`,
  consequence: 'not looked at; no kernel writes anything there',
  except: ['restored', 'restoredDomain'],
  requires: ['IOMMU-004', 'IOMMU-005'],
  reads: IOMMU,
});

export const runTime = eachRule(VIEWS, {
  id: 'IOMMU-012',
  title: 'no object bears marks of a kernel that has restored it',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_restore_domain; ${INTEL} intel_iommu_liveupdate_restore_root_table, intel_pasid_restore_table`,
  consequence:
    'restored_domain is taken for the address of a domain that is restored already, and followed; for restored = 1 the root, context or PASID pages are used without being restored, so that freeing them warns. incoming is set again anyway',
  requires: ['IOMMU-004', 'IOMMU-005'],
  *faults(view) {
    const { subject, model } = view;
    for (const key of LISTS) {
      for (const object of view.model[key].items) {
        if (view.blank.has(object)) continue;
        if (object.incoming && object.flags <= 3)
          yield {
            severity: 'warning',
            subject,
            message: `object ${model[key].items.indexOf(object as never)} of the IOMMU ${key} has the flag incoming`,
            location: fieldPlace(view, key, object, 'flags'),
            found: hex(BigInt(object.flags)),
            expected: 'a flag that only the restoring kernel sets',
          };
        for (const [id, value] of marksOf(object as unknown as Marks)) {
          if (isDeleted(object)) continue;
          yield {
            subject,
            message: `${id === 'restoredDomain' ? 'restored_domain' : 'restored'} of object ${model[key].items.indexOf(object as never)} of the IOMMU ${key} is ${hex(value)}`,
            location: fieldPlace(view, key, object, id),
            found: hex(value),
            expected: '0 until it is restored',
          };
        }
      }
    }
  },
});

interface Marks {
  readonly restoredDomain?: bigint;
  readonly intel?: { readonly restored?: number };
}

function* marksOf({ restoredDomain, intel }: Marks): Generator<[string, bigint]> {
  if (restoredDomain !== undefined) yield ['restoredDomain', restoredDomain];
  if (intel?.restored !== undefined) yield ['intel.restored', BigInt(intel.restored)];
}
