/** The page of `kho report` without a browser: well-formed, closed, and of bounded size whatever the dump says. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../../src/abi/model.js';
import { decodeHandover } from '../../../src/decode/handover.js';
import { createFdtWriter } from '../../../src/fdt/writer.js';
import { rfcPlanArbitrary } from '../../../src/fuzz/rfc-plans.js';
import { pageSet } from '../../../src/memory/page-set.js';
import { SCRIPT, SCRIPT_SHA256, STYLE, STYLE_SHA256 } from '../../../src/report/page/assets.js';
import { mapAxis } from '../../../src/report/page/axis.js';
import type { PageData } from '../../../src/report/page/data.js';
import { marks } from '../../../src/report/page/marks.js';
import { html, markedHtml } from '../../../src/report/page/markup.js';
import { reportPage } from '../../../src/report/page/page.js';
import { catalogue } from '../../../src/validate/catalogue.js';
import { validate } from '../../../src/validate/run.js';
import { decodeAt, linuxMemory, linuxTruth } from '../../decode/linux-dumps.js';
import { buildDump } from '../../rfc/build-dump.js';
import { damaged } from '../../rfc/corrupt.js';
import { SAMPLE_PLAN } from '../../rfc/plan.js';
import { parseXml, type XmlElement } from '../xml-parser.js';
import { HOSTILE, hostileHandover } from './hostile.js';

function page(handover: Handover, name = 'dump'): string {
  const result = handover.generation === undefined ? {} : { result: validate(handover, catalogue) };
  const meta = { name, version: '1', date: '2026-01-01T00:00:00Z', commandLine: `kho report ${name}` };
  return [...reportPage({ meta, description: 'a dump', handover, catalogue, ...result })].join('');
}

const DATA = /<script type="application\/json" id="page-data">([^<]*)<\/script>/;

function dataOf(text: string): PageData {
  return JSON.parse(DATA.exec(text)?.[1] ?? '') as PageData;
}

/** The page as elements; it is written so that a strict XML reader takes it too. */
function elements(text: string): XmlElement[] {
  const body = text
    .replace('<!DOCTYPE html>\n', '<?xml version="1.0" encoding="UTF-8"?>\n')
    .replace(STYLE, () => '')
    .replace(SCRIPT, () => '')
    .replace(DATA, '');
  const all: XmlElement[] = [];
  const open = [parseXml(body.replaceAll('&#39;', '&apos;').trimEnd())];
  for (let element = open.pop(); element !== undefined; element = open.pop()) {
    all.push(element);
    open.push(...element.children);
  }
  return all;
}

const KNOWN = new Set(
  (
    'html head meta title style script body header nav aside main h1 h2 h3 p strong table thead tbody tr th td section ' +
    'span ul ol li dl dt dd div a code details summary svg text rect path figure figcaption canvas button label input ' +
    'select option mark time title'
  ).split(' '),
);

/** No element, attribute or link that the page does not make itself; every link inside the page has its end. */
function expectHarmless(text: string): void {
  const all = elements(text);
  const ids = new Set(all.flatMap(({ attributes }) => attributes.id ?? []));
  ids.add('page-data');
  const wrong = all.flatMap(({ name, attributes }) => {
    const { href } = attributes;
    const keys = Object.keys(attributes).filter((key) => /^on|^src$|^style$|^action$/.test(key));
    const leads = href === undefined || (href.startsWith('#') && ids.has(href.slice(1)));
    return [...(KNOWN.has(name) ? [] : [name]), ...keys, ...(leads ? [] : [href])];
  });
  expect(wrong).toEqual([]);
  const anchors = all.flatMap(({ attributes }) => attributes.id ?? []);
  expect(new Set(anchors).size).toBe(anchors.length);
  const { owners, records, rules, names, findings } = dataOf(text);
  const targets = [
    ...owners.map(([, own]) => own),
    ...records.map(([, , own]) => own),
    ...rules.map(([, , own]) => own),
    ...names.map(([, , own]) => own),
    ...findings.map(([, , own]) => own),
  ];
  expect(targets.filter((anchor) => anchor !== '' && !ids.has(anchor))).toEqual([]);
}

