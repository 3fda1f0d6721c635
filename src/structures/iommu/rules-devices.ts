/** Devices of the IOMMU state: what they refer to (upstream 4.5). */

import { grouped } from '../../schema/grouped.js';
import { misplacedRecord } from '../../validate/preserved.js';
import type { Reporter, RuleContext } from '../../validate/rule.js';
import { eachRule, repeated, rulesOf } from '../../validate/shapes.js';
import { hex } from '../../validate/text.js';
import { orderAt, wholeMap } from '../../validate/upstream/shared.js';
import type { StructureList } from '../model.js';
import { pciText } from '../values.js';
import type { IommuDevice, IommuObject } from './model.js';
import {
  CORE,
  DEVICES,
  deviceName,
  deviceSubject,
  eachView,
  fieldPlace,
  INTEL,
  type IommuView,
  intelDevices,
  isDeleted,
  isWhole,
  type ListKey,
  VIEWS,
} from './rules-view.js';

const rule = rulesOf(VIEWS.shared);

/** What an address of an object leads to, in words; undefined where it is an object in use of that list. */
function whyDangling(view: IommuView, key: ListKey, address: bigint): string | undefined {
  if (address === 0n) return 'which is not an address';
  const items: StructureList<IommuObject> = view.model[key];
  const found = items.items.find((item) => item.address === address);
  if (found !== undefined) {
    if (view.blank.has(found)) return undefined;
    return isDeleted(found) ? 'an object that is deleted' : undefined;
  }
  if (!isWhole(items)) return undefined;
  for (const other of ['units', 'domains', 'devices'] as const)
    if (view.model[other].items.some((item) => item.address === address))
      return `an object of the list of ${other}`;
  const page = items.pages?.find((each) => each.address >> 12n === address >> 12n);
  return page === undefined
    ? `where no page of the list of ${key} is`
    : `where no object of the list of ${key} begins`;
}

/** Says where an address that a device has of another object does not lead to one. */
function checkReference(
  context: RuleContext,
  report: Reporter,
  key: 'domains' | 'units',
  id: 'domain' | 'iommu',
): void {
  for (const view of eachView(context, report)) {
    for (const device of view.devices) {
      const address = key === 'domains' ? device.domain : device.unit;
      const why = whyDangling(view, key, address);
      const { missing } = view.model[key];
      if (why === undefined) {
        const known = view.model[key].items.some((item) => item.address === address);
        if (!known && missing !== undefined) report.absent(missing.what, missing.address);
        continue;
      }
      report.finding({
        subject: deviceSubject(device),
        message: `the ${key.slice(0, -1)} of ${deviceName(device)} is at ${hex(address)}, ${why}`,
        location: fieldPlace(view, 'devices', device, id),
        found: hex(address),
        expected: `an object in use of the list of ${key}`,
      });
    }
  }
}

const LISTS_SOUND = ['IOMMU-003', 'IOMMU-004', 'IOMMU-005', 'IOMMU-008'];

export const deviceDomain = rule({
  id: 'IOMMU-020',
  title: 'every device in use is attached to a domain in use',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_restore_domain, iommu_preserve_device`,
  consequence:
    'not checked: the next kernel takes other memory for a domain and restores page tables from it, while the device keeps using those in its context entry',
  requires: LISTS_SOUND,
  check(context, report) {
    checkReference(context, report, 'domains', 'domain');
  },
});

export const deviceUnit = rule({
  id: 'IOMMU-021',
  title: 'the unit of every device in use is a unit in use',
  source: 'upstream 4.5',
  evidence: `${INTEL} _restore_used_domain_ids`,
  consequence:
    'not checked: the next kernel reads the type of the unit there, does not reserve the domain id of the device, and refuses to attach it (-EINVAL); 0 is refused for all devices (BUG_ON)',
  requires: LISTS_SOUND,
  check(context, report) {
    checkReference(context, report, 'units', 'iommu');
  },
});

export const devicesUnique = eachRule(VIEWS, {
  id: 'IOMMU-023',
  title: 'no device is there twice',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_get_device_preserved_data`,
  consequence: 'the first object is found, and the other, with its domain, is lost',
  requires: LISTS_SOUND,
  *faults(view) {
    for (const [first, device] of repeated(view.devices, ({ segment, bdf }) => pciText(segment, bdf))) {
      yield {
        subject: deviceSubject(device),
        message: `the objects at ${hex(first.address)} and at ${hex(device.address)} are both of ${deviceName(device)}`,
        location: fieldPlace(view, 'devices', device, 'devid'),
        found: pciText(device.segment, device.bdf),
      };
    }
  },
});

