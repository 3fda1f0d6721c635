/** Whether the folios of a memfd make up the file: the tally, and what the rules make of it. */
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { createCoverage } from '../../src/validate/upstream/folio-coverage.js';
import { descriptor } from './upstream-cases/case.js';
import { damagedOn, original } from './upstream-damage.js';
import { folio, memfd, type Patches, patch, u64 } from './upstream-patches.js';
import { seventh } from './variants.js';

/** Pages of the largest folio with 4 KiB pages. */
const PMD = 512;

type Entry = readonly [pfn: number, index: number, order: number];

function gaps(filePages: number, entries: readonly Entry[]) {
  const coverage = createCoverage(filePages, PMD);
  for (const [position, [pfn, index, order]] of entries.entries()) coverage.add(pfn, index, order, position);
  return Object.fromEntries(
    Object.entries(coverage.end()).map(([cause, { count, pages, start, end }]) => [
      cause,
      { count, pages, start, end },
    ]),
  );
}

describe('what no folio covers', () => {
  test.each<[string, number, readonly Entry[], object]>([
    ['an empty file', 0, [], {}],
    [
      'mixed orders',
      1027,
      [
        [0x1000, 0, 9],
        [0x1200, 512, 9],
        [0x5001, 1024, 0],
        [0x7002, 1025, 1],
      ],
      {},
    ],
    [
      'a folio that reaches beyond the end',
      700,
      [
        [0x1000, 0, 9],
        [0x2000, 512, 9],
      ],
      {},
    ],
    [
      'a page beyond the end',
      1,
      [
        [0x1000, 0, 0],
        [0x1001, 1, 0],
      ],
      {},
    ],
    ['no folio at all', 3, [], { missing: { count: 1, pages: 3, start: 0, end: 3 } }],
    ['a file that begins later', 3, [[0x1002, 2, 0]], { missing: { count: 1, pages: 2, start: 0, end: 2 } }],
    [
      'two stretches',
      9,
      [
        [0x1001, 1, 0],
        [0x1002, 2, 0],
        [0x1007, 7, 0],
        [0x1008, 8, 0],
      ],
      { missing: { count: 2, pages: 5, start: 0, end: 1 } },
    ],
    [
      'an entry of pfn 0',
      4,
      [
        [0x1000, 0, 0],
        [0, 1, 0],
        [0x1002, 2, 1],
      ],
      { hole: { count: 1, pages: 1, start: 1, end: 2 } },
    ],
    [
      'pfn 0 for a page that another folio has',
      2,
      [
        [0x1000, 0, 1],
        [0, 1, 0],
      ],
      {},
    ],
    [
      'pfn 0 beyond the end',
      2,
      [
        [0x1000, 0, 1],
        [0, 2, 0],
      ],
      {},
    ],
    [
      'a huge folio that is one page in the map',
      1024,
      [
        [0x1000, 0, 0],
        [0x1200, 512, 9],
      ],
      { lost: { count: 1, pages: 511, start: 1, end: 512 } },
    ],
    [
      'the same at the end of the file',
      700,
      [
        [0x1000, 0, 9],
        [0x1200, 512, 7],
      ],
      { lost: { count: 1, pages: 60, start: 640, end: 700 } },
    ],
    // An order above that of a PMD is none that shmem has.
    [
      'four of eight MiB',
      2048,
      [[0x1000, 0, 10]],
      { missing: { count: 1, pages: 1024, start: 1024, end: 2048 } },
    ],
    // The page frame is not aligned to what it would have been.
    [
      'a page that was a page',
      4,
      [
        [0x1001, 0, 0],
        [0x1008, 2, 1],
      ],
      { missing: { count: 1, pages: 1, start: 1, end: 2 } },
    ],
    // MEMFD-008 tells of it.
    [
      'a folio that is not a block',
      4,
      [
        [0x1000, 0, -1],
        [0x1003, 3, 0],
      ],
      {},
    ],
  ])('%s', (_what, filePages, entries, expected) => {
    expect(gaps(filePages, entries)).toEqual(expected);
  });

  test('a list costs one pass and no object an entry', () => {
    const coverage = createCoverage(2 ** 22, PMD);
    for (let i = 0; i < 2 ** 22; i += 2) coverage.add(0x100000 + i, i, 0, i / 2);
    // Every other page: each folio may have been one of two pages.
    expect(coverage.end()).toMatchObject({ lost: { count: 2 ** 21, pages: 2 ** 21 } });
  });
});

const LIVE = original('linux-7.3-live-update');

function findings(base: typeof LIVE, patches: Patches) {
  const handover = damagedOn(base, {
    rule: '',
    severity: 'error',
    dump: 'linux-7.3-live-update',
    what: '',
    patches: () => patches,
  });
  return validate(handover, catalogue).findings.map(({ rule, severity, subject }) => ({
    rule,
    severity,
    subject,
  }));
}

const SUBJECT = { session: 'vm-alpha', token: 0x1an };

describe('rules', () => {
  test('the order of a list does not matter', () => {
    const { handover, memory } = LIVE;
    const bytes = new Uint8Array(32);
    memory.read(folio(handover, 4), 32, bytes);
    const swapped = [
      ...patch(folio(handover, 4), bytes.subarray(16)),
      ...patch(folio(handover, 5), bytes.subarray(0, 16)),
    ];
    expect(findings(LIVE, swapped)).toEqual([]);
    // And what is missing is seen in one as well.
    const cut = [...swapped, ...u64(descriptor(handover) - 8, 0x17ff)];
    expect(findings(LIVE, cut)).toContainEqual({ rule: 'MEMFD-021', severity: 'error', subject: SUBJECT });
  });

  test('what a rule cannot know is skipped: a list that is not in the dump', () => {
    const { handover } = LIVE;
    const gone = {
      ...handover,
      preservedMap: { ...handover.preservedMap, complete: false },
    } as typeof handover;
    const { skipped } = validate(gone, catalogue);
    const ids = skipped.map(({ rule }) => rule);
    expect(ids).toEqual(expect.arrayContaining(['MEMFD-021', 'MEMFD-022']));
    expect(ids).not.toContain('MEMFD-020');
  });

  test('6.19 and 7.0 leave flags out: a warning', () => {
    const variant = seventh();
    const base = { ...variant, name: 'linux-7.3-live-update' };
    expect(memfd(variant.handover).version).toBe('memfd-v1');
    expect(findings(base, [])).toEqual([]);
    const at = folio(variant.handover, 5) + 6;
    for (const flags of [0x00, 0x10, 0x20]) {
      const found = findings(base, patch(at, [flags]));
      expect(found.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(
        Array.from({ length: flags === 0 ? 2 : 1 }, () => 'MEMFD-020 warning'),
      );
    }
  });
});
