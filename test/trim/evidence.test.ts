/** What the kernel says of itself stays where decoding hangs on it: release and page size, and nothing after them. */
import { expect, test } from 'vitest';
import { parseElfCore } from '../../src/memory/elf/core.js';
import { overlay } from '../../src/memory/overlay.js';
import { bytesAccess } from '../../src/memory/random-access.js';
import { readBytes } from '../../src/memory/read.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { vmcoreinfoAt } from '../../src/memory/vmcoreinfo.js';
import { linuxMemory } from '../decode/linux-dumps.js';
import { trimmed } from './canary.js';

const AT = 0x8_0123;
const KEPT = 'OSRELEASE=7.3.0\nBUILD-ID=0123456789abcdef\nPAGESIZE=4096\n';
const BEHIND = 'SYMBOL(init_uts_ns)=ffffffff82a1c2e0\nKERNELOFFSET=1a000000\n';

test('a VMCOREINFO text in memory: up to its page size', () => {
  const bytes = new Uint8Array(8192);
  bytes.set(new TextEncoder().encode(KEPT + BEHIND), AT - 0x8_0000);
  const memory = overlay(
    segmentsMemory([{ address: 0x8_0000, bytes }], 'notes'),
    linuxMemory('linux-7.3-live-update'),
  );
  const small = trimmed(memory, { vmcoreinfo: true });
  expect(vmcoreinfoAt(small.memory, AT)).toMatchObject({ release: '7.3.0', pageSize: 4096 });
  const page = readBytes(small.memory, 0x8_0000, 4096) ?? new Uint8Array(0);
  expect(new TextDecoder().decode(page).replaceAll('\0', '')).toBe(KEPT);
  expect(new TextDecoder('latin1').decode(small.bytes)).not.toContain('KERNELOFFSET');
  // Where nothing hangs on it, it stays out as a whole.
  expect(new TextDecoder('latin1').decode(trimmed(memory).bytes)).not.toContain('OSRELEASE');
});

test('what headers said becomes a note', () => {
  const { bytes } = trimmed(linuxMemory('linux-7.1-live-update'), {
    note: 'OSRELEASE=7.1.2\nPAGESIZE=4096\n',
  });
  expect(parseElfCore(bytesAccess(bytes)).core?.vmcoreinfo).toMatchObject({
    release: '7.1.2',
    pageSize: 4096,
  });
});
