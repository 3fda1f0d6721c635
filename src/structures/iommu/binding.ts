/** The IOMMU state in its four forms (include/linux/kho/abi/iommu.h of the series; upstream 4.5). */
import {
  iommuArrayHdrSer,
  iommuDeviceIntelSer,
  iommuDeviceIntelSerV1,
  iommuDeviceSer,
  iommuDeviceSerEarly,
  iommuDeviceSerList,
  iommuDeviceSerV1,
  iommuDeviceSmmuv3Ser,
  iommuDomainSer,
  iommuDomainSerEarly,
  iommuDomainSerList,
  iommuDomainSerV1,
  iommuFlbSer,
  iommuFlbSerEarly,
  iommuFlbSerList,
  iommuFlbSerV1,
  iommuHwSer,
  iommuHwSerEarly,
  iommuHwSerList,
  iommuIntelSer,
  iommuIntelSerEarly,
  iommuSmmuv3Ser,
} from '../../records/draft_iommu.js';
import type { RecordType } from '../../schema/record.js';
import { hex } from '../../schema/units.js';
import { elementAt } from '../lists.js';
import type { StructureList } from '../model.js';
import {
  bits,
  type Chain,
  type ChainField,
  type FieldBinding,
  type Model,
  type RecordBinding,
  type StructureForm,
  type Subject,
  type VariantField,
  value,
} from '../structure.js';
import { pciText } from '../values.js';
import { IOMMU_TYPE, type IommuDevice, type IommuDomain, type IommuState, type IommuUnit } from './model.js';
import { iommuTranslation } from './tables.js';

const SUBJECT = 'iommu';
/** A page of objects may have none: the first page of each kind is there from the start. */
const PAGES: Chain = { header: iommuArrayHdrSer, page: 'page', empty: true };

/** Fields of an object's header and of what it leads to that are the same in all forms. */
const OBJECT = {
  flags: bits('flags'),
  topLevel: value('topLevel'),
  topTable: value('topTable', { place: true }),
};
const HIDDEN = ['pad', 'tail', 'restored', 'restoredDomain'];

const DOMAIN = value('domain', { refers: { subject: SUBJECT, list: 'domains' } });
const UNIT = value('unit', { refers: { subject: SUBJECT, list: 'units' } });

/** A vendor part by the type of a unit. */
function byType(type: unknown): string | undefined {
  if (type === IOMMU_TYPE.intel) return 'intel';
  return type === IOMMU_TYPE.smmuv3 ? 'smmuv3' : undefined;
}

/** The type of a device's unit; where it has none, that of all units, if they agree. */
function unitType(device: Model, structure: Model): unknown {
  const units = structure.units as StructureList<IommuUnit> | undefined;
  const own = elementAt(units, device.unit as bigint);
  if (own !== undefined) return own.type;
  const [first, ...others] = units?.items ?? [];
  return others.every(({ type }) => type === first?.type) ? first?.type : undefined;
}

function vendor(
  intel: RecordType<unknown>,
  smmuv3: RecordType<unknown> | undefined,
  select: VariantField['select'],
): VariantField {
  const part = (record: RecordType<unknown>, fields: RecordBinding['fields'] = {}): RecordBinding => ({
    record,
    what: 'vendor part',
    hidden: HIDDEN,
    fields,
  });
  const places = {
    rootTable: value('rootTable', { place: true }),
    pasidTable: value('pasidTable', { place: true }),
  };
  return {
    kind: 'variant',
    key: 'vendor',
    variants: { intel: part(intel, places), ...(smmuv3 === undefined ? {} : { smmuv3: part(smmuv3) }) },
    select,
  };
}

function unit(record: RecordType<unknown>, part: VariantField): RecordBinding {
  return {
    record,
    what: 'IOMMU unit',
    hidden: HIDDEN,
    addressed: true,
    unused: 'deleted',
    fields: { ...OBJECT, type: value('type', { wide: true }), vendor: part },
  };
}

function domain(record: RecordType<unknown>): RecordBinding {
  return {
    record,
    what: 'IOMMU domain',
    hidden: HIDDEN,
    addressed: true,
    unused: 'deleted',
    fields: OBJECT,
  };
}

function device(record: RecordType<unknown>, part?: VariantField): RecordBinding {
  return {
    record,
    what: 'IOMMU device',
    hidden: HIDDEN,
    addressed: true,
    unused: 'deleted',
    pciFunction: { segment: 'segment', bdf: 'bdf' },
    fields: {
      ...OBJECT,
      devid: value('bdf', { form: 'bdf' }),
      pciDomainNr: value('segment'),
      pciDomain: value('segment'),
      attachmentId: value('attachmentId', { wide: true }),
      domain: DOMAIN,
      iommu: UNIT,
      type: value('type', { wide: true }),
      ...(part === undefined ? {} : { vendor: part }),
    },
  };
}

/** Units by token: that of an object in use is unique. */
function unitName(element: Model): string {
  const { token, deleted } = element as unknown as IommuUnit;
  return `${hex(token)}${deleted ? ' (deleted)' : ''}`;
}

