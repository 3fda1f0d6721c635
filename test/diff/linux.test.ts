/** Comparisons of captured handovers: with themselves, encoded anew, edited, and of other releases. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { coverageOf } from '../../src/diff/kept/coverage.js';
import { upstreamMemory } from '../../src/encode/upstream/elf.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { decodeAt, linuxMemory, linuxNames, linuxTruth } from '../decode/linux-dumps.js';
import { sweep } from '../sweep.js';
import { compared, lines, swapped } from './compared.js';

// biome-ignore lint/suspicious/noExplicitAny: a JSON document, edited freely
type Document = any;

function handoverOf(name: string): Handover {
  const [tree] = linuxTruth(name);
  if (tree === undefined) throw new Error(`no tree in ${name}`);
  return decodeAt(linuxMemory(name), tree.pa);
}

function documentOf(handover: Handover): Document {
  return JSON.parse([...jsonChunks(modelJson(handover))].join(''));
}

/** The handover that a document describes, without anything else after it. */
function encoded(document: Document): Handover {
  const { memory, fdtAddress } = upstreamMemory(document);
  return decodeAt(memory, fdtAddress, { pageSize: document.pageSize });
}

/** A document without the addresses of its records: the encoder finds new places. Folios stay. */
function withoutAddresses(document: Document): Document {
  const bare = structuredClone(document);
  for (const key of ['fdt', 'preservedMemoryMap', 'pageSizeReason']) delete bare[key];
  delete bare.preservedMap.bitmapReason;
  bare.subtrees = bare.subtrees.map(({ name }: { name: string }) => ({ name }));
  const { luo, khoTest, memblock, kexecMetadata } = bare;
  for (const part of [luo, khoTest, memblock, kexecMetadata]) delete part?.address;
  for (const key of ['list', 'foliosInfo']) delete khoTest?.[key];
  for (const key of ['sessionsAddress', 'sessionBlocks', 'flbsAddress']) delete luo?.[key];
  for (const session of luo?.sessions ?? []) {
    for (const key of ['filesAddress', 'fileBlocks']) delete session[key];
    for (const file of session.files) {
      delete file.data;
      delete file.memfd.list;
    }
  }
  return bare;
}

const LIVE = 'linux-7.3-live-update';

describe.each(linuxNames)('%s', (name) => {
  const handover = handoverOf(name);
  const document = documentOf(handover);

  test.each([false, true])('against itself, strict %s', (strict) => {
    const { differences, gaps } = compared(handover, handoverOf(name), { strict });
    expect(lines({ differences })).toEqual([]);
    expect(gaps).toEqual([]);
    expect(coverageOf(handover, handoverOf(name))).toMatchObject({ verdict: 'covered', entries: [] });
  });

  test('with its records in other places', () => {
    const after = encoded(withoutAddresses(document));
    const differences = lines(compared(handover, after));
    // The records have other pages, and so other blocks; nothing else may differ.
    expect(differences.filter((line) => !line.includes('preserved memory order'))).toEqual([]);
    const strict = lines(compared(handover, after, { strict: true }));
    expect(strict.length).toBeGreaterThan(differences.length);
    expect(strict.some((line) => line.includes(' preserved-data '))).toBe(true);
    expect(strict.some((line) => line.startsWith('~ tree blob '))).toBe(true);
  });
});

test('the same sessions in another ABI are the same but for the versions', () => {
  const { differences } = compared(handoverOf('linux-7.1-live-update'), handoverOf(LIVE));
  const ofLuo = differences.filter(({ place: { part } }) => part === 'luo' || part === 'memblock');
  expect(lines({ differences: ofLuo })).toEqual(['~ LUO compatible luo-v1 luo-v5']);
  const ofTree = differences.filter(({ place: { part } }) => part === 'tree');
  expect(lines({ differences: ofTree })).toEqual(['~ tree generation kho-v3 kho-v4']);
});

test('files of kernels with pages of 16 KiB and of 4 KiB are the same', () => {
  const { differences } = compared(handoverOf('linux-7.3-arm64-16k'), handoverOf(LIVE));
  expect(lines({ differences }).filter((line) => line.includes('LUO'))).toEqual([]);
});

