/** The search of the page answers as `kho what` does: same engine, from what the page was given; without a browser. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../../src/abi/model.js';
import { findInstances } from '../../../src/references/find.js';
import { sampled } from '../../../src/references/instance.js';
import { answerTo, type ReadPage, readPage } from '../../../src/report/page/answer.js';
import { pageModel } from '../../../src/report/page/model.js';
import { pageData } from '../../../src/report/page/page-data.js';
import { answerText } from '../../../src/report/what-text.js';
import { folioListsOf } from '../../../src/structures/index.js';
import { catalogue } from '../../../src/validate/catalogue.js';
import type { Finding } from '../../../src/validate/rule.js';
import { validate } from '../../../src/validate/run.js';
import { parseQuery, type Query } from '../../../src/what/query.js';
import { rootOf } from '../../../src/what/root.js';
import { handoverSource } from '../../../src/what/source.js';
import { type Answer, answersFrom, whatIs } from '../../../src/what/what.js';
import { decodeAt, linuxMemory, linuxTruth } from '../../decode/linux-dumps.js';
import { buildDump } from '../../rfc/build-dump.js';
import { damaged } from '../../rfc/corrupt.js';
import { SAMPLE_PLAN } from '../../rfc/plan.js';
import { sweep } from '../../sweep.js';
import { memfd, session } from '../../validate/upstream-patches.js';
import { eachHandover } from '../../what/dumps.js';

interface Reported {
  readonly page: ReadPage;
  readonly findings: readonly Finding[];
}

function read(handover: Handover): Reported {
  const result = validate(handover, catalogue);
  const input = { meta: { name: 'dump', version: '1' }, description: '', handover, catalogue, result };
  const text = JSON.stringify(pageData(pageModel(input)));
  return { page: readPage(JSON.parse(text)), findings: result.findings };
}

const name = 'linux-7.3-live-update';
const linux = decodeAt(linuxMemory(name), linuxTruth(name)[0]?.pa ?? 0);
const linuxPage = read(linux).page;
const rfc = damaged(buildDump(SAMPLE_PLAN), {});
const rfcPage = read(rfc).page;

const texts = (page: ReadPage, query: string): string[] => {
  const { head, rows } = answerTo(page, query);
  const lines = rows.flatMap(({ label, lines }) => lines.map(({ text }) => `${label}: ${text}`));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: marks of roles
  return [...(head === undefined ? [] : [head]), ...lines].map((line) => line.replace(/\u0001.|\u0002/g, ''));
};

const query = (text: string): Query => {
  const parsed = parseQuery(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};

/** Records of one kind that are asked about, and tables, pages and blobs. */
const LIMITS = { list: sweep(512, 12), entries: sweep(512, 8), tables: sweep(256, 6) };
const FIELDS = sweep(64, 12);
/** Addresses of one dump. */
const MOST = sweep(5000, 400);

/** Every record at each of its fields, pages, blobs, preserved blocks, folios, what devices reach, and nothing. */
function questions(handover: Handover): Query[] {
  const { memory, pageSize, preserved, fdtAddress } = handover;
  const root = rootOf(handover);
  if (memory === undefined || root === undefined) throw new Error('no memory');
  const found = new Set<number>();
  const { records, pages, blobs, bitmaps } = findInstances(handover, root, memory, LIMITS);
  for (const { record, address } of records) {
    found.add(address).add(address + (record.size ?? 1) - 1);
    for (const { bitOffset = 0, bitWidth = 8 } of record.fields.slice(0, FIELDS))
      found.add(address + (bitOffset >> 3)).add(address + ((bitOffset + bitWidth - 1) >> 3));
  }
  for (const { address, length } of [...pages, ...bitmaps]) found.add(address + 8).add(address + length - 1);
  for (const { address, bytes } of blobs)
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 40)) found.add(address + at);
  let blocks = 0;
  for (const { start, end } of preserved?.ranges ?? []) {
    if (++blocks > 60) break;
    found
      .add(Number(start) - 1)
      .add(Number(start))
      .add(Number(start) + pageSize + 17)
      .add(Number(end) - 1)
      .add(Number(end));
  }
  for (const { start } of memory.known()) found.add(Math.max(0, start - 1)).add(start);
  for (const { start, end } of handover.scratch ?? []) found.add(Number(start)).add(Number(end) - 1);
  for (const { files = [] } of handover.luo?.sessions ?? [])
    for (const file of files)
      for (const { list } of folioListsOf(file))
        for (const { pfn } of [...list.folios.runs()].slice(0, 8)) found.add(Number(pfn) * pageSize + 5);
  const source = handoverSource(handover);
  const spaces: Query[] = [];
  const roots = new Set<bigint>();
  source.translations(
    { ...SILENT, mapped() {} },
    { take() {}, add() {}, found: [], more: new Float64Array(0) },
  );
  for (const { root: top, users } of source.spaces()) {
    if (roots.has(top)) continue;
    roots.add(top);
    for (const { domain, device } of users)
      for (const space of [domain, device])
        for (const iova of [0, 0x1000, 0x200005, 0x10_0000_0000, 0xffff_ffff_f000])
          if (space !== undefined) spaces.push(query(`${space}@${iova}`));
  }
  const all = [...found].filter((address) => address >= 0);
  const some = [...sampled(all.length, MOST)].map((i) => all[i] ?? 0);
  const numbers = some.concat(0x7fff_ffff_f000, Number(fdtAddress ?? 0n));
  return [
    ...numbers.map((address) => query(`${address}`)),
    ...numbers.slice(0, 10).map((address) => query(`pfn:${Math.floor(address / pageSize)}`)),
    query('0xffffffffffffffff'),
    ...spaces,
  ];
}

