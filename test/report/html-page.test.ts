/** The page of `kho report`: well-formed, closed to scripts, and of bounded size whatever the dump says. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { rfcPlanArbitrary } from '../../src/fuzz/rfc-plans.js';
import { pageSet } from '../../src/memory/page-set.js';
import { mapAxis, touchedColumns } from '../../src/report/html/map-axis.js';
import { html, markedHtml, marks } from '../../src/report/html/markup.js';
import { reportPage } from '../../src/report/html/page.js';
import { STYLE, STYLE_SHA256 } from '../../src/report/html/style.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { buildDump } from '../rfc/build-dump.js';
import { damaged } from '../rfc/corrupt.js';
import { SAMPLE_PLAN } from '../rfc/plan.js';
import { parseXml, type XmlElement } from './xml-parser.js';

function page(handover: ReturnType<typeof decodeHandover>, path = 'dump'): string {
  const result = handover.generation === undefined ? {} : { result: validate(handover, catalogue) };
  return [...reportPage({ path, description: 'a dump', handover, catalogue, version: '1', ...result })].join(
    '',
  );
}

/** The page as elements; it is written so that a strict XML reader takes it too. */
function elements(text: string): XmlElement[] {
  const body = text.replace('<!DOCTYPE html>\n', '<?xml version="1.0" encoding="UTF-8"?>\n');
  const all: XmlElement[] = [];
  const open = [parseXml(body.replace(STYLE, '').replaceAll('&#39;', '&apos;').trimEnd())];
  for (let element = open.pop(); element !== undefined; element = open.pop()) {
    all.push(element);
    open.push(...element.children);
  }
  return all;
}

const KNOWN = new Set(
  'html head meta title style body h1 h2 h3 p strong table tr th td section article span ul li br code pre details summary svg text rect'.split(
    ' ',
  ),
);

function expectHarmless(text: string): void {
  for (const { name, attributes } of elements(text)) {
    expect(KNOWN).toContain(name);
    expect(Object.keys(attributes).filter((key) => /^on|^href$|^src$|^style$/.test(key))).toEqual([]);
  }
}

test('the policy allows the style sheet by its hash, and nothing else', () => {
  expect(createHash('sha256').update(STYLE).digest('base64')).toBe(STYLE_SHA256);
  const policies = elements(page(decodeHandover(buildDump(SAMPLE_PLAN).blob))).filter(
    ({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy',
  );
  expect(policies.map(({ attributes }) => attributes.content)).toEqual([
    `default-src 'none'; style-src 'sha256-${STYLE_SHA256}'`,
  ]);
});

test('a whole dump: summary, findings, map, contents, page tables', () => {
  // With the mem cache that the series' kernel makes, which is a page too long.
  const text = page(damaged(buildDump(SAMPLE_PLAN), {}));
  expectHarmless(text);
  const titles = elements(text)
    .filter(({ name }) => name === 'h2')
    .map(({ text: title }) => title);
  expect(titles.sort()).toEqual(['Contents', 'Findings', 'Page tables', 'Physical memory']);
  expect(text).toContain('<h3>Domain 1 ');
  expect(text).toContain('<article class="warning" id="KHO-011">');
});

test('any consistent dump gives a well-formed page', () => {
  fc.assert(
    fc.property(rfcPlanArbitrary(), (plan) => {
      const { blob, memory } = buildDump(plan);
      expectHarmless(page(decodeHandover(blob, { memory })));
    }),
    { numRuns: 20 },
  );
});

describe('hostile names', () => {
  const names = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'&<!--",
    '\u0001\u0013x\u0002',
    '\u202e]]>',
  ];

  test.each(names)('%j stays text', (name) => {
    const writer = createFdtWriter();
    writer.beginNode('');
    writer.property(name, new TextEncoder().encode(`${name}\0`));
    writer.beginNode(name);
    writer.endNode();
    writer.endNode();
    const text = page(decodeHandover(writer.finish()), name);
    expectHarmless(text);
    expect(text).not.toContain(name);
  });

  test('no text can open or close a role', () => {
    const gate = (text: string): string => markedHtml(marks('text', html(text)));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(gate(text).match(/<\/?span[^>]*>/g)).toEqual(['<span class="text">', '</span>']);
      }),
    );
  });
});

test('the page of a tree with very many nodes ends after some thousand lines', () => {
  const writer = createFdtWriter();
  writer.beginNode('');
  for (let i = 0; i < 50_000; i++) {
    writer.beginNode(`node-${i}`);
    writer.endNode();
  }
  writer.endNode();
  const text = page(decodeHandover(writer.finish()));
  expect(text.length).toBeLessThan(1 << 20);
  expect(text).toContain('… and more (kho dump prints all of it)');
});

describe('the axis of the memory map', () => {
  const ranges = fc.array(
    fc.record({ start: fc.integer({ min: 0, max: 2 ** 40 }), pages: fc.integer({ min: 1, max: 2 ** 20 }) }),
    { minLength: 1, maxLength: 40 },
  );

  test('every page set is in columns of its own stretches, in order, inside the width', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const set = pageSet(
          list.map(({ start, pages }) => ({ start: start * 4096, end: (start + pages) * 4096 })),
          4096,
        );
        const axis = mapAxis(set, 960);
        let x = 0;
        let at = -1;
        for (const stretch of axis) {
          expect(stretch.x).toBeGreaterThanOrEqual(x);
          expect(stretch.start).toBeGreaterThan(at);
          x = stretch.x + stretch.width;
          at = stretch.end;
        }
        expect(x).toBeLessThanOrEqual(960);
        for (const run of set.runs()) {
          const single = pageSet([{ start: run.start * 4096, end: run.end * 4096 }], 4096);
          expect(touchedColumns(single, axis, 960)).toContain(1);
        }
        const all = touchedColumns(set, axis, 960);
        for (const [i, column] of all.entries()) {
          if (column === 1)
            expect(axis.some(({ x: from, width }) => i >= from && i < from + width)).toBe(true);
        }
      }),
    );
  });

  test('a small set in a wide span keeps its gaps apart', () => {
    const set = pageSet(
      [
        { start: 0, end: 4096 },
        { start: 2 ** 44, end: 2 ** 44 + 8192 },
      ],
      4096,
    );
    expect(mapAxis(set, 960).map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [2 ** 32, 2 ** 32 + 2],
    ]);
  });
});
