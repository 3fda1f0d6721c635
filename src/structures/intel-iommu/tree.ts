/** /intel-iommu of the 2024 series: domains and their devices (drivers/iommu/intel/serialise.c). */
import { agaw, bus, devfn, persistentId, pgd } from '../../records/dmar_domain.js';
import { khoMem } from '../../records/kho.js';
import { container, type NodeBinding, packed, value } from '../tree.js';

/** `compatible` of /intel-iommu. */
export const INTEL_IOMMU = 'intel-iommu-v0';

const device: NodeBinding = {
  name: { number: 'decimal', key: 'index', wide: false },
  place: { list: 'devices' },
  properties: [value('bus', 'bus', bus), value('devfn', 'devfn', devfn)],
  children: [],
};

const domain: NodeBinding = {
  name: { number: 'decimal', key: 'persistentId', wide: true },
  place: { list: 'domains' },
  properties: [
    packed('mem', 'mem', khoMem),
    value('persistent_id', 'persistentId', persistentId),
    value('pgd', 'pgd', pgd),
    value('agaw', 'agaw', agaw),
  ],
  children: [container('devices', [device])],
};

export const intelIommu: NodeBinding = {
  ...container('intel-iommu', [container('domains', [domain])]),
  compatible: INTEL_IOMMU,
};
