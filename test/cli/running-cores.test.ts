/** Cores of running kernels: what tells their trees apart, and where scratch is, comes through `trim` and `encode`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const CORES = [
  'linux-7.3-running/run0',
  'linux-7.3-running/run2-retrieved',
  'linux-7.3-running/run4-reused',
  'linux-7.3-running/run5-outgoing',
  'linux-7.3-three-kexecs/s2-mixed',
  'linux-7.3-crash/before-crash',
  'linux-7.3-crash/vmcore-makedumpfile-E-d31',
];
const CASES = CORES.flatMap((name) => ['outgoing', 'incoming'].map((tree) => [name, tree] as const));
const core = (name: string) => join(fixtures, `${name}.elf.gz`);

interface Dump {
  readonly verdict: string;
  readonly findings: readonly {
    readonly rule: string;
    readonly severity: string;
    readonly message: string;
  }[];
  readonly rules: { readonly skipped: readonly { readonly rule: string }[] };
}

function validated(path: string, ...options: string[]): Dump {
  return JSON.parse(kho(['validate', '--format', 'json', path, ...options]).stdout).dumps[0];
}

const serious = ({ findings }: Dump) =>
  findings.filter(({ severity }) => severity !== 'note').map(({ rule, message }) => `${rule} ${message}`);

/** Scratch as the dump's model has it; read through the core that `args` write of it. */
function scratchOf(path: string, ...options: string[]): unknown {
  return JSON.parse(kho(['dump', '--format', 'json', path, ...options]).stdout).scratch;
}

describe.each(CASES)('%s, the %s tree', (name, tree) => {
  test('trim: the same verdict, the same scratch, the same direction', () => {
    const small = join(folder, 'small.elf');
    const before = validated(core(name), '--tree', tree);
    for (const whole of [[], ['--whole-pages']]) {
      expect(kho(['trim', core(name), '--tree', tree, '--quiet', ...whole, '-o', small]).status).toBe(0);
      const after = validated(small);
      expect([after.verdict, serious(after)]).toEqual([before.verdict, serious(before)]);
      expect(scratchOf(small)).toEqual(scratchOf(core(name), '--tree', tree));
      expect(validated(small, '--tree', tree).verdict).toBe(before.verdict);
      // Once more is no less.
      const again = join(folder, 'again.elf');
      kho(['trim', small, '--quiet', ...whole, '-o', again]);
      expect(readFileSync(again).equals(readFileSync(small))).toBe(true);
    }
  });

  test('trim: scratch that covers what is preserved stays an error', () => {
    const bytes = gunzipSync(readFileSync(core(name)));
    const [first] = scratchOf(core(name), '--tree', tree) as { start: string; end: string }[];
    const [start, end] = [BigInt(first?.start ?? 0), BigInt(first?.end ?? 0)];
    const region = new Uint8Array(new BigUint64Array([start, end - start]).buffer);
    const at = bytes.indexOf(region);
    expect(at).toBeGreaterThan(0);
    // From 8 MiB on.
    bytes.set(new Uint8Array(new BigUint64Array([0x80_0000n, end - 0x80_0000n]).buffer), at);
    const broken = join(folder, 'broken.elf');
    writeFileSync(broken, bytes);
    const small = join(folder, 'small.elf');
    kho(['trim', broken, '--tree', tree, '--quiet', '-o', small]);
    const before = validated(broken, '--tree', tree);
    const after = validated(small);
    expect([after.verdict, serious(after)]).toEqual([before.verdict, serious(before)]);
    expect(serious(before).length).toBeGreaterThan(0);
  });

  test('what nothing shows is skipped: the device tree of the next boot', () => {
    const small = join(folder, 'small.elf');
    kho(['trim', core(name), '--tree', tree, '--quiet', '-o', small]);
    expect(validated(small).rules.skipped.map(({ rule }) => rule)).toContain('KHO-105');
  });
});

test.each(CORES)('%s: encode --to elf keeps the scratch regions of a tree that is prepared', (name) => {
  const model = join(folder, 'model.json');
  const made = join(folder, 'made.elf');
  kho(['dump', '--format', 'json', core(name), '-o', model]);
  expect(kho(['encode', model, '--to', 'elf', '--quiet', '-o', made]).status).toBe(0);
  expect(scratchOf(core(name))).toHaveLength(3);
  expect(scratchOf(made)).toEqual(scratchOf(core(name)));
});
