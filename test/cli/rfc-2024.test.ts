/** The contract of the command line on every real dump of the 2024 series: the truth, and the same bytes back. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RfcTruth, rfcFiles, rfcNames } from '../fixtures.js';
import { kho } from './kho.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

function dumpJson(...args: string[]) {
  const { status, stdout, stderr } = kho(['dump', '--format', 'json', ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

function encode(model: unknown): { bytes: Buffer; stderr: string } {
  const output = join(folder, 'out.dtb');
  const { status, stderr } = kho(['encode', '-', '-o', output], JSON.stringify(model));
  expect(status).toBe(0);
  return { bytes: readFileSync(output), stderr };
}

function expectedTree(truth: RfcTruth) {
  return {
    iommufds: truth.iommufds.map(({ persistent_id, ioases }) => ({
      persistentId: hex(persistent_id),
      ioases: ioases.map(({ id, pinned_file_handle, areas }) => ({
        id,
        ...(pinned_file_handle === undefined ? {} : { pinnedFileHandle: hex(pinned_file_handle) }),
        areas: areas.map(({ index, iova, len, prot }) => ({
          index,
          iovaStart: iova,
          iovaLen: len,
          iommuProt: prot,
        })),
      })),
    })),
    domains: truth.domains.map(({ persistent_id, pgd, agaw, mem, devices }) => ({
      persistentId: hex(persistent_id),
      pgd,
      agaw,
      mem: mem.map(([addr, len]) => ({ addr, len })),
      devices,
    })),
    ranges: truth.persistent_ranges.map(([start, len]) => ({ start, end: hex(BigInt(start) + BigInt(len)) })),
  };
}

describe.each(rfcNames)('%s', (name) => {
  const { blob, memory, truth, folder: dump } = rfcFiles(name);

  test('the blob alone equals the truth', () => {
    const model = dumpJson(blob);
    const { iommufds, domains, preserved } = model;
    expect({ iommufds, domains, ranges: preserved.ranges }).toEqual(expectedTree(truth));
    expect(model.kind).toBe('handover');
    expect(model.generation).toBe('rfc-2024');
    expect(model.memCache).toBeUndefined();
  });

  test.each([
    ['the blob with its core', [blob, '--memory', memory]],
    ['the folder', [dump]],
    ['the core alone', [memory]],
  ])('%s equals the truth', (_what, args) => {
    const model = dumpJson(...args);
    const { iommufds, domains, preserved } = model;
    expect({ iommufds, domains, ranges: preserved.ranges }).toEqual(expectedTree(truth));
    expect(model.memCache).toEqual(truth.mem_cache.map(([addr, len]) => ({ addr, len })));
    const start = BigInt(truth.handover.scratch_phys);
    expect(model.scratch).toEqual([
      { start: hex(start), end: hex(start + BigInt(truth.handover.scratch_len)) },
    ]);
    expect(model.fdt.address).toBe(truth.handover.fdt_phys);
    const files = model.guestmemfs.files.map(({ name, ino, extents }: Record<string, unknown>) => ({
      name,
      ino,
      extents,
    }));
    expect(files).toEqual(
      truth.guestmemfs.files
        .filter(({ deleted }) => !deleted)
        .map(({ name, ino, extents }) => ({
          name,
          ino,
          extents: extents.map(([at, len]) => ({ start: at, end: hex(BigInt(at) + BigInt(len)) })),
        })),
    );
  });

  test('dump | encode gives the bytes back, with and without fdt.tree', () => {
    const bytes = readFileSync(blob);
    for (const args of [[blob], [memory]]) {
      const model = dumpJson(...args);
      expect(encode(model)).toEqual({ bytes, stderr: '' });
      delete model.fdt.tree;
      expect(encode(model)).toEqual({ bytes, stderr: '' });
    }
  });

  test('an edited pgd is in the bytes, with and without fdt.tree', () => {
    const model = dumpJson(blob);
    const pgd = Buffer.from('0010efbeadde0000', 'hex');
    model.domains[0].pgd = '0xdeadbeef1000';
    const edited = encode(model);
    expect(edited.bytes.includes(pgd)).toBe(true);
    expect(edited.stderr).toMatch(/domains\/\d+\/pgd: fdt\.tree differs; the typed value is used/);
    expect(edited.bytes.length).toBe(readFileSync(blob).length);
    delete model.fdt.tree;
    expect(encode(model).bytes).toEqual(edited.bytes);
  });

  test('a domain and records taken out and put in are laid out anew', () => {
    const model = dumpJson(blob);
    const [first] = model.domains;
    first.mem.pop();
    model.domains.push({ ...first, persistentId: '0x3e7', devices: [{ bus: 1, devfn: 8 }] });
    const path = join(folder, 'changed.dtb');
    writeFileSync(path, encode(model).bytes);
    const { domains } = dumpJson(path);
    expect(domains).toEqual(model.domains);
  });

  test.each(truth.domains.map((domain) => [domain.persistent_id, domain] as const))(
    'the tables of domain %i equal the truth',
    (id, { mappings, pgd, agaw }) => {
      const lines = mappings.map(
        ([iova, pa, size, access]) => `${iova},${pa},${hex(size)},${access.toLowerCase()}\n`,
      );
      const expected = { status: 0, stdout: `iova,pa,size,access\n${lines.join('')}`, stderr: '' };
      expect(kho(['walk', memory, '--domain', `${id}`, '--format', 'csv'])).toEqual(expected);
      expect(kho(['walk', memory, '--pgd', pgd, '--agaw', `${agaw}`, '--format', 'csv'])).toEqual(expected);
    },
  );
});
