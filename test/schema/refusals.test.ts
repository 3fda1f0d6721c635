import { describe, expect, it } from 'vitest';
import { emitRecords } from '../../tools/schema/emit.js';
import { layoutSchemas } from '../../tools/schema/layout.js';
import { loadSchema } from '../../tools/schema/load.js';
import { type Schema, SchemaError } from '../../tools/schema/model.js';

const META = 'meta: { id: x, title: X, license: CC0-1.0, endian: le, bit-endian: le }';
const TYPE = '-orig-id: struct t, doc: T., doc-ref: nowhere';

/** A schema of one type `rec` with the given entries of `seq`, in flow style. */
function withFields(...fields: string[]): string {
  const seq = fields.map((field) => `{ -orig-id: f, doc: F., ${field} }`).join(', ');
  return `${META}\ndoc: D.\ntypes: { rec: { ${TYPE}, seq: [ ${seq} ] } }\n`;
}

function generate(...texts: string[]): void {
  const schemas: Schema[] = texts.map((text) => loadSchema(/id: (\w+)/.exec(text)?.[1] ?? 'x', text));
  const layouts = layoutSchemas(schemas);
  for (const schema of schemas) emitRecords(schema, layouts);
}

describe('the generator accepts', () => {
  it('the subset', () => {
    expect(() => generate(withFields('id: a, type: u4', 'id: b, size: a * 2 + 1'))).not.toThrow();
  });
});

