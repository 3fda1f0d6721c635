/** Independent readers agree with the account: one written from the specification, and dtc. */
import { describe, expect, test } from 'vitest';
import { encodeBlob } from '../../src/encode/blob.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { describeWith, mustRun, run } from '../differential/fdt-tools.js';
import { type Json, parsed } from '../rfc/json.js';
import { accountOf, coreBytes } from './accounts.js';
import {
  blockEntries,
  child,
  chunkBlocks,
  leaves,
  openCore,
  radixBlocks,
  readFile,
  readTree,
  setupData,
  valueAt,
} from './spec-reader.js';

const SEEDS = [1n, 2n, 3n];

/** Blocks of an account, each on its own. */
function blocksOf(account: Json, pageSize: number): string[] {
  return ((account.preserved as Json).pages as Json[]).flatMap(({ address, order, count = 1 }) =>
    Array.from({ length: count as number }, (_, i) => {
      const start = BigInt(address as string) + BigInt(i) * (BigInt(pageSize) << BigInt(order as number));
      return `0x${start.toString(16)}:${order}`;
    }),
  );
}

/** Files of an account as the reader gives them. */
function filesOf(account: Json): { name: unknown; files: unknown[] }[] {
  return ((account.luo as Json).sessions as Json[]).map(({ name, files }) => ({
    name,
    files: (files as Json[]).map(({ compatible, token, memfd }) => {
      const { pos, size, folios } = memfd as Json;
      return {
        compatible,
        token: BigInt(token as string),
        pos: BigInt(pos as string),
        size: BigInt(size as string),
        folios: (folios as Json[]).flatMap(({ pfn, flags, index, count = 1, step = 1 }) =>
          Array.from({ length: count as number }, (_, i) => {
            const rise = BigInt(i) * BigInt(step as number);
            return `${BigInt(pfn as string) + rise}:${Number(flags)}:${BigInt(index as string) + rise}`;
          }),
        ),
      };
    }),
  }));
}

describe.each([4096, 16384, 65536])('kho-v4 with pages of %d', (pageSize) => {
  test.each(SEEDS)('seed %d', (seed) => {
    const dump = synthesise(
      planFromSeed({ abi: 'kho-v4', seed, pageSize, guestRam: 32n << 20n, fragmentation: 0.6 }),
    );
    const account = accountOf(dump);
    const core = openCore(coreBytes(dump));
    expect(core.note).toBe(`OSRELEASE=${dump.release}\nPAGESIZE=${pageSize}\n`);
    if (pageSize === 4096) {
      const { bootParams, scratchAddr } = account.setupData as Json;
      const data = setupData(core, BigInt(bootParams as string));
      expect([core.u64(data), core.u64(data + 8n)]).toEqual([dump.fdtAddress, 4096n]);
      expect(core.u64(data + 16n)).toBe(BigInt(scratchAddr as string));
      const scratch = Array.from({ length: Number(core.u64(data + 24n)) / 16 }, (_, i) => {
        const at = core.u64(data + 16n) + BigInt(16 * i);
        return { start: core.u64(at), end: core.u64(at) + core.u64(at + 8n) };
      });
      expect(scratch).toEqual(
        (account.scratch as Json[]).map(({ start, end }) => ({
          start: BigInt(start as string),
          end: BigInt(end as string),
        })),
      );
    }
    const root = readTree(core, dump.fdtAddress);
    expect(core.text(valueAt(root, 'compatible'), 16)).toBe('kho-v4');
    expect(radixBlocks(core, core.u64(valueAt(root, 'preserved-memory-map')), pageSize)).toEqual(
      blocksOf(account, pageSize),
    );
    const luo = core.u64(valueAt(child(root, 'LUO'), 'preserved-data'));
    expect(core.text(luo, 8)).toBe('luo-v5');
    const sessions = blockEntries(core, core.u64(luo + 16n), 80).map((at) => ({
      name: core.text(at, 64),
      files: blockEntries(core, core.u64(at + 64n), 64).map((file) => readFile(core, file, pageSize)),
    }));
    expect(sessions).toEqual(filesOf(account));
  });
});

