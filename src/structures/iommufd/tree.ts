/** /iommufd of the 2024 series: iommufds, their IOASes and areas (drivers/iommu/iommufd/serialise.c). */
import { iommuProt, iovaLen, iovaStart, pinnedFileHandle } from '../../records/iommufd.js';
import { container, type NodeBinding, value } from '../tree.js';

/** `compatible` of /iommufd. */
export const IOMMUFD = 'iommufd-v0';

const area: NodeBinding = {
  name: { number: 'decimal', key: 'index', wide: false },
  place: { list: 'areas' },
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
  properties: [value('pinned-file-handle', 'pinnedFileHandle', pinnedFileHandle)],
  children: [area],
};

const context: NodeBinding = {
  name: { number: 'decimal', key: 'persistentId', wide: true },
  place: { list: 'iommufds' },
  properties: [],
  children: [container('ioases', [ioas])],
};

export const iommufdNode: NodeBinding = {
  ...container('iommufd', [container('iommufds', [context])]),
  compatible: IOMMUFD,
};
