/** What `what` answers: chains up to the root, bits and meanings, odd questions, and that nothing of a guest is shown. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { upstreamMemory } from '../../src/encode/upstream/elf.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { findInstances } from '../../src/references/find.js';
import { sampled } from '../../src/references/instance.js';
import { whatJson } from '../../src/report/what-json.js';
import { whatLines } from '../../src/report/what-text.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { parseQuery, type Query } from '../../src/what/query.js';
import { rootOf } from '../../src/what/root.js';
import { spacesOf } from '../../src/what/spaces.js';
import { type Answer, QueryError, whatIs } from '../../src/what/what.js';
import { decodeAt } from '../decode/linux-dumps.js';
import { dumpedJson, parsed } from '../rfc/json.js';
import { sweep } from '../sweep.js';
import { eachHandover, linuxDumps, rfcDumps } from './dumps.js';

const schema = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(join(import.meta.dirname, '../../schemas/what.schema.json'), 'utf8')),
);

const LEGACY = 'linux-7.3-iommu-legacy/handover1.elf.gz';

function query(text: string): Query {
  const parsedQuery = parseQuery(text);
  if (typeof parsedQuery === 'string') throw new Error(parsedQuery);
  return parsedQuery;
}

function ask(handover: Handover, ...texts: string[]): Answer[] {
  return whatIs(handover, texts.map(query));
}

const text = (answers: readonly Answer[], options = {}): string =>
  [...whatLines(answers, options)].join('\n');

describe('JSON', () => {
  /** By day one of each kind. */
  const some = [...linuxDumps, ...rfcDumps].filter(
    (name, i) => i % sweep(1, 7) === 0 || name.includes('iommu-first-stage'),
  );
  test.each(some)('%s', async (name) => {
    await eachHandover(name, (handover) => {
      const root = rootOf(handover);
      if (root === undefined || handover.memory === undefined) return;
      const limits = { list: 2, entries: 2, tables: 2 };
      const { records, pages } = findInstances(handover, root, handover.memory, limits);
      const all = [...records, ...pages].map(({ address }) => address);
      const some = [...sampled(all.length, 25)].map((i) => `${all[i]}`);
      const [folio] = handover.luo?.sessions?.[0]?.files?.[0]?.memfd?.folios.runs() ?? [];
      const extra = folio === undefined ? [] : [`pfn:${folio.pfn}`];
      const spaces = spacesOf(handover, []).flatMap(({ users }) => users.slice(0, 1));
      const ways = spaces.map(({ domain, device }) => `${device ?? domain}@0x1000`);
      const { findings } = validate(handover, catalogue);
      const queries = [...some, ...extra, ...ways, '0xffffffffffffffff'].map(query);
      const document = parsed(whatJson(whatIs(handover, queries, { findings }), { bytes: true }));
      schema(document);
      expect(schema.errors ?? []).toEqual([]);
    });
  });
});

test('a page of guest memory: whose, where in the file, who reaches it, and the way up to boot_params', async () => {
  await eachHandover(LEGACY, (handover) => {
    const [answer] = ask(handover, '0x2228038@0x200000');
    expect(answer?.referredToBy.map(({ record, field, depth }) => `${depth} ${record}.${field}`)).toEqual([
      '1 memfd_luo_folio_ser.pfn',
      '2 kho_vmalloc_chunk.phys',
      '3 memfd_luo_ser.folios.first',
      '4 luo_file_ser.data',
      '5 luo_session_ser.file_set_ser.files',
      '6 luo_ser.sessions_pa',
      '7 preserved-data.preserved-data',
      '8 kho_data.fdt_addr',
      '9 boot_params.hdr.setup_data',
    ]);
    expect(text(answer === undefined ? [] : [answer])).toBe(
      `0x1b086000  0x2228038@0x200000  absent, preserved by the block 0x1b086000-0x1b087000 of order 0 (4 KiB)
  contents     of memfd, session "vm", token 0x11, offset 0x800000
  referred by  memfd_luo_folio_ser.pfn at 0x22b8000  folio 2048 of session "vm" token 0x11
                 kho_vmalloc_chunk.phys at 0x2226048  run 8 of the folios of session "vm" file 0
                   memfd_luo_ser.folios.first at 0x2225020  memfd of session "vm" file 0
                     luo_file_ser.data at 0x2224040  session "vm" file 0
                       luo_session_ser.file_set_ser.files at 0x2223050  session "vm"
                         luo_ser.sessions_pa at 0x2031010  LUO
                           preserved-data at 0x51c0cc  /LUO preserved-data
                             kho_data.fdt_addr at 0x1affa080  setup_data of type 10
                               boot_params.hdr.setup_data at 0x2243250  boot_params, the head of the setup_data list
  mapped by    0000:00:03.0, domain 0x2228010 at IOVA 0x100800000 rw  page of 4 KiB
               0000:04:00.0, domain 0x2228038 at IOVA 0x200000 rw  page of 4 KiB`,
    );
  });
});

