/** Reading a kernel's types: built ones, the compiler's, and damaged ones. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareStructs, schemaStructs } from '../../src/btf/compare.js';
import { structLayouts } from '../../src/btf/layout.js';
import { type Btf, parseBtf } from '../../src/btf/parse.js';
import { readBtfSection } from '../../src/btf/section.js';
import { bytesAccess } from '../../src/memory/random-access.js';
import { BtfKind } from '../../src/records/btf.js';
import { recordTypes } from '../../src/records/index.js';
import { fileBytes } from '../memory/bytes.js';
import { btfBuilder, vmlinuxOf } from './builder.js';

function parsed(bytes: Uint8Array): Btf {
  const btf = parseBtf(bytes);
  if (typeof btf === 'string') throw new Error(btf);
  return btf;
}

/** A kernel of some of the handover's structs, right and wrong. */
function kernel(): Uint8Array {
  const types = btfBuilder();
  const u64 = types.int('unsigned long long', 8);
  const u32 = types.int('unsigned int', 4);
  const u16 = types.int('unsigned short', 2);
  const u8 = types.int('unsigned char', 1);
  const phys = types.refer(BtfKind.typedef, 'phys_addr_t', types.refer(BtfKind.const, '', u64));
  const vmalloc = types.struct('kho_vmalloc', 16, [
    { name: 'first', type: phys, at: 0 },
    { name: 'total_pages', type: u32, at: 64 },
    { name: 'flags', type: u16, at: 96 },
    { name: 'order', type: u16, at: 112 },
  ]);
  types.struct('memfd_luo_folio_ser', 16, [
    { name: 'pfn', type: u64, at: 0, bits: 52 },
    { name: 'flags', type: u64, at: 52, bits: 12 },
    { name: 'index', type: u64, at: 64 },
  ]);
  types.struct('memfd_luo_ser', 40, [
    { name: 'pos', type: u64, at: 0 },
    { name: 'size', type: u64, at: 64 },
    { name: 'nr_folios', type: u64, at: 128 },
    { name: 'folios', type: vmalloc, at: 192 },
  ]);
  // Swapped, one member larger, and one gone.
  types.struct('kho_block_header_ser', 16, [
    { name: 'count', type: u64, at: 0 },
    { name: 'next', type: u64, at: 64 },
  ]);
  types.struct('kho_scratch', 24, [
    { name: 'addr', type: u64, at: 0 },
    { name: 'size', type: types.array(u64, 2), at: 64 },
  ]);
  types.struct('kho_vmalloc_hdr', 8, [{ name: 'other', type: u64, at: 0 }]);
  const data = types.array(u8, 0);
  types.struct('setup_data', 16, [
    { name: 'next', type: u64, at: 0 },
    { name: 'type', type: u32, at: 64 },
    { name: 'len', type: u32, at: 96 },
    { name: 'data', type: data, at: 128 },
  ]);
  // Members of an anonymous union in an anonymous struct count as the struct's own.
  const union = types.struct('', 8, [{ name: 'count', type: u64, at: 0 }], BtfKind.union);
  const inner = types.struct('', 16, [
    { name: 'pgcnt', type: u64, at: 0 },
    { name: '', type: union, at: 64 },
  ]);
  types.struct('luo_flb_header_ser', 16, [{ name: '', type: inner, at: 0 }]);
  return types.finish();
}

function verdicts(bytes: Uint8Array) {
  return new Map(compareStructs(parsed(bytes), recordTypes).map((verdict) => [verdict.name, verdict]));
}

describe('compared with the schemas', () => {
  const found = verdicts(kernel());

  test.each(['kho_vmalloc', 'memfd_luo_folio_ser', 'memfd_luo_ser', 'setup_data', 'luo_flb_header_ser'])(
    'struct %s is as it should be',
    (name) => {
      expect(found.get(name)).toMatchObject({ verdict: 'ok', differences: [] });
    },
  );

  test('of several forms the one that fits is named', () => {
    expect(found.get('memfd_luo_ser')).toMatchObject({ closest: 'memfd_luo_ser_v1', size: 40 });
  });

  test('moved members', () => {
    expect(found.get('kho_block_header_ser')).toMatchObject({
      verdict: 'moved',
      differences: [
        'next is at +0x8 in the kernel, at +0x0 in the schema',
        'count is at +0x0 in the kernel, at +0x8 in the schema',
      ],
    });
  });

  test('another size, and another width', () => {
    expect(found.get('kho_scratch')).toMatchObject({
      verdict: 'size',
      differences: [
        'size is 24 bytes in the kernel, 16 in the schema',
        'size has 16 bytes in the kernel, 8 bytes in the schema',
      ],
    });
  });

  test('a member that is gone, and a struct that is', () => {
    expect(found.get('kho_vmalloc_hdr')).toMatchObject({
      verdict: 'moved',
      differences: ['next is not a member in the kernel'],
    });
    expect(found.get('kho_radix_node')).toMatchObject({ verdict: 'absent' });
  });

  test('every schema with a kernel struct is compared', () => {
    const names = recordTypes
      .map(({ kernelName }) => /^struct (\w+)$/.exec(kernelName)?.[1])
      .filter((name) => name !== undefined);
    expect([...schemaStructs(recordTypes).keys()].sort()).toEqual([...new Set(names)].sort());
    expect(found.size).toBe(new Set(names).size);
  });
});