export const deviceId = eachRule(DEVICES, {
  id: 'IOMMU-024',
  title: 'the id of every device in use has 16 bits',
  source: 'upstream 4.5',
  evidence: `${CORE} device_ser_match; include/linux/pci.h pci_dev_id`,
  consequence: 'no device has such an id: the object is never looked up, and its device is set up afresh',
  requires: LISTS_SOUND,
  *faults([view, device]) {
    if (device.bdf <= 0xffff) return;
    yield {
      message: `devid of the device at ${hex(device.address)} is ${hex(BigInt(device.bdf))}`,
      location: fieldPlace(view, 'devices', device, 'devid'),
      found: hex(BigInt(device.bdf)),
      expected: 'at most 0xffff',
    };
  },
});

/** FLPT_DEFAULT_DID is 1, and 0 is for caching mode: the driver allocates from IDA_START_DID. */
const FIRST_DID = 2n;

export const attachmentId = eachRule(VIEWS, {
  id: 'IOMMU-025',
  title: 'attachment_id is a domain id that VT-d has',
  source: 'upstream 4.5',
  evidence: `${INTEL} _restore_used_domain_ids, domain_reattach_iommu; drivers/iommu/intel/iommu.h IDA_START_DID`,
  consequence:
    'the id is reserved as stored and used in invalidations, of which the hardware takes 16 bits: translations of the domain stay in the IOTLB after they are gone from the tables. 0 and 1 are reserved by the driver',
  requires: ['IOMMU-014', 'IOMMU-021'],
  *faults(view) {
    for (const device of intelDevices(view)) {
      const id = device.attachmentId;
      if (id >= FIRST_DID && id <= 0xffffn) continue;
      yield {
        subject: deviceSubject(device),
        message: `attachment_id of ${deviceName(device)} is ${hex(id)}`,
        location: fieldPlace(view, 'devices', device, 'attachmentId'),
        found: hex(id),
        expected: `${FIRST_DID} to 0xffff`,
      };
    }
  },
});

export const attachmentShared = eachRule(VIEWS, {
  id: 'IOMMU-026',
  title: 'on one unit a domain has one attachment_id, and shares it with no other',
  source: 'upstream 4.5',
  evidence: `${INTEL} domain_reattach_iommu; VT-d 6.2 (IOTLB entries are tagged with the domain id)`,
  consequence:
    'under one id the IOTLB gives devices of one domain translations of the other; of two ids of a domain the second is never invalidated',
  requires: ['IOMMU-020', 'IOMMU-025'],
  *faults(view) {
    for (const devices of grouped(intelDevices(view), ({ unit }) => unit).values()) {
      const byId = grouped(devices, (device) => device.attachmentId);
      const byDomain = grouped(devices, ({ domain }) => domain);
      for (const device of devices) {
        const [same] = byId.get(device.attachmentId) ?? [];
        const [beside] = byDomain.get(device.domain) ?? [];
        const other =
          same !== undefined && same.domain !== device.domain
            ? `that of ${deviceName(same)} too, which is attached to another domain`
            : beside !== undefined && beside.attachmentId !== device.attachmentId
              ? `and that of ${deviceName(beside)}, attached to the same domain, ${hex(beside.attachmentId)}`
              : undefined;
        if (other === undefined) continue;
        yield {
          subject: deviceSubject(device),
          message: `attachment_id of ${deviceName(device)} is ${hex(device.attachmentId)}, ${other}`,
          location: fieldPlace(view, 'devices', device, 'attachmentId'),
          found: hex(device.attachmentId),
        };
      }
    }
  },
});

/** Whether a device’s unit translates in scalable mode: only then has the device a PASID table. */
export function isScalable({ intel }: IommuDevice): boolean {
  return intel !== undefined && (intel.pasidTable !== 0n || intel.maxPasid !== 0n);
}

/** A directory of one page has room for 2^15 PASIDs; there are 20 bits of them. */
const LEAST_PASIDS = 15;
const MOST_PASIDS = 20;

