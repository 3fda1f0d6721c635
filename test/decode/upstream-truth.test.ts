import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { bytesToText } from '../../src/schema/text.js';
import { decodeAt, linuxMemory, linuxNames, linuxTruth, type Truth } from './linux-dumps.js';

expect(linuxNames.length).toBeGreaterThanOrEqual(4);

/** The model in the form of the truth files. */
function asTruth(handover: Handover): Omit<Truth, 'page_size'> {
  const { pageSize, preserved, luo, subtrees = [] } = handover;
  const blocks: [number, number][] = [];
  for (const { address, order, count } of preserved?.pages?.blocks() ?? []) {
    for (let i = 0; i < count; i++) blocks.push([Number(address) + i * pageSize * 2 ** order, order]);
  }
  let bytes = 0;
  for (const { start, end } of preserved?.ranges ?? []) bytes += Number(end - start);
  return {
    pa: Number(handover.fdtAddress),
    compatible: handover.generation ?? '',
    subtrees: Object.fromEntries(
      subtrees.map(({ name = '', address, size, blob }) => [
        name,
        [Number(address), Number(size ?? blob?.length)],
      ]),
    ),
    map: Number(handover.preservedMemoryMap),
    preserved: blocks,
    bytes,
    ...(luo === undefined ? {} : { luo: luoTruth(luo) }),
  };
}

function luoTruth({
  compatible,
  liveupdateNumber,
  sessions = [],
}: NonNullable<Handover['luo']>): NonNullable<Truth['luo']> {
  return {
    compatible,
    number: Number(liveupdateNumber),
    sessions: sessions.map(({ name, count, files = [] }) => ({
      name: bytesToText(name).text,
      count: Number(count),
      files: files.map(({ compatible: handler, token, memfd }) => {
        const folios: [number, number, number][] = [];
        memfd?.folios.each((pfn, flags, index) => folios.push([pfn, flags, index]));
        return {
          compatible: bytesToText(handler).text,
          token: token.toString(),
          pos: Number(memfd?.pos),
          size: Number(memfd?.size),
          seals: memfd?.seals ?? -1,
          flags: memfd?.flags ?? -1,
          nr_folios: Number(memfd?.nrFolios),
          folios,
        };
      }),
    })),
  };
}

describe.each(linuxNames)('%s', (name) => {
  const memory = linuxMemory(name);
  const truth = linuxTruth(name);

  test.each(truth.map((entry) => [entry.pa, entry] as const))(
    'the tree at %d is what its truth file says',
    (pa, entry) => {
      const handover = decodeAt(memory, pa);
      const { page_size: pageSize = 4096, ...expected } = entry;
      expect(handover.pageSize).toBe(pageSize);
      expect(handover.pageSizeReason).toMatch(/holds \d of the \d blobs/);
      expect(handover.diagnostics.filter(({ code }) => code !== 'memory-absent')).toEqual([]);
      const found = asTruth(handover);
      const ascending = (a: readonly [number, number], b: readonly [number, number]): number =>
        a[0] - b[0] || a[1] - b[1];
      expect(found.preserved.toSorted(ascending)).toEqual(entry.preserved.toSorted(ascending));
      expect({ ...found, preserved: [] }).toEqual({ ...expected, preserved: [] });
      expect(handover.preservedMap?.complete).toBe(true);
    },
  );

  test('a given page size gives the same model', () => {
    const [entry] = truth;
    if (entry === undefined) throw new Error('no truth');
    const named = decodeAt(memory, entry.pa, { pageSize: entry.page_size ?? 4096 });
    expect(named.pageSizeReason).toBeUndefined();
    expect(asTruth(named)).toEqual(asTruth(decodeAt(memory, entry.pa)));
  });
});
