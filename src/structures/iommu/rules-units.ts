/** Remapping units of the IOMMU state (upstream 4.5). */

import { type Folio, folioRule } from '../../validate/preserved.js';
import { eachRule, repeated, rulesOf } from '../../validate/shapes.js';
import { knowsFiles } from '../../validate/structures/held.js';
import { elementOf } from '../../validate/structures/place.js';
import { counted, hex } from '../../validate/text.js';
import { pciText } from '../values.js';
import { vfioFiles } from '../vfio/rules-files.js';
import type { IommuUnit } from './model.js';
import { IOMMU_TYPE } from './model.js';
import { isScalable } from './rules-devices.js';
import {
  ABI,
  CORE,
  deviceName,
  deviceSubject,
  eachView,
  fieldPlace,
  INTEL,
  type IommuView,
  isWhole,
  UNITS,
  unitName,
  VIEWS,
} from './rules-view.js';

const rule = rulesOf(VIEWS.shared);

/** What becomes of a unit that the driver of the next kernel does not find. */
const NOT_FOUND =
  'the driver does not find its unit: it stops translation and makes a root table of its own, and DMA of the preserved devices faults or goes anywhere';

export const unitType = eachRule(VIEWS, {
  id: 'IOMMU-014',
  title: 'the type of every unit in use is known',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_get_preserved_data; ${ABI} enum iommu_type_ser`,
  consequence: NOT_FOUND,
  requires: ['IOMMU-004', 'IOMMU-005'],
  *faults(view) {
    const binding = elementOf(view.form, 'units');
    const info = binding?.record.fields.find(({ id }) => id === 'type');
    const values = [...(info?.values ?? [])].filter(([value]) => BigInt(value) !== IOMMU_TYPE.invalid);
    for (const unit of view.units) {
      if (values.some(([value]) => BigInt(value) === BigInt(unit.type))) continue;
      yield {
        message: `type of ${unitName(unit)} is ${unit.type}`,
        location: fieldPlace(view, 'units', unit, 'type'),
        found: `${unit.type}`,
        expected: values.map(([value, name]) => `${value} (${name})`).join(' or '),
      };
    }
  },
});

export const deviceType = rule({
  id: 'IOMMU-015',
  title: 'iommu-v1: the type that a device names is that of its unit',
  severity: 'warning',
  source: 'upstream 4.5 (A)',
  evidence: 'include/linux/kho/abi/iommu.h struct device_ser (list post of February 2026)',
  consequence: 'the device and its unit contradict each other; the restoring kernel asks the unit',
  requires: ['IOMMU-014', 'IOMMU-021'],
  check(context, report) {
    const views = eachView(context, report);
    if (views.length > 0 && views.every(({ devices }) => devices.every(({ type }) => type === undefined)))
      report.skip('only devices of iommu-v1 name a type');
    for (const view of views) {
      const units = new Map(view.units.map((unit) => [unit.address, unit]));
      for (const device of view.devices) {
        const unit = units.get(device.unit);
        if (unit === undefined || device.type === undefined || device.type === unit.type) continue;
        report.finding({
          subject: deviceSubject(device),
          message: `type of ${deviceName(device)} is ${device.type}, that of its ${unitName(unit)} ${unit.type}`,
          location: fieldPlace(view, 'devices', device, 'type'),
          found: `${device.type}`,
          expected: `${unit.type}`,
        });
      }
    }
  },
});

export const unitTokens = eachRule(VIEWS, {
  id: 'IOMMU-016',
  title: 'no two units in use have one token',
  source: 'upstream 4.5',
  evidence: `${CORE} iommu_get_preserved_data`,
  consequence: 'of two only the first is found, and the devices of the other are without their unit',
  requires: ['IOMMU-004', 'IOMMU-005'],
  *faults(view) {
    const key = ({ type, token }: IommuUnit) => `${type} ${token}`;
    for (const [first, unit] of repeated(view.units, key)) {
      yield {
        message: `the units at ${hex(first.address)} and at ${hex(unit.address)} have one token, ${hex(unit.token)}`,
        location: fieldPlace(view, 'units', unit, 'token'),
        found: hex(unit.token),
      };
    }
  },
});

export const unitRegisters = eachRule(UNITS, {
  id: 'IOMMU-017',
  title: 'the token of a unit is the address of its registers, which start a page',
  source: 'upstream 4.5',
  evidence: `${INTEL} intel_iommu_preserve, _restore_used_domain_ids; drivers/iommu/intel/iommu.c init_dmars`,
  consequence: `the unit is looked up by the address of its registers in the token. Where that is another one, ${NOT_FOUND}; where phys_addr is, the domain ids of its devices are not reserved, and go to other domains too`,
  requires: ['IOMMU-014'],
  *faults([view, unit]) {
    const part = unit.intel === undefined ? 'smmuv3' : 'intel';
    const regBase = (unit.intel ?? unit.smmuv3)?.regBase;
    if (regBase === undefined) return;
    const odd = regBase === 0n || regBase % 4096n !== 0n;
    // The first postings for SMMUv3 left the token 0.
    const named = regBase === unit.token || unit.intel === undefined;
    if (named && !odd) return;
    yield {
      subject: view.subject,
      message: named
        ? `the registers of ${unitName(unit)} cannot be at ${hex(regBase)}`
        : `the token of the unit at ${hex(unit.address)} is ${hex(unit.token)}, but its registers are at ${hex(regBase)}`,
      location: fieldPlace(view, 'units', unit, named ? `${part}.regBase` : 'token'),
      found: hex(named ? regBase : unit.token),
      expected: named ? 'an address of a page' : hex(regBase),
    };
  },
});

export const refCounts = rule({
  id: 'IOMMU-018',
  title: 'ref_count is what refers to an object',
  severity: 'warning',
  source: 'upstream 4.5',
  evidence: `${CORE} alloc_object_ser, iommu_preserve_locked, iommu_unpreserve_locked`,
  consequence:
    'not looked at when the state is restored: the count was damaged, or devices are missing. Domains and devices have 1, deleted or not; a unit has its devices, and is deleted with the last of them',
  requires: ['IOMMU-004', 'IOMMU-005', 'IOMMU-020', 'IOMMU-021'],
  check(context, report) {
    const files = new Set(vfioFiles(context.handover).map(({ device }) => device));
    for (const view of eachView(context, report)) {
      const { model, blank, byUnit } = view;
      for (const key of ['units', 'domains', 'devices'] as const) {
        for (const [i, object] of model[key].items.entries()) {
          // Of devices that the dump does not hold nobody knows whose they are.
          if (blank.has(object) || (key === 'units' && !isWhole(model.devices))) continue;
          const users = byUnit.get(object.address)?.length ?? 0;
          // A device that only its flag calls deleted is VFIO-005.
          const lost = key === 'units' ? lostOn(view, object.address, files) : 0;
          const expected = key !== 'units' ? [1] : object.deleted ? [0, 1] : [users, users + lost];
          if (expected.includes(object.refCount)) continue;
          // A deleted device of a file that is not known may count still.
          if (key === 'units' && object.refCount > users && !knowsFiles(context.handover, report)) continue;
          const why = key === 'units' && !object.deleted ? `, and ${counted(users, 'device')} in use` : '';
          report.finding({
            subject: view.subject,
            message: `ref_count of object ${i} of the IOMMU ${key} is ${object.refCount}${why}`,
            location: fieldPlace(view, key, object, 'refCount'),
            found: `${object.refCount}`,
            // A failure while it was made leaves the 1 that it began with.
            expected: [...new Set(expected)].join(' or '),
          });
        }
      }
    }
  },
});

/** Deleted devices of a unit that have a VFIO file and no object in use. */
function lostOn({ model, devices }: IommuView, unit: bigint, files: ReadonlySet<string>): number {
  const live = new Set(devices.map(({ segment, bdf }) => pciText(segment, bdf)));
  const lost = model.devices.items
    .filter((device) => device.deleted && device.unit === unit)
    .map(({ segment, bdf }) => pciText(segment, bdf))
    .filter((device) => files.has(device) && !live.has(device));
  return new Set(lost).size;
}

export const rootTable = folioRule(VIEWS, {
  id: 'IOMMU-019',
  title: 'the root table of every unit in use starts a page, and is preserved',
  source: 'upstream 4.5',
  evidence: `${INTEL} intel_iommu_liveupdate_restore_root_table`,
  consequence:
    'BUG_ON: the page is not restored, and the next kernel stops during boot; memory that was not preserved has been reused, and DMA of every device is translated by its new contents',
  requires: ['IOMMU-014'],
  says: (why, address) => `at ${hex(address)} ${why}`,
  *folios(view) {
    for (const unit of view.units) {
      const folio = (id: string, what: string, address: bigint | undefined): Folio => ({
        what: `the ${what} of ${unitName(unit)}`,
        address,
        location: fieldPlace(view, 'units', unit, id),
      });
      yield folio('intel.rootTable', 'root table', unit.intel?.rootTable);
      yield folio('smmuv3.l1State', 'state of the stream table', unit.smmuv3?.l1State);
    }
  },
});

/** The context tables of a unit that its bitmap has, by bit. */
export function hasContextTable({ intel }: IommuUnit, bit: number): boolean | undefined {
  const word = intel?.contextTables?.[bit >> 6];
  return word === undefined ? undefined : ((word >> BigInt(bit & 63)) & 1n) !== 0n;
}

export const contextTables = rule({
  id: 'IOMMU-022',
  title: 'the context tables that a unit lists include those of its devices',
  source: 'upstream 4.5',
  evidence: `${INTEL} preserve_iommu_context_tables, unpreserve_iommu_context_tables`,
  consequence:
    'the context table of a bus that is not listed was not preserved: it has been reused by the time that the device uses it, and the restoring of it stops the next kernel (BUG_ON). Only scalable mode has a second table for devfn 0x80 and up, and a deleted unit has none',
  requires: ['IOMMU-014', 'IOMMU-021'],
  check(context, report) {
    const views = eachView(context, report);
    for (const view of views) {
      for (const device of view.devices) {
        const unit = view.units.find(({ address }) => address === device.unit);
        if (unit?.intel?.contextTables === undefined || device.bdf > 0xffff) continue;
        const upperHalf = isScalable(device) && (device.bdf & 0x80) !== 0;
        const bit = (device.bdf >> 8) * 2 + (upperHalf ? 1 : 0);
        if (hasContextTable(unit, bit) !== false) continue;
        report.finding({
          subject: deviceSubject(device),
          message: `the bitmap of ${unitName(unit)} lacks bit ${bit}, the context table of ${deviceName(device)}`,
          location: fieldPlace(view, 'units', unit, 'intel.contextTables'),
          expected: `bit ${bit} set`,
        });
      }
      for (const unit of view.model.units.items) {
        if (!unit.deleted || unit.intel?.contextTables?.every((word) => word === 0n) !== false) continue;
        report.finding({
          severity: 'warning',
          subject: view.subject,
          message: `the bitmap of ${unitName(unit)}, which is deleted, is not empty`,
          location: fieldPlace(view, 'units', unit, 'intel.contextTables'),
          expected: '0',
        });
      }
    }
  },
});