const ignore = (): void => {};
const SILENT = {
  ...{ record: ignore, array: ignore, page: ignore, radix: ignore, bitmap: ignore },
  ...{ bytes: ignore, blob: ignore, table: ignore },
};

const inWords = (answers: readonly Answer[]): string[] =>
  answers.map((answer) => {
    const { head, rows } = answerText(answer, { hex: true });
    return [head, ...rows.flatMap((row) => row.lines.map((line) => `${row.name}: ${line}`))].join('\n');
  });

function expectSame(handover: Handover): number {
  const { page, findings } = read(handover);
  const source = page.source();
  if (source === undefined) throw new Error('no source');
  expect([...(source.cut ?? [])]).toEqual([]);
  const asked = questions(handover);
  const here = inWords(answersFrom(source, asked, { findings: page.findings() }));
  const there = inWords(whatIs(handover, asked, { findings }));
  const wrong = asked.flatMap(({ text }, i) => (here[i] === there[i] ? [] : [[text, here[i], there[i]]]));
  expect(wrong.slice(0, 3)).toEqual([]);
  return asked.length;
}

describe('the page and kho what say the same', () => {
  test.each([
    'linux-7.3-live-update/handover.elf.gz',
    'linux-7.3-iommu-legacy/handover1.elf.gz',
    'linux-6.18-handover/handover.elf.gz',
    'linux-7.3-arm64-16k/handover.elf.gz',
  ])('%s', async (dump) => {
    await eachHandover(dump, (handover) => {
      expect(expectSame(handover)).toBeGreaterThan(300);
    });
  });

  test('the 2024 series, with damage', () => {
    expect(expectSame(rfc)).toBeGreaterThan(300);
  });
});

describe('an address', () => {
  test('of a record: which, who refers to it, up to the root', () => {
    const own = session(linux).address;
    const lines = texts(linuxPage, `0x${(own + 3n).toString(16)}`);
    expect(lines).toContainEqual(expect.stringMatching(/^is: .*session/));
    expect(lines[0]).toContain('present, preserved by the block');
    expect(lines).toContainEqual(expect.stringMatching(/^referred by: /));
    expect(lines).toContainEqual(expect.stringMatching(/^in this page: session/));
  });

  test('of a folio: the file that it is in, and where', () => {
    let pfn = 0;
    let index = 0;
    memfd(linux).folios.each((own, _flags, at) => {
      if (pfn === 0) [pfn, index] = [own, at];
    });
    const token = `token 0x${(linux.luo?.sessions?.[0]?.files?.[0]?.token ?? 0n).toString(16)}`;
    expect(texts(linuxPage, `pfn:${pfn}`)).toContainEqual(
      expect.stringContaining(`${token}, offset 0x${(index * 4096).toString(16)}`),
    );
  });

  test('of nothing: not preserved; beyond memory: said so', () => {
    expect(texts(linuxPage, '0x7fffffff000')[0]).toContain('absent, not preserved');
    expect(answerTo(linuxPage, '0xffffffffffffffff').address).toBeUndefined();
  });
});

describe('an IOVA', () => {
  test('leads where the tables lead, and back', () => {
    const [space] = rfcPage.data.spaces;
    const bars = rfcPage.links[0];
    const [iova, target] = [(bars?.starts[0] ?? 0) * 4096 + 5, (bars?.positions[0] ?? 0) * 4096 + 5];
    expect(answerTo(rfcPage, `${space?.name}@0x${iova.toString(16)}`).address).toBe(target);
    expect(answerTo(rfcPage, `${space?.devices[0]}@0x${iova.toString(16)}`).address).toBe(target);
    const back = texts(rfcPage, `0x${target.toString(16)}`);
    expect(back).toContainEqual(
      expect.stringMatching(new RegExp(`^mapped by: .*IOVA 0x${iova.toString(16)} `)),
    );
    expect(texts(rfcPage, `iova 0x${iova.toString(16)}`)).toContainEqual(
      expect.stringContaining(`${space?.title}: leads to 0x${target.toString(16)}`),
    );
  });

  test('that nothing maps is told, and a space that is not there', () => {
    expect(texts(rfcPage, `${rfcPage.data.spaces[0]?.name}@0xfffffff000`)[0]).toContain('is not mapped');
    expect(texts(rfcPage, '77@0x1000')[0]).toContain('there is no domain 0x4d; there are ');
    expect(texts(rfcPage, '0xzz')[0]).toContain('is not an address');
  });
});

test('names: sessions, tokens, devices, rules and children of the root', () => {
  const [first] = linux.luo?.sessions ?? [];
  const sessionName = new TextDecoder().decode(first?.name).replace(/\0.*$/, '');
  expect(texts(linuxPage, sessionName)[0]).toContain(sessionName);
  expect(texts(linuxPage, `token ${first?.files?.[0]?.token}`).length).toBeGreaterThan(0);
  expect(texts(linuxPage, 'fdt-001')).toContainEqual('FDT-001: passed');
  expect(texts(linuxPage, 'memblock').some((line) => line.startsWith('child of the root tree'))).toBe(true);
  expect(texts(rfcPage, rfcPage.data.spaces[0]?.devices[0] ?? '?')[0]).toContain('IO address space');
  expect(texts(linuxPage, 'no such thing')).toEqual(['nothing: nothing of the page has that name']);
});