test('a table, an entry of it by its bits, and a vendor part that is no record of its own', async () => {
  await eachHandover(LEGACY, (handover) => {
    const [domain, top, unit] = ask(handover, '0x2228018', '0x1f9e000', '0x222c038');
    expect(domain?.is[0]).toMatchObject({ record: 'iommu_domain_ser', field: 'top_table_phys', offset: 8 });
    expect(domain?.is[0]?.meaning).toBe('0x1f9e000');
    expect(top?.is[0]).toMatchObject({ record: 'second-stage PML4E', field: 'R', bits: '0', value: 1n });
    expect(top?.is[0]?.fields?.map(({ field }) => field)).toContain('W');
    expect(top?.referredToBy[0]).toMatchObject({ record: 'iommu_domain_ser', field: 'top_table_phys' });
    expect(top?.referredToBy.some(({ record }) => record === 'context_entry')).toBe(true);
    expect(unit?.is.map(({ record }) => record).slice(0, 2)).toEqual(['iommu_intel_ser', 'iommu_hw_ser']);
    const below = ask(handover, `${BigInt(top?.is[0]?.address ?? 0) + 0n}`);
    expect(below[0]?.is[0]?.what).toContain('IOVA 0x0-0x8000000000');
  });
});

/** The same blocks in a map as 6.17 writes it. */
function withBitmapsOf512(handover: Handover): Handover {
  const { preservedMemoryMap: _map, ...rest } = dumpedJson(handover);
  const document = { ...rest, preservedMap: { form: 'chunks', bitmapSize: 512 } };
  const { memory, fdtAddress } = upstreamMemory(document);
  return decodeAt(memory, Number(fdtAddress), { pageSize: handover.pageSize });
}

const asIs = (handover: Handover): Handover => handover;

test.each([
  ['linux-7.3-live-update/handover.elf.gz', 'kho_radix_leaf', asIs],
  ['linux-7.3-arm64-16k/handover.elf.gz', 'kho_radix_leaf', asIs],
  ['linux-6.18-handover/handover.elf.gz', 'kho_mem_phys_bits', asIs],
  ['linux-6.18-handover/handover.elf.gz', 'kho_mem_phys_bits', withBitmapsOf512],
] as const)('the map of %s: which blocks a byte of a %s stands for', async (name, record, made) => {
  await eachHandover(name, (own) => {
    const handover = made(own);
    const { memory, pageSize, preservedMap } = handover;
    const length = preservedMap?.bitmapSize ?? pageSize;
    const pages = preservedMap?.pages ?? new Float64Array(0);
    const answers = ask(handover, ...[...pages].map(String));
    expect(answers.map(({ is }) => is[0]?.record)).toContain(record);
    for (const { is } of answers) {
      const [leaf] = is;
      if (leaf?.record !== record) continue;
      const [, order, start] = /order (\d+) in (0x[0-9a-f]+)-/.exec(leaf.what) ?? [];
      const bytes = new Uint8Array(length);
      memory?.read(leaf.address, length, bytes);
      const bit = bytes.findIndex((byte) => byte !== 0) * 8;
      const first = BigInt(start ?? 0) + BigInt(bit) * (BigInt(pageSize) << BigInt(order ?? 0));
      const within = 31 - Math.clz32((bytes[bit / 8] ?? 0) & -(bytes[bit / 8] ?? 0));
      const block = first + BigInt(within) * (BigInt(pageSize) << BigInt(order ?? 0));
      expect(handover.preserved?.pages?.has(Number(block) / pageSize, Number(order))).toBe(true);
    }
  });
});

test('a tree byte by byte: every byte has a name', async () => {
  await eachHandover('rfc-2024/two-vms', (handover) => {
    const root = rootOf(handover);
    const size = root?.bytes.length ?? 0;
    const start = root?.address ?? 0;
    const queries = Array.from({ length: size }, (_, i) => query(`${start + i}`));
    const answers = whatIs(handover, queries, { referrers: false });
    const names = answers.map(({ is }) => is.find(({ record }) => record.startsWith('fdt'))?.field);
    expect(answers.every(({ is }) => is.length > 0)).toBe(true);
    for (const name of ['magic', 'address', 'tag', 'len', 'nameoff', 'data', 'name', 'strings'])
      expect(names).toContain(name);
    expect(
      answers.some(({ is }) => is.some((each) => each.property === 'pgd' && each.record === 'pgd')),
    ).toBe(true);
  });
});

