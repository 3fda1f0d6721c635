/** Time grows with the size and no faster, for wide and for deep trees and for blobs made to be slow. */

import { test } from 'vitest';
import { checkFdt } from '../../src/fdt/check.js';
import { dtsLines } from '../../src/fdt/dts.js';
import { fromImage, toImage } from '../../src/fdt/image.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { expectGrowth } from '../processor-time.js';
import { begin, blob, end, endNode, prop, raw } from './token-builder.js';

function wide(nodes: number): Uint8Array {
  const writer = createFdtWriter();
  const value = new Uint8Array(8);
  writer.beginNode('');
  for (let i = 0; i < nodes; i++) {
    writer.beginNode(`node${i}`);
    writer.property('start', value);
    writer.property('size', value);
    writer.endNode();
  }
  writer.endNode();
  return writer.finish();
}

function deep(levels: number): Uint8Array {
  const writer = createFdtWriter();
  writer.beginNode('');
  for (let i = 0; i < levels; i++) writer.beginNode('level');
  for (let i = 0; i < levels; i++) writer.endNode();
  writer.endNode();
  return writer.finish();
}

/** Every property has its own name offset into one long run without NUL. */
function longNames(count: number): Uint8Array {
  const properties = Array.from({ length: count }, (_, i) => prop(i, []));
  const strings = new Uint8Array(count + 2000).fill(0x61);
  strings[strings.length - 1] = 0;
  return blob({ struct: [begin(''), ...properties, endNode, end], strings: [raw(...strings)] });
}

/** Nothing but faults. */
function faults(count: number): Uint8Array {
  const tokens = Array.from({ length: count }, () => [begin('x'), prop(0xffff, []), endNode]);
  return blob({ struct: [begin(''), ...tokens.flat(), endNode, end] });
}

const read: Record<string, (bytes: Uint8Array) => void> = {
  parseFdt: (bytes) => void parseFdt(bytes),
  checkFdt: (bytes) => void checkFdt(bytes),
  image: (bytes) => void fromImage(toImage(parseFdt(bytes))),
  dtsLines: (bytes) => {
    for (const _ of dtsLines(parseFdt(bytes)));
  },
};

const FACTOR = 4;
const shapes: [string, (n: number) => Uint8Array, number][] = [
  ['wide', wide, 8_000],
  ['deep', deep, 8_000],
  ['names without end', longNames, 2_000],
  ['faults', faults, 4_000],
];

test.each(shapes.flatMap(([shape, make, n]) => Object.keys(read).map((name) => ({ name, shape, make, n }))))(
  '$name of a blob that is $shape',
  ({ name, make, n }) => {
    const run = read[name];
    if (run === undefined) throw new Error(name);
    const small = make(n);
    const large = make(n * FACTOR);
    expectGrowth(
      () => run(small),
      () => run(large),
      large.length / small.length,
    );
  },
);

test('the writer', () => {
  expectGrowth(
    () => void wide(8_000),
    () => void wide(8_000 * FACTOR),
    FACTOR,
  );
});
