/** /intel-iommu of the 2024 series: domains and their devices (drivers/iommu/intel/serialise.c). */
import { agaw, bus, devfn, persistentId, pgd } from '../../records/dmar_domain.js';
import { khoMem } from '../../records/kho.js';
import { container, type NodeBinding, packed, value } from '../tree.js';

/** `compatible` of /intel-iommu. */
export const INTEL_IOMMU = 'intel-iommu-v0';

/** Ids of domains have 16 bits in a unit (VT-d 9.3), and half of them is more than hosts have guests. */
const MOST_DOMAINS = 2 ** 15;

const device: NodeBinding = {
  name: { number: 'decimal', key: 'index', wide: false },
  place: { list: 'devices' },
  named: { bus: 'bus', devfn: 'devfn' },
  compared: [],
  properties: [value('bus', 'bus', bus), value('devfn', 'devfn', devfn)],
  children: [],
};

const domain: NodeBinding = {
  name: { number: 'decimal', key: 'persistentId', wide: true },
  place: { list: 'domains', most: MOST_DOMAINS },
  part: 'domain',
  named: { domain: 'persistentId' },
  tables: { root: 'pgd', levels: 'agaw', more: 2, what: 'domain', number: 'persistentId' },
  compared: [
    { name: 'agaw', path: ['agaw'], unit: 'count' },
    { name: 'devices', path: ['devices'], only: 'presence' },
    { name: 'devices', path: ['devices'], only: 'summary' },
    { name: 'pgd', path: ['pgd'], only: 'presence' },
    { name: 'mem', path: ['mem'], only: 'presence' },
    { name: 'pgd address', path: ['pgd'], only: 'strict' },
    { name: 'mem records', path: ['mem'], only: 'strict' },
  ],
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
