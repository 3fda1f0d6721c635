import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Findings, findTrees, pickDirection, readTree } from '../../src/decode/find.js';
import { type ChosenHandover, chosenScratch, readChosen } from '../../src/decode/find-chosen.js';
import { sameTree } from '../../src/decode/find-same.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { fileBytes } from '../memory/bytes.js';
import { within } from '../processor-time.js';
import { sweep } from '../sweep.js';

const text = (value: string) => new TextEncoder().encode(`${value}\0`);

function u64(...values: (bigint | number)[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  values.forEach((value, i) => {
    new DataView(bytes.buffer).setBigUint64(i * 8, BigInt(value), true);
  });
  return bytes;
}

/** A root tree of Linux 7.1 on; `count` is the kexec count of the metadata at `metadata`. */
function rootTree(map: number, metadata?: number): Uint8Array {
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('compatible', text('kho-v4'));
  writer.property('preserved-memory-map', u64(map));
  if (metadata !== undefined) {
    writer.beginNode('kexec-metadata');
    writer.property('preserved-data', u64(metadata));
    writer.property('blob-size', u64(73));
    writer.endNode();
  }
  writer.endNode();
  return writer.finish();
}

/** The blob of `kexec-metadata` (upstream 3.7): version, release, count; packed. */
function metadata(count: number): Uint8Array {
  const bytes = new Uint8Array(73);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 1, true);
  bytes.set(text('7.3.4'), 4);
  view.setUint32(69, count, true);
  return bytes;
}

/** boot_params with the head of its setup_data list. */
function bootParams(setupData: number, flag = 0xaa55): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  view.setUint16(0x1fe, flag, true);
  bytes.set(new TextEncoder().encode('HdrS'), 0x202);
  view.setBigUint64(0x250, BigInt(setupData), true);
  return bytes;
}

function setupData(next: number, type: number, payload: Uint8Array, len = payload.length): Uint8Array {
  const bytes = new Uint8Array(16 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(next), true);
  view.setUint32(8, type, true);
  view.setUint32(12, len, true);
  bytes.set(payload, 16);
  return bytes;
}

function memoryOf(...segments: [address: number, bytes: Uint8Array][]): PhysicalMemory {
  return segmentsMemory(
    segments.map(([address, bytes]) => ({ address, bytes })),
    'test',
  );
}

const addresses = ({ trees }: Findings) => trees.map((tree) => tree.addresses.map(Number));

describe('setup_data', () => {
  const list: [number, Uint8Array][] = [
    [0x9000, setupData(0xa001, 9, new Uint8Array(32))],
    [0xa001, setupData(0, 10, u64(0x20_0000, 4096, 0xb000, 32))],
    [0xb000, u64(0x100_0000, 0x40_0000, 0x200_0000, 0x80_0000)],
  ];
  const tree: [number, Uint8Array] = [0x20_0000, rootTree(0x30_0000)];

  test.each([0x1000, 0x1001, 0xffff + 7, 0x1_fdfe])(
    'leads to the tree from boot_params at 0x%s, aligned or not',
    (at) => {
      const base = 0x50_0000;
      const found = findTrees(
        memoryOf([base + at, bootParams(0x9000)], ...list, tree, [0x40_0000, rootTree(1)]),
      );
      expect(found.trees).toMatchObject([
        {
          how: 'setup_data',
          direction: 'incoming',
          pageSize: 4096,
          addresses: [0x20_0000n],
          setupData: {
            bootParams: BigInt(base + at),
            element: 0xa001n,
            len: 32,
            khoData: { fdtSize: 4096n },
          },
          scratch: [
            { start: 0x100_0000n, end: 0x140_0000n },
            { start: 0x200_0000n, end: 0x280_0000n },
          ],
        },
      ]);
      expect(found.others).toMatchObject([{ addresses: [0x40_0000n], how: 'search' }]);
    },
  );

  test('with the payload of the 2024 series', () => {
    const payload = u64(0x20_0000, 100, 0x100_0000, 0x40_0000, 0xc000, 16);
    const found = findTrees(
      memoryOf([0x1000, bootParams(0x9000, 0)], [0x9000, setupData(0, 10, payload)], tree),
    );
    expect(found.trees).toMatchObject([
      { how: 'setup_data', setupData: { rfc2024: { memCacheAddr: 0xc000n } } },
    ]);
    expect(found.trees[0]).not.toHaveProperty('pageSize');
  });

  test('that ends, loops, or is not in memory leads nowhere: the search decides', () => {
    const tails: [number, Uint8Array][] = [
      [0x9000, setupData(0, 9, new Uint8Array(8))],
      [0x9000, setupData(0x9000, 9, new Uint8Array(8))],
      [0x9000, setupData(0x7777_0000, 9, new Uint8Array(8))],
      [0x9000, setupData(0, 10, u64(0x7777_0000, 4096, 0, 0))],
    ];
    for (const tail of tails) {
      const found = findTrees(memoryOf([0x1000, bootParams(0x9000)], tail, tree));
      expect(found.trees).toMatchObject([{ how: 'search', addresses: [0x20_0000n] }]);
    }
  });

  test('whose tree is gone does not hide the one whose tree is there', () => {
    const broken = rootTree(5).subarray(0, 60);
    const found = findTrees(
      memoryOf(
        [0x1000, bootParams(0x8000)],
        [0x3000, bootParams(0x9000)],
        [0x8000, setupData(0, 10, u64(0x60_0000, 4096, 0, 0))],
        [0x60_0000, broken],
        ...list,
        tree,
      ),
    );
    expect(addresses(found)).toEqual([[0x20_0000]]);
  });
});

