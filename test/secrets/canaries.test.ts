/** Canaries all over captured cores: none comes out of any command, in any format. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findTrees } from '../../src/decode/find.js';
import { coreMemory } from '../decode/linux-dumps.js';
import { byDay, sweep } from '../sweep.js';
import { decodeFound, modelText } from '../trim/canary.js';
import { CANARIES, type Canary, comeOut, plant } from './canaries.js';
import { COMMANDS, outputsOf, TELLING } from './commands.js';
import {
  type Core,
  coreNames,
  openCore,
  PAGE,
  plantedAround,
  plantedPage,
  plantedTails,
  withSize,
} from './cores.js';

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
  commands: readonly (readonly string[])[] = TELLING,
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

/** Small ones by day, of a map in bitmaps and of one that is a tree. */
const names = byDay ? ['captured-linux-7.3/core.elf.gz'] : coreNames();

/** All that fits, 258 KiB, and a little more than there is. */
const FIELD_VALUES = [0xffff_ffff_ffff_ffffn, 0x4_0800n, 256n];

test.each(names)('around the records of %s', { timeout: 600_000 }, (name) => {
  const core = openCore(name);
  for (const canary of CANARIES) {
    const { bytes, words } = plantedAround(core, canary);
    done.words += words;
    expect(told(core, canary, bytes, `around, ${canary.name}`, COMMANDS)).toEqual([]);
    // A size that is too large takes some of it in.
    const sizes = core.sizes.flatMap((field) => FIELD_VALUES.map((value) => [field, value] as const));
    for (const [field, value] of some(sizes, sweep(12, 1))) {
      const changed = withSize(core, bytes, field, value);
      const what = `around, ${canary.name}, ${field.name} ${value}`;
      expect.soft(told(core, canary, changed, what)).toEqual([]);
    }
  }
});

/** What reproduces a dump byte by byte has all bytes of its records. */
const LOSSLESS = /file (?:model\.json|encoded\.elf)$/;

test.each(names)('after the texts of %s', { timeout: 600_000 }, (name) => {
  const core = openCore(name);
  for (const canary of CANARIES) {
    const found = told(core, canary, plantedTails(core, canary), `after texts, ${canary.name}`, COMMANDS);
    expect(found.filter((each) => !LOSSLESS.test(each.replace(/: \d+: [\s\S]*$/, '')))).toEqual([]);
  }
});

/** Of a page what is kept: nothing, the header of a list, the header of a blob. */
const KEPT = [0, 16, 64];

test.each(names)('in the place of pages of %s', { timeout: 6_000_000 }, (name) => {
  const core = openCore(name);
  for (const canary of CANARIES) {
    const places = core.pages.flatMap((page) => KEPT.map((kept) => [page, kept] as const));
    for (const [page, kept] of some(places, sweep(24, 1))) {
      done.words += (PAGE - kept) / 8;
      const changed = plantedPage(core, canary, page, kept);
      const what = `page 0x${page.toString(16)} from byte ${kept} on, ${canary.name}`;
      expect.soft(told(core, canary, changed, what)).toEqual([]);
    }
  }
  console.log(
    `canaries: ${done.dumps} dumps, ${done.words} words, ${done.commands} outputs of ${done.bytes} bytes`,
  );
});

/** Of many kinds of pages. */
const large = ['linux-7.3-iommu-first-stage/handover1.elf.gz', 'rfc-2024/dangling/memory.elf.gz'];
/** Those with the most kinds take two seconds. */
const WHOLE = /iommu/;

test.each(byDay ? large : coreNames())(
  'in the place of every page of %s: nothing in the model',
  { timeout: 6_000_000 },
  (name) => {
    const core = openCore(name);
    for (const canary of CANARIES)
      for (const [i, page] of some(core.pages, WHOLE.test(name) ? 1000 : sweep(1000, 6)).entries()) {
        const kept = KEPT[i % KEPT.length] ?? 0;
        const memory = coreMemory(plantedPage(core, canary, page, kept));
        // Without a tree there is no model.
        if (findTrees(memory).trees.length === 0) continue;
        const what = `${name}, page 0x${page.toString(16)} from byte ${kept} on, ${canary.name}`;
        expect.soft(comeOut(canary, Buffer.from(modelText(decodeFound(memory)))), what).toEqual([]);
      }
  },
);
