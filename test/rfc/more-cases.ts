/** Damage for rules of the 2024 series that the table of single fields does not reach. */
import { BOOT_PARAMS } from '../../src/records/kho.js';
import { LAYOUT } from './build-dump.js';
import { L1, PML4 } from './cases.js';
import { both, type Damage, le, nodeAt, poke, removeNode, setKey } from './corrupt.js';

const PTE = L1 + 16 * 8;

/** Damage for what the table of single fields does not reach. */
export const MORE: readonly (readonly [rule: string, what: string, damage: Damage])[] = [
  [
    'KHO-001',
    "the structure block at 0x38, as libfdt's other writer puts it",
    {
      blob: (blob) => {
        const edited = blob.slice();
        const view = new DataView(edited.buffer);
        view.setUint32(16, 0x28);
        edited.fill(0, 0x28, 0x38);
        return edited;
      },
    },
  ],
  ['KHO-017', 'dt_addr leads to the mem cache', poke(LAYOUT.setupData + 16, le(LAYOUT.cache, 8))],
  [
    'KHO-170',
    'what dt_addr names has another magic',
    { blob: (blob) => Uint8Array.of(0, ...blob.subarray(1)) },
  ],
  [
    'KHO-171',
    'an initrd over a table page that a record keeps',
    both(
      poke(LAYOUT.scratch + BOOT_PARAMS.ramdiskImage, le(PML4, 4)),
      poke(LAYOUT.scratch + BOOT_PARAMS.ramdiskSize, le(4096, 4)),
    ),
  ],
  [
    'KHO-240',
    'a mem cache that was used again',
    poke(LAYOUT.cache, new TextEncoder().encode('what another has')),
  ],
  ['KHO-014', 'no /guestmemfs', removeNode('/guestmemfs')],
  [
    'KHO-015',
    'a property that no kernel writes',
    {
      tree: (root) => {
        nodeAt(root, '/intel-iommu').properties.push(['account_mode', Uint8Array.of(1)]);
      },
    },
  ],
  ['KHO-016', 'a record at the start of the region', setKey('domains.0.mem.1.addr', '0x100000000')],
  ['DMAR-011', 'a guest data page instead of a table page', setKey('domains.0.mem.1.addr', '0x100202000')],
  ['KHO-005', 'a bit that is not a flag', setKey('domains.0.mem.1.addr', '0x10001002')],
  [
    'DMAR-013',
    'top entry 0 absent, and a producer that does not list every table',
    both(poke(PML4, le(0n, 8)), setKey('domains.0.mem.0', undefined)),
  ],
  ['IOMMUFD-002', 'no ioases', removeNode('/iommufd/iommufds/4/ioases')],
  ['IOMMUFD-014', 'areas without a domain', removeNode('/intel-iommu/domains/4')],
  ['DMAR-002', 'no domains', removeNode('/intel-iommu/domains')],
  [
    'DMAR-004',
    'more records than the buffer holds',
    {
      document: (document) => {
        const { mem } = (document.domains as { mem: unknown[] }[])[0] ?? { mem: [] };
        for (let i = 0; mem.length <= 256; i++)
          mem.push({ addr: `0x${(0x3000_0000 + i * 4096).toString(16)}`, len: '0x1000' });
      },
    },
  ],
  ['DMAR-018', 'no devices', setKey('domains.0.devices', [])],
  ['MAP-011', 'the index page in the region', setKey('guestmemfs.mappingsToInode.addr', '0x100000000')],
  ['MAP-012', 'a block of another domain', poke(PTE, le(0x1_0060_7003n, 8))],
  ['MAP-015', 'a write-only area', setKey('iommufds.0.ioases.0.areas.0.iommuProt', 6)],
  ['MAP-016', 'bits of mapped blocks cleared', poke(LAYOUT.bitmap, [0])],
];
