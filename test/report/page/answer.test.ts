/** What the search of the page answers, on real dumps, without a browser. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../../src/abi/model.js';
import { decodeHandover } from '../../../src/decode/handover.js';
import { answerAt, answerTo, type ReadPage, readPage } from '../../../src/report/page/answer.js';
import { pageModel } from '../../../src/report/page/model.js';
import { pageData } from '../../../src/report/page/page-data.js';
import { catalogue } from '../../../src/validate/catalogue.js';
import { validate } from '../../../src/validate/run.js';
import { decodeAt, linuxMemory, linuxTruth } from '../../decode/linux-dumps.js';
import { buildDump } from '../../rfc/build-dump.js';
import { SAMPLE_PLAN } from '../../rfc/plan.js';
import { memfd, session } from '../../validate/upstream-patches.js';

function read(handover: Handover): ReadPage {
  const result = validate(handover, catalogue);
  const input = { meta: { name: 'dump', version: '1' }, description: '', handover, catalogue, result };
  return readPage(JSON.parse(JSON.stringify(pageData(pageModel(input)))));
}

const name = 'linux-7.3-live-update';
const linux = decodeAt(linuxMemory(name), linuxTruth(name)[0]?.pa ?? 0);
const linuxPage = read(linux);
const rfcPage = read(decodeHandover(buildDump(SAMPLE_PLAN).blob, { memory: buildDump(SAMPLE_PLAN).memory }));

const texts = (page: ReadPage, query: string): string[] =>
  answerTo(page, query).lines.map(({ label, text }) => `${label}: ${text}`);

describe('an address', () => {
  test('of a record: which, who refers to it, up to the root', () => {
    const own = session(linux).address;
    const lines = texts(linuxPage, `0x${(own + 3n).toString(16)}`);
    expect(lines).toContainEqual(expect.stringMatching(/^record: session ".*", byte \+0x3 of it$/));
    expect(lines).toContainEqual('in the dump: yes');
    const chain = lines.filter((line) => line.startsWith('referred to by: '));
    expect(chain.length).toBeGreaterThan(0);
  });

  test('of a folio: the file that it is in, and where', () => {
    let pfn = 0;
    let index = 0;
    memfd(linux).folios.each((own, _flags, at) => {
      if (pfn === 0) [pfn, index] = [own, at];
    });
    const token = `token 0x${(linux.luo?.sessions?.[0]?.files?.[0]?.token ?? 0n).toString(16)}`;
    const lines = texts(linuxPage, `pfn:${pfn}`);
    expect(lines).toContainEqual(
      expect.stringContaining(`${token}, offset 0x${(index * 4096).toString(16)} in it`),
    );
    expect(lines.some((line) => line.startsWith('preserved: '))).toBe(true);
  });

  test('of nothing: not preserved; beyond memory: said so', () => {
    expect(texts(linuxPage, '0x7fffffff000')).toEqual(
      expect.arrayContaining(['preserved: no', 'in the dump: no']),
    );
    expect(answerTo(linuxPage, '0xffffffffffffffff').address).toBeUndefined();
  });
});

describe('an IOVA', () => {
  test('leads where the tables lead, and back', () => {
    const [space] = rfcPage.data.spaces;
    const bars = rfcPage.links[0];
    const [iova, target] = [(bars?.starts[0] ?? 0) * 4096 + 5, (bars?.positions[0] ?? 0) * 4096 + 5];
    const answer = answerTo(rfcPage, `${space?.name}@0x${iova.toString(16)}`);
    expect(answer.address).toBe(target);
    const back = answerAt(rfcPage, target).lines.filter(({ label }) => label === 'mapped at');
    expect(back.map(({ text }) => text)).toContainEqual(
      expect.stringContaining(`IOVA 0x${iova.toString(16)} of ${space?.title}`),
    );
    expect(texts(rfcPage, `${space?.devices[0]}@0x${iova.toString(16)}`)[0]).toContain('leads to');
  });

  test('that nothing maps is told', () => {
    expect(texts(rfcPage, `${rfcPage.data.spaces[0]?.name}@0xfffffff000`)).toContainEqual(
      expect.stringContaining('not mapped'),
    );
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
