import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openMemory } from '../../src/memory/node/open-memory.js';
import { readBytes } from '../../src/memory/read.js';
import { fileBytes, gunzip, same } from './bytes.js';

const MAGIC = Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed);

function readTruth(path: string) {
  return JSON.parse(new TextDecoder().decode(gunzip(fileBytes(path))));
}

describe('cores written by the RFC series', () => {
  test.each(readdirSync('fixtures/rfc-2024'))('%s', async (name) => {
    const folder = join('fixtures/rfc-2024', name);
    const truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8'));
    const { memory, elf, diagnostics, close } = await openMemory(join(folder, 'memory.elf.gz'));
    expect(diagnostics).toEqual([]);
    expect(elf?.machine).toBe('x86-64');
    const tree = readBytes(memory, BigInt(truth.handover.fdt_phys), truth.handover.fdt_len);
    expect(same(tree, fileBytes(join(folder, 'kho.dtb')))).toBe(true);
    let tables = 0;
    for (const domain of truth.domains) {
      for (const [address] of domain.tables) {
        expect(readBytes(memory, BigInt(address), 4096), address).toBeDefined();
        tables++;
      }
    }
    expect(tables).toBe(truth.counts.table_pages);
    for (const [start, length] of truth.preserved_but_absent_from_core_as_zero) {
      const end = Number(start) + Number(length);
      expect([...memory.runs(Number(start), end)]).toEqual([{ start: Number(start), end, state: 'absent' }]);
    }
    close();
  });
});

describe('cores captured from booted kernels', () => {
  const names = readdirSync('fixtures').filter((name) =>
    existsSync(join('fixtures', name, 'handover.truth.json.gz')),
  );
  expect(names.length).toBeGreaterThan(3);

  test.each(names)('%s', async (name) => {
    const folder = join('fixtures', name);
    const truth = readTruth(join(folder, 'handover.truth.json.gz'));
    const { memory, elf, diagnostics, close } = await openMemory(join(folder, 'handover.elf.gz'));
    expect(diagnostics).toEqual([]);
    expect(elf?.machine).toBe(name.includes('arm64') ? 'arm64' : 'x86-64');
    expect(truth.length).toBeGreaterThan(0);
    for (const { pa } of truth) expect(readBytes(memory, pa, 4)).toEqual(MAGIC);
    close();
  });

  test('the tree in memory is the one in debugfs', async () => {
    const { memory, close } = await openMemory('fixtures/linux-6.18-handover/handover.elf.gz');
    const truth = readTruth('fixtures/linux-6.18-handover/handover.truth.json.gz');
    const blob = fileBytes('fixtures/linux-6.18-handover/debugfs-in/fdt');
    const found = truth.map(({ pa }: { pa: number }) => readBytes(memory, pa, blob.length));
    expect(found.some((bytes: Uint8Array | undefined) => same(bytes, blob))).toBe(true);
    close();
  });

  test('of a 16 KiB page of arm64 a part may be known', async () => {
    const { memory, close } = await openMemory('fixtures/linux-7.3-arm64-16k/handover.elf.gz');
    const partial = [...memory.known()].filter(({ start, end }) => start % 16384 !== 0 || end % 16384 !== 0);
    expect(partial.length).toBeGreaterThan(0);
    const run = partial.find(({ end }) => end % 16384 !== 0);
    const end = run?.end ?? 0;
    const page = Math.floor(end / 16384) * 16384;
    const into = new Uint8Array(16384);
    expect(memory.read(page, 16384, into)).toBe(end - page);
    expect(readBytes(memory, page, end - page)).toBeDefined();
    expect(readBytes(memory, page, 16384)).toBeUndefined();
    close();
  });
});

test.each(['linux-7.3-live-update', 'linux-7.3-scalable-mode'])('the VT-d core of %s opens', async (name) => {
  const { memory, diagnostics, close } = await openMemory(
    join('fixtures', name, 'vtd', 'before-kexec.elf.gz'),
  );
  expect(diagnostics).toEqual([]);
  expect([...memory.known()].length).toBeGreaterThan(50);
  close();
});