describe('odd questions', () => {
  test('nothing known, beyond memory, unaligned, twice', async () => {
    await eachHandover(LEGACY, (handover) => {
      const answers = ask(handover, '0xffffffffffffffff', '0x2228013', '0x2228013', '0xfffffffff000', '0');
      expect(answers.map(({ known }) => known)).toEqual(['absent', 'present', 'present', 'absent', 'absent']);
      expect(parsed(whatJson([answers[1] as Answer]))).toEqual(parsed(whatJson([answers[2] as Answer])));
      expect(answers[1]?.is[0]).toMatchObject({ address: 0x2228010, offset: 3, field: 'hdr.ref_count' });
      expect(answers[0]?.is).toEqual([]);
      expect(whatIs(handover, [])).toEqual([]);
    });
  });

  test('an address that leads nowhere is an answer; a domain or device that is not there is none', async () => {
    await eachHandover(LEGACY, (handover) => {
      const [answer] = ask(handover, '0000:00:03.0@0x7fffffff000');
      expect(answer).toMatchObject({ unmapped: 'IOVA 0x7fffffff000 is not mapped', is: [] });
      expect(answer?.address).toBeUndefined();
      expect(() => ask(handover, '0x123@0')).toThrow(QueryError);
      expect(() => ask(handover, '3f:00.0@0')).toThrow(/3f:00.0 has no page tables/);
      expect(ask(handover, '5@0x1000')[0]?.address).toEqual(ask(handover, '00:03.0@0x1000')[0]?.address);
    });
  });

  test.each([
    '',
    'zz',
    '0x',
    '-1',
    '1.5',
    'pfn:',
    'pfn:x',
    'pfn:0xffffffffffffffff',
    '1@',
    '@1',
    'x@1',
    '1@1@z',
  ])('%j is refused with an example', (word) => {
    expect(parseQuery(word)).toEqual(expect.stringMatching(/e\.g\.|beyond/));
  });

  test('2^64 does not fit', () => {
    expect(parseQuery('0x10000000000000000')).toMatch(/does not fit 64 bits/);
    expect(parseQuery('0xffffffffffffffff')).toMatchObject({ address: 2n ** 64n - 1n });
  });

  test('no memory at all', () => {
    const handover: Handover = { kind: 'unknown', pageSize: 4096, diagnostics: [] };
    expect(ask(handover, '0x1000')[0]).toMatchObject({ known: 'absent', preservedUnknown: true });
  });
});

test('of memory that is a file or that devices reach no byte is shown, whatever claims to be there', async () => {
  await eachHandover(LEGACY, (handover) => {
    const [folio] = handover.luo?.sessions?.[0]?.files?.[0]?.memfd?.folios.runs() ?? [];
    const at = Number(folio?.pfn ?? 0n) * 4096;
    const secret = segmentsMemory([{ address: at, bytes: new Uint8Array(4096).fill(0x5a) }], 'guest');
    const memory = handover.memory as NonNullable<Handover['memory']>;
    const flb = handover.luo?.flbs?.[0];
    // An FLB whose record is said to be in the page of a guest.
    const luo = { ...handover.luo, flbs: [{ ...flb, address: BigInt(at), origin: { address: BigInt(at) } }] };
    const damaged = { ...handover, luo, memory: joined(secret, memory) } as Handover;
    const answers = ask(damaged, `${at}`, `${at + 8}`);
    expect(answers[0]?.is[0]?.record).toBe('luo_flb_ser');
    for (const shown of [
      text(answers, { hex: true }),
      JSON.stringify(parsed(whatJson(answers, { bytes: true }))),
    ]) {
      expect(shown).not.toContain('5a5a');
      expect(shown).not.toContain('5a 5a');
      expect(shown).not.toContain('ZZ');
    }
  });
});

function joined(above: NonNullable<Handover['memory']>, below: NonNullable<Handover['memory']>) {
  return {
    ...below,
    read: (address: number, length: number, into: Uint8Array) => {
      const own = above.read(address, length, into);
      return own > 0 ? own : below.read(address, length, into);
    },
  };
}

test('findings come with what they concern', async () => {
  await eachHandover('rfc-2024/dangling', (handover) => {
    const { findings } = validate(handover, catalogue);
    const pgd = findings.find(({ rule }) => rule === 'DMAR-009')?.location.address ?? 0n;
    const [answer] = whatIs(handover, [query(`${pgd}`)], { findings });
    expect(answer?.findings.map(({ rule }) => rule)).toContain('DMAR-009');
    const stray = findings.find(({ rule }) => rule === 'MAP-002')?.location;
    const [leaf] = whatIs(handover, [query(`2@${stray?.iova}`)], { findings });
    expect(leaf?.findings.map(({ rule }) => rule)).toContain('MAP-002');
    expect(leaf?.held).toEqual([]);
  });
});
