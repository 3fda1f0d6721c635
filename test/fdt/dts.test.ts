import { expect, test } from 'vitest';
import { type DtsProblem, dtsLines } from '../../src/fdt/dts.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { begin, blob, end, endNode, nop, prop, text, word } from './token-builder.js';

const ascii = (value: string): number[] => [...new TextEncoder().encode(value)];

function dts(bytes: Uint8Array): { lines: string[]; problems: DtsProblem[] } {
  const problems: DtsProblem[] = [];
  const lines = [...dtsLines(parseFdt(bytes), { report: (problem) => problems.push(problem) })];
  return { lines: lines.filter((line) => line !== ''), problems };
}

test('strings, bytes, empty values, reserve map', () => {
  const bytes = blob({
    reserve: [[0x1000n, 2n ** 64n - 1n]],
    struct: [
      begin(''),
      prop(0, ascii('kho-v1\0')),
      nop,
      prop(2, ascii('a"b\0c\\d\0')),
      prop(4, []),
      begin('node@1'),
      prop(0, [0, 0x20, 0x34, 0x12]),
      prop(2, ascii('a\0\0')),
      prop(
        4,
        Array.from({ length: 33 }, (_, i) => i),
      ),
      endNode,
      endNode,
      end,
    ],
    strings: [text('a'), text('b'), text('c')],
  });
  const { lines, problems } = dts(bytes);
  expect(problems).toEqual([]);
  expect(lines).toEqual([
    '/dts-v1/;',
    '/memreserve/ 0x1000 0xffffffffffffffff;',
    '/ {',
    '\ta = "kho-v1";',
    '\tb = "a\\"b", "c\\\\d";',
    '\tc;',
    '\tnode@1 {',
    '\t\ta = [00 20 34 12];',
    '\t\tb = [61 00 00];',
    '\t\tc = [00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f',
    '\t\t\t 20];',
    '\t};',
    '};',
  ]);
});

test('comments carry the decoded meaning, escaped', () => {
  const bytes = blob({
    struct: [begin(''), begin('d'), prop(0, [1]), endNode, endNode, end],
    strings: [text('a')],
  });
  const seen: [string, Uint8Array, number][] = [];
  const lines = dtsLines(parseFdt(bytes), {
    comment: (...given) => {
      seen.push(given);
      return 'one\u001b[31m\nroot {';
    },
  });
  expect([...lines]).toContain('\t\t// one\\u{1b}[31m\\u{a}root {');
  expect(seen).toEqual([['/d/a', Uint8Array.of(1), 2]]);
});

test('what source cannot say is a comment and reported', () => {
  const struct = [
    begin(''),
    prop(0, []),
    prop(0, [1]),
    prop(2, []),
    prop(99, []),
    begin('x y'),
    prop(0, []),
    begin('z'),
    endNode,
    endNode,
    begin('ok'),
    endNode,
    begin('ok'),
    endNode,
    prop(0, []),
    endNode,
    begin(''),
    endNode,
    endNode,
    prop(0, []),
    end,
  ];
  const { lines, problems } = dts(blob({ struct, strings: [text('a'), text('b@\u0007')] }));
  expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    '/a: a second property named a',
    '/b@\\u{7}: a property name that devicetree source cannot express: "b@\\u{7}"',
    '/?: a property with an unreadable name',
    '/x y: a node name that devicetree source cannot express: "x y"',
    '/ok: a second subnode named ok',
    '/a: a property after a subnode: a',
    '/: a second root node',
    '/: the FDT_END_NODE at 0xd4 has no open node to close',
    '/a: a property outside every node: "a"',
  ]);
  expect(lines.filter((line) => !line.includes('//'))).toEqual([
    '/dts-v1/;',
    '/ {',
    '\ta;',
    '\tok {',
    '\t};',
    '};',
  ]);
  expect(lines).toContain('\t// x y {');
  expect(lines).toContain('\t\t// z {');
  expect(lines).toContain('\t// };');
});

test.each([
  ['of three bytes', [1, 2, 3]],
  ['0', [0, 0, 0, 0]],
  ['-1', [255, 255, 255, 255]],
])('a phandle %s is a comment', (_, value) => {
  const struct = [begin(''), prop(0, value), endNode, end];
  expect(dts(blob({ struct, strings: [text('phandle')] })).problems).toHaveLength(1);
});

test('one phandle in two nodes: the second is a comment; the same under both names is none', () => {
  const p = [0, 0, 0, 7];
  const struct = [
    begin(''),
    begin('a'),
    prop(0, p),
    prop(14, p),
    endNode,
    begin('b'),
    prop(0, p),
    endNode,
    endNode,
    end,
  ];
  const { problems } = dts(blob({ struct, strings: [text('linux,phandle'), text('phandle')] }));
  expect(problems.map(({ path }) => path)).toEqual(['/b/linux,phandle']);
});

test('a property called name is a comment: dtc drops or refuses it', () => {
  const { problems } = dts(
    blob({ struct: [begin(''), prop(0, ascii('x\0')), endNode, end], strings: [text('name')] }),
  );
  expect(problems).toHaveLength(1);
});

test('open nodes of a truncated blob are closed and reported', () => {
  const whole = blob({ struct: [begin(''), begin('a'), begin('b'), endNode, endNode, endNode, end] });
  const { lines, problems } = dts(whole.subarray(0, 64 + 8 + 8 + 8));
  expect(lines.slice(1, 7)).toEqual(['/ {', '\ta {', '\t\tb {', '\t\t};', '\t};', '};']);
  expect(problems).toHaveLength(1);
});

test('no node at all', () => {
  expect(dts(blob({ struct: [end] })).problems.map(({ message }) => message)).toEqual([
    'the blob has no node',
  ]);
  expect(dts(blob({ struct: [word(77)] })).problems).toHaveLength(1);
});
