/** Preserved VFIO devices (drivers/vfio/pci/vfio_pci_liveupdate.c of the series; upstream 4.4). */
import { vfioPciV1, vfioPciV1Early, vfioPciV1Iommufd, vfioPciV2 } from '../../records/draft_pci.js';
import type { RecordType } from '../../schema/record.js';
import { type RecordBinding, type StructureForm, type Subject, value } from '../structure.js';

const SUBJECT = 'vfioPci';
const V1 = 'vfio-pci-v1';
const SOURCE = 'upstream 4.4';
/** Global states that the kernels of the first form have. */
const FIRST = ['pci-v1-wide', 'pci-v1', 'iommu-v1-list', 'iommu-v1-early'];

function device(record: RecordType<unknown>): RecordBinding {
  return {
    record,
    what: 'VFIO device',
    pciFunction: { segment: 'segment', bdf: 'bdf' },
    fields: {
      domain: value('segment'),
      bdf: value('bdf', { form: 'bdf' }),
      token: value('token', { wide: true }),
    },
  };
}

const forms: readonly StructureForm[] = [
  {
    id: 'vfio-pci-v2',
    subject: SUBJECT,
    title: 'vfio-pci-v2',
    names: ['vfio-pci-v2'],
    source: SOURCE,
    root: device(vfioPciV2),
  },
  {
    id: V1,
    subject: SUBJECT,
    title: 'vfio-pci-v1, later form',
    names: [V1],
    source: SOURCE,
    root: device(vfioPciV1),
    alongside: [
      'pci-version-1',
      'pci-version-2',
      'pci-v2',
      'pci-v3',
      'iommu-liveupdate',
      'iommu-liveupdate-v1',
    ],
  },
  {
    id: 'vfio-pci-v1-early',
    subject: SUBJECT,
    title: 'vfio-pci-v1, first form',
    names: [V1],
    source: SOURCE,
    root: device(vfioPciV1Early),
    alongside: FIRST,
  },
  {
    id: 'vfio-pci-v1-iommufd',
    subject: SUBJECT,
    title: 'vfio-pci-v1, first form with the token of the iommufd',
    names: [V1],
    source: SOURCE,
    root: device(vfioPciV1Iommufd),
    alongside: FIRST,
  },
];

export const vfioPci: Subject = {
  key: SUBJECT,
  holder: 'file',
  what: 'VFIO device',
  plural: 'VFIO devices',
  part: 'vfio',
  area: { id: 'VFIO', title: 'VFIO devices (draft)' },
  forms,
};
