import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { emitRecords } from '../../tools/schema/emit.js';
import { layoutSchemas } from '../../tools/schema/layout.js';
import { loadSchema } from '../../tools/schema/load.js';
import { compileWithKaitai, readWithKaitai } from '../differential/kaitai-oracle.js';

const META = 'license: CC0-1.0, endian: le, bit-endian: le';
const INNER = `
meta: { id: sample_inner, title: Inner, ${META} }
doc: A type that another file uses.
types:
  pair:
    { -orig-id: p, doc: P., doc-ref: r, seq: [{ id: x, type: u2, -orig-id: x, doc: X. }, { id: y, type: s8, -orig-id: y, doc: Y. }] }
`;
const OUTER = `
meta: { id: sample, title: Outer, ${META}, imports: [sample_inner] }
doc: Everything of the subset that the real formats need little of.
types:
  list:
    -orig-id: struct list
    doc: Sizes that depend on data.
    doc-ref: r
    seq:
      - { id: count, type: u1, -orig-id: count, doc: C. }
      - { id: flag, type: b1, -orig-id: flag, doc: F. }
      - { id: wide, type: b39, -orig-id: wide, doc: W. }
      - { id: items, type: sample_inner::pair, repeat: expr, repeat-expr: count, -orig-id: items, doc: I. }
      - { id: name, size: (count + 1) * 2, -orig-id: name, doc: N., -string: nul }
      - { id: tail, type: page(16), -orig-id: tail, doc: T. }
      - { id: last, type: u4, -orig-id: last, doc: L. }
  page:
    -orig-id: struct page
    doc: A size that depends on a parameter.
    doc-ref: r
    params: [{ id: page_size, type: u4 }]
    seq:
      - { id: next, type: u8, -orig-id: next, doc: N. }
      - { id: slots, type: u8, repeat: expr, repeat-expr: page_size / 8 - 1, -orig-id: slots, doc: S. }
  nest:
    -orig-id: struct nest
    doc: A record of open size within another.
    doc-ref: r
    seq:
      - { id: list, type: list, -orig-id: list, doc: L. }
      - { id: fixed, size: 2, repeat: expr, repeat-expr: 2, -orig-id: fixed, doc: F. }
`;

interface Nest {
  list: {
    count: number;
    flag: number;
    wide: bigint;
    items: { x: number; y: bigint }[];
    name: Uint8Array;
    tail: { next: bigint; slots: bigint[] };
    last: number;
  };
  fixed: Uint8Array[];
}

interface Generated {
  sizeOfNest(value: Nest): number;
  sizeOfPage(pageSize: number): number;
  readNest(view: DataView, offset: number, end: number): { value: Nest; end: number } | undefined;
  writeNest(view: DataView, offset: number, value: Nest): number;
}

const folder = new URL('../../build/test-records/src/records/', import.meta.url);
let generated: Generated;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  const schemas = [loadSchema('sample_inner', INNER), loadSchema('sample', OUTER)];
  const layouts = layoutSchemas(schemas);
  for (const schema of schemas) {
    const text = emitRecords(schema, layouts).text.replaceAll("'../schema/", "'../../../../src/schema/");
    writeFileSync(new URL(`${schema.file}.ts`, folder), text);
  }
  writeFileSync(new URL('sample_inner.ksy', folder), INNER);
  writeFileSync(new URL('sample.ksy', folder), OUTER);
  generated = (await import(new URL('sample.ts', folder).href)) as Generated;
});

const nests = fc.nat(6).chain((count) =>
  fc.record({
    list: fc.record({
      count: fc.constant(count),
      flag: fc.nat(1),
      wide: fc.bigInt({ min: 0n, max: 2n ** 39n - 1n }),
      items: fc.array(
        fc.record({ x: fc.nat(65535), y: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
        {
          minLength: count,
          maxLength: count,
        },
      ),
      name: fc.uint8Array({ minLength: (count + 1) * 2, maxLength: (count + 1) * 2 }),
      tail: fc.record({ next: fc.constant(2n ** 64n - 1n), slots: fc.tuple(fc.constant(7n)) }),
      last: fc.nat(),
    }),
    fixed: fc.tuple(fc.constant(Uint8Array.of(1, 2)), fc.constant(Uint8Array.of(3, 4))),
  }),
);

describe('generated code for sizes that depend on data or parameters', () => {
  it('reads what it writes and knows where it ends', () => {
    fc.assert(
      fc.property(nests, fc.nat(5), (value, offset) => {
        const size = generated.sizeOfNest(value);
        const view = new DataView(new ArrayBuffer(offset + size + 3));
        expect(generated.writeNest(view, offset, value)).toBe(offset + size);
        expect(generated.readNest(view, offset, view.byteLength)).toEqual({ value, end: offset + size });
      }),
    );
  });

  it('finds every truncation', () => {
    fc.assert(
      fc.property(nests, (value) => {
        const view = new DataView(new ArrayBuffer(generated.sizeOfNest(value)));
        generated.writeNest(view, 0, value);
        for (let end = 0; end < view.byteLength; end++)
          expect(generated.readNest(view, 0, end)).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });

  it('agrees with Kaitai', async () => {
    const kaitai = await compileWithKaitai(fileURLToPath(new URL('sample.ksy', folder)));
    fc.assert(
      fc.property(nests, (value) => {
        const view = new DataView(new ArrayBuffer(generated.sizeOfNest(value)));
        generated.writeNest(view, 0, value);
        const { list, fixed } = readWithKaitai(
          kaitai,
          'Nest',
          new Uint8Array(view.buffer),
          [],
        ) as unknown as Nest;
        expect(list).toMatchObject({ count: value.list.count, wide: value.list.wide, last: value.list.last });
        expect(list.items.map(({ x, y }) => ({ x, y }))).toEqual(value.list.items);
        expect([...list.name]).toEqual([...value.list.name]);
        expect(list.tail.slots).toEqual(value.list.tail.slots);
        expect(fixed.map((bytes) => [...bytes])).toEqual(value.fixed.map((bytes) => [...bytes]));
      }),
    );
  });

  it('refuses to write a count that does not match', () => {
    const [value] = fc.sample(nests, 1);
    if (value === undefined) throw new Error('no sample');
    const wrong = { ...value, list: { ...value.list, count: value.list.count + 1 } };
    const view = new DataView(new ArrayBuffer(500));
    expect(() => generated.writeNest(view, 0, wrong)).toThrow('list.items');
    expect(generated.sizeOfPage(4096)).toBe(4096);
  });
});
