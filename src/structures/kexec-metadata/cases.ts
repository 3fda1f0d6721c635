/** Dumps that break the rules on kexec-metadata, one fault each. */

import { blob, type Case, V71W, V73, V73W } from '../../../test/validate/upstream-cases/case.js';
import { patch, u32, u64, value } from '../../../test/validate/upstream-patches.js';

export const CASES: readonly Case[] = [
  V73('KMETA-001', 'version 2', (handover) => u32(blob(handover, 'kexec-metadata'), 2)),
  V73('KMETA-001', 'a short record', (handover) => u64(value(handover, '/kexec-metadata', 'blob-size'), 72)),
  V73W('KMETA-002', 'no NUL', (handover) =>
    patch(blob(handover, 'kexec-metadata') + 4, new Uint8Array(65).fill(0x37)),
  ),
  V73W('KMETA-002', 'no release', (handover) =>
    patch(blob(handover, 'kexec-metadata') + 4, new Uint8Array(65)),
  ),
  V73W('KMETA-003', 'as if after no kexec', (handover) => u32(blob(handover, 'kexec-metadata') + 69, 0)),
  V71W('KMETA-003', 'as if after no kexec, in 7.1', (handover) =>
    u32(blob(handover, 'kexec-metadata') + 69, 0),
  ),
];