describe.each([
  ['6.17', 512],
  ['7.0', 4096],
] as const)('kho-v1 of Linux %s', (release, bitmapSize) => {
  test.each(SEEDS)('seed %d', (seed) => {
    const luo = release === '7.0';
    const dump = synthesise(
      planFromSeed({ abi: 'kho-v1', seed, release, ...(luo ? { guestRam: 24n << 20n } : {}) }),
    );
    const account = accountOf(dump);
    const core = openCore(coreBytes(dump));
    const root = readTree(core, dump.fdtAddress);
    const head = core.u64(valueAt(root, 'preserved-memory-map'));
    expect(chunkBlocks(core, head, 4096, bitmapSize)).toEqual(blocksOf(account, 4096));
    if (!luo) return;
    const tree = readTree(core, core.u64(valueAt(child(root, 'LUO'), 'fdt')));
    const area = core.u64(valueAt(child(tree, 'luo-session'), 'luo-session-header'));
    const sessions = Array.from({ length: Number(core.u64(area)) }, (_, i) => {
      const at = area + 8n + BigInt(80 * i);
      const files = core.u64(at + 64n);
      return {
        name: core.text(at, 64),
        files: Array.from({ length: Number(core.u64(at + 72n)) }, (_file, j) =>
          readFile(core, files + BigInt(64 * j), 4096),
        ),
      };
    });
    expect(sessions).toEqual(filesOf(account));
  });
});

describe('rfc-2024', () => {
  test.each(SEEDS)('seed %d', (seed) => {
    const dump = synthesise(planFromSeed({ abi: 'rfc-2024', seed, guestRam: 96n << 20n, areas: 5 }));
    const account = accountOf(dump);
    const core = openCore(coreBytes(dump));
    const { bootParams } = account.setupData as Json;
    const data = setupData(core, BigInt(bootParams as string));
    const root = readTree(core, core.u64(data));
    const files = new Map(
      ((account.guestmemfs as Json).files as Json[]).map((file) => [file.ino as number, file]),
    );
    for (const domain of account.domains as Json[]) {
      const id = BigInt(domain.persistentId as string).toString();
      const node = child(root, 'intel-iommu', 'domains', id);
      const pgd = core.u64(valueAt(node, 'pgd'));
      const pages = new Map<bigint, string>();
      for (const leaf of leaves(core, pgd, core.u32(valueAt(node, 'agaw')) + 2)) {
        const [iova = 0n, target = 0n, count = 0n, write = 0n] = leaf.split(':').map(BigInt);
        for (let i = 0n; i < count; i++) pages.set(iova + i, `${target + i}:${write}`);
      }
      let mapped = 0;
      const iommufd = (account.iommufds as Json[]).find(
        ({ persistentId }) => persistentId === domain.persistentId,
      );
      for (const { areas } of (iommufd?.ioases ?? []) as Json[]) {
        for (const { iovaStart, iovaLen, iommuProt } of areas as Json[]) {
          const first = BigInt(iovaStart as string) >> 12n;
          const length = BigInt(iovaLen as string) >> 12n;
          mapped += Number(length);
          const write = ((iommuProt as number) >> 1) & 1;
          for (let i = 0n; i < length; i++) expect(pages.get(first + i)?.split(':')[1]).toBe(`${write}`);
        }
      }
      expect(pages.size).toBe(mapped);
      // Every target is in a block that a mapping page gives to a file.
      const blocks = new Set(
        [...files.values()].flatMap((file) =>
          Array.from({ length: file.numMappings as number }, (_, i) =>
            core.u64(BigInt(file.mappingPage as string) + BigInt(8 * i)),
          ),
        ),
      );
      const base = core.u64(valueAt(child(root, 'guestmemfs', 'fs_mem'), 'mem')) - 1n;
      for (const page of pages.values()) {
        const target = BigInt(page.split(':')[0] ?? '0') << 12n;
        expect(blocks.has((target - base) / 0x200000n)).toBe(true);
      }
    }
  });
});

describe('encode', () => {
  test.each(['rfc-2024', 'kho-v1', 'kho-v2', 'kho-v3', 'kho-v4'] as const)(
    'gives the tree of the account of %s, from its typed parts alone',
    (abi) => {
      const dump = synthesise(planFromSeed({ abi, seed: 9n, guestRam: 32n << 20n }));
      const { fdt, ...typed } = parsed(dump.account);
      expect(encodeBlob(typed).bytes).toEqual(dump.blob);
      expect((fdt as Json).size).toBe(dump.blob.length);
    },
  );
});

describeWith(
  'dtc',
  'device-tree-compiler',
  run('dtc', ['--version']) !== undefined,
)('root trees', () => {
  test.each(['rfc-2024', 'kho-v1', 'kho-v2', 'kho-v3', 'kho-v4'] as const)('%s', (abi) => {
    const { blob } = synthesise(planFromSeed({ abi, seed: 5n }));
    const text = new TextDecoder().decode(mustRun('dtc', ['-q', '-I', 'dtb', '-O', 'dts', '-'], blob));
    expect(text).toContain(abi === 'rfc-2024' ? 'compatible = "kho-v1"' : `compatible = "${abi}"`);
  });
});