describe('the search', () => {
  test('takes trees at page starts only, that are complete and a handover', () => {
    const found = findTrees(
      memoryOf(
        [0x10_0000, rootTree(1)],
        [0x20_0800, rootTree(2)],
        [0x30_0000, fileBytes('fixtures/linux-7.3-arm64-16k/firmware-fdt.dtb')],
        [0x40_0000, fileBytes('fixtures/linux-6.18-handover/debugfs-in/sub_fdts/memblock')],
      ),
    );
    expect(addresses(found)).toEqual([[0x10_0000]]);
    expect(found.truncated).toEqual([]);
  });

  test('lists truncated trees with what they claim, and never takes them', () => {
    const whole = rootTree(1, 0x9000);
    const cut = new Uint8Array(4096);
    cut.set(whole.subarray(0, whole.length - 60));
    const found = findTrees(memoryOf([0x10_0000, cut], [0x20_0000, whole.subarray(0, 92)]));
    expect(found.trees).toEqual([]);
    expect(found.truncated).toEqual([
      { address: 0x10_0000n, totalsize: whole.length },
      { address: 0x20_0000n, totalsize: whole.length },
    ]);
  });

  test('makes trees that say the same one, though their bytes differ', () => {
    const plain = rootTree(1);
    const padded = new Uint8Array(plain.length + 64);
    padded.set(plain);
    new DataView(padded.buffer).setUint32(4, padded.length);
    expect(sameTree(parseFdt(plain), parseFdt(padded))).toBe(true);
    expect(sameTree(parseFdt(plain), parseFdt(rootTree(2)))).toBe(false);
    expect(sameTree(parseFdt(plain), parseFdt(rootTree(1, 5)))).toBe(false);
    expect(
      addresses(findTrees(memoryOf([0x10_0000, plain], [0x20_0000, padded], [0x30_0000, rootTree(3)]))),
    ).toEqual([[0x10_0000, 0x20_0000], [0x30_0000]]);
  });

  test('reads a blob only where a header stands', () => {
    expect(readTree(memoryOf([0, rootTree(1)]), 0n)).toEqual(rootTree(1));
    expect(readTree(memoryOf([0, rootTree(1)]), 4096n)).toBeUndefined();
  });

  test('memory full of beginnings is read in linear time', () => {
    const size = 8 << 20;
    const headers = new Uint8Array(size);
    for (let at = 0; at < size; at += 4) headers.set([0x48, 0x64, 0x72, 0x53], at);
    const from = <T>(bytes: Uint8Array, of: (found: ReturnType<typeof findTrees>) => T): T =>
      within(10_000, () => of(findTrees(memoryOf([0, bytes]))));
    expect(from(headers, ({ trees }) => trees)).toEqual([]);
    const texts = new TextEncoder().encode('OSRELEASE='.repeat(size / 10));
    expect(from(texts, ({ vmcoreinfo }) => vmcoreinfo)).toEqual([]);
    const trees = new Uint8Array(size);
    const tree = rootTree(1);
    new DataView(tree.buffer).setUint32(4, 60 << 20);
    for (let at = 0; at < size; at += 4096) trees.set(tree, at);
    expect(from(trees, (found) => found.trees.length)).toBeLessThanOrEqual(256);
  });

  test('any bytes at the places that matter: never throws', () => {
    const memory = (bytes: Uint8Array) =>
      memoryOf([0, bytes.subarray(0, 4096)], [0x1_0000, bytes.subarray(4096)]);
    const base = new Uint8Array(8192);
    base.set(bootParams(0x300), 0);
    base.set(setupData(0, 10, u64(0x1_0000, 4096, 0x400, 16)), 0x300);
    base.set(rootTree(1, 0x500), 4096);
    base.set(metadata(1), 0x500);
    expect(findTrees(memory(base)).trees).toMatchObject([{ how: 'setup_data' }]);
    const place = fc.oneof(
      fc.integer({ min: 0x1fe, max: 0x258 }),
      fc.integer({ min: 0x300, max: 0x330 }),
      fc.integer({ min: 4096, max: 4400 }),
      fc.integer({ min: 0x500, max: 0x550 }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Uint8Array.from(base);
        for (const [at, value] of changes) bytes[at] = value;
        const { trees } = findTrees(memory(bytes));
        expect(trees.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: sweep(1000, 150) },
    );
  });
});

describe('direction', () => {
  const incoming: [number, Uint8Array][] = [
    [0x10_0000, rootTree(1, 0x8000)],
    [0x8000, metadata(4)],
  ];
  const outgoing: [number, Uint8Array][] = [
    [0x20_0000, rootTree(2, 0x9000)],
    [0x9000, metadata(5)],
  ];

  test('by the kexec counts: the outgoing tree has one more', () => {
    const found = findTrees(memoryOf(...incoming, ...outgoing));
    expect(found.trees.map(({ direction }) => direction)).toEqual(['incoming', 'outgoing']);
    expect(addresses(pickDirection(found, 'incoming') ?? found)).toEqual([[0x10_0000]]);
    expect(addresses(pickDirection(found, 'outgoing') ?? found)).toEqual([[0x20_0000]]);
  });

  test('is not told of one tree, nor of two with the same count or without', () => {
    expect(pickDirection(findTrees(memoryOf(...outgoing)), 'outgoing')).toBeUndefined();
    const same = findTrees(memoryOf(...incoming, [0x20_0000, rootTree(2, 0x9000)], [0x9000, metadata(4)]));
    expect(same.trees.map(({ direction }) => direction)).toEqual([undefined, undefined]);
    const without = findTrees(memoryOf(...incoming, [0x20_0000, rootTree(2)]));
    expect(without.trees.map(({ direction }) => direction)).toEqual([undefined, undefined]);
  });

  test('what setup_data names is incoming, and the other tree outgoing', () => {
    const named: [number, Uint8Array][] = [
      [0x1000, bootParams(0x3000)],
      [0x3000, setupData(0, 10, u64(0x10_0000, 4096, 0, 0))],
    ];
    const found = findTrees(memoryOf(...named, ...incoming, ...outgoing));
    expect(addresses(found)).toEqual([[0x10_0000]]);
    expect(addresses(pickDirection(found, 'outgoing') ?? found)).toEqual([[0x20_0000]]);
    expect(pickDirection(found, 'outgoing')?.others).toHaveLength(1);
    // A count that is not the next one is of a tree from before.
    const stale = findTrees(
      memoryOf(...named, ...incoming, [0x20_0000, rootTree(2, 0x9000)], [0x9000, metadata(3)]),
    );
    expect(pickDirection(stale, 'outgoing')).toBeUndefined();
  });
});

describe('/chosen', () => {
  const words = (...values: number[]) => {
    const bytes = new Uint8Array(values.length * 4);
    values.forEach((value, i) => {
      new DataView(bytes.buffer).setUint32(i * 4, value);
    });
    return bytes;
  };

  function bootTree(cells: [number, number] | undefined, properties: Record<string, Uint8Array>): Uint8Array {
    const writer = createFdtWriter();
    writer.beginNode('');
    if (cells !== undefined) {
      writer.property('#address-cells', words(cells[0]));
      writer.property('#size-cells', words(cells[1]));
    }
    writer.beginNode('chosen');
    for (const [name, value] of Object.entries(properties)) writer.property(name, value);
    writer.endNode();
    writer.endNode();
    return writer.finish();
  }

  const read = (cells: [number, number] | undefined, properties: Record<string, Uint8Array>) =>
    readChosen(parseFdt(bootTree(cells, properties)));

  test('of the real arm64 boot names the tree', () => {
    const chosen = readChosen(parseFdt(fileBytes('fixtures/linux-7.3-arm64-16k/firmware-fdt.dtb')));
    expect(chosen).toMatchObject({ property: 'linux,kho-fdt', tree: { address: 1109458944n, size: 16384n } });
  });

  test('in cells of the root node, of either width, or of the default', () => {
    expect(
      read([2, 2], { 'linux,kho-fdt': words(1, 2, 0, 4096), 'linux,kho-scratch': words(3, 4, 0, 32) }),
    ).toEqual({
      property: 'linux,kho-fdt',
      tree: { address: 0x1_0000_0002n, size: 4096n },
      scratch: { address: 0x3_0000_0004n, size: 32n },
    });
    expect(
      read([1, 1], { 'linux,kho-fdt': words(2, 4096), 'linux,kho-scratch': words(4, 32) }),
    ).toMatchObject({ tree: { address: 2n, size: 4096n } });
    expect(
      read(undefined, { 'linux,kho-fdt': words(0, 2, 4096), 'linux,kho-scratch': words(0, 4, 32) }),
    ).toMatchObject({ tree: { address: 2n } });
  });

  test('counts as none when a property is missing or of another length', () => {
    const fdt = words(0, 0x1000, 0, 4096);
    const missing = (properties: Record<string, Uint8Array>) =>
      expect(read([2, 2], properties)).toHaveProperty('missing');
    missing({});
    missing({ 'linux,kho-fdt': fdt });
    missing({ 'linux,kho-scratch': fdt });
    missing({ 'linux,kho-fdt': fdt, 'linux,kho-scratch': words(0, 1, 0) });
    missing({ 'linux,kho-fdt': words(0, 1, 0, 4096, 0), 'linux,kho-scratch': fdt });
    missing({ 'linux,kho-dt': fdt, 'linux,kho-scratch': fdt });
    expect(readChosen(parseFdt(rootTree(1)))).toHaveProperty('missing');
  });

  test('goes before setup_data, and brings scratch and page size', () => {
    const chosen: ChosenHandover = {
      property: 'linux,kho-fdt',
      tree: { address: 0x40_0000n, size: 16384n },
      scratch: { address: 0xb000n, size: 16n },
    };
    const memory = memoryOf(
      [0x1000, bootParams(0x9000)],
      [0x9000, setupData(0, 10, u64(0x20_0000, 4096, 0, 0))],
      [0x20_0000, rootTree(1)],
      [0x40_0000, rootTree(2)],
      [0xb000, u64(0x100_0000, 0x2000)],
    );
    expect(findTrees(memory).trees).toMatchObject([{ how: 'setup_data' }]);
    expect(findTrees(memory, chosen)).toMatchObject({
      trees: [
        {
          how: '/chosen',
          addresses: [0x40_0000n],
          pageSize: 16384,
          direction: 'incoming',
          scratch: [{ start: 0x100_0000n, end: 0x100_2000n }],
        },
      ],
      others: [{ addresses: [0x20_0000n] }],
    });
  });

  test('of the 2024 series has scratch itself, and the mem cache', () => {
    const range = words(0, 0x1000, 0, 0x2000);
    const chosen = read([2, 2], {
      'linux,kho-dt': range,
      'linux,kho-scratch': range,
      'linux,kho-mem': range,
    });
    expect(chosen).toMatchObject({ property: 'linux,kho-dt', memCache: { address: 0x1000n, size: 0x2000n } });
    if ('missing' in chosen) throw new Error(chosen.missing);
    expect(chosenScratch(chosen, memoryOf())).toEqual([{ start: 0x1000n, end: 0x3000n }]);
  });
});

test('VMCOREINFO in memory is found, whatever lies around', () => {
  const note = text('xVMCOREINFO\0OSRELEASE=7.3.4\nPAGESIZE=4096\n');
  const { vmcoreinfo } = findTrees(memoryOf([0x1003, note], [0x5000, text('OSRELEASE=%s')]));
  expect(vmcoreinfo).toMatchObject([{ address: 0x1003n + 12n, info: { release: '7.3.4', pageSize: 4096 } }]);
});

test('a list that breaks off counts where a loader puts boot_params, not in a copy that user space has overwritten', () => {
  const page = 4096;
  const bootParams = (setupData: bigint) => {
    const bytes = new Uint8Array(0x290);
    const view = new DataView(bytes.buffer);
    view.setUint16(0x1fe, 0xaa55, true);
    bytes.set(new TextEncoder().encode('HdrS'), 0x202);
    view.setUint16(0x206, 0x020f, true);
    view.setBigUint64(0x250, setupData, true);
    return bytes;
  };
  const beyond = 0xf000_ff53_f000_ff53n;
  const absentEntry = (...parts: [address: number, bytes: Uint8Array][]) =>
    findTrees(memoryOf([0x10_0000, rootTree(5)], ...parts)).absentEntry;
  const [real, copy] = [0x20 * page, 0x40 * page + 0xb40];
  expect(absentEntry([real, bootParams(0n)], [copy, bootParams(beyond)])).toBeUndefined();
  expect(absentEntry([real, bootParams(beyond)], [copy, bootParams(0n)])?.list?.bootParams).toBe(
    BigInt(real),
  );
  // Where the kernel's own copy is all there is, it is what is told.
  expect(absentEntry([copy, bootParams(beyond)])?.list?.bootParams).toBe(BigInt(copy));
});
