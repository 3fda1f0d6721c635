/** /iommufd of the 2024 series: iommufds, their IOASes and areas (drivers/iommu/iommufd/serialise.c). */
import { iommuProt, iovaLen, iovaStart, pinnedFileHandle } from '../../records/iommufd.js';
import { container, type NodeBinding, value } from '../tree.js';

/** `compatible` of /iommufd. */
export const IOMMUFD = 'iommufd-v0';

const area: NodeBinding = {
  name: { number: 'decimal', key: 'index', wide: false },
  place: { list: 'areas' },
  // The position of its node says nothing; where its IOVAs begin does.
  named: { area: 'iovaStart' },
  compared: [
    { name: 'iova-len', path: ['iovaLen'], unit: 'size' },
    { name: 'iommu-prot', path: ['iommuProt'], unit: 'hex' },
  ],
  properties: [
    value('iova-start', 'iovaStart', iovaStart),
    value('iova-len', 'iovaLen', iovaLen),
    value('iommu-prot', 'iommuProt', iommuProt),
  ],
  children: [],
};

const ioas: NodeBinding = {
  name: { number: 'decimal', key: 'id', wide: false },
  place: { list: 'ioases' },
  named: { ioas: 'id' },
  compared: [
    { name: 'pinned-file-handle', path: ['pinnedFileHandle'], unit: 'id' },
    { name: 'areas', path: ['areas'], only: 'summary' },
  ],
  properties: [value('pinned-file-handle', 'pinnedFileHandle', pinnedFileHandle)],
  children: [area],
};

const context: NodeBinding = {
  name: { number: 'decimal', key: 'persistentId', wide: true },
  place: { list: 'iommufds' },
  part: 'iommufd',
  named: { iommufd: 'persistentId' },
  compared: [
    { name: 'ioases', path: ['ioases'], only: 'presence' },
    { name: 'ioases', path: ['ioases'], only: 'summary' },
  ],
  properties: [],
  children: [container('ioases', [ioas])],
};

export const iommufdNode: NodeBinding = {
  ...container('iommufd', [container('iommufds', [context])]),
  compatible: IOMMUFD,
};