test('an old version of LUO and of memfd, with the same contents', () => {
  const newer = withoutAddresses(documentOf(handoverOf(LIVE)));
  const older = structuredClone(newer);
  older.generation = 'kho-v1';
  older.luo.compatible = 'luo-v1';
  delete older.luo.flbs;
  older.preservedMap = { form: 'chunks', bitmapSize: 4096, complete: true };
  for (const document of [newer, older]) {
    delete document.kexecMetadata;
    document.subtrees = document.subtrees.filter(({ name }: Document) => name !== 'kexec-metadata');
    document.luo.flbs = [];
    for (const session of document.luo.sessions) {
      for (const { memfd } of session.files) Object.assign(memfd, { seals: '0x0', flags: '0x0' });
    }
  }
  for (const session of older.luo.sessions) {
    for (const file of session.files) {
      file.compatible = 'memfd-v1';
      delete file.memfd.seals;
      delete file.memfd.flags;
    }
  }
  const differences = lines(compared(encoded(older), encoded(newer)));
  const versions = new Set(
    differences.map((line) => line.replace(/^(~) LUO session .* token \S+/, '$1 file')),
  );
  expect([...versions].filter((line) => !line.includes('preserved memory')).sort()).toEqual([
    '~ LUO compatible luo-v1 luo-v5',
    '~ file compatible memfd-v1 memfd-v2',
    '~ tree generation kho-v1 kho-v4',
  ]);
});

