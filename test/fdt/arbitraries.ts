import fc from 'fast-check';
import { createFdtWriter, type FdtWriter } from '../../src/fdt/writer.js';

/** One call of the sequential writer. */
export type Call =
  | { readonly call: 'reserve'; readonly address: bigint; readonly size: bigint }
  | { readonly call: 'begin'; readonly name: Uint8Array }
  | { readonly call: 'prop'; readonly name: Uint8Array; readonly value: Uint8Array }
  | { readonly call: 'end' };

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const edge64 = fc.constantFrom(1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n);
const nameByte = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0x61, max: 0x66 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }) },
);
const bytesOf = (byte: fc.Arbitrary<number>, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.array(byte, { maxLength }).map((bytes) => Uint8Array.from(bytes));

/** Names of few letters, so that equal names and shared tails are frequent; any byte but NUL. */
export const anyName = bytesOf(nameByte, 9);
export const anyValue = fc.oneof(
  bytesOf(fc.integer({ min: 0, max: 255 }), 24),
  fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).map((text) => new TextEncoder().encode(`${text}\0`)),
  fc.constant(new Uint8Array(0)),
);

/** A program of writer calls that makes a well-formed tree; names of siblings may repeat. */
export const anyProgram: fc.Arbitrary<Call[]> = fc
  .record({
    map: fc.array(fc.tuple(fc.oneof(u64, edge64), fc.oneof(u64, edge64)), { maxLength: 3 }),
    steps: fc.array(
      fc.oneof(
        fc.record({ call: fc.constant('prop' as const), name: anyName, value: anyValue }),
        fc.record({ call: fc.constant('begin' as const), name: anyName }),
        fc.record({ call: fc.constant('end' as const) }),
      ),
      { maxLength: 60 },
    ),
  })
  .map(({ map, steps }) => {
    const calls: Call[] = map
      .filter(([, size]) => size !== 0n)
      .map(([address, size]) => ({ call: 'reserve', address, size }));
    calls.push({ call: 'begin', name: new Uint8Array(0) });
    // depth and whether the open node has had a subnode
    let depth = 1;
    let subnodes = false;
    for (const step of steps) {
      if (step.call === 'end' && depth === 1) continue;
      if (step.call === 'prop' && subnodes) continue;
      depth += step.call === 'begin' ? 1 : step.call === 'end' ? -1 : 0;
      subnodes = step.call === 'end' || (subnodes && step.call !== 'begin');
      calls.push(step);
    }
    for (; depth > 0; depth--) calls.push({ call: 'end' });
    return calls;
  });

export function play(writer: FdtWriter, calls: readonly Call[]): Uint8Array {
  for (const each of calls) {
    if (each.call === 'reserve') writer.reserve(each.address, each.size);
    else if (each.call === 'begin') writer.beginNode(each.name);
    else if (each.call === 'prop') writer.property(each.name, each.value);
    else writer.endNode();
  }
  return writer.finish();
}

export const anyBlob: fc.Arbitrary<Uint8Array> = anyProgram.map((calls) => play(createFdtWriter(), calls));

/** A small change to a blob. `at` and `from` are taken modulo the length. */
export type Mutation =
  | { readonly kind: 'byte'; readonly at: number; readonly value: number }
  | { readonly kind: 'word'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'append'; readonly bytes: Uint8Array }
  | { readonly kind: 'copy'; readonly at: number; readonly from: number; readonly length: number };

const position = fc.oneof(fc.nat(40), fc.nat(0xffffff));
const edgeWord = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, 5, 9, 16, 17, 40, 48, 64, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff),
  fc.nat(0x200),
  fc.integer({ min: 0, max: 0xffffffff }),
);
export const anyMutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), at: position, value: fc.nat(255) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('word' as const), at: position, value: edgeWord }) },
  fc.record({ kind: fc.constant('cut' as const), at: position }),
  fc.record({ kind: fc.constant('append' as const), bytes: bytesOf(fc.nat(255), 9) }),
  fc.record({ kind: fc.constant('copy' as const), at: position, from: position, length: fc.nat(48) }),
);

/** Applies mutations in order; words go to multiples of 4. */
export function mutate(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  let result = bytes.slice();
  for (const mutation of mutations) {
    const size = result.length;
    if (mutation.kind === 'append') {
      const longer = new Uint8Array(size + mutation.bytes.length);
      longer.set(result);
      longer.set(mutation.bytes, size);
      result = longer;
      continue;
    }
    if (size < 4) continue;
    const at = mutation.at % size;
    if (mutation.kind === 'byte') result[at] = mutation.value;
    else if (mutation.kind === 'cut') result = result.slice(0, at);
    else if (mutation.kind === 'word') {
      new DataView(result.buffer).setUint32(Math.min(at - (at % 4), size - 4), mutation.value);
    } else {
      const source = result.slice(mutation.from % size, (mutation.from % size) + mutation.length);
      result.set(source.subarray(0, size - at), at);
    }
  }
  return result;
}
