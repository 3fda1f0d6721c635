import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findByFirst } from '../../src/memory/find-bytes.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { noteRisingPages } from '../../src/memory/rising-pages.js';
import { createRisingScan, MOST_PAGES } from '../../src/memory/rising-scan.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { iovasOf, pagesOf, targetsOf } from '../../src/vtd/walk/batch.js';
import { type TableStretch, visitOf } from '../../src/vtd/walk/state.js';
import { walkTable } from '../../src/vtd/walk/walk.js';

const PAGE = 4096;
const WINDOW = MOST_PAGES * PAGE;
const PATTERNS = [Uint8Array.of(0x48, 0x64, 0x72, 0x53), new TextEncoder().encode('OSRELEASE=')];

/** Where a pattern may come to be: in the bytes of words that never change, and across pages. */
const bytes = fc.constantFrom(0x03, 0x22, 0x48, 0x53, 0x64, 0x72, 0x4f);

/** A page of entries: all rise from the first, but for a word that may differ. */
const page = fc.record({
  low: bytes,
  high: bytes,
  frame: fc.oneof(
    fc.nat(0xfffff),
    fc.constantFrom(0, 0xffdff, 0xffe00, 0xffe01, 0xfffff, 0x7fe00, 0x7ff00, 0x80000),
  ),
  top: fc.constantFrom(0, 0, 0, 0x00080000, 0x80000000),
  other: fc.option(fc.tuple(fc.nat(511), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), { freq: 3 }),
});
type Page = typeof page extends fc.Arbitrary<infer T> ? T : never;

function fill(view: DataView, at: number, { low, high, frame, top, other }: Page): void {
  const first = (BigInt((top | high) >>> 0) << 32n) | (BigInt(frame) << 12n) | BigInt(low);
  for (let i = 0; i < 512; i++)
    view.setBigUint64(at + i * 8, BigInt.asUintN(64, first + BigInt(i * PAGE)), true);
  if (other !== null) view.setBigUint64(at + other[0] * 8, other[1], true);
}

function risesNaively(view: DataView, at: number): boolean {
  const first = view.getBigUint64(at, true);
  for (let i = 1; i < 512; i++) {
    const word = view.getBigUint64(at + i * 8, true);
    if (word !== first + BigInt(i * PAGE) || word >> 32n !== first >> 32n) return false;
  }
  return true;
}

test('the pages that are found are those that rise word by word', () => {
  const scan = createRisingScan(WINDOW + 10, PATTERNS[0] ?? []);
  expect(scan.bytes.length).toBe(WINDOW + 10);
  fc.assert(
    fc.property(fc.array(page, { minLength: 1, maxLength: MOST_PAGES - 1 }), fc.nat(1023), (pages, words) => {
      const from = words * 4;
      const view = new DataView(new ArrayBuffer(WINDOW));
      pages.forEach((each, i) => {
        fill(view, from + i * PAGE, each);
      });
      scan.bytes.set(new Uint8Array(view.buffer));
      const found = scan.scan(from, pages.length);
      pages.forEach((_, i) => {
        const at = from + i * PAGE;
        const rises = risesNaively(view, at);
        expect((found >>> i) & 1, `page ${i}`).toBe(rises ? 1 : 0);
        const first = rises ? [view.getInt32(at, true), view.getInt32(at + 4, true)] : [0, 0];
        expect([...scan.firsts.subarray(2 * i, 2 * i + 2)]).toEqual(first);
      });
    }),
    { numRuns: 60 },
  );
});

test('nothing that is looked for is in the pages that are passed over', () => {
  const memory = segmentsMemory([], 'none');
  fc.assert(
    fc.property(
      fc.array(page, { minLength: 1, maxLength: MOST_PAGES }),
      fc.array(fc.tuple(fc.nat(1), fc.nat(WINDOW)), { maxLength: 4 }),
      fc.nat(1023),
      (pages, places, words) => {
        const notes = noteRisingPages({ ...memory }, Number.POSITIVE_INFINITY, WINDOW + 9, PATTERNS);
        if (notes === undefined) return;
        const view = new DataView(new ArrayBuffer(WINDOW + 9 + PAGE));
        pages.forEach((each, i) => {
          if (words * 4 + (i + 1) * PAGE <= WINDOW + 9) fill(view, words * 4 + i * PAGE, each);
        });
        const all = new Uint8Array(view.buffer);
        for (const [pattern, at] of places) all.set(PATTERNS[pattern] ?? [], at);
        notes.bytes.set(all.subarray(0, WINDOW + 9));
        const parts = notes.note(PAGE - words * 4, WINDOW, WINDOW + 9);
        for (const pattern of PATTERNS) {
          const find = findByFirst(notes.bytes);
          const expected: number[] = [];
          for (let at = find(pattern, 0); at >= 0; at = find(pattern, at + 1)) expected.push(at);
          const found: number[] = [];
          for (const { start, end } of parts) {
            const inPart = findByFirst(notes.bytes.subarray(start, end));
            for (let at = inPart(pattern, 0); at >= 0; at = inPart(pattern, at + 1)) found.push(start + at);
          }
          expect(found).toEqual(expected);
        }
      },
    ),
    { numRuns: 60 },
  );
});

