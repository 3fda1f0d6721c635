/** Records, tables and lists that many lead to: what each further one costs is bounded, and grows no faster than they do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missingOf } from '../../src/abi/missing.js';
import type { Handover } from '../../src/abi/model.js';
import { findBootParams } from '../../src/decode/boot-params.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { ImageTooLarge, memoryTarget } from '../../src/fuzz/target.js';
import { createBudget } from '../../src/memory/budget.js';
import { budgetedMemory } from '../../src/memory/budgeted.js';
import { overlay } from '../../src/memory/overlay.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { spacesOf as pageSpaces } from '../../src/report/page/spaces.js';
import { DEFAULT_SETTINGS } from '../../src/schema/settings.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { spacesOf } from '../../src/what/spaces.js';
import { kho } from '../cli/kho.js';
import { expectLinear } from '../processor-time.js';
import { tablePage, wordsMemory } from '../vtd/tables.js';

test('files that lead to one record count each time', () => {
  const made = synthesise(planFromSeed({ abi: 'kho-v4', seed: 3n, sessions: 1, files: 40 }));
  const options = { address: made.fdtAddress };
  const files = (handover: Handover) => handover.luo?.sessions?.[0]?.files ?? [];
  const before = files(decodeHandover(made.blob, { ...options, memory: made.memory }));
  expect(before.length).toBe(40);
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, before[0]?.data ?? 0n, true);
  // struct luo_file_ser: compatible[48], data, token.
  const shared = overlay(
    segmentsMemory(
      before.map(({ origin }) => ({ address: Number(origin?.address ?? 0n) + 48, bytes: data })),
      'files',
    ),
    made.memory,
  );
  const budget = createBudget(0);
  budget.take('held', budget.limit('held') - 2 ** 19);
  const handover = decodeHandover(made.blob, { ...options, memory: budgetedMemory(shared, budget) });
  const read = files(handover).filter(({ memfd }) => memfd !== undefined).length;
  expect(read).toBeGreaterThan(1);
  expect(read).toBeLessThan(40);
  expect(budget.problems()).toMatchObject([{ code: 'budget-held' }]);
  // With a budget of the usual size all of them are read: what rules say of sharing is said of each.
  const roomy = budgetedMemory(shared, createBudget(0));
  expect(files(decodeHandover(made.blob, { ...options, memory: roomy })).every(({ memfd }) => memfd)).toBe(
    true,
  );
});

test('what is missing is found by its owner', () => {
  expectLinear((size) => {
    const missing = Array.from({ length: size }, (_, i) => ({
      part: 'files' as const,
      what: 'blocks',
      address: 0n,
      owner: BigInt(i),
    }));
    for (let i = 0n; i < size; i++) expect(missingOf({ missing }, ['files'], i)?.owner).toBe(i);
  }, 1000);
});

/** Buses that all lead to one context table, of which all entries lead to one table that leads nowhere. */
function unitMemory(buses: number) {
  return wordsMemory([
    ...tablePage(0x4000, (i) => (i % 2 === 0 && i < 2 * buses ? 0x5001n : 0n)),
    ...tablePage(0x5000, (i) => (i % 2 === 0 ? 0x6001n : 0x102n)),
    [0x6000, 0n],
  ]);
}
const UNIT = { name: 'dmar0', rtaddr: 0x4000n, settings: DEFAULT_SETTINGS };

test.each([
  ['what', (handover: Handover) => spacesOf(handover, [UNIT])[0]?.users.length],
  ['the page', (handover: Handover) => pageSpaces(handover, [UNIT], undefined).spaces[0]?.devices.length],
])('%s lists devices of one table in linear time', (_, devices) => {
  const { blob } = synthesise(planFromSeed({ abi: 'kho-v4' }));
  const decoded = decodeHandover(blob);
  expectLinear((buses) => expect(devices({ ...decoded, memory: unitMemory(buses) })).toBe(256 * buses), 8);
});

test('lists of setup_data that lead into one ring end, wherever in the file its elements are', () => {
  const [headers, elements] = [512, 20_000];
  const head = new Uint8Array(headers * 1024);
  const ring = new Uint8Array(elements * 16);
  const view = new DataView(head.buffer);
  for (let i = 0; i < headers; i++) {
    view.setUint32(i * 1024 + 0x202, 0x5372_6448, true);
    view.setBigUint64(i * 1024 + 0x250, BigInt(0x800_0000 + i * 16), true);
  }
  const links = new DataView(ring.buffer);
  for (let i = 0; i < elements; i++)
    links.setBigUint64(i * 16, BigInt(0x800_0000 + ((i + 7919) % elements) * 16), true);
  const memory = segmentsMemory(
    [
      { address: 0x100_0000, bytes: head },
      { address: 0x800_0000, bytes: ring },
    ],
    'a test',
  );
  let reads = 0;
  const counted: typeof memory = {
    ...memory,
    read(address, length, into) {
      reads++;
      return memory.read(address, length, into);
    },
  };
  expect(findBootParams(counted)).toEqual([]);
  expect(reads).toBeLessThan(2 ** 15 + 2 * headers);
});

test('a map that preserves all memory leaves no page to fuzz pointers with, and says so', () => {
  const made = synthesise(planFromSeed({ abi: 'kho-v4' }));
  const options = { memory: made.memory, address: made.fdtAddress };
  const handover = decodeHandover(made.blob, options);
  const pages = handover.preserved?.pages;
  if (pages === undefined) throw new Error('the dump has a map');
  const all = {
    ...handover,
    preserved: { ...handover.preserved, pages: { ...pages, coveredUntil: () => 2 ** 40 } },
  };
  expect(() => memoryTarget(all as Handover, made.memory, { machine: made.machine }, options)).toThrow(
    ImageTooLarge,
  );
});

test('walk lists what its budget allows, and of notices of one kind a few', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
  try {
    // The root table is its own context table and top table, with reserved bits everywhere.
    const page = new Uint8Array(4096);
    const view = new DataView(page.buffer);
    // So many buses have more devices than the budget has tables.
    for (let i = 0; i < 48; i++) view.setBigUint64(i * 8, i % 2 === 0 ? 0x4001n : 0x302n, true);
    const file = join(folder, 'raw');
    writeFileSync(file, page);
    for (const format of ['table', 'json']) {
      const args = ['walk', file, '--base', '0x4000', '--root', '0x4000', '--format', format];
      const { status, stdout, stderr } = kho(args);
      expect(status).toBe(2);
      expect(stderr).toMatch(
        /^kho: and [0-9]+ more like this: the root entry at 0x4000 has reserved bits set$/m,
      );
      expect(stderr).toMatch(/\[budget-tables\]$/m);
      expect(stderr.split('\n').length).toBeLessThan(60);
      expect(stdout.length).toBeLessThan(2 ** 21);
      if (format === 'json') expect(JSON.parse(stdout).devices.length).toBeLessThan(5000);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
