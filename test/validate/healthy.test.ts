/**
 * Handovers that other releases, machines and configurations would write and that nothing is wrong with: no rule
 * says anything above a note, and notes only where the list says so.
 */
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { decodeAt } from '../decode/linux-dumps.js';
import { type Document, documentOf, placed, secondGeneration, seventh, type Variant } from './variants.js';

const V618 = 'linux-6.18-handover';
const V71 = 'linux-7.1-live-update';
const V73 = 'linux-7.3-live-update';

function changed(name: string, edit: (document: Document) => void, options = {}): () => Variant {
  return () => {
    const document = documentOf(name);
    edit(document);
    return placed(document, options);
  };
}

/** Leaves out a child and its typed part. */
function drop(document: Document, part: string, child: string): void {
  delete document[part];
  document.subtrees = document.subtrees.filter(({ name }: { name: string }) => name !== child);
}

/** Only pages that the parts which are left speak of are kept. */
function keepOnly(document: Document, ranges: readonly (readonly [bigint, bigint])[]): void {
  document.preserved.pages = document.preserved.pages.filter(({ address }: { address: string }) =>
    ranges.some(([start, end]) => BigInt(address) >= start && BigInt(address) < end),
  );
}

function withoutFiles(document: Document): void {
  const regions = (document.memblock?.regions ?? []).map(({ start, size }: Document) => [
    BigInt(start),
    BigInt(start) + BigInt(size),
  ]);
  const folios = [...(document.khoTest?.folios ?? [])].map(({ address, order }: Document) => [
    BigInt(address),
    BigInt(address) + (BigInt(document.pageSize) << BigInt(order)),
  ]);
  keepOnly(document, [...regions, ...folios]);
}

function everythingBut(document: Document, ...kept: readonly string[]): void {
  for (const [part, child] of [
    ['luo', 'LUO'],
    ['khoTest', 'kho_test'],
    ['memblock', 'memblock'],
    ['kexecMetadata', 'kexec-metadata'],
  ] as const) {
    if (!kept.includes(part)) drop(document, part, child);
  }
  withoutFiles(document);
}

/** Leaves nothing but one region of reserve_mem. */
function onlyReserveMem(document: Document, name: string, start: string, size: string): void {
  everythingBut(document);
  document.memblock = {
    compatible: 'memblock-v1',
    regions: [{ name, compatible: 'reserve-mem-v1', start, size }],
  };
  document.subtrees.push({ name: 'memblock' });
}

const sessions = (count: number): Document[] =>
  Array.from({ length: count }, (_, i) => ({ name: `vm-${i}`, count: '0x0', files: [] as Document[] }));

