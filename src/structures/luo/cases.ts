/** Dumps that break the rules on LUO's sessions, files and FLBs, one fault each. */

import {
  type Case,
  FREE,
  flb,
  list,
  luo,
  luoSessions,
  movedIntoBlock,
  V71,
  V71W,
  V73,
  V73N,
  V73W,
} from '../../../test/validate/upstream-cases/case.js';
import {
  dropProperty,
  file,
  forget,
  keep,
  patch,
  renameNode,
  session,
  sure,
  text,
  u64,
  value,
} from '../../../test/validate/upstream-patches.js';

export const CASES: readonly Case[] = [
  V73('LUO-002', 'luo-v6', (handover) => text(luo(handover), 'luo-v6')),
  V73('LUO-002', 'luo-v4, which no release reads', (handover) => text(luo(handover), 'luo-v4')),
  V73('LUO-002', 'other memory', (handover) => patch(luo(handover), [0x7f, 0x45, 0x4c, 0x46])),
  V73('LUO-002', 'a short blob', (handover) => u64(value(handover, '/LUO', 'blob-size'), 24)),
  V71('LUO-003', 'luo-session-v1', (handover) =>
    text(value(handover, '/luo-session', 'compatible', 'LUO'), 'luo-session-v1'),
  ),
  V71('LUO-003', 'no number', (handover) => dropProperty(handover, '/', 'liveupdate-number', 'LUO')),
  V71('LUO-003', 'no luo-flb', (handover) => renameNode(handover, '/luo-flb', 'luo-flx', 'LUO')),
  V71('LUO-003', 'another version', (handover) => text(value(handover, '/', 'compatible', 'LUO'), 'luo-v9')),
  V71('LUO-021', 'sessions at 0', (handover) =>
    u64(value(handover, '/luo-session', 'luo-session-header', 'LUO'), 0),
  ),
  V71('LUO-021', 'FLBs at 0', (handover) => u64(value(handover, '/luo-flb', 'luo-flb-header', 'LUO'), 0)),
  V73W('LUO-022', 'no live update', (handover) => u64(luo(handover) + 8, 0)),
  V71W('LUO-022', 'no live update, in a tree', (handover) =>
    u64(value(handover, '/', 'liveupdate-number', 'LUO'), 0),
  ),
  V73W('LUO-017', 'within a larger block', (handover, memory) => [
    ...movedIntoBlock(handover, memory, luo(handover)),
    ...u64(value(handover, '/LUO', 'preserved-data'), FREE + handover.pageSize),
  ]),
  V73N('LUO-017', 'the start of a larger block', (handover, memory) => [
    ...forget(handover, memory, luo(handover)),
    ...keep(handover, memory, luo(handover), 1),
  ]),
  V71('LUO-005', '820 sessions', (handover) => u64(sure(handover.luo?.sessionsAddress, 'area'), 820)),
  V73W('LUO-006', 'no NUL', (handover) => patch(session(handover).address, new Uint8Array(64).fill(0x61))),
  V73W('LUO-007', 'no name', (handover) => patch(session(handover).address, new Uint8Array(64))),
  V73('LUO-008', 'two of one name', (handover) =>
    patch(session(handover, 1).address, session(handover).name),
  ),
  V73('LUO-009', 'a count without files', (handover) => u64(session(handover, 2).address + 72n, 3)),
  V73('LUO-011', 'a file too many', (handover) => u64(session(handover).address + 72n, 3)),
  V71('LUO-011', 'more files than the array holds', (handover) => u64(session(handover).address + 72n, 129)),
  V71('LUO-019', 'two sessions with one array', (handover) =>
    u64(session(handover, 1).address + 64n, session(handover).filesAddress),
  ),
  V71('LUO-019', 'an array that is a list page of a memfd', (handover) =>
    u64(session(handover, 1).address + 64n, list(handover)),
  ),
  V73('LUO-012', 'memfd-v9', (handover) => text(file(handover).address, 'memfd-v9')),
  V71('LUO-012', 'the handler of 6.19', (handover) => text(file(handover).address, 'memfd-v1')),
  V73('LUO-013', 'no NUL', (handover) => patch(file(handover).address, new Uint8Array(48).fill(0x61))),
  V73('LUO-014', 'two equal tokens', (handover) =>
    u64(file(handover, 1).address + 56n, file(handover).token),
  ),
  V73W('FLB-001', 'two pages', (handover) => u64(flb(handover, 0) - 16, 2)),
  V73('FLB-002', '64 entries', (handover) => u64(flb(handover, 0) - 8, 64)),
  V73('FLB-003', 'two of one name', (handover) => text(flb(handover, 1), 'liveupdate-test-flb-v0')),
  V73('FLB-003', 'no NUL', (handover) => patch(flb(handover, 1), new Uint8Array(48).fill(0x61))),
  V73W('FLB-004', 'no users', (handover) => u64(flb(handover, 0) + 56, 0)),
  V73W('FLB-005', 'an unknown name', (handover) => text(flb(handover, 0), 'iommu-v7', 48)),
  V73W('FLB-008', 'fewer users than files', (handover) => u64(flb(handover, 1) + 56, 1)),
  V73('FLB-008', 'fewer users of pci than files of vfio', (handover) => [
    ...text(file(handover, 0).address, 'vfio-pci-v2', 48),
    ...text(file(handover, 1).address, 'vfio-pci-v2', 48),
    ...text(flb(handover, 2), 'pci', 48),
    ...u64(flb(handover, 2) + 56, 1),
  ]),
  V73('FLB-009', 'a file of vfio without pci', (handover) => text(file(handover).address, 'vfio-pci-v2', 48)),
  V73W('FLB-009', 'a file of the first vfio without pci', (handover) =>
    text(file(handover).address, 'vfio-pci-v1', 48),
  ),
  V73W('FLB-006', 'more users of pci than files of vfio', (handover) => [
    ...text(file(handover).address, 'vfio-pci-v2', 48),
    ...text(flb(handover, 2), 'pci', 48),
    ...u64(flb(handover, 2) + 56, 2),
  ]),
  V73W('FLB-006', 'more users than files', (handover) => u64(flb(handover, 0) + 56, 1000)),
  { ...V71('LUO-020', 'a session less', (handover) => u64(luoSessions(handover), 1)), severity: 'warning' },
  V73W('FLB-007', 'an FLB less', (handover) => u64(flb(handover, 0) - 8, 2)),
];
