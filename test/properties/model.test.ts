/** Any typed model, its numbers over their full range, survives encode and decode; made from the binding itself. */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { encodeBlob } from '../../src/encode/blob.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import type { FieldInfo } from '../../src/schema/record.js';
import { rfc2024 } from '../../src/structures/rfc-2024/tree.js';
import type { NodeBinding, PropertyBinding } from '../../src/structures/tree.js';
import { sweep } from '../sweep.js';

const RUNS = sweep(400, 60);
let cases = 0;
let numbers = 0;
afterAll(() => {
  process.stdout.write(`model: ${cases} whole blobs with ${numbers} numbers, both ways\n`);
});

const EDGES = [
  0n,
  1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** JSON of a number field: `0x…` above 32 bits, else a number. */
function fieldArbitrary(field: FieldInfo): fc.Arbitrary<string | number> {
  const width = BigInt(field.bitWidth ?? 64);
  const signed = field.kind === 'sint';
  const min = signed ? -(1n << (width - 1n)) : 0n;
  const max = (1n << (signed ? width - 1n : width)) - 1n;
  const edges = [...EDGES, min, max].filter((edge) => edge >= min && edge <= max);
  return fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(...edges)).map((value) => {
    numbers++;
    return width > 32n ? `0x${value.toString(16)}` : Number(value);
  });
}

function propertyArbitrary({ record, shape }: PropertyBinding): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(record.fields.map((field) => [field.id, fieldArbitrary(field)]));
  if (shape === 'value') return Object.values(fields)[0] ?? fc.constant(0);
  return shape === 'record' ? fc.record(fields) : fc.array(fc.record(fields), { maxLength: 5 });
}

type Model = Record<string, unknown>;

/** A model object of a node: each property there or not, each container there or not. */
function nodeArbitrary(binding: NodeBinding): fc.Arbitrary<Model> {
  const properties: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(
    binding.properties.map((property) => [property.key, propertyArbitrary(property)]),
  );
  const own = fc.record(properties, { requiredKeys: [] });
  const parts = [own, ...binding.children.map(childArbitrary)];
  return fc.tuple(...parts).map((all) => Object.assign({}, ...all));
}

function childArbitrary(binding: NodeBinding): fc.Arbitrary<Model> {
  const { place, name } = binding;
  if ('merge' in place) return fc.oneof(nodeArbitrary(binding), fc.constant({}));
  if ('object' in place) {
    const object = nodeArbitrary(binding).map((value) => ({ [place.object]: value }));
    return fc.oneof(object, fc.constant({}));
  }
  const items = fc.uniqueArray(fc.tuple(fc.nat(), nodeArbitrary(binding)), {
    maxLength: 3,
    selector: ([id]) => id,
  });
  return items.map((list) => ({
    [place.list]: list.map(([id, item], position) => named(name, item, id, position)),
  }));
}

/** Gives a list element the number that its node name carries. */
function named(name: NodeBinding['name'], item: Model, id: number, position: number): Model {
  if (!('number' in name)) return item;
  if (item[name.key] !== undefined) return { nodeName: `node-${id}`, ...item };
  if (name.key === 'index') return item;
  // persistentId of a domain is a property: without it only the node's name is there.
  return name.wide && id % 2 === 0
    ? { nodeName: `node-${id}-${position}`, ...item }
    : { ...item, [name.key]: name.wide ? `0x${id.toString(16)}` : id };
}

const KEYS = ['iommufds', 'domains', 'guestmemfs', 'ftrace'] as const;

/** What the encoder reads of a document, with lists that are always there once their node is. */
function typedParts(document: Model): Model {
  return Object.fromEntries(KEYS.map((key) => [key, document[key]]));
}

test('encode and decode of any model are inverse', () => {
  fc.assert(
    fc.property(nodeArbitrary(rfc2024.root), (model) => {
      cases++;
      const { bytes } = encodeBlob({ generation: 'rfc-2024', ...model });
      const first = documentOf(bytes);
      const again = encodeBlob(first);
      expect(again.messages).toEqual([]);
      expect(again.bytes).toEqual(bytes);
      delete (first.fdt as Model).tree;
      expect(encodeBlob(first).bytes).toEqual(bytes);
      expect(numbersOf(typedParts(first))).toEqual(numbersOf(typedParts(model)));
    }),
    { numRuns: RUNS },
  );
});

function documentOf(bytes: Uint8Array): Model {
  const handover = decodeHandover(bytes, { assume: 'rfc-2024' });
  return JSON.parse([...jsonChunks(modelJson(handover))].join(''));
}

/** Every number of a document with the keys that lead to it, in order of path; empty containers do not count. */
function numbersOf(value: unknown, path = ''): string[] {
  if (typeof value === 'number' || typeof value === 'string')
    // Names are compared by the bytes; an index may be left out where it is the position.
    return /(nodeName|index)$/.test(path) ? [] : [`${path}=${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .flatMap(([key, item]) => numbersOf(item, `${path}/${key}`))
    .sort();
}
