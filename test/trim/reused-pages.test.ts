/** Pages of records that hold somebody else's bytes: no output tells them, neither as bytes nor as numbers. */
import { expect, test } from 'vitest';
import { overlay } from '../../src/memory/overlay.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { memoryLines } from '../../src/report/memory-text.js';
import { modelJson } from '../../src/report/model-json.js';
import { summaryLines } from '../../src/report/summary-text.js';
import { validateLines } from '../../src/report/validate-text.js';
import { bytesToHex } from '../../src/schema/text.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { linuxMemory } from '../decode/linux-dumps.js';
import { sweep } from '../sweep.js';
import { countCanaries, decodeFound, trimmed } from '../trim/canary.js';

/** Like random bytes, repeated; no word of it is an address of a page. */
const CANARY = Uint8Array.from([
  0x9b, 0xe3, 0x57, 0xc1, 0x8d, 0x36, 0xf2, 0xa9, 0x6e, 0xd4, 0x1f, 0xb8, 0x73, 0xca, 0x95, 0x2d,
]);
const PAGE = 4096;

/** Any four neighbours of it as digits: as bytes, and as numbers of 32 and 64 bits. */
function digits(): { readonly hex: ReadonlySet<string>; readonly decimal: ReadonlySet<string> } {
  const twice = Uint8Array.from([...CANARY, ...CANARY]);
  const forms = [bytesToHex(twice), bytesToHex(twice.slice().reverse())];
  const hex = new Set(forms.flatMap((text) => Array.from({ length: 32 }, (_, i) => text.slice(i, i + 8))));
  const view = new DataView(twice.buffer);
  const decimal = [...CANARY.keys()].flatMap((i) => [
    `${view.getUint32(i, true)}`,
    `${view.getBigUint64(i, true)}`,
    `${view.getBigUint64(i, true) & ((1n << 52n) - 1n)}`,
  ]);
  return { hex, decimal: new Set(decimal) };
}

const { hex, decimal } = digits();

/** Places in a text where it is told. */
function told(text: string): string[] {
  const found: string[] = [];
  for (const [word] of text.toLowerCase().matchAll(/[0-9a-f]{8,}/g))
    for (let i = 0; i + 8 <= word.length; i++) if (hex.has(word.slice(i, i + 8))) found.push(word);
  for (const [word] of text.matchAll(/\d{8,}/g)) if (decimal.has(word)) found.push(word);
  return found;
}

test('what is looked for is found', () => {
  const view = new DataView(CANARY.buffer);
  const [word, half] = [view.getBigUint64(0, true), view.getUint32(4, true)];
  for (const text of [`0x${word.toString(16)}`, bytesToHex(CANARY.subarray(3, 9)), `${half}`, `${word}`])
    expect(told(`of ${text}.`)).not.toEqual([]);
});

/** Pages that are stored and not empty. */
function pagesOf(name: string): number[] {
  const bytes = new Uint8Array(PAGE);
  const pages: number[] = [];
  for (const { start, end, state } of linuxMemory(name).known())
    for (let at = start; state === 'present' && at + PAGE <= end; at += PAGE)
      if (linuxMemory(name).read(at, PAGE, bytes) === PAGE && bytes.some((byte) => byte !== 0))
        pages.push(at);
  return pages;
}

/** Of each page how much is left: nothing, a header of a list, a header of a blob. */
const KEPT = [0, 16, 64];

test.each(['linux-6.18-handover', 'linux-7.1-live-update', 'linux-7.3-live-update'])(
  'pages of %s',
  { timeout: 600_000 },
  (name) => {
    const memory = linuxMemory(name);
    const step = sweep(1, 24);
    const pages = pagesOf(name).flatMap((page) => KEPT.map((kept) => [page, kept] as const));
    for (const [page, kept] of pages.filter((_, i) => i % step === 0)) {
      const bytes = Uint8Array.from(
        { length: PAGE - kept },
        (_, i) => CANARY[(i + kept) % CANARY.length] ?? 0,
      );
      const damaged = overlay(segmentsMemory([{ address: page + kept, bytes }], 'used again'), memory);
      let handover: ReturnType<typeof decodeFound>;
      try {
        handover = decodeFound(damaged);
      } catch {
        // It was the tree's own page.
        continue;
      }
      const result = validate(handover, catalogue);
      const text = [
        ...validateLines('dump', handover, result, catalogue),
        ...memoryLines(handover),
        ...summaryLines(handover, undefined),
        ...jsonChunks(modelJson(handover)),
      ].join('\n');
      expect(told(text), `page 0x${page.toString(16)} from byte ${kept} on`).toEqual([]);
      // Bits of a bitmap say nothing of themselves.
      const isBitmap = [...(handover.preservedMap?.pages ?? [])].includes(page);
      if (!isBitmap)
        expect(countCanaries(trimmed(damaged).bytes, CANARY), `page 0x${page.toString(16)}`).toBe(0);
    }
  },
);
