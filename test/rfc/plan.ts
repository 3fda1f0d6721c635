/** A dump with something of everything, in its plain layout. */
import type { RfcPlan } from '../../src/synth/rfc-plan.js';

export const SAMPLE_PLAN: RfcPlan = {
  abi: 'rfc-2024',
  release: '6.11.0-rc4',
  key: 0,
  fragmentation: 0,
  handles: true,
  iommufds: [
    {
      persistentId: 1,
      agaw: 2,
      devices: [
        { bus: 0, devfn: 8 },
        { bus: 0, devfn: 0x10 },
      ],
      ioases: [
        {
          blocks: 3,
          areas: [
            { gap: 0, offset: 0, pages: 512, prot: 7 },
            { gap: 16, offset: 514, pages: 20, prot: 5 },
            { gap: 2 ** 28, offset: 1024, pages: 512, prot: 7 },
          ],
        },
        { blocks: 1, areas: [] },
      ],
    },
    {
      persistentId: 4,
      agaw: 1,
      devices: [
        { bus: 1, devfn: 8 },
        { bus: 1, devfn: 0x11 },
      ],
      ioases: [{ blocks: 1, areas: [{ gap: 3, offset: 7, pages: 9, prot: 7 }] }],
    },
  ],
  spareFiles: [2],
  names: ['vm '],
  freeBlocks: 4,
  largePages: { size2M: true, size1G: false },
  stride: 1,
  ftraceCpus: 2,
  contextTables: false,
};
