/** `kho check-abi` as a command. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

/** A kernel with struct kho_scratch, its second member at this offset. */
function kernel(at: number, name = 'kho_scratch'): Uint8Array {
  const types = btfBuilder();
  const u64 = types.int('unsigned long long', 8);
  types.struct(name, 16, [
    { name: 'addr', type: u64, at: 0 },
    { name: 'size', type: u64, at },
  ]);
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
    expect(stdout).toMatch(/^struct kho_vmalloc +not in this kernel$/m);
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
  const { structs } = JSON.parse(json.stdout);
  expect(structs.find(({ name }: { name: string }) => name === 'kho_scratch')).toMatchObject({
    verdict: 'moved',
  });
  expect(json.status).toBe(1);
});

test.each([
  ['a program without type data', () => process.execPath],
  ['text', () => file('text', new TextEncoder().encode('hello, world'))],
  ['no file', () => '/nonexistent'],
  ['a kernel without the handover', () => file('other', kernel(64, 'list_head'))],
  ['half of it', () => file('half', kernel(64).subarray(0, 20))],
])('%s: status 2 and one line', (_what, path) => {
  const { status, stdout, stderr } = kho(['check-abi', path()]);
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^kho: [^\n]+\n$/);
});