/** What is written, how, and which rules note something. */
const VARIANTS: readonly (readonly [what: string, make: () => Variant, notes?: readonly string[]])[] = [
  [
    '6.16: bitmaps of 512 bytes, no kho_test',
    changed(
      V618,
      (d) => {
        drop(d, 'khoTest', 'kho_test');
        withoutFiles(d);
        d.preservedMap = { bitmapSize: 512 };
      },
      { form: 'bitmap-512' },
    ),
  ],
  ['6.18', changed(V618, () => {}, { form: 'bitmap-page' })],
  [
    '6.18 with the memblock rider alone',
    changed(V618, (d) => everythingBut(d, 'memblock'), { form: 'bitmap-page' }),
  ],
  [
    '6.19: LUO without FLBs',
    () => {
      const { handover: _handover, ...variant } = seventh((d) => {
        delete d.luo.flbs;
        d.luo.version = 'luo-v1';
      });
      return {
        ...variant,
        handover: decodeAt(variant.memory, variant.address, { pageSize: 4096, form: 'bitmap-page' }),
      };
    },
  ],
  ['7.0', () => seventh()],
  [
    '6.19 to 7.0, a session without a name',
    () =>
      seventh((d) => {
        d.luo.sessions[2].name = '';
      }),
    ['LUO-007'],
  ],
  ['kho-v2, between releases', () => secondGeneration()],
  ['7.1', changed(V71, () => {})],
  ['7.1 without LUO', changed(V71, (d) => everythingBut(d, 'memblock', 'khoTest', 'kexecMetadata'))],
  ['7.3', changed(V73, () => {})],
  ['7.3, nothing but kexec-metadata', changed(V73, (d) => everythingBut(d, 'kexecMetadata'))],
  ['7.3, without any child', changed(V73, (d) => everythingBut(d))],
  [
    '7.3, LUO without sessions',
    changed(V73, (d) => {
      everythingBut(d, 'luo', 'kexecMetadata');
      d.luo.flbs = [];
      d.luo.sessions = [];
    }),
  ],
  [
    '7.3, 200 sessions without files, in four blocks',
    changed(V73, (d) => {
      everythingBut(d, 'luo', 'kexecMetadata');
      d.luo.flbs = [];
      d.luo.sessions = sessions(200);
    }),
  ],
  [
    '7.3, 300 empty files in one session, in five blocks',
    changed(V73, (d) => {
      everythingBut(d, 'luo', 'kexecMetadata');
      d.luo.flbs = [];
      d.luo.sessions = [
        {
          name: 'vm',
          count: '0x12c',
          files: Array.from({ length: 300 }, (_, i) => ({
            compatible: 'memfd-v2',
            token: `0x${(2n ** 64n - 1n - BigInt(i)).toString(16)}`,
            memfd: { pos: '0x0', size: '0x0', seals: '0x0', flags: '0x0', nrFolios: '0x0', folios: [] },
          })),
        },
      ];
    }),
  ],
  [
    '7.3, a session name of 63 bytes and one in UTF-8',
    changed(V73, (d) => {
      everythingBut(d, 'luo');
      d.luo.flbs = [];
      d.luo.sessions = [
        { name: 'x'.repeat(63), count: '0x0', files: [] },
        { name: 'machine ü', count: '0x0', files: [] },
      ];
    }),
  ],
  [
    '7.3, the first live update',
    changed(V73, (d) => {
      d.luo.liveupdateNumber = '0x1';
      d.kexecMetadata.kexecCount = 1;
    }),
  ],
  [
    '7.3, the 2^32-1st kexec',
    changed(V73, (d) => {
      d.luo.liveupdateNumber = '0xffffffffffffffff';
      d.kexecMetadata.kexecCount = 0xffff_ffff;
    }),
  ],
  [
    '7.3, a release name of distributions',
    changed(V73, (d) => {
      d.kexecMetadata.previousRelease = '7.3.4-200.fc45.x86_64+debug';
    }),
  ],
  ['7.3, arm64 with 16 KiB pages', changed('linux-7.3-arm64-16k', () => {})],
  [
    '7.3, arm64 with 64 KiB pages',
    changed(V73, (d) => {
      everythingBut(d, 'luo', 'kexecMetadata');
      d.pageSize = 65536;
      d.preserved.pages = [];
      d.luo.flbs = [];
      d.luo.sessions = sessions(3);
    }),
  ],
  [
    '7.3, arm64 with 4 KiB pages above 1 TiB',
    changed(V73, (d) => {
      everythingBut(d, 'kexecMetadata', 'luo');
      d.luo.flbs = [];
      d.luo.sessions = sessions(1);
      d.memblock = {
        compatible: 'memblock-v1',
        regions: [{ name: 'log', compatible: 'reserve-mem-v1', start: '0x10000000000', size: '0x2000' }],
      };
      d.subtrees.push({ name: 'memblock' });
      d.preserved.pages = [{ address: '0x10000000000', order: 1 }];
    }),
  ],
  [
    '7.3, a gigabyte of reserve_mem in one block above MAX_PAGE_ORDER',
    changed(V73, (d) => {
      onlyReserveMem(d, 'big', '0x40000000', '0x40000000');
      d.preserved.pages = [{ address: '0x40000000', order: 18 }];
    }),
  ],
  [
    '7.1, a gigabyte of reserve_mem in one block',
    changed(V71, (d) => {
      onlyReserveMem(d, 'big', '0x40000000', '0x40000000');
      d.preserved.pages = [{ address: '0x40000000', order: 18 }];
    }),
  ],
  [
    '7.3, files with all seals, all but F_SEAL_EXEC, and all but F_SEAL_SEAL',
    changed(V73, (d) => {
      everythingBut(d, 'luo');
      d.luo.flbs = [];
      d.luo.sessions = [
        {
          name: 'vm',
          count: '0x3',
          files: ['0x3f', '0x1f', '0x3e'].map((seals, i) => ({
            compatible: 'memfd-v2',
            token: `0x${i}`,
            memfd: { pos: '0x0', size: '0x0', seals, flags: '0x0', nrFolios: '0x0', folios: [] },
          })),
        },
      ];
    }),
  ],
  [
    '7.3, running: files are preserved, but LUO has not written its sessions down yet',
    changed(V73, (d) => {
      d.luo.flbs = [];
      d.luo.sessions = [];
    }),
    ['KHO-156'],
  ],
];

describe('nothing is wrong with', () => {
  test.each(VARIANTS.map(([what, make, notes = []]) => [what, make, notes] as const))(
    '%s',
    (_what, make, notes) => {
      const { handover } = make();
      expect(handover.diagnostics).toEqual([]);
      const { findings, failed, passed, skipped } = validate(handover, catalogue);
      const own = catalogue.filter(
        ({ generations }) => handover.generation !== undefined && generations.includes(handover.generation),
      );
      expect(passed.length + failed.length + skipped.length).toBe(own.length);
      expect(failed, findings[0]?.message).toEqual([]);
      expect([...new Set(findings.map(({ rule }) => rule))]).toEqual(notes);
    },
  );

  const M = 1024n * 1024n;
  const region = (start: bigint, size: bigint) => ({ start, end: start + size });
  test.each([
    ['two regions, one node', [region(0x4000_0000n, 4n * M), region(0x4800_0000n, 64n * M)]],
    [
      'four nodes, adjacent regions',
      Array.from({ length: 6 }, (_, i) => region(0x10_0000_0000n + BigInt(i) * 16n * M, 16n * M)),
    ],
    [
      'regions of different nodes in any order',
      [region(0x20_0000_0000n, 16n * M), region(0x10_0000_0000n, 4n * M), region(0x30_0000_0000n, 16n * M)],
    ],
    [
      'an empty region of a node without memory',
      [region(0x10_0000_0000n, 4n * M), region(0x20_0000_0000n, 16n * M), region(0n, 0n)],
    ],
  ] as const)('scratch: %s', (_what, scratch) => {
    const { memory, address, handover } = placed(documentOf(V73));
    const { findings } = validate(
      decodeAt(memory, address, { pageSize: handover.pageSize, scratch }),
      catalogue,
    );
    expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });
});
