/** Preserved PCI devices (drivers/pci/liveupdate.c of the series; upstream 4.3). */
import {
  pciDevSer,
  pciDevSerV1,
  pciDevSerV1Wide,
  pciSer,
  pciSerV1,
  pciSerV1Wide,
} from '../../records/draft_pci.js';
import type { RecordType } from '../../schema/record.js';
import { BLOCKS } from '../blocks.js';
import {
  type ListBinding,
  type Model,
  type RecordBinding,
  type StructureForm,
  type Subject,
  value,
} from '../structure.js';
import { pciText } from '../values.js';
import type { PciDevice } from './model.js';

const SUBJECT = 'pci';
const SOURCE = 'upstream 4.3';

function devices(record: RecordType<unknown>): ListBinding {
  return {
    key: 'devices',
    what: 'PCI devices',
    element: {
      record,
      what: 'PCI device',
      hidden: ['pad'],
      pciFunction: { segment: 'segment', bdf: 'bdf' },
      fields: { domain: value('segment'), bdf: value('bdf', { form: 'bdf' }) },
    },
    identity(element: Model) {
      const { segment, bdf } = element as unknown as PciDevice;
      return pciText(segment, bdf);
    },
  };
}

/** The forms whose devices follow their head. */
function following(record: RecordType<unknown>, element: RecordType<unknown>): RecordBinding {
  return {
    record,
    what: 'PCI state',
    fields: {
      nrDevices: value('nrDevices', { countOf: 'devices', wide: true }),
      maxNrDevices: value('maxNrDevices', { wide: true }),
    },
    follows: { ...devices(element), count: 'nrDevices' },
  };
}

/** The two versions have the same bytes: in version 2 bridges are listed too, and refcount counts devices. */
function versioned(version: number): StructureForm {
  return {
    id: `pci-version-${version}`,
    subject: SUBJECT,
    title: `pci version ${version}`,
    names: ['pci'],
    version: { field: 'version', values: [version] },
    source: SOURCE,
    root: {
      record: pciSer,
      what: 'PCI state',
      fields: {
        nrDevices: value('nrDevices', { wide: true }),
        devices: {
          kind: 'chain',
          chain: BLOCKS,
          list: devices(pciDevSer),
        },
      },
    },
  };
}

function earlier(id: string, record: RecordType<unknown>, element: RecordType<unknown>): StructureForm {
  const title = id === 'pci-v1-wide' ? 'pci-v1 as posted in February 2026' : id;
  return {
    id,
    subject: SUBJECT,
    title,
    names: [id === 'pci-v1-wide' ? 'pci-v1' : id],
    source: SOURCE,
    root: following(record, element),
  };
}

/** Forms that list bridges too, whose refcount counts the devices at or below. */
export const WITH_BRIDGES: readonly string[] = ['pci-version-2', 'pci-v3'];
/** Forms of which every entry is a device, with refcount 1 where there is one. */
export const WITHOUT_BRIDGES: readonly string[] = ['pci-version-1', 'pci-v1', 'pci-v1-wide'];

const forms: readonly StructureForm[] = [
  versioned(2),
  versioned(1),
  earlier('pci-v3', pciSerV1, pciDevSer),
  earlier('pci-v2', pciSerV1, pciDevSer),
  earlier('pci-v1', pciSerV1, pciDevSerV1),
  earlier('pci-v1-wide', pciSerV1Wide, pciDevSerV1Wide),
];

export const pci: Subject = {
  key: SUBJECT,
  holder: 'flb',
  top: true,
  what: 'PCI state',
  plural: 'PCI states',
  part: 'pci',
  area: { id: 'PCI', title: 'PCI devices over a live update (draft)' },
  forms,
};
