/** `kho check-abi` as a command. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordTypes } from '../../src/records/index.js';
import { STRUCT_SETS } from '../../src/versions/structs.js';
import { btfBuilder, vmlinuxOf } from '../btf/builder.js';
import { gzip } from '../memory/bytes.js';
import { kho } from './kho.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A struct as a schema describes it: members of bytes, bit fields as such. */
function addStruct(
  types: ReturnType<typeof btfBuilder>,
  u64: number,
  u8: number,
  name: string,
  as = name,
): void {
  const record = recordTypes.find(({ kernelName }) => kernelName === `struct ${name}`);
  if (record === undefined) throw new Error(name);
  const members = record.fields.flatMap(({ kernelName, bitOffset, bitWidth }) => {
    if (!/^\w+$/.test(kernelName) || bitOffset === undefined) return [];
    if (bitWidth === undefined) return [{ name: kernelName, type: types.array(u8, 8), at: bitOffset }];
    if (bitWidth % 8 !== 0) return [{ name: kernelName, type: u64, at: bitOffset, bits: bitWidth }];
    return [{ name: kernelName, type: types.array(u8, bitWidth / 8), at: bitOffset }];
  });
  const whole = members.some((member) => 'bits' in member)
    ? members.map((m) => ({ bits: 64, ...m }))
    : members;
  types.struct(as, record.size ?? 4096, whole);
}

const NEWEST = [...(STRUCT_SETS[0]?.kho ?? [])];

/** A kernel with these structs, kho_scratch with its second member at this offset. */
function kernel(at: number, names: readonly string[] = NEWEST, renamed?: string): Uint8Array {
  const types = btfBuilder();
  const u64 = types.int('unsigned long long', 8);
  const u8 = types.int('unsigned char', 1);
  for (const name of names) {
    if (name !== 'kho_scratch') addStruct(types, u64, u8, name, name === renamed ? `${name}_new` : name);
  }
  if (names.includes('kho_scratch')) {
    types.struct('kho_scratch', 16, [
      { name: 'addr', type: u64, at: 0 },
      { name: 'size', type: u64, at },
    ]);
  }
  return types.finish();
}

test('a kernel that fits: status 0, as vmlinux, packed, and as type data', () => {
  const good = kernel(64);
  for (const path of [
    file('vmlinux', vmlinuxOf(good)),
    file('vmlinux.gz', gzip(vmlinuxOf(good))),
    file('btf', good),
  ]) {
    const { status, stdout, stderr } = kho(['check-abi', path]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^struct kho_scratch +ok {2}16 bytes$/m);
    expect(stdout).toMatch(/^struct luo_ser +not in this kernel$/m);
    expect(stdout).toMatch(/^8 structs compared, as of Linux 7\.2, 7\.3, 7\.4: 0 differ, 0 missing$/m);
    // Other kernels have structs of the 2024 series' names, or none.
    expect(stdout).not.toContain('guestmemfs');
    expect(status).toBe(0);
  }
});

test('a kernel that differs: status 1', () => {
  const path = file('vmlinux', vmlinuxOf(kernel(32)));
  const { status, stdout } = kho(['check-abi', path]);
  expect(stdout).toMatch(
    /^struct kho_scratch +moved {2}16 bytes\n {2}size is at \+0x4 in the kernel, at \+0x8/m,
  );
  expect(status).toBe(1);
  const json = kho(['check-abi', '--format', 'json', path]);
  const { structs, compared, differing } = JSON.parse(json.stdout);
  expect({ compared, differing }).toEqual({ compared: 8, differing: 1 });
  expect(structs.find(({ name }: { name: string }) => name === 'kho_scratch')).toMatchObject({
    verdict: 'moved',
  });
  expect(json.status).toBe(1);
});

test('a struct that is not there under its name: status 2, also when another differs', () => {
  const path = file('renamed', kernel(32, NEWEST, 'kho_block_header_ser'));
  const { status, stdout, stderr } = kho(['check-abi', path, '--release', '7.3.4']);
  expect(stderr).toMatch(/struct kho_block_header_ser: not in this kernel/);
  expect(stdout).toMatch(/^struct kho_block_header_ser +missing/m);
  expect(stdout).toMatch(/^7 structs compared, .*: 1 differs, 1 missing$/m);
  expect(status).toBe(2);
  expect(kho(['check-abi', path, '--release', '5.4']).stderr).toMatch(/not a release with known structs/);
});

test.each([
  ['a program without type data', () => process.execPath],
  ['text', () => file('text', new TextEncoder().encode('hello, world'))],
  ['no file', () => '/nonexistent'],
  ['a kernel without the handover', () => file('other', kernel(64, ['kho_data', 'setup_data']))],
  ['half of it', () => file('half', kernel(64).subarray(0, 20))],
])('%s: status 2 and one line', (_what, path) => {
  const { status, stdout, stderr } = kho(['check-abi', path()]);
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^kho: [^\n]+\n$/);
});
