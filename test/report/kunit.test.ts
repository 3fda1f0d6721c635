/** `kho synth --kunit`, compiled, and run against what the decoder makes of the same dump. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { byteArrayLines, cName, cString } from '../../src/report/c-data.js';
import { kunitLines, kunitRefusal } from '../../src/report/kunit.js';
import type { SynthOptions } from '../../src/synth/options.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import type { Synthesis } from '../../src/synth/synthesis.js';
import { kho } from '../cli/kho.js';
import { describeWith, mustRun, run } from '../differential/fdt-tools.js';
import { dumpedJson, type Json, memoryOfChunks } from '../rfc/json.js';
import { decodeSynthesis } from '../synth/accounts.js';

const STRICT = ['-std=gnu11', '-Wall', '-Wextra', '-Werror'];
const main = fileURLToPath(new URL('c/kunit-main.c', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-kunit-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const dumps: readonly SynthOptions[] = [
  { abi: 'kho-v4', guestRam: 1n << 20n, flbs: 2 },
  { abi: 'kho-v4', guestRam: 1n << 20n, flbs: 1, domains: 2, deleted: 1 },
  { abi: 'kho-v4', sessions: 0, files: 0, reserveMem: 0, testFolios: 0 },
  { abi: 'kho-v3', guestRam: 1n << 20n, pageSize: 16384, testFolios: 1, fragmentation: 1 },
  { abi: 'kho-v2', guestRam: 8n << 20n, fragmentation: 0, testFolios: 0 },
  { abi: 'kho-v1', guestRam: 1n << 20n, sessions: 30, files: 40 },
  { abi: 'kho-v1', release: '6.17', testFolios: 0, pageSize: 65536, reserveMem: 0 },
];

describeWith(
  'gcc',
  'gcc libc6-dev',
  run('gcc', ['--version']) !== undefined,
)('compiled', () => {
  test.each(dumps)('%o', (options) => {
    const dump = synthesise(planFromSeed({ seed: 5n, ...options }));
    expect(kunitRefusal(dump)).toBeUndefined();
    writeFileSync(at('vectors.c'), `${[...kunitLines(dump, 'kho synth', '0')].join('\n')}\n`);
    mustRun('gcc', [...STRICT, '-c', '-o', at('vectors.o'), at('vectors.c')]);
    mustRun('gcc', [...STRICT, `-DVECTORS="${at('vectors.c')}"`, '-o', at('main'), main]);
    const printed = new TextDecoder().decode(mustRun(at('main'), []));
    expect(printed.trimEnd().split('\n')).toEqual(expected(dump));
  });

  test('inside a kernel its types are taken', () => {
    mkdirSync(at('linux'));
    writeFileSync(at('linux/compiler.h'), '#define __maybe_unused __attribute__((__unused__))\n');
    writeFileSync(
      at('linux/types.h'),
      'typedef unsigned char u8;\ntypedef unsigned int u32;\ntypedef unsigned long long u64;\n',
    );
    const args = ['synth', '--abi', 'kho-v4', '--guest-ram', '1M', '--kunit', '-o', at('kernel.c')];
    expect(kho(args)).toMatchObject({ status: 0, stdout: '' });
    mustRun('gcc', [
      ...STRICT,
      '-D__KERNEL__',
      '-nostdinc',
      '-I',
      folder,
      '-c',
      '-o',
      at('k.o'),
      at('kernel.c'),
    ]);
  });
});

test('says how it was made; the dump and --truth are those of the same options', () => {
  const options = ['--abi', 'kho-v4', '--seed', '9', '--guest-ram', '1M'];
  const { status, stdout } = kho(['synth', ...options, '--kunit', '--truth', at('kunit.json')]);
  expect(status).toBe(0);
  expect(stdout).toContain(' * kho-v4, Linux 7.3.1: test vectors');
  expect(stdout).toContain(' *\tkho synth --abi kho-v4 --seed 9 --guest-ram 1M --kunit\n');
  expect(kho(['synth', ...options, '-o', at('dump.elf'), '--truth', at('core.json')]).status).toBe(0);
  expect(readFileSync(at('kunit.json'), 'utf8')).toBe(readFileSync(at('core.json'), 'utf8'));
});

test.each([
  [['--abi', 'kho-v4', '--guest-ram', '16G'], 'bytes of records, and test vectors have at most 1 MiB'],
  [['--abi', 'rfc-2024'], 'no LUO sessions'],
  [['--abi', 'kho-v4', '--to', 'dtb'], '--to dtb does not go with it'],
])('%j is refused in one line', (options, why) => {
  const { status, stdout, stderr } = kho(['synth', ...options, '--kunit', '-o', at('refused.c')]);
  expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({
    status: 2,
    stdout: '',
    lines: 1,
  });
  expect(stderr).toContain(why);
});

test('bytes, strings and names', () => {
  const bytes = new Uint8Array(21);
  bytes[17] = 0xab;
  expect([...byteArrayLines('a', bytes)]).toEqual([
    'static const u8 a[21] = {',
    '\t[0x10] = 0x00, 0xab, 0x00, 0x00, 0x00,',
    '};',
  ]);
  expect([...byteArrayLines('a', new Uint8Array(2))][1]).toBe('\t0x00,');
  expect(cString('a"\\é\n1')).toBe('"a\\"\\\\\\303\\251\\0121"');
  expect(cName('luo.sessions[0].fileBlocks')).toBe('luo_sessions_0_file_blocks');
  expect(cName('the tree')).toBe('tree');
});

/** What the compiled vectors must print, read from the core. */
function expected(dump: Synthesis): string[] {
  const memory = memoryOfChunks(dump.chunks());
  const json = dumpedJson(decodeSynthesis({ ...dump, memory }));
  const lines: string[] = [];
  const { address, size } = json.fdt as Json;
  lines.push(
    `dump ${json.generation} ${json.pageSize} ${x(address)} ${x(size)} ${x(json.preservedMemoryMap)}`,
  );
  for (const region of dump.regions) {
    if (region.fill === undefined) continue;
    const bytes = new Uint8Array(region.size);
    expect(memory.read(region.address, region.size, bytes)).toBe(bytes.length);
    let hash = 0x811c9dc5;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
    lines.push(`record ${x(region.address)} ${x(region.size)} ${x(hash >>> 0)}`);
  }
  for (const each of list(json.subtrees))
    lines.push(`subtree ${each.name} ${x(each.address)} ${x(each.size)}`);
  for (const { start, end } of list(json.scratch)) lines.push(`scratch ${x(start)} ${x(end)}`);
  for (const { address: start, order, count = 1 } of list((json.preserved as Json).pages))
    lines.push(`preserved ${x(start)} ${order} ${count}`);
  for (const each of list((json.memblock as Json)?.regions))
    lines.push(`region ${each.name} ${x(each.start)} ${x(each.size)}`);
  const luo = (json.luo ?? {}) as Json;
  lines.push(`luo ${luo.compatible ?? '-'} ${x(luo.liveupdateNumber)}`);
  for (const session of list(luo.sessions)) {
    lines.push(`session ${session.name} ${list(session.files).length}`);
    for (const file of list(session.files)) lines.push(...fileLines(file));
  }
  for (const each of list(luo.flbs)) lines.push(`flb ${each.name} ${x(each.data)} ${x(each.count)}`);
  const khoTest = (json.khoTest ?? {}) as Json;
  for (const each of list(khoTest.folios)) lines.push(`test folio ${x(each.address)} ${each.order} 1`);
  lines.push(`test ${x(khoTest.csum)}`);
  const metadata = (json.kexecMetadata ?? {}) as Json;
  lines.push(`kexec ${metadata.previousRelease ?? '-'} ${Number(metadata.kexecCount ?? 0)}`);
  return lines;
}

function fileLines(file: Json): string[] {
  const memfd = (file.memfd ?? {}) as Json;
  const { pos, size, seals, flags } = memfd;
  return [
    `file ${file.compatible} ${x(file.token)} ${x(file.data)} ${x(pos)} ${x(size)} ${x(seals)} ${x(flags)}`,
    ...list(memfd.folios).flatMap(({ pfn, flags: bits, index, count = 1, step = 1 }) =>
      Array.from({ length: Number(count) }, (_, i) => {
        const more = BigInt(i * Number(step));
        return `folio ${x(BigInt(String(pfn)) + more)} ${x(bits)} ${x(BigInt(String(index)) + more)}`;
      }),
    ),
  ];
}

function list(value: unknown): Json[] {
  return (value ?? []) as Json[];
}

/** Hex digits as printf writes them. */
function x(value: unknown): string {
  return BigInt((value ?? 0) as string | number | bigint).toString(16);
}
