/** Trimming with VT-d settings: the walk of every device gives the same leaves, and nothing that they lead to is kept. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMemory } from '../../src/memory/node/open-memory.js';
import { kho } from '../cli/kho.js';
import { fixtures } from '../fixtures.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-trim-vtd-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const LEAF = /^0x[0-9a-f]+,(0x[0-9a-f]+),(0x[0-9a-f]+),/;

describe.each(['linux-7.3-live-update', 'linux-7.3-scalable-mode'])('%s', (name) => {
  const core = join(fixtures, name, 'vtd', 'before-kexec.elf.gz');
  const regset = ['--regset', join(fixtures, name, 'vtd', 'iommu_regset')];

  test.each([
    ['every device', []],
    ['one device', ['--device', '00:03.0']],
  ] as const)('%s', { timeout: 300_000 }, async (_, device) => {
    const small = join(folder, `${name}-${device.length}.elf`);
    const trim = kho(['trim', core, ...regset, ...device, '-o', small]);
    expect(trim.status, trim.stderr).toBe(0);
    const walk = (dump: string) => kho(['walk', dump, ...regset, '--device', '00:03.0', '--format', 'csv']);
    const [before, after] = [walk(core), walk(small)];
    expect(before.status, before.stderr).toBe(0);
    expect(after.stdout).toBe(before.stdout);
    const lines = after.stdout.trimEnd().split('\n').slice(1);
    expect(lines.length).toBeGreaterThan(10);

    const { memory, close } = await openMemory(small);
    const kept: string[] = [];
    for (const line of lines) {
      const [, pa = '', size = ''] = LEAF.exec(line) ?? [];
      const start = Number(pa);
      for (const run of memory.runs(start, start + Number(size))) {
        if (run.state !== 'present') continue;
        const bytes = new Uint8Array(run.end - run.start);
        memory.read(run.start, bytes.length, bytes);
        if (bytes.some((byte) => byte !== 0)) kept.push(line);
      }
    }
    close();
    expect(kept).toEqual([]);
  });
});
