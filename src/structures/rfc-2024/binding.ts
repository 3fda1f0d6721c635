/**
 * The tree of the 2024 series: KHO v3 (Graf), guestmemfs and iommu(fd) persistence (Gowans).
 * Sources: kernel/kexec_kho_out.c, kernel/trace/trace.c, drivers/iommu/intel/serialise.c,
 * fs/guestmemfs/serialise.c, drivers/iommu/iommufd/serialise.c of that tree.
 *
 * Nodes and properties are in the order in which the kernel writes them. The order of the root's
 * children is that of the notifier chain: ftrace, intel-iommu, guestmemfs, iommufd.
 */

import { agaw, bus, devfn, persistentId, pgd } from '../../records/dmar_domain.js';
import { cpu, traceEventId, traceFlags } from '../../records/ftrace.js';
import { numInodes } from '../../records/guestmemfs.js';
import { iommuProt, iovaLen, iovaStart, pinnedFileHandle } from '../../records/iommufd.js';
import { khoMem } from '../../records/kho.js';
import { RFC_COMPATIBLE } from '../../versions/generations.js';
import { container, type NodeBinding, one, packed, type TreeBinding, value } from '../tree.js';

/** `compatible` of the nodes that have one. */
export const COMPATIBLE = {
  ftrace: 'ftrace-v1',
  array: 'ftrace,array-v1',
  cpu: 'ftrace,cpu-v1',
  intelIommu: 'intel-iommu-v0',
  guestmemfs: 'guestmemfs-v1',
  iommufd: 'iommufd-v0',
} as const;

const ftraceCpu: NodeBinding = {
  name: { number: 'hex', prefix: 'cpu', key: 'id', wide: false },
  place: { list: 'cpus' },
  compatible: COMPATIBLE.cpu,
  properties: [value('cpu', 'cpu', cpu), packed('mem', 'mem', khoMem)],
  children: [],
};

const ftrace: NodeBinding = {
  name: { literal: 'ftrace' },
  place: { object: 'ftrace' },
  compatible: COMPATIBLE.ftrace,
  properties: [packed('events', 'events', traceEventId)],
  children: [
    {
      name: { literal: 'global-trace' },
      place: { object: 'globalTrace' },
      compatible: COMPATIBLE.array,
      properties: [value('trace-flags', 'traceFlags', traceFlags)],
      children: [ftraceCpu],
    },
  ],
};

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

const intelIommu: NodeBinding = {
  ...container('intel-iommu', [container('domains', [domain])]),
  compatible: COMPATIBLE.intelIommu,
};

const guestmemfs: NodeBinding = {
  name: { literal: 'guestmemfs' },
  place: { object: 'guestmemfs' },
  compatible: COMPATIBLE.guestmemfs,
  properties: [],
  children: [
    container('fs_mem', [], [one('mem', 'fsMem', khoMem)]),
    container('superblock', [], [packed('mem', 'superblock', khoMem, 3)]),
    container('mappings_blocks', [], [packed('mem', 'mappingsBlocks', khoMem)]),
    container(
      'mappings_to_inode',
      [],
      [one('mem', 'mappingsToInode', khoMem), value('num_inodes', 'numInodes', numInodes)],
    ),
  ],
};

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

const iommufdContext: NodeBinding = {
  name: { number: 'decimal', key: 'persistentId', wide: true },
  place: { list: 'iommufds' },
  properties: [],
  children: [container('ioases', [ioas])],
};

const iommufd: NodeBinding = {
  ...container('iommufd', [container('iommufds', [iommufdContext])]),
  compatible: COMPATIBLE.iommufd,
};

export const rfc2024: TreeBinding = {
  compatible: RFC_COMPATIBLE,
  root: {
    name: { literal: '' },
    place: { merge: true },
    compatible: RFC_COMPATIBLE,
    properties: [],
    children: [ftrace, intelIommu, guestmemfs, iommufd],
  },
};