/** What a walk says, however its rows are put into batches. */
function told(memory: PhysicalMemory, width?: number, together = false): unknown {
  const format = secondStageFormat();
  const request = { memory, root: 0x1000, levels: 3, format };
  const tables: unknown[] = [];
  const onTables = (stretch: TableStretch): void => {
    for (let nth = 0; nth < stretch.count; nth++) tables.push(visitOf(stretch, nth));
  };
  const walk = walkTable({
    ...request,
    ...(width === undefined ? {} : { inputWidth: width }),
    onTable: (table) => tables.push(table),
    ...(together ? { onTables } : {}),
  });
  const rows: unknown[] = [];
  for (const batch of walk.batches) {
    const [iovas, lengths, targets] = [iovasOf(batch), pagesOf(batch), targetsOf(batch)];
    let pages = 0;
    for (let row = 0; row < batch.length; row++) {
      const [lo, hi] = [batch.rows[2 * row] as number, batch.rows[2 * row + 1] as number];
      // What the batch says of all of them.
      expect([(lo & ~batch.orLo & 0xfff) | (hi & ~batch.orHi), batch.andHi & ~hi]).toEqual([0, 0]);
      rows.push([iovas[row], lengths[row], targets[row], lo, hi, batch.level[row]]);
      pages += lengths[row] as number;
    }
    expect(batch.totalPages).toBe(pages);
  }
  return { tables, rows, report: walk.report() };
}

test('a walk that knows tables beforehand tells what one tells that reads them', () => {
  const kinds = fc.array(
    fc.record({
      /** Page frame of the first target, in tables of 2 MiB, and pages more. */
      block: fc.nat(4),
      shift: fc.constantFrom(0, 0, 0, 1, 511),
      flags: fc.constantFrom(3, 3, 3, 1, 0, 0x803, 0x40000003),
      kind: fc.constantFrom('table', 'table', 'table', 'large', 'none', 'same', 'hole'),
      high: fc.constantFrom(0, 1, 1, 0x40000000),
    }),
    { minLength: 1, maxLength: 24 },
  );
  fc.assert(
    fc.property(
      kinds,
      fc.option(fc.constantFrom(30, 39), { freq: 3 }),
      fc.boolean(),
      (leaves, width, line) => {
        const bytes = new Uint8Array((3 + leaves.length) * PAGE);
        const view = new DataView(bytes.buffer);
        view.setBigUint64(0, 0x2003n, true);
        leaves.forEach(({ block, shift, flags, kind, high }, i) => {
          const entry = PAGE + i * 8;
          const base = BigInt((line ? 0xff800 + 512 * i : 512 * block) + shift);
          const table = kind === 'same' ? 3 : 3 + i;
          if (kind === 'none') return;
          if (kind === 'large') view.setBigUint64(entry, (base << 12n) | 0x83n, true);
          else view.setBigUint64(entry, BigInt(table * PAGE) | 3n, true);
          for (let k = 0; k < 512; k++) {
            const word = (BigInt(high) << 32n) + ((base + BigInt(k)) << 12n) + BigInt(flags);
            if (kind !== 'hole' || k !== 7)
              view.setBigUint64((2 + i) * PAGE + k * 8, BigInt.asUintN(64, word), true);
          }
        });
        const segments = [{ address: PAGE, bytes }];
        const known = segmentsMemory(segments, 'known');
        const notes = noteRisingPages(known, Number.POSITIVE_INFINITY, WINDOW, []);
        for (let at = 0; notes !== undefined && at < bytes.length; at += WINDOW) {
          const read = known.read(PAGE + at, Math.min(WINDOW, bytes.length - at), notes.bytes);
          notes.note(PAGE + at, read, read);
        }
        const [a, b] = [
          told(known, width ?? undefined),
          told(segmentsMemory(segments, 'read'), width ?? undefined),
        ];
        expect(a).toEqual(b);
        expect(told(known, width ?? undefined, true)).toEqual(b);
      },
    ),
    { numRuns: 150 },
  );
});

test('tables that are known are not read', () => {
  const bytes = new Uint8Array(4 * PAGE);
  const view = new DataView(bytes.buffer);
  [0x2003n, 0x3003n].forEach((entry, level) => {
    view.setBigUint64(level * PAGE, entry, true);
  });
  view.setBigUint64(PAGE + 8, 0x4003n, true);
  for (let i = 0; i < 1024; i++) view.setBigUint64(2 * PAGE + i * 8, BigInt(0x5000 + i) * 4096n + 3n, true);
  const read: number[] = [];
  const stored = segmentsMemory([{ address: PAGE, bytes }], 'known');
  const memory: PhysicalMemory = {
    ...stored,
    read(address, length, into) {
      read.push(address);
      return stored.read(address, length, into);
    },
  };
  const notes = noteRisingPages(memory, Number.POSITIVE_INFINITY, WINDOW, []);
  if (notes === undefined) return;
  notes.bytes.set(bytes);
  notes.note(PAGE, bytes.length, bytes.length);
  expect(told(memory)).toMatchObject({
    report: { leaves: 1024, tables: 4 },
    rows: [[0, 1024, 0x5000, 0x5000003, 0, 1]],
  });
  expect(read).toEqual([PAGE, 2 * PAGE]);
});