/** What is wrong with the PASID fields of a device, and the field. */
function* pasidFaults(
  { intel }: IommuDevice,
  beside: IommuDevice | undefined,
): Generator<{ id: string; message: string; found: string; expected: string }> {
  if (intel === undefined) return;
  const { pasidTable, maxPasid } = intel;
  if (beside !== undefined) {
    yield {
      id: pasidTable === 0n ? 'intel.pasidTable' : 'intel.maxPasid',
      message: `has ${pasidTable === 0n ? 'no PASID table' : 'a PASID table'}, but ${deviceName(beside)} of the same unit has ${isScalable(beside) ? 'one' : 'none'}`,
      found: hex(pasidTable),
      expected: isScalable(beside) ? 'a PASID table, as in scalable mode' : '0, as in legacy mode',
    };
    return;
  }
  const order = maxPasid === 0n ? -1 : maxPasid.toString(2).length - 1;
  const power =
    maxPasid === 1n << BigInt(Math.max(order, 0)) && order >= LEAST_PASIDS && order <= MOST_PASIDS;
  if (pasidTable === 0n && maxPasid !== 0n)
    yield {
      id: 'intel.pasidTable',
      message: `has room for ${hex(maxPasid)} PASIDs, but no PASID table`,
      found: '0x0',
      expected: 'the address of a PASID directory',
    };
  else if (pasidTable !== 0n && !power)
    yield {
      id: 'intel.maxPasid',
      message: `has a PASID directory for ${hex(maxPasid)} PASIDs`,
      found: hex(maxPasid),
      expected: 'a power of two from 0x8000 to 0x100000',
    };
}

export const pasidFields = eachRule(VIEWS, {
  id: 'IOMMU-027',
  title: 'the PASID fields of a device are those of the mode of its unit',
  source: 'upstream 4.5',
  evidence: `${INTEL} intel_iommu_preserve_device, intel_pasid_restore_table; drivers/iommu/intel/pasid.c intel_pasid_alloc_table`,
  consequence:
    'BUG_ON: the next kernel compares max_pasid with what the device has, and stops during boot. Without a table in scalable mode it makes one of its own, and the device loses its domain; in legacy mode both fields are 0',
  requires: ['IOMMU-014', 'IOMMU-021'],
  *faults(view) {
    for (const devices of grouped(intelDevices(view), ({ unit }) => unit).values()) {
      const scalable = devices.filter((device) => isFullyScalable(device));
      const legacy = devices.filter((device) => !isScalable(device));
      const odd = scalable.length > 0 && legacy.length > 0;
      // The rarer mode is the odd one.
      const minority = scalable.length < legacy.length ? scalable : legacy;
      const majority = minority === legacy ? scalable : legacy;
      for (const device of devices) {
        const beside = odd && minority.includes(device) ? majority[0] : undefined;
        for (const { id, message, found, expected } of pasidFaults(device, beside)) {
          yield {
            subject: deviceSubject(device),
            message: `${deviceName(device)} ${message}`,
            location: fieldPlace(view, 'devices', device, id),
            found,
            expected,
          };
        }
      }
    }
  },
});

function isFullyScalable({ intel }: IommuDevice): boolean {
  return intel !== undefined && intel.pasidTable !== 0n && intel.maxPasid !== 0n;
}

export const pasidTable = rule({
  id: 'IOMMU-028',
  title: 'the PASID directory of every device in use starts a preserved block of its size, and is its own',
  source: 'upstream 4.5',
  evidence: `${INTEL} intel_pasid_restore_table, pasid_lu_handle_pd; drivers/iommu/intel/pasid.c intel_pasid_alloc_table`,
  consequence:
    'BUG_ON: the directory is not restored, or a second time, and the next kernel stops during boot; memory that was not preserved has been reused, and the DMA of the device is translated by its new contents',
  requires: ['IOMMU-027'],
  check(context, report) {
    const views = eachView(context, report);
    const scalable = views.flatMap((view) => intelDevices(view).filter((device) => isScalable(device)));
    if (views.length > 0 && scalable.length === 0) {
      report.skip('no device has a PASID table: legacy mode');
      return;
    }
    const map = wholeMap(context, report);
    for (const view of views) {
      const devices = intelDevices(view).filter((device) => isScalable(device));
      const first = new Map<bigint, IommuDevice>();
      for (const device of devices) {
        const { pasidTable: address = 0n, maxPasid = 0n } = device.intel ?? {};
        const order = maxPasid.toString(2).length - 1 - LEAST_PASIDS;
        const found = map === undefined ? order : orderAt(map, Number(address / BigInt(map.pageSize)));
        const same = first.get(address);
        const why =
          misplacedRecord(context.handover, address) ??
          (found !== order
            ? `starts a block of order ${found}, but room for ${hex(maxPasid)} PASIDs takes order ${order}`
            : same !== undefined
              ? `is that of ${deviceName(same)} too`
              : undefined);
        if (same === undefined) first.set(address, device);
        if (why === undefined) continue;
        report.finding({
          subject: deviceSubject(device),
          message: `the PASID directory of ${deviceName(device)} at ${hex(address)} ${why}`,
          location: fieldPlace(view, 'devices', device, 'intel.pasidTable'),
          found: hex(address),
          expected: `the start of a preserved block of order ${order}`,
        });
      }
    }
  },
});
