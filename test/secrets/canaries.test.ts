/** Canaries all over captured cores: none comes out of any command, in any format. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sweep } from '../sweep.js';
import { CANARIES, type Canary, comeOut, plant } from './canaries.js';
import { COMMANDS, outputsOf, TELLING } from './commands.js';
import { type Core, coreNames, openCore, PAGE, plantedAround, plantedPage, withSize } from './cores.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-canaries-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What was done, for the numbers of a whole run. */
const done = { dumps: 0, words: 0, commands: 0, bytes: 0 };

/** Runs commands on a changed core; where canaries came out. */
function told(
  core: Core,
  canary: Canary,
  bytes: Uint8Array,
  what: string,
  commands: typeof TELLING = TELLING,
): string[] {
  const [dump, original] = [join(folder, 'dump.elf'), join(folder, 'original.elf')];
  writeFileSync(dump, bytes);
  writeFileSync(original, core.bytes);
  done.dumps++;
  const asked = core.records.slice(0, 12).map(([start]) => start);
  const found: string[] = [];
  for (const output of outputsOf(dump, original, join(folder, 'out'), commands, asked)) {
    done.commands++;
    done.bytes += output.bytes.length;
    const [first, ...more] = comeOut(canary, output.bytes);
    if (first !== undefined)
      found.push(`${core.name}, ${what}: ${output.command}: ${more.length + 1}: ${first}`);
  }
  return found;
}

/** Every n-th, so that `count` are left. */
function some<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(1, Math.ceil(all.length / count));
  return all.filter((_, i) => i % step === 0);
}

test('what is looked for is found', () => {
  for (const canary of CANARIES) {
    const bytes = new Uint8Array(24);
    plant(canary, bytes, 3, 7);
    const view = new DataView(bytes.buffer);
    const hex = Buffer.from(bytes).toString('hex');
    for (const text of [
      hex.slice(6, 30),
      `0x${view.getBigUint64(5, true).toString(16)}`,
      `${view.getBigUint64(5, true)}`,
      `0x${(view.getBigUint64(5, true) & ((1n << 52n) - 1n)).toString(16)}`,
      ...[0, 1, 2].map((i) => Buffer.from(bytes.subarray(i, i + 16)).toString('base64')),
      hex.replace(/../g, '$& '),
    ])
      expect(comeOut(canary, Buffer.from(`of ${text}.`)), text).not.toEqual([]);
    expect(comeOut(canary, Buffer.from(bytes))).not.toEqual([]);
  }
});

const names = some(coreNames(), sweep(99, 3));

test.each(names)('around the records of %s', { timeout: 600_000 }, (name) => {
  const core = openCore(name);
  for (const canary of CANARIES) {
    const { bytes, words } = plantedAround(core, canary);
    done.words += words;
    expect(told(core, canary, bytes, `around, ${canary.name}`, COMMANDS)).toEqual([]);
    // A size that is too large takes some of it in.
    for (const field of some(core.sizes, sweep(1000, 1))) {
      for (const value of [0xffff_ffff_ffff_ffffn, 0x4_0000n, 256n]) {
        const changed = withSize(core, bytes, field, value);
        expect
          .soft(told(core, canary, changed, `around, ${canary.name}, ${field.name} ${value}`))
          .toEqual([]);
      }
    }
  }
});

/** Of a page what is kept: nothing, the header of a list, the header of a blob. */
const KEPT = [0, 16, 64];

test.each(names)('in the place of pages of %s', { timeout: 6_000_000 }, (name) => {
  const core = openCore(name);
  for (const canary of CANARIES) {
    for (const page of some(core.pages, sweep(1000, 2))) {
      for (const kept of KEPT) {
        done.words += (PAGE - kept) / 8;
        const changed = plantedPage(core, canary, page, kept);
        const what = `page 0x${page.toString(16)} from byte ${kept} on, ${canary.name}`;
        expect.soft(told(core, canary, changed, what)).toEqual([]);
      }
    }
  }
  console.log(
    `canaries: ${done.dumps} dumps, ${done.words} words, ${done.commands} outputs of ${done.bytes} bytes`,
  );
});
