/** Dumps that break the rules on domains of the 2024 series. */
import { LAYOUT } from '../../../test/rfc/build-dump.js';
import { both, le, poke, removeNode, setKey, setProperty } from '../../../test/rfc/corrupt.js';
import {
  DOMAIN_PATH,
  type FieldCase,
  L2,
  PML4,
  PTE,
  type RuleCase,
  rename,
  resize,
  text,
  word,
  wordAt,
} from '../../../test/rfc/sample.js';

export const RFC_FIELDS: readonly FieldCase[] = [
  [
    '/intel-iommu compatible',
    setProperty('/intel-iommu', 'compatible', text('intel-iommu-v1')),
    ['DMAR-001'],
  ],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.1', undefined), ['DMAR-010']],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.0', undefined), ['DMAR-009']],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.1.len', '0x2000'), ['DMAR-014', 'KHO-007']],
  ['/intel-iommu/domains/* mem', setProperty(DOMAIN_PATH, 'mem'), ['DMAR-003']],
  ['/intel-iommu/domains/* name', rename(DOMAIN_PATH, '01'), ['DMAR-006']],
  ['/intel-iommu/domains/* persistent_id', setProperty(DOMAIN_PATH, 'persistent_id', le(9, 8)), ['DMAR-006']],
  ['/intel-iommu/domains/* persistent_id', resize(DOMAIN_PATH, 'persistent_id', 4), ['DMAR-005']],
  ['/intel-iommu/domains/* pgd', setKey('domains.0.pgd', '0x0'), ['DMAR-008']],
  ['/intel-iommu/domains/* pgd', setKey('domains.0.pgd', '0x10000800'), ['DMAR-008']],
  ['/intel-iommu/domains/* pgd', setKey('domains.0.pgd', '0x100000000'), ['DMAR-008']],
  ['/intel-iommu/domains/* pgd', setKey('domains.0.pgd', '0x40000000'), ['DMAR-008']],
  ['/intel-iommu/domains/* pgd', setKey('domains.0.pgd', '0x30000000'), ['DMAR-009']],
  ['/intel-iommu/domains/* pgd', setProperty(DOMAIN_PATH, 'pgd'), ['DMAR-005']],
  ['/intel-iommu/domains/* agaw', setKey('domains.0.agaw', 4), ['DMAR-007']],
  ['/intel-iommu/domains/* agaw', setKey('domains.0.agaw', -1), ['DMAR-007']],
  ['/intel-iommu/domains/* agaw', setKey('domains.0.agaw', 3), ['VTD-158']],
  ['/intel-iommu/domains/*/devices/* bus', resize(`${DOMAIN_PATH}/devices/0`, 'bus', 2), ['DMAR-017']],
  [
    '/intel-iommu/domains/*/devices/* bus',
    both(setKey('domains.0.devices.0.bus', 1), setKey('domains.0.devices.0.devfn', 8)),
    ['DMAR-017'],
  ],
  ['/intel-iommu/domains/*/devices/* devfn', setProperty(`${DOMAIN_PATH}/devices/0`, 'devfn'), ['DMAR-017']],
  ['/intel-iommu/domains/*/devices/* name', rename(`${DOMAIN_PATH}/devices/0`, '7'), ['DMAR-017']],
  ['page-table entry, bit 7 of a 4 KiB leaf', word(PTE, wordAt(PTE) | 0x80n), ['DMAR-016', 'DMAR-020']],
  ['page-table entry, alignment of a 2 MiB leaf', word(L2, wordAt(L2) + 0x1000n), ['VTD-092', 'VTD-091']],
  [
    'page-table entry, large bit of the top level',
    word(PML4, wordAt(PML4) | 0x80n),
    ['DMAR-013', 'DMAR-016', 'DMAR-020', 'MAP-004'],
  ],
  ['page-table entry, top entry 0', word(PML4, 0n), ['DMAR-013', 'MAP-004']],
  ['page-table entry, table address', word(PML4, (wordAt(PML4) & 0xfffn) | BigInt(PML4)), ['DMAR-015']],
  [
    'page-table entry, table address',
    both(word(PML4, 0x30000003n), poke(0x30000000, new Uint8Array(4096))),
    ['DMAR-010'],
  ],
  [
    'page-table entry, table address',
    both(word(PML4, 0x100000003n), poke(LAYOUT.region, new Uint8Array(4096))),
    ['DMAR-015'],
  ],
];

export const RFC_RULES: readonly RuleCase[] = [
  ['DMAR-011', 'a guest data page instead of a table page', setKey('domains.0.mem.1.addr', '0x100202000')],
  [
    'DMAR-013',
    'top entry 0 absent, and a producer that does not list every table',
    both(poke(PML4, le(0n, 8)), setKey('domains.0.mem.0', undefined)),
  ],
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
];
