/** What is written about an input is in proportion to it, whichever option names the file. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetBudgets, watchBudget } from '../../src/cli/budgets.js';
import { caseSource } from '../../src/cli/fuzz-targets.js';
import { writeCases } from '../../src/cli/fuzz-write.js';
import { createProgress } from '../../src/cli/progress.js';
import { writeBaseline } from '../../src/cli/validate-baseline.js';
import { createReports } from '../../src/cli/validate-outputs.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { blobTarget, ImageTooLarge, memoryTarget } from '../../src/fuzz/target.js';
import { createBudget } from '../../src/memory/budget.js';
import type { OpenedMemory } from '../../src/memory/node/open-memory.js';
import { several } from '../../src/schema/units.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';

let folder = '';
beforeEach(() => {
  forgetBudgets();
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterEach(() => {
  forgetBudgets();
  rmSync(folder, { recursive: true });
});

/** An input about which nothing may be written any more. */
function spent(): void {
  const budget = createBudget(0);
  budget.take('output', budget.limit('output'));
  watchBudget('tiny.elf', { memory: { budget } } as unknown as OpenedMemory);
}

test.each(['json', 'sarif', 'junit', 'ktap'])(
  '--output %s=FILE counts, and leaves no part of a file',
  async (format) => {
    const file = join(folder, 'out');
    const args = { format: 'text', output: [join(folder, 'main'), `${format}=${file}`], color: 'never' };
    const reports = () => createReports(args as unknown as Parameters<typeof createReports>[0]);
    await reports().write();
    expect(existsSync(file)).toBe(true);
    rmSync(file);
    rmSync(join(folder, 'main'));
    spent();
    const more = reports();
    await more.add({ path: 'tiny.elf', error: 'unreadable '.repeat(500_000) });
    await expect(more.write()).rejects.toThrow(/out of proportion/);
    expect(existsSync(file)).toBe(false);
  },
);

test('so does --write-baseline', async () => {
  spent();
  const file = join(folder, 'baseline');
  await expect(writeBaseline(file, [])).rejects.toThrow(/out of proportion/);
  expect(existsSync(file)).toBe(false);
});

test('an image to mutate is in proportion to what the input stores, as each case has all of it', () => {
  const plan = planFromSeed({ abi: 'kho-v4', guestRam: 2n << 30n, fragmentation: 1 });
  const { blob, fdtAddress, machine, memory } = synthesise(plan);
  const target = (real: number) => {
    const own = { ...memory, budget: { ...createBudget(2 ** 30), real } };
    const options = { memory: own, address: fdtAddress };
    return memoryTarget(decodeHandover(blob, options), own, { machine }, options);
  };
  expect(() => target(4096)).toThrow(ImageTooLarge);
});

test('all cases of a run together are in proportion to so many inputs', async () => {
  const { blob } = synthesise(planFromSeed({ abi: 'kho-v4' }));
  const image = new Uint8Array(6 << 20);
  image.set(blob);
  const run = {
    parameters: { tool: 'kho fuzz', version: '0', seed: '0x1', first: 0, fingerprint: '0', blobs: true },
    record: { count: 3, directory: folder, command: [] },
  } as const;
  spent();
  const write = writeCases(
    caseSource([blobTarget(image)], 1n),
    join(folder, 'cases'),
    run,
    1n,
    { first: 0, count: 3 },
    createProgress(undefined),
  );
  await expect(write).rejects.toThrow(/3 cases take more than 16 MiB.*--budget.*2 cases written/);
});

test('a line names some of many', () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `dmar${i}`);
  expect(several(names)).toMatch(/^dmar0, .*dmar15 and 19984 more$/);
  expect(several(names.slice(0, 2), '; ')).toBe('dmar0; dmar1');
  expect(several([])).toBe('');
});