test('the section of an ELF file', () => {
  const btf = kernel();
  expect(readBtfSection(bytesAccess(vmlinuxOf(btf)))).toEqual(btf);
});

/** GCC 12 and later write type data for any target. */
const compiles =
  spawnSync('gcc', ['-gbtf', '-x', 'c', '-fsyntax-only', '-'], { input: 'int x;' }).status === 0;

test.runIf(compiles)("the compiler's own type data", () => {
  const folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
  try {
    const source = join(folder, 't.c');
    writeFileSync(
      source,
      `typedef unsigned long long u64;
       struct inner { u64 a; const volatile u64 b[3]; };
       struct outer { char name[5]; unsigned int low : 3, high : 7; struct { int *p; union { short s; long l; }; }; struct inner in; };
       struct outer object;`,
    );
    const { status } = spawnSync('gcc', ['-gbtf', '-c', source, '-o', join(folder, 't.o')]);
    expect(status).toBe(0);
    const section = readBtfSection(bytesAccess(fileBytes(join(folder, 't.o'))));
    if (typeof section === 'string') throw new Error(section);
    const [outer] = structLayouts(parsed(section), new Set(['outer'])).get('outer') ?? [];
    expect(outer?.size).toBe(56);
    const members = [...(outer?.members.values() ?? [])].map(({ name, bitOffset, bitWidth }) => [
      name,
      bitOffset,
      bitWidth,
    ]);
    expect(new Set(members)).toEqual(
      new Set([
        ['name', 0, 40],
        ['low', 40, 3],
        ['high', 43, 7],
        ['p', 64, 64],
        ['s', 128, 16],
        ['l', 128, 64],
        ['in', 192, 256],
        ['in.a', 192, 64],
        ['in.b', 256, 192],
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('bad data', () => {
  test.each([
    ['nothing', new Uint8Array(0), 'within the BTF header'],
    ['another magic', new Uint8Array(24), 'magic'],
    ['a big-endian kernel', Uint8Array.from([0xeb, 0x9f, ...new Uint8Array(30)]), 'big-endian'],
    ['another version', Uint8Array.from([0x9f, 0xeb, 2, ...new Uint8Array(30)]), 'version 2'],
  ])('%s', (_what, bytes, words) => {
    expect(parseBtf(bytes)).toContain(words);
  });

  test('a kind that is not known ends the list, with what came before', () => {
    const types = btfBuilder();
    types.int('int', 4);
    types.unknown();
    types.int('long', 8);
    const { count, problems } = parsed(types.finish());
    expect(count).toBe(1);
    expect(problems).toEqual([expect.stringContaining('kind 31')]);
  });

  test('types that refer to themselves end', () => {
    const types = btfBuilder();
    types.refer(BtfKind.typedef, 'loop', 1);
    types.array(2, 3);
    types.struct('kho_vmalloc_hdr', 8, [
      { name: 'next', type: 1, at: 0 },
      { name: '', type: 3, at: 0 },
      { name: 'x', type: 2, at: 0 },
    ]);
    expect(verdicts(types.finish()).get('kho_vmalloc_hdr')).toMatchObject({ verdict: 'ok' });
  });

  test('any damage and any truncation, without an exception', () => {
    const good = kernel();
    const file = vmlinuxOf(good);
    const change = fc.tuple(fc.nat(1 << 16), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.nat(1 << 16), (changes, cut) => {
        for (const original of [good, file]) {
          const bytes = original.slice(0, cut % 3 === 0 ? cut % original.length : original.length);
          for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
          const section = original === good ? bytes : readBtfSection(bytesAccess(bytes));
          const btf = typeof section === 'string' ? section : parseBtf(section);
          if (typeof btf !== 'string') compareStructs(btf, recordTypes);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('types that hold themselves', () => {
  /** A struct of `count` members of its own type, named or not. */
  function selfish(count: number, named: boolean, name = 'kho_scratch'): Uint8Array {
    const types = btfBuilder();
    // The only type: its number is 1.
    types.struct(
      name,
      16,
      Array.from({ length: count }, (_, i) => ({ name: named ? `m${i}` : '', type: 1, at: 0 })),
    );
    return types.finish();
  }

  test.each([true, false])('end after a bounded number of members, and say so (named: %s)', (named) => {
    const limit = { reached: false };
    const layouts = structLayouts(parsed(selfish(300, named)), new Set(['kho_scratch']), limit);
    expect(limit.reached).toBe(true);
    expect(layouts.get('kho_scratch')?.[0]?.members.size ?? 0).toBeLessThanOrEqual(1 << 15);
    const small = { reached: false };
    structLayouts(parsed(selfish(3, named)), new Set(['kho_scratch']), small);
    expect(small.reached).toBe(false);
  });

  test('arrays and typedefs in a circle have no width', () => {
    const types = btfBuilder();
    types.array(2, 3);
    types.refer(BtfKind.typedef, 'circle', 1);
    types.struct('kho_scratch', 16, [{ name: 'addr', type: 2, at: 0 }]);
    const [layout] = structLayouts(parsed(types.finish()), new Set(['kho_scratch'])).get('kho_scratch') ?? [];
    expect(layout?.members.get('addr')).toEqual({ name: 'addr', bitOffset: 0 });
  });
});
