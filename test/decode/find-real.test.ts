import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findTrees } from '../../src/decode/find.js';
import { openMemory } from '../../src/memory/node/open-memory.js';
import { fileBytes, gunzip } from '../memory/bytes.js';

interface Truth {
  readonly pa: number;
}

const readTruth = (path: string): Truth[] => JSON.parse(new TextDecoder().decode(gunzip(fileBytes(path))));

describe('the trees of real cores, where the truth has them', () => {
  const names = readdirSync('fixtures').filter((name) =>
    existsSync(join('fixtures', name, 'handover.truth.json.gz')),
  );

  test.each(names)('%s', async (name) => {
    const truth = readTruth(join('fixtures', name, 'handover.truth.json.gz'));
    const { memory, close } = await openMemory(join('fixtures', name, 'handover.elf.gz'));
    const { trees } = findTrees(memory);
    close();
    expect(trees).toHaveLength(1);
    expect(trees[0]?.addresses).toEqual(truth.map(({ pa }) => BigInt(pa)));
  });

  test.each(readdirSync('fixtures/rfc-2024'))('rfc-2024/%s', async (name) => {
    const truth = JSON.parse(readFileSync(join('fixtures/rfc-2024', name, 'truth.json'), 'utf8'));
    const { memory, close } = await openMemory(join('fixtures/rfc-2024', name, 'memory.elf.gz'));
    const { trees } = findTrees(memory);
    close();
    expect(trees).toMatchObject([{ addresses: [BigInt(truth.handover.fdt_phys)], how: 'setup_data' }]);
  });
});

// The whole cores are too large for the project; KHO_DUMPS names the folder that has them.
describe.skipIf(process.env.KHO_DUMPS === undefined)('whole cores in KHO_DUMPS', () => {
  const folder = process.env.KHO_DUMPS ?? '';

  test.each([
    ['linux-7.3-live-update/full/handover.elf.zst', 'linux-7.3-live-update/handover.truth.json.gz'],
    ['linux-7.3-kdump/handover.kdump', 'linux-7.3-kdump/handover.truth.json.gz'],
  ])('%s gives one tree', async (core, truth) => {
    const [entry] = readTruth(join(folder, truth));
    const opened = await openMemory(join(folder, core));
    const { trees, vmcoreinfo } = findTrees(opened.memory);
    opened.close();
    expect(opened.diagnostics).toEqual([]);
    expect(trees).toMatchObject([
      { how: 'setup_data', direction: 'incoming', addresses: [BigInt(entry?.pa ?? 0)] },
    ]);
    expect(vmcoreinfo[0]?.info).toMatchObject({ release: '7.3.4', pageSize: 4096 });
  });
});