describe('edits of a captured handover', () => {
  const document = documentOf(handoverOf(LIVE));
  const before = encoded(document);
  const edited = (edit: (document: Document) => void): Handover => {
    const copy = structuredClone(document);
    edit(copy);
    return encoded(copy);
  };
  const files: readonly [number, number][] = document.luo.sessions.flatMap(
    ({ files: list }: Document, i: number) => list.map((_: Document, j: number) => [i, j]),
  );

  test('of one field of one file are that difference, and no other', () => {
    const change = fc.constantFrom(
      ['size', '0x123456789', '4886718345'],
      ['pos', '0xfedcba9876543210', '18364758544493064720'],
      ['seals', '0x18', 'write|future_write'],
    );
    fc.assert(
      fc.property(fc.constantFrom(...files), change, fc.boolean(), ([i, j], [field, value, told], back) => {
        const after = edited(({ luo }) => {
          luo.sessions[i].files[j].memfd[field] = value;
        });
        const { token } = document.luo.sessions[i].files[j];
        const { differences } = back ? compared(after, before) : compared(before, after);
        const found = lines({ differences });
        expect(found).toHaveLength(1);
        expect(found[0]).toMatch(new RegExp(`^~ LUO session .* token ${token} ${field} `));
        expect(found[0]).toContain(told);
      }),
      { numRuns: sweep(25, 12) },
    );
  });

  test('of folios are told by where in the file they are', () => {
    const [i, j] = [0, 0];
    const { token, memfd } = document.luo.sessions[i].files[j];
    expect(memfd.folios[0]).toMatchObject({ index: '0x0' });
    const gone = edited(({ luo }) => {
      luo.sessions[i].files[j].memfd.folios[0].flags = '0x1';
    });
    const [line, ...more] = lines(compared(before, gone));
    expect(more).toEqual([]);
    expect(line).toMatch(
      new RegExp(`^~ LUO session "vm-alpha" token ${token} offset 0x0-0x.* flags dirty.uptodate dirty$`),
    );
    const hole = edited(({ luo }) => {
      const { folios } = luo.sessions[i].files[j].memfd;
      luo.sessions[i].files[j].memfd.folios = folios.slice(1);
      luo.sessions[i].files[j].memfd.nrFolios = undefined;
    });
    expect(lines(compared(before, hole))).toEqual([
      expect.stringMatching(/^- LUO session "vm-alpha" token \S+ offset 0x0-0x/),
    ]);
  });

  test('of names of which there are several', () => {
    const twice = edited(({ luo }) => {
      luo.sessions[3].name = luo.sessions[4].name;
    });
    expect(lines(compared(twice, twice))).toEqual([]);
    const found = lines(compared(before, twice));
    expect(found).toContain('- LUO session "bulk-00"');
    expect(found).toContain('+ LUO session "bulk-01" (the 2nd of this identity)');
    const back = lines({ differences: swapped(compared(twice, before).differences) });
    // Equal names are paired in order, whichever side is A.
    expect(back.sort()).toEqual(found.sort());
  });

  test('that a kexec makes are expected, one way round', () => {
    const next = edited(({ luo, kexecMetadata }) => {
      luo.liveupdateNumber = '0x2';
      Object.assign(kexecMetadata, { kexecCount: 2, previousRelease: '7.4.1' });
    });
    const there = compared(before, next);
    expect(lines(there).sort()).toEqual([
      '~ LUO liveupdate_num 1 2',
      '~ kexec-metadata kexec_count 1 2',
      '~ kexec-metadata previous_release 7.3.4 7.4.1',
    ]);
    expect(there.tally).toMatchObject({ changed: 3, expected: 3 });
    expect(compared(next, before).tally).toMatchObject({ changed: 3, expected: 0 });
    expect(coverageOf(before, next).verdict).toBe('covered');
    expect(coverageOf(next, before)).toMatchObject({
      verdict: 'not asked',
      notAsked: expect.stringMatching(/before A/),
    });
  });

  describe('coverage', () => {
    /** The preserved blocks without those that hold the pages of a file. */
    function withoutPages(copy: Document, file: Document): void {
      const drop = new Set<number>();
      for (const { pfn, count = 1, step = 1 } of file.memfd.folios) {
        for (let k = 0; k < count; k++) drop.add(Number(pfn) + k * step);
      }
      copy.preserved.pages = copy.preserved.pages.flatMap(({ address, order, count = 1 }: Document) =>
        Array.from({ length: count }, (_, k) => Number(address) / 4096 + k * 2 ** order)
          .filter((pfn) => !drop.has(pfn))
          .map((pfn) => ({ address: `0x${(pfn * 4096).toString(16)}`, order })),
      );
      delete copy.preserved.ranges;
    }

    test('a session that was finished is released', () => {
      const after = edited((copy) => {
        const [session] = copy.luo.sessions.splice(3, 1);
        withoutPages(copy, session.files[0]);
      });
      const coverage = coverageOf(before, after);
      expect(coverage).toMatchObject({ verdict: 'released', lost: 0n });
      const contents = coverage.entries.find(({ what }) => what === 'contents');
      expect(contents).toMatchObject({ status: 'released', place: { part: 'luo' } });
    });

    test('a file that is still handed over without its pages is lost', () => {
      const after = edited((copy) => withoutPages(copy, copy.luo.sessions[3].files[0]));
      const coverage = coverageOf(before, after);
      expect(coverage.verdict).toBe('lost');
      const [entry] = coverage.entries;
      expect(entry).toMatchObject({ status: 'lost', what: 'contents', place: { part: 'luo' } });
      expect([...(entry?.ranges ?? [])][0]).toMatchObject({ position: 0n });
    });

    test('a region of reserve_mem that lies elsewhere is lost', () => {
      const after = edited((copy) => {
        const [region] = copy.memblock.regions;
        const [start, end] = [BigInt(region.start), BigInt(region.start) + BigInt(region.size)];
        copy.preserved.pages = copy.preserved.pages.filter(({ address }: Document) => {
          const at = BigInt(address);
          return at < start || at >= end;
        });
        delete copy.preserved.ranges;
        region.start = '0x40000000';
        copy.kexecMetadata.kexecCount = 2;
      });
      const { verdict, entries } = coverageOf(before, after);
      expect(verdict).toBe('lost');
      expect(entries[0]).toMatchObject({ status: 'lost', place: { part: 'memblock' }, what: 'contents' });
    });

    test('of other machines and boots is not asked', () => {
      const other = coverageOf(before, handoverOf('linux-7.1-live-update'));
      expect(other).toMatchObject({
        verdict: 'not asked',
        notAsked: expect.stringMatching(/different kernels/),
      });
      const pages = coverageOf(before, handoverOf('linux-7.3-arm64-16k'));
      expect(pages.notAsked).toMatch(/page size/);
      const older = coverageOf(handoverOf('linux-6.18-handover'), handoverOf('linux-7.1-live-update'));
      expect(older.notAsked).toMatch(/lie elsewhere/);
    });
  });
});