// [construct, schema, key named, type or field named]
const REFUSED: readonly (readonly [string, string, string, string])[] = [
  [
    'a type with the name of its file',
    withFields('id: a, type: u4').replace('rec: {', 'x: {'),
    'x',
    'type x',
  ],
  [
    'instances',
    withFields('id: a, type: u4').replace('seq:', 'instances: {}, seq:'),
    'instances',
    'type rec',
  ],
  ['nested types', withFields('id: a, type: u4').replace('seq:', 'types: {}, seq:'), 'types', 'type rec'],
  ['pos', withFields('id: a, type: u4, pos: 3'), 'pos', 'field a'],
  ['process', withFields('id: a, size: 4, process: zlib'), 'process', 'field a'],
  ['if', withFields('id: a, type: u4, if: true'), 'if', 'field a'],
  ['contents', withFields('id: a, contents: [1, 2]'), 'contents', 'field a'],
  ['valid', withFields('id: a, type: u4, valid: 3'), 'valid', 'field a'],
  ['size-eos', withFields('id: a, size-eos: true'), 'size-eos', 'field a'],
  ['terminator', withFields('id: a, size: 4, terminator: 0'), 'terminator', 'field a'],
  ['repeat until', withFields('id: a, type: u4, repeat: until'), 'repeat', 'field a'],
  ['repeat-expr alone', withFields('id: a, type: u4, repeat-expr: 3'), 'repeat-expr', 'field a'],
  ['switch-on', withFields('id: a, type: { switch-on: b, cases: {} }'), 'type', 'field a'],
  ['str', withFields('id: a, type: str, size: 4'), 'type', 'field a'],
  ['an encoding', withFields('id: a, size: 4, encoding: UTF-8'), 'encoding', 'field a'],
  ['strz', withFields('id: a, type: strz'), 'type', 'field a'],
  ['floats', withFields('id: a, type: f4'), 'type', 'field a'],
  ['a byte order of its own', withFields('id: a, type: u4be'), 'type', 'field a'],
  ['a size on an integer', withFields('id: a, type: u4, size: 4'), 'size', 'field a'],
  ['b0', withFields('id: a, type: b0'), 'type', 'field a'],
  ['b65', withFields('id: a, type: b65'), 'type', 'field a'],
  ['repeated bit fields', withFields('id: a, type: b4, repeat: expr, repeat-expr: 2'), 'repeat', 'field a'],
  ['bits that end inside a byte', withFields('id: a, type: b3', 'id: b, type: u1'), 'type', 'field b'],
  ['bits that end inside the last byte', withFields('id: a, type: b12'), 'type', 'type rec'],
  [
    'a bit field over two words',
    withFields('id: a, type: b60', 'id: b, type: b8', 'id: c, type: b60'),
    'type',
    'field b',
  ],
  [
    'bits in a big-endian file',
    withFields('id: a, type: b8').replace('endian: le', 'endian: be'),
    'type',
    'field a',
  ],
  ['a size from 64 bits', withFields('id: a, type: u8', 'id: b, size: a'), 'size', 'field b'],
  ['a size from a later field', withFields('id: a, size: b', 'id: b, type: u4'), 'size', 'field a'],
  ['a size from a signed field', withFields('id: a, type: s4', 'id: b, size: a'), 'size', 'field b'],
  ['an expression with a call', withFields('id: a, type: u4', 'id: b, size: a.to_i'), 'size', 'field b'],
  ['an expression with modulo', withFields('id: a, type: u4', 'id: b, size: a % 2'), 'size', 'field b'],
  [
    'an array of open elements',
    `${withFields('id: n, type: u1', 'id: a, size: n', 'id: b, size: n, repeat: expr, repeat-expr: n')}`,
    'repeat',
    'field b',
  ],
  ['an unknown type', withFields('id: a, type: other'), 'type', 'field a'],
  ['a type that holds itself', withFields('id: a, type: rec'), 'type', 'type rec'],
  [
    'a missing argument',
    withFields('id: a, type: p').replace(
      'types: {',
      `types: { p: { ${TYPE}, params: [{ id: n, type: u4 }], seq: [{ id: b, size: n, -orig-id: b, doc: B. }] },`,
    ),
    'type',
    'field a',
  ],
  [
    'a parameter of 64 bits',
    withFields('id: a, size: n').replace('seq:', 'params: [{ id: n, type: u8 }], seq:'),
    'type',
    'param n',
  ],
  ['a type of a file that is not imported', `${withFields('id: a, type: y::s')}`, 'type', 'field a'],
  ['an unknown enum', withFields('id: a, type: u4, enum: e'), 'enum', 'field a'],
  ['a field without doc', withFields('id: a, type: u4').replace('doc: F., ', ''), 'doc', 'field a'],
  [
    'a field without kernel name',
    withFields('id: a, type: u4').replace('-orig-id: f, ', ''),
    '-orig-id',
    'field a',
  ],
  [
    'a field without source',
    withFields('id: a, type: u4').replace(', doc-ref: nowhere', ''),
    'doc-ref',
    'field a',
  ],
  ['a name in camelCase', withFields('id: aB, type: u4'), 'id', 'aB'],
  ['a field that appears twice', withFields('id: a, type: u4', 'id: a, type: u4'), 'id', 'field a'],
  ['an empty record', withFields(), 'seq', 'type rec'],
  ['another license', withFields('id: a, type: u4').replace('CC0-1.0', 'MIT'), 'license', 'meta'],
  ['another id', withFields('id: a, type: u4').replace('types:', 'extra: 1\ntypes:'), 'extra', 'x.ksy'],
  [
    'bit-endian be',
    withFields('id: a, type: u4').replace('bit-endian: le', 'bit-endian: be'),
    'bit-endian',
    'meta',
  ],
  [
    'a condition with an unknown name',
    withFields('id: a, type: b64, -reserved: nobody == 1'),
    '-reserved',
    'field a',
  ],
  ['a condition that is none', withFields('id: a, type: b64, -ignored: rev >='), '-ignored', 'field a'],
  ...['-reserved: always', '-ignored: always', '-limit: haw', '-since: 3', '-until: 2'].map(
    (key) =>
      [
        `masks without registers, ${key}`,
        withFields('id: b, type: b32', `id: a, type: b32, ${key}`),
        key.slice(0, key.indexOf(':')),
        'type rec: field a',
      ] as const,
  ),
  ['two fields of one property', withFields('id: a_1, type: u4', 'id: a1, type: u4'), 'id', 'field a1'],
  ...['function', 'class', 'data_view', 'record_type', 'read_bits', 'uint8_array'].map(
    (name) =>
      [
        `a type called ${name}`,
        withFields('id: a, type: u4').replace('rec: {', `${name}: {`),
        'id',
        `type ${name}`,
      ] as const,
  ),
  [
    'a type whose description is the reader of another',
    withFields('id: a, type: u4').replace(
      'rec: {',
      `read_rec: { ${TYPE}, seq: [{ id: a, type: u4, doc: F., -orig-id: f }] }, rec: {`,
    ),
    'id',
    'type rec',
  ],
  ['an unknown limit', withFields('id: a, type: b64, -limit: gaw'), '-limit', 'field a'],
  ['an unknown revision', withFields('id: a, type: b64, -since: 4'), '-since', 'field a'],
  ['an unknown unit', withFields('id: a, type: u4, -unit: miles'), '-unit', 'field a'],
  ['text in an integer', withFields('id: a, type: u4, -string: nul'), '-string', 'field a'],
  [
    'a pointer of unknown kind',
    withFields('id: a, type: u8, -pointer: { to: rec, kind: tree }'),
    '-pointer.kind',
    'field a',
  ],
  [
    'a pointer count that is no field',
    withFields('id: a, type: u8, -pointer: { to: rec, kind: array, count: n }'),
    '-pointer.count',
    'field a',
  ],
  ['an unknown extension key', withFields('id: a, type: u4, -color: red'), '-color', 'field a'],
  ['a value that does not fit', withFields('id: a, type: u1, -values: { 256: big }'), '-values', 'field a'],
  ['a name for no number', withFields('id: a, type: u4, -values: { one: first }'), '-values', 'field a'],
];

describe('the generator refuses', () => {
  it.each(REFUSED)('%s', (_, text, key, place) => {
    let message = '';
    try {
      generate(text);
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      message = error.message;
    }
    expect(message).toContain('x.ksy');
    expect(message).toContain(`key ${key}:`);
    expect(message).toContain(place);
  });

  it('a type name that two files define', () => {
    const other = withFields('id: a, type: u4').replace('id: x', 'id: y');
    expect(() => generate(withFields('id: a, type: u4'), other)).toThrow(
      /y\.ksy: type rec: key types: x\.ksy/,
    );
  });

  it('broken YAML, duplicate keys and aliases', () => {
    expect(() => loadSchema('x', '{')).toThrow(SchemaError);
    expect(() => loadSchema('x', `${META}\ndoc: D.\ndoc: E.\n`)).toThrow(/x\.ksy/);
    const bomb = `${META}\ndoc: &a D.\ntypes: { rec: { -orig-id: *a } }\n`;
    expect(() => loadSchema('x', bomb)).toThrow();
  });
});
