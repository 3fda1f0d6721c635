import { describe, expect, it } from 'vitest';
import { checkPointers, emitRecords } from '../../tools/schema/emit.js';
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

/** A field of an enum with these values. */
function withEnum(values: string, more = ''): string {
  return withFields(`id: a, type: u4, enum: e${more}`).replace('types:', `enums: { e: ${values} }\ntypes:`);
}

/** A field of as many bytes as the first of these parameters says. */
function withParameters(...names: readonly string[]): string {
  const params = names.map((name) => `{ id: ${name}, type: u4 }`).join(', ');
  return withFields(`id: a, size: ${names[0]}`).replace('seq:', `params: [${params}], seq:`);
}

function generate(...texts: string[]): void {
  const schemas: Schema[] = texts.map((text) => loadSchema(/id: (\w+)/.exec(text)?.[1] ?? 'x', text));
  const layouts = layoutSchemas(schemas);
  checkPointers(schemas, layouts);
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
  // What would not compile, or would mean nothing.
  [
    'two values of one name',
    withFields('id: a, type: u4, -values: { 1: one, 2: one }'),
    '-values',
    'field a',
  ],
  [
    'two values of one property',
    withFields('id: a, type: u4, -values: { 1: a_1, 2: a1 }'),
    '-values',
    'field a',
  ],
  ['one value twice', withFields('id: a, type: u4, -values: { 1: one, 0x1: two }'), 'of line 3', 'x.ksy'],
  ['no values', withFields('id: a, type: u4, -values: {}'), '-values', 'field a'],
  ['values of bytes', withFields('id: a, size: 4, -values: { 1: one }'), '-values', 'field a'],
  [
    'a flag without a bit',
    withFields('id: a, type: u4, -unit: flags, -values: { 0: none }'),
    '-values',
    'field a',
  ],
  ['values beside an enum', withEnum('{ 1: one }', ', -values: { 1: one }'), '-values', 'field a'],
  ['two values of an enum of one name', withEnum('{ 1: one, 2: one }'), 'e', 'enum e'],
  ['a negative value of an enum', withEnum('{ -1: one }'), 'enum', 'field a'],
  ['a value of an enum that does not fit', withEnum('{ 0x100000000: one }'), 'enum', 'field a'],
  ['an enum that is empty', withEnum('{}'), 'e', 'enum e'],
  ['an enum that is nothing', withEnum('null'), 'e', 'enum e'],
  [
    'an enum with the name of a type',
    withEnum('{ 1: one }').replace('enum: e', 'enum: rec').replace('{ e:', '{ rec:'),
    'id',
    'rec',
  ],
  ...['struct */ t', 'struct ` t', 'struct\\n t', 'struct\\r t', 'struct\\u2028 t'].map(
    (name) =>
      [
        `a kernel name with ${name}`,
        withFields('id: a, type: u4').replace('struct t', `"${name}"`),
        '-orig-id',
        'type rec',
      ] as const,
  ),
  [
    'a kernel name of a field that ends a comment',
    withFields('id: a, type: u4').replace('-orig-id: f', "-orig-id: 'f */ g'"),
    '-orig-id',
    'field a',
  ],
  [
    'a doc with a carriage return',
    withFields('id: a, type: u4').replace('doc: F.', 'doc: "a\\rb"'),
    'doc',
    'field a',
  ],
  ['a doc that is a number', withFields('id: a, type: u4').replace('doc: F.', 'doc: 3'), 'doc', 'field a'],
  ['a unit of bytes', withFields('id: a, size: 8, -unit: address'), '-unit', 'field a'],
  [
    'a pointer in bytes',
    withFields('id: a, size: 8, -pointer: { to: rec, kind: one }'),
    '-pointer',
    'field a',
  ],
  [
    'a pointer of 16 bits',
    withFields('id: a, type: u2, -pointer: { to: rec, kind: one }'),
    '-pointer',
    'field a',
  ],
  [
    'a signed pointer',
    withFields('id: a, type: s8, -pointer: { to: rec, kind: one }'),
    '-pointer',
    'field a',
  ],
  [
    'a pointer to a type of no file',
    withFields('id: a, type: u8, -pointer: { to: gone, kind: one }'),
    '-pointer',
    'gone',
  ],
  [
    'a pointer to nothing',
    withFields('id: a, type: u8, -pointer: { to: [], kind: one }'),
    '-pointer.to',
    'field a',
  ],
  [
    'elements of a type of no file',
    withFields('id: a, type: u8, -pointer: { to: rec, kind: chain, element: gone }'),
    '-pointer',
    'gone',
  ],
  ...['0x100000000', '-1'].map(
    (none) =>
      [
        `a null that does not fit, ${none}`,
        withFields(`id: a, type: u4, -pointer: { to: rec, kind: one, "null": ${none} }`),
        '-pointer.null',
        'field a',
      ] as const,
  ),
  ...['capacity: -3', 'count: -3', 'count: 0', 'capacity: 0x100000000'].map(
    (text) =>
      [
        `a pointer with ${text}`,
        withFields(`id: a, type: u8, -pointer: { to: rec, kind: array, ${text} }`),
        `-pointer.${text.slice(0, text.indexOf(':'))}`,
        'field a',
      ] as const,
  ),
  [
    'a pointer that bytes count',
    withFields('id: n, size: 4', 'id: a, type: u8, -pointer: { to: rec, kind: array, count: n }'),
    '-pointer.count',
    'field a',
  ],
  ['a pointer that is nothing', withFields('id: a, type: u8, -pointer: null'), '-pointer', 'field a'],
  ...['view', 'offset', 'end', 'at', 'value', 'function', 'await'].map(
    (name) => [`a parameter called ${name}`, withParameters(name), 'id', name] as const,
  ),
  ['a parameter twice', withParameters('n', 'n'), 'params', 'type rec'],
  ['a parameter that nothing uses', withParameters('n', 'other'), 'id', 'param other'],
  ['a parameter that is a field', withParameters('n', 'a'), 'id', 'param a'],
  ...['view', 'at', 'class'].map(
    (name) =>
      [
        `a field called ${name} in a type of open size`,
        withFields(`id: ${name}, type: u4`, `id: b, size: ${name}`),
        'id',
        `field ${name}`,
      ] as const,
  ),
  ...['0', '0 - 4', '0x10000000', '3 / 4'].map(
    (size) => [`a size of ${size}`, withFields(`id: a, size: ${size}`), 'size', 'field a'] as const,
  ),
  ...['0', '4000000000'].map(
    (count) =>
      [
        `an array of ${count}`,
        withFields(`id: a, type: u8, repeat: expr, repeat-expr: ${count}`),
        'repeat-expr',
        'field a',
      ] as const,
  ),
  [
    'text that is repeated',
    withFields('id: a, size: 4, -string: nul, repeat: expr, repeat-expr: 2'),
    '-string',
    'field a',
  ],
  ['a type that is nothing', `${META}\ndoc: D.\ntypes: { rec: null }\n`, 'rec', 'type rec'],
  ['no types', `${META}\ndoc: D.\ntypes: {}\n`, 'types', 'x.ksy'],
  [
    'a field that is nothing',
    `${META}\ndoc: D.\ntypes: { rec: { ${TYPE}, seq: [null] } }\n`,
    'seq',
    'type rec',
  ],
  ['no meta', 'meta: null\ndoc: D.\ntypes: {}\n', 'meta', 'x.ksy'],
  ['nothing at all', '', 'x.ksy', 'x.ksy'],
  ['a list', '- 1\n', 'x.ksy', 'x.ksy'],
  ...['x', 'gone', 'y, y'].map(
    (files) =>
      [
        `imports of ${files}`,
        withFields('id: a, type: u4').replace('bit-endian: le', `bit-endian: le, imports: [${files}]`),
        'imports',
        'meta',
      ] as const,
  ),
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
