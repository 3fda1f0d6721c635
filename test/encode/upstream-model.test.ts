import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { upstreamMemory } from '../../src/encode/upstream/elf.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { fileCapacity, flbCapacity, sessionCapacity } from '../../src/structures/luo/binding.js';
import { decodeAt } from '../decode/linux-dumps.js';
import { sweep } from '../sweep.js';

// biome-ignore lint/suspicious/noExplicitAny: a JSON document, edited freely
type Document = any;

/** Which LUO and memfd a root tree can carry; development states too. */
const VERSIONS = [
  ['kho-v1', 'luo-v1', 'memfd-v1'],
  ['kho-v3', 'luo-v1', 'memfd-v2'],
  ['kho-v3', 'luo-v2', 'memfd-v2'],
  ['kho-v4', 'luo-v3', 'memfd-v2'],
  ['kho-v4', 'luo-v4', 'memfd-v2'],
  ['kho-v4', 'luo-v5', 'memfd-v2'],
] as const;
const METADATA = { version: 1, previousRelease: '7.3.4-test', kexecCount: 0xffffffff };
const PAGE_SIZES = [4096, 16384, 65536] as const;

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** Encodes a document, and gives its document again, and that of encoding it a second time. */
function again(document: Document): { once: Document; twice: Document; diagnostics: unknown[] } {
  const read = (from: Document): Document => {
    const { memory, fdtAddress } = upstreamMemory(from);
    const handover = decodeAt(memory, fdtAddress, { pageSize: document.pageSize });
    return JSON.parse([...jsonChunks(modelJson(handover))].join(''));
  };
  const once = read(document);
  return { once, twice: read(once), diagnostics: once.diagnostics };
}

function memfd(version: string, folios: Document[]): Document {
  const sealed = version === 'memfd-v2' ? { seals: '0x1f', flags: '0x0' } : {};
  return { pos: '0x7', size: hex((1n << 64n) - 1n), ...sealed, folios };
}

function document(
  generation: string,
  luo: string,
  handler: string,
  pageSize: number,
  sessions: Document[],
): Document {
  const flbs =
    generation === 'kho-v1' ? {} : { flbs: [{ name: 'some-flb', data: hex(1n << 63n), count: '0x2' }] };
  return {
    kind: 'handover',
    generation,
    pageSize,
    preserved: { pages: [{ address: hex(BigInt(pageSize) << 12n), order: 3, count: 5 }] },
    memblock: {
      compatible: 'memblock-v1',
      regions: [{ name: 'r', start: '0x40000000', size: '0x10000', compatible: 'reserve-mem-v1' }],
    },
    // A blob that does not say its length needs blob-size.
    ...(generation === 'kho-v1' ? {} : { kexecMetadata: METADATA }),
    luo: { compatible: luo, liveupdateNumber: hex((1n << 64n) - 1n), sessions, ...flbs },
    handler,
  };
}

/** The sessions of a document without the addresses that encoding gave them. */
function contents({ luo }: Document): Document {
  return luo.sessions.map(({ name, nameBytes, count, files }: Document) => ({
    name,
    nameBytes,
    count,
    files: files.map(({ compatible, token, memfd: state }: Document) => ({
      compatible,
      token,
      memfd: { ...state, list: undefined, nrFolios: undefined },
    })),
  }));
}

describe.each(VERSIONS.flatMap((version) => PAGE_SIZES.map((size) => [...version, size] as const)))(
  '%s with %s, %s, pages of %d',
  (generation, luo, handler, pageSize) => {
    const file = (token: bigint): Document => ({
      compatible: handler,
      token: hex(token),
      memfd: memfd(handler, [
        { pfn: '0x1000', flags: '0x3', index: '0x0', count: 300 },
        { pfn: '0x8000', flags: '0x1', index: '0x200', count: 2, step: 512 },
        { pfn: hex((1n << 52n) - 1n), flags: '0xfff', index: hex((1n << 64n) - 1n) },
      ]),
    });

    test.each([
      ['no session', []],
      ['a session without files', [0]],
      ['several', [1, 0, 3]],
    ])('%s', (_, counts) => {
      const sessions = counts.map((count, i) => ({
        name: `session ${i}`,
        count: hex(count),
        files: Array.from({ length: count }, (_, j) => file((1n << 64n) - BigInt(j + 1))),
      }));
      const wanted = document(generation, luo, handler, pageSize, sessions);
      const { once, twice, diagnostics } = again(wanted);
      expect(diagnostics).toEqual([]);
      expect(contents(once)).toEqual(contents(wanted));
      expect(once.luo).toMatchObject({ compatible: luo, liveupdateNumber: wanted.luo.liveupdateNumber });
      expect(once.luo.flbs).toEqual(wanted.luo.flbs);
      if (generation !== 'kho-v1') expect(once.kexecMetadata).toMatchObject(METADATA);
      expect(once.memblock).toMatchObject(wanted.memblock);
      expect(twice).toEqual(once);
    });
  },
);