test('the policy allows the style and the script by their hashes, and nothing else', () => {
  const hash = (text: string): string => createHash('sha256').update(text).digest('base64');
  expect([hash(STYLE), hash(SCRIPT)]).toEqual([STYLE_SHA256, SCRIPT_SHA256]);
  const policies = elements(page(decodeHandover(buildDump(SAMPLE_PLAN).blob))).filter(
    ({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy',
  );
  expect(policies.map(({ attributes }) => attributes.content)).toEqual([
    `default-src 'none'; style-src 'sha256-${STYLE_SHA256}'; script-src 'sha256-${SCRIPT_SHA256}'`,
  ]);
  expect(SCRIPT).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|fetch\(/);
});

test('a whole dump: what it is, rules, map, findings, spaces, tree, records', () => {
  // With the mem cache that the series' kernel makes, which is a page too long.
  const text = page(damaged(buildDump(SAMPLE_PLAN), {}));
  expectHarmless(text);
  const titles = elements(text)
    .filter(({ name }) => name === 'h2')
    .map(({ text: title }) => title)
    .reverse();
  expect(titles).toEqual([
    ...['The dump', 'Rules', 'Map of memory', 'Findings', 'Sessions, files, regions'],
    ...['IO address spaces', 'Tree', 'Records'],
  ]);
  expect(text).toContain('<details class="rule warning" id="rule-KHO-011"');
  expect(dataOf(text).spaces.map(({ title }) => title)).toContain('domain 1');
});

test('the same dump gives the same page', () => {
  const { blob, memory } = buildDump(SAMPLE_PLAN);
  expect(page(decodeHandover(blob, { memory }))).toBe(page(decodeHandover(blob, { memory })));
});

test('any consistent dump gives a well-formed page', () => {
  fc.assert(
    fc.property(rfcPlanArbitrary(), (plan) => {
      const { blob, memory } = buildDump(plan);
      expectHarmless(page(decodeHandover(blob, { memory })));
    }),
    { numRuns: 4 },
  );
});

test('a healthy kernel: nothing that is preserved is nobody, and memory has its owners', () => {
  const name = 'linux-7.3-live-update';
  const text = page(decodeAt(linuxMemory(name), linuxTruth(name)[0]?.pa ?? 0));
  expectHarmless(text);
  const { lanes, owners } = dataOf(text);
  const ids = lanes.map(({ id }) => id);
  expect(ids).not.toContain('nobody');
  expect(ids).toEqual(expect.arrayContaining(['preserved', 'session-0', 'reserve_mem', 'kho_test']));
  expect(owners.some(([owner]) => owner.startsWith('LUO session "'))).toBe(true);
});

describe('hostile names', () => {
  test.each(HOSTILE)('%j in the tree stays text', (name) => {
    const writer = createFdtWriter();
    writer.beginNode('');
    writer.property(name, new TextEncoder().encode(`${name}\0`));
    writer.beginNode(name);
    writer.endNode();
    writer.endNode();
    const text = page(decodeHandover(writer.finish()), name);
    expectHarmless(text);
    expect(text.replace(SCRIPT, () => '')).not.toContain(name);
  });

  test('in sessions, handlers, FLBs and the release they stay text', () => {
    for (const name of HOSTILE.slice(1, 3)) {
      const text = page(hostileHandover(name), name);
      expectHarmless(text);
      expect(text.replace(SCRIPT, () => '')).not.toContain(name);
      expect(text).toContain(html(name));
    }
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

test('the page of a tree with very many nodes stays small', () => {
  const writer = createFdtWriter();
  writer.beginNode('');
  for (let i = 0; i < 50_000; i++) {
    writer.beginNode(`node-${i}`);
    writer.endNode();
  }
  writer.endNode();
  const text = page(decodeHandover(writer.finish()));
  expect(text.length).toBeLessThan(1 << 20);
  expect(text).toContain('more nodes and properties (kho dump prints all of it)');
});

describe('the axis of the memory map', () => {
  const ranges = fc.array(
    fc.record({ start: fc.integer({ min: 0, max: 2 ** 40 }), pages: fc.integer({ min: 1, max: 2 ** 20 }) }),
    { minLength: 1, maxLength: 40 },
  );

  test('every page set is in stretches, in order, inside the width', () => {
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
        for (const run of set.runs())
          expect(axis.some(({ start, end }) => start <= run.start && run.end <= end)).toBe(true);
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