function deviceName(element: Model): string {
  const { segment, bdf, deleted } = element as unknown as IommuDevice;
  return `${pciText(segment, bdf)}${deleted ? ' (deleted)' : ''}`;
}

const attachedOf = new WeakMap<object, ReadonlyMap<bigint, readonly string[]>>();

/** Devices in use, by the domain that they are attached to. */
function attached({ devices }: IommuState): ReadonlyMap<bigint, readonly string[]> {
  const known = attachedOf.get(devices);
  if (known !== undefined) return known;
  const names = new Map<bigint, string[]>();
  for (const device of devices.items) {
    if (device.deleted) continue;
    const list = names.get(device.domain) ?? [];
    list.push(pciText(device.segment, device.bdf));
    names.set(device.domain, list);
  }
  for (const list of names.values()) list.sort();
  attachedOf.set(devices, names);
  return names;
}

/** A domain by the devices that are attached to it. */
function domainName(element: Model, structure: Model): string {
  const { address, deleted } = element as unknown as IommuDomain;
  if (deleted) return '(deleted)';
  const names = attached(structure as unknown as IommuState).get(address) ?? [];
  return names.length === 0 ? 'of no device' : `of ${names.join(', ')}`;
}

interface Elements {
  readonly unit: RecordBinding;
  readonly domain: RecordBinding;
  readonly device: RecordBinding;
}

/** The global state: three lists, units first, since a device's vendor part goes by its unit. */
function state(record: RecordType<unknown>, elements: Elements): RecordBinding {
  const chain = (list: ChainField['list']): FieldBinding => ({ kind: 'chain', chain: PAGES, list });
  return {
    record,
    what: 'IOMMU state',
    fields: {
      iommus: chain({ key: 'units', what: 'IOMMU units', element: elements.unit, identity: unitName }),
      domains: chain({
        key: 'domains',
        what: 'IOMMU domains',
        element: elements.domain,
        identity: domainName,
      }),
      devices: chain({
        key: 'devices',
        what: 'IOMMU devices',
        element: elements.device,
        identity: deviceName,
      }),
      nrIommus: value('nrUnits', { countOf: 'units' }),
      nrDomains: value('nrDomains', { countOf: 'domains' }),
      nrDevices: value('nrDevices', { countOf: 'devices' }),
    },
  };
}

const ofUnit: VariantField['select'] = ({ type }) => byType(type);
const ofDevice: VariantField['select'] = (element, structure) => byType(unitType(element, structure));
const hw = unit(iommuHwSer, vendor(iommuIntelSer, iommuSmmuv3Ser, ofUnit));

const forms: readonly StructureForm[] = [
  {
    id: 'iommu-liveupdate',
    subject: SUBJECT,
    title: 'iommu-liveupdate version 1',
    names: ['iommu-liveupdate'],
    version: { field: 'version', values: [1n] },
    source: 'upstream 4.5 (D)',
    root: state(iommuFlbSer, {
      unit: hw,
      domain: domain(iommuDomainSer),
      device: device(iommuDeviceSer, vendor(iommuDeviceIntelSer, iommuDeviceSmmuv3Ser, ofDevice)),
    }),
  },
  {
    id: 'iommu-liveupdate-v1',
    subject: SUBJECT,
    title: 'iommu-liveupdate-v1',
    names: ['iommu-liveupdate-v1'],
    source: 'upstream 4.5 (B)',
    root: state(iommuFlbSerV1, {
      unit: hw,
      domain: domain(iommuDomainSerV1),
      device: device(iommuDeviceSerV1, vendor(iommuDeviceIntelSerV1, undefined, ofDevice)),
    }),
  },
  {
    id: 'iommu-v1-list',
    subject: SUBJECT,
    title: 'iommu-v1 as posted in February 2026',
    names: ['iommu-v1'],
    source: 'upstream 4.5 (A)',
    root: state(iommuFlbSerList, {
      unit: unit(iommuHwSerList, vendor(iommuIntelSerEarly, undefined, ofUnit)),
      domain: domain(iommuDomainSerList),
      device: device(iommuDeviceSerList),
    }),
  },
  {
    id: 'iommu-v1-early',
    subject: SUBJECT,
    title: 'iommu-v1 of the early branch',
    names: ['iommu-v1'],
    source: "upstream 4.5 (A')",
    root: state(iommuFlbSerEarly, {
      unit: unit(iommuHwSerEarly, vendor(iommuIntelSerEarly, undefined, ofUnit)),
      domain: domain(iommuDomainSerEarly),
      device: device(iommuDeviceSerEarly),
    }),
  },
];

export const iommu: Subject = {
  key: SUBJECT,
  holder: 'flb',
  top: true,
  what: 'IOMMU state',
  plural: 'IOMMU states',
  part: 'iommu',
  area: { id: 'IOMMU', title: 'IOMMU state over a live update (draft)' },
  forms,
  translation: (model, memory) => iommuTranslation(model as unknown as IommuState, memory),
};