describe('lists at their capacity, pages of 4096', () => {
  test('capacities (upstream 0.3)', () => {
    expect(PAGE_SIZES.map(sessionCapacity)).toEqual([819, 3276, 13107]);
    expect(PAGE_SIZES.map(fileCapacity)).toEqual([128, 512, 2048]);
    expect(PAGE_SIZES.map(flbCapacity)).toEqual([63, 255, 1023]);
  });

  test.each(
    (
      [
        ['kho-v3', 'luo-v1', 819],
        ['kho-v4', 'luo-v5', 51],
      ] as const
    ).flatMap(([generation, luo, capacity]) =>
      [capacity - 1, capacity, capacity + 1].map((count) => [generation, luo, count, capacity] as const),
    ),
  )('%s with %s, %d sessions', (generation, luo, count, capacity) => {
    const sessions = Array.from({ length: count }, (_, i) => ({ name: `s${i}`, count: '0x0', files: [] }));
    const wanted = document(generation, luo, 'memfd-v2', 4096, sessions);
    const { once, diagnostics } = again(wanted);
    const fits = luo === 'luo-v5' || count <= capacity;
    expect(diagnostics.map((each) => (each as { code: string }).code)).toEqual(fits ? [] : ['array-count']);
    expect(contents(once)).toEqual(contents(wanted).slice(0, fits ? count : capacity));
  });
});

/** What a kernel may have written, or with one fault: more than one, and the block is taken for memory used again. */
const nameArb = fc.oneof(
  fc
    .array(fc.integer({ min: 1, max: 0xff }), { maxLength: 63 })
    .map((text) => Uint8Array.from({ length: 64 }, (_, i) => text[i] ?? 0)),
  fc
    .array(fc.integer({ min: 0x80, max: 0xff }), { minLength: 64, maxLength: 64 })
    .map((text) => Uint8Array.from(text)),
);

test('names come back whatever their bytes are', () => {
  fc.assert(
    fc.property(nameArb, (bytes) => {
      const nameBytes = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      const wanted = document('kho-v4', 'luo-v5', 'memfd-v2', 4096, [
        { name: '', nameBytes, count: '0x0', files: [] },
      ]);
      const { once, twice } = again(wanted);
      const [session] = once.luo.sessions;
      if (session.nameBytes === undefined) {
        expect(new TextEncoder().encode(session.name)).toEqual(bytes.subarray(0, bytes.indexOf(0)));
      } else {
        expect(session.nameBytes).toBe(nameBytes);
      }
      expect(twice).toEqual(once);
    }),
    { numRuns: sweep(40, 15) },
  );
});

describe('kho_test', () => {
  const folios = [
    { address: '0x1000000', order: 3 },
    { address: '0x2000000', order: 0 },
    { address: '0x3000000', order: 0 },
  ];

  test('a list in a vmalloc area (6.18 on)', () => {
    const wanted = {
      ...document('kho-v4', 'luo-v5', 'memfd-v2', 4096, []),
      khoTest: { compatible: 'kho-test-v1', magic: 0x4b484f21, csum: 1, folios },
    };
    const { once, twice } = again(wanted);
    expect(once.khoTest).toMatchObject({ nrFolios: 3, csum: 1, folios });
    expect(twice).toEqual(once);
  });

  test('the array itself (6.17)', () => {
    const foliosInline = folios.map(({ address, order }) => ({
      value: hex(BigInt(address) | BigInt(order)),
    }));
    const { luo: _, ...rest } = document('kho-v1', 'luo-v1', 'memfd-v1', 4096, []);
    const wanted = {
      ...rest,
      preservedMap: { form: 'chunks', bitmapSize: 512 },
      khoTest: { compatible: 'kho-test-v1', magic: 0x4b484f21, nrFolios: 3, csum: 1, foliosInline },
    };
    const { once, twice } = again(wanted);
    expect(once.khoTest).toMatchObject({ nrFolios: 3, foliosInline, folios });
    expect(twice.khoTest).toEqual(once.khoTest);
  });
});
