import { describe, expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { checkFdt } from '../../src/fdt/check.js';
import {
  FDT_DIAGNOSTICS,
  type FdtDiagnosticCode,
  MAX_DIAGNOSTICS_PER_CODE,
} from '../../src/fdt/diagnostics.js';
import { fromImage, toImage } from '../../src/fdt/image.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { BAD_BLOBS } from './bad-blobs.js';
import { begin, blob, end, endNode, prop, text } from './token-builder.js';

describe.each([2, 3, 15])('version %i, with another layout of names and values', (version) => {
  const bytes = blob({ header: { version, lastCompVersion: 1 } });

  test('nothing of it is read, and the bytes survive', () => {
    const tree = parseFdt(bytes);
    expect(tree.diagnostics.map(({ code }) => code)).toEqual(['other-version']);
    expect(checkFdt(bytes).map(({ code }) => code)).toEqual(['other-version']);
    expect(tree.count).toBe(0);
    expect(Buffer.from(fromImage(toImage(tree))).equals(bytes)).toBe(true);
  });

  test('a root tree of it is not checked, and that is not a pass', () => {
    const { findings, missing } = validate(
      decodeHandover(bytes, { assume: 'kho-v4', address: 0x1000n }),
      catalogue,
    );
    expect(findings.map(({ rule, severity }) => [rule, severity])).toEqual([['FDT-004', 'note']]);
    expect(missing.map(({ what }) => what).join()).toMatch(/version of the tree is below 16/);
  });
});

describe.each(BAD_BLOBS)('$name', ({ bytes, expected }) => {
  const tree = parseFdt(bytes);

  test('codes and offsets', () => {
    expect(tree.diagnostics.map(({ code, offset }) => [code, offset])).toEqual(expected);
  });

  test('checkFdt says the same, duplicates aside', () => {
    const sameScope = tree.diagnostics.filter(({ code }) => FDT_DIAGNOSTICS[code].scope !== 'tree');
    expect(checkFdt(bytes)).toEqual(sameScope.map(({ path: _, ...diagnostic }) => diagnostic));
  });

  test('the bytes survive', () => {
    // not toEqual: it takes a second for a megabyte
    expect(Buffer.from(fromImage(toImage(tree))).equals(bytes)).toBe(true);
  });
});

test('every code has a blob that shows it', () => {
  const shown = new Set(BAD_BLOBS.flatMap(({ expected }) => expected.map(([code]) => code)));
  const codes = Object.keys(FDT_DIAGNOSTICS) as FdtDiagnosticCode[];
  expect(codes.filter((code) => !shown.has(code))).toEqual([]);
});

test('a whole blob has none', () => {
  const bytes = blob({ struct: [begin(''), prop(0, [1]), endNode, end], strings: [text('a')] });
  expect(parseFdt(bytes).diagnostics).toEqual([]);
  expect(checkFdt(bytes)).toEqual([]);
});

test('a flood of one code is counted, not listed', () => {
  const flood = 1000;
  const properties = Array.from({ length: flood }, () => prop(99, []));
  const { diagnostics } = parseFdt(blob({ struct: [begin(''), ...properties, endNode, end] }));
  expect(diagnostics).toHaveLength(MAX_DIAGNOSTICS_PER_CODE);
  expect(diagnostics.reduce((sum, { count }) => sum + count, 0)).toBe(flood);
});

test('messages and paths do not carry control characters out of the blob', () => {
  const struct = [
    begin(''),
    begin('a\u001b[31m'),
    prop(9, []),
    endNode,
    begin('a\u001b[31m'),
    endNode,
    endNode,
    end,
  ];
  const { diagnostics } = parseFdt(blob({ struct }));
  expect(diagnostics.map(({ code }) => code)).toEqual(['property-name-out-of-range', 'duplicate-node']);
  expect(diagnostics[0]?.path).toBe('/a\\u{1b}[31m');
  expect(diagnostics[1]?.message).toContain('"a\\u{1b}[31m"');
});

test('paths name the node around the problem', () => {
  const struct = [begin(''), begin('x'), begin('y'), prop(5, []), endNode, endNode, endNode, end];
  expect(parseFdt(blob({ struct })).diagnostics[0]?.path).toBe('/x/y');
});
