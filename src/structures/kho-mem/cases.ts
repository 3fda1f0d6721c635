/** Dumps that break the rules on mem properties and the mem cache. */
import { LAYOUT } from '../../../test/rfc/build-dump.js';
import { le, poke, setKey } from '../../../test/rfc/corrupt.js';
import { DOMAIN_PATH, type FieldCase, payload, type RuleCase, resize } from '../../../test/rfc/sample.js';

export const RFC_FIELDS: readonly FieldCase[] = [
  [
    '/ftrace/global-trace/cpu* mem',
    setKey('ftrace.globalTrace.cpus.0.mem.1.addr', '0x20901000'),
    ['KHO-007'],
  ],
  ['/ftrace/global-trace/cpu* mem', resize('/ftrace/global-trace/cpu0', 'mem', 24), ['KHO-003']],
  [
    '/intel-iommu/domains/* mem',
    setKey('domains.0.mem.1.addr', '0x100000000'),
    ['KHO-008', 'DMAR-010', 'DMAR-011'],
  ],
  [
    '/intel-iommu/domains/* mem',
    setKey('domains.0.mem.1.addr', '0x10001001'),
    ['KHO-005', 'KHO-010', 'DMAR-014'],
  ],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.1.addr', '0x40000000'), ['KHO-006']],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.1.len', '0x0'), ['KHO-004']],
  ['/intel-iommu/domains/* mem', setKey('domains.0.mem.1.len', '0xffffffffffffffff'), ['KHO-004']],
  ['/intel-iommu/domains/* mem', resize(DOMAIN_PATH, 'mem', 17), ['KHO-003', 'DMAR-003']],
  ['kho_mem.addr', poke(LAYOUT.cache, le(0x30000000, 8)), ['KHO-009']],
  ['kho_mem.len', poke(LAYOUT.cache + 8, le(0x1000, 8)), ['KHO-009']],
  ['kho_data_rfc2024.scratch_addr', payload('scratchAddr', LAYOUT.scratch + LAYOUT.scratchSize), ['KHO-012']],
  ['kho_data_rfc2024.scratch_size', payload('scratchSize', 0x100000), ['KHO-012']],
  ['kho_data_rfc2024.mem_cache_addr', payload('memCacheAddr', LAYOUT.cache + 16), ['KHO-009', 'KHO-012']],
  ['kho_data_rfc2024.mem_cache_size', payload('memCacheSize', 16), ['KHO-009']],
];

export const RFC_RULES: readonly RuleCase[] = [
  ['KHO-016', 'a record at the start of the region', setKey('domains.0.mem.1.addr', '0x100000000')],
  ['KHO-005', 'a bit that is not a flag', setKey('domains.0.mem.1.addr', '0x10001002')],
];
