/** Dumps that break the rules on memblock, one fault each. */

import { type Case, V73, V73W, V618 } from '../../../test/validate/upstream-cases/case.js';

import {
  cutProperty,
  dropProperty,
  forget,
  renameNode,
  text,
  u64,
  value,
} from '../../../test/validate/upstream-patches.js';

export const CASES: readonly Case[] = [
  V73('MEMBLOCK-001', 'memblock-v2', (handover) =>
    text(value(handover, '/', 'compatible', 'memblock'), 'memblock-v2'),
  ),
  V618('MEMBLOCK-003', 'reserve-mem-v2', (handover) =>
    text(value(handover, '/pstore', 'compatible', 'memblock'), 'reserve-mem-v2'),
  ),
  V73('MEMBLOCK-003', 'no start', (handover) => dropProperty(handover, '/pstore', 'start', 'memblock')),
  V73('MEMBLOCK-003', 'a size of 4 bytes', (handover) =>
    cutProperty(handover, '/pstore', 'size', 'memblock'),
  ),
  V73('MEMBLOCK-005', 'a page of a region is not preserved', (handover, memory) =>
    forget(handover, memory, 0x1b81b000),
  ),
  V73('MEMBLOCK-006', 'two that overlap', (handover) =>
    u64(value(handover, '/rsv-a', 'start', 'memblock'), 0x1b820000),
  ),
  V73('MEMBLOCK-007', 'two of one name', (handover) => renameNode(handover, '/rsv-a', 'pstore', 'memblock')),
  V73W('MEMBLOCK-008', 'a size of 0', (handover) => u64(value(handover, '/rsv-a', 'size', 'memblock'), 0)),
];
