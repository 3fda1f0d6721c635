/** The captures of the second round: models against the account of an independent reader, and no false alarm. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import type { BlockInfo, Luo } from '../../src/abi/upstream/model.js';
import { type LoadedDump, type LoadOptions, withDump } from '../../src/cli/load.js';
import { bytesToHex, bytesToText } from '../../src/schema/text.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { type ValidationResult, validate } from '../../src/validate/run.js';
import { fixtures } from '../fixtures.js';
import { fileBytes, gunzip } from '../memory/bytes.js';

const FOLDERS = [
  'linux-7.3-crash',
  'linux-7.3-iommu-first-stage',
  'linux-7.3-iommu-legacy',
  'linux-7.3-iommu-v1-forms',
  'linux-7.3-memfd-forms',
  'linux-7.3-running',
  'linux-7.3-three-kexecs',
];
const cores = FOLDERS.flatMap((folder) =>
  readdirSync(join(fixtures, folder))
    .filter((name) => name.endsWith('.elf.gz'))
    .map((name) => `${folder}/${name.slice(0, -'.elf.gz'.length)}`),
);
const RUNNING = cores.filter((name) => !name.endsWith('handover1'));

interface AccountFile {
  readonly compatible: string;
  readonly data: unknown;
  readonly token: unknown;
  readonly [key: string]: unknown;
}

interface AccountLuo {
  readonly sessions?: readonly {
    readonly name_hex: string;
    readonly count: number;
    readonly files_pa: number;
    readonly files?: readonly AccountFile[];
    readonly file_blocks?: readonly number[];
  }[];
  readonly flbs?: readonly { readonly name: string; readonly data: unknown; readonly count: number }[];
  readonly [key: string]: unknown;
}

interface Account {
  readonly pa?: number;
  readonly compatible: string;
  readonly subtrees: unknown;
  readonly map: number;
  readonly preserved: readonly (readonly [number, number])[];
  readonly unreadable?: unknown;
  readonly memblock: unknown;
  readonly kexec_metadata: unknown;
  readonly luo: AccountLuo;
  readonly boot?: readonly { readonly node: number; readonly regions: unknown }[];
}

/** Integers beyond 2^53 stay whole, as text. */
function truthOf(name: string): Account[] {
  const text = new TextDecoder().decode(gunzip(fileBytes(join(fixtures, `${name}.truth.json.gz`))));
  return JSON.parse(text.replace(/([[:,\s])(\d{16,})(?=[\],}\s])/g, '$1"$2"'));
}

async function opened<T>(name: string, options: LoadOptions, use: (dump: LoadedDump) => T): Promise<T> {
  return withDump(join(fixtures, `${name}.elf.gz`), options, async (dump) => use(dump));
}

const addressesOf = (blocks: readonly BlockInfo[] = []): number[] =>
  blocks.map(({ address }) => Number(address));

/** Whole or as text where it may exceed 2^53, as truthOf gives it. */
const whole = (value: bigint | undefined): number | string | undefined =>
  value === undefined || value < 10n ** 15n ? (value === undefined ? undefined : Number(value)) : `${value}`;

function luoTruth(luo: Luo, account: AccountLuo): unknown {
  const truthFiles = (i: number, j: number) => account.sessions?.[i]?.files?.[j];
  return {
    compatible: luo.compatible,
    number: Number(luo.liveupdateNumber),
    sessions_pa: Number(luo.sessionsAddress),
    flbs_pa: Number(luo.flbsAddress),
    sessions: luo.sessions?.map(({ name, count, filesAddress, files = [], fileBlocks }, i) => ({
      name_hex: bytesToHex(name.subarray(0, name.indexOf(0))),
      count: Number(count),
      files_pa: Number(filesAddress),
      files: files.map(({ compatible, data, token, memfd }, j) => {
        const folios: number[][] = [];
        memfd?.folios.each((pfn, flags, index) => folios.push([pfn, flags, index]));
        return {
          compatible: bytesToText(compatible).text,
          data: whole(data),
          token: whole(token),
          ...(memfd === undefined
            ? {}
            : {
                pos: whole(memfd.pos),
                size: whole(memfd.size),
                seals: memfd.seals,
                flags: memfd.flags,
                nr_folios: Number(memfd.nrFolios),
                ...(truthFiles(i, j)?.list === undefined
                  ? {}
                  : {
                      list: {
                        total: memfd.area.descriptor.totalPages,
                        flags: memfd.area.descriptor.flags,
                        order: memfd.area.descriptor.order,
                      },
                    }),
                folios,
              }),
        };
      }),
      file_blocks: addressesOf(fileBlocks),
    })),
    flbs: luo.flbs?.map(({ name, data, count }) => ({
      name: bytesToText(name).text,
      data: whole(data),
      count: Number(count),
    })),
    session_blocks: addressesOf(luo.sessionBlocks),
    flb_pages: Number(luo.flbPages),
    flb_count: Number(luo.flbCount),
  };
}

/** Of the account what the model has: the parts of the IOMMU series have tests of their own. */
function luoExpected(luo: AccountLuo): unknown {
  const { sessions = [], flbs = [], ...rest } = luo;
  return {
    ...rest,
    flbs: flbs.map(({ name, data, count }) => ({ name, data, count })),
    sessions: sessions.map(({ name_hex, count, files_pa, files = [], file_blocks = [] }) => ({
      name_hex,
      count,
      files_pa,
      files: files.map(({ compatible, data, token, ...file }) => {
        const { pos, size, seals, flags, nr_folios, list, folios } = file;
        const memfd = { pos, size, seals, flags, nr_folios, ...(list === undefined ? {} : { list }), folios };
        return { compatible, data, token, ...(compatible === 'memfd-v2' ? memfd : {}) };
      }),
      file_blocks,
    })),
  };
}

function blocksOf({ preserved, pageSize }: Handover): number[][] {
  const blocks: number[][] = [];
  for (const { address, order, count } of preserved?.pages?.blocks() ?? []) {
    for (let i = 0; i < count; i++) blocks.push([Number(address) + i * pageSize * 2 ** order, order]);
  }
  return blocks.sort(byNumbers);
}

const byNumbers = (a: readonly number[], b: readonly number[]): number =>
  (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0);

function serious({ findings }: ValidationResult): string[] {
  return findings.flatMap(({ rule, severity, message }) => (severity === 'note' ? [] : `${rule} ${message}`));
}

describe.each(cores.filter((name) => !name.includes('vmcore')))('%s', (name) => {
  const truth = truthOf(name);
  const trees = truth.filter((entry) => entry.pa !== undefined);

  test.each(trees.map((entry) => [Number(entry.pa), entry] as const))(
    'the tree at %d is what its account says',
    async (pa, entry) => {
      await opened(name, { fdtAddress: BigInt(pa) }, ({ handover }) => {
        expect(handover.generation).toBe(entry.compatible);
        expect(Number(handover.preservedMemoryMap)).toBe(entry.map);
        expect(
          Object.fromEntries(
            handover.subtrees?.map(({ name, address, size }) => [name, [Number(address), Number(size)]]) ??
              [],
          ),
        ).toEqual(entry.subtrees);
        expect(
          Object.fromEntries(
            handover.memblock?.regions.map(({ name, start, size }) => [
              name,
              [Number(start), Number(size)],
            ]) ?? [],
          ),
        ).toEqual(entry.memblock);
        const { kexecMetadata: metadata } = handover;
        expect({
          version: metadata?.version,
          release: bytesToText(metadata?.previousRelease ?? new Uint8Array(0)).text,
          count: metadata?.kexecCount,
        }).toEqual(entry.kexec_metadata);
        // Of what the kernel has taken over the account has nothing either.
        expect(handover.takenOver !== undefined).toBe(entry.unreadable !== undefined);
        if (handover.takenOver !== undefined) {
          expect(handover.luo ?? handover.khoTest ?? handover.preserved).toBeUndefined();
          expect(handover.subtrees?.filter(({ blob }) => blob !== undefined).map(({ name }) => name)).toEqual(
            ['memblock', 'kexec-metadata'],
          );
          return;
        }
        expect(handover.diagnostics.filter(({ code }) => code !== 'memory-absent')).toEqual([]);
        expect(blocksOf(handover)).toEqual(entry.preserved.map((block) => [...block]).sort(byNumbers));
        if (handover.luo === undefined) throw new Error('no LUO');
        expect(luoTruth(handover.luo, entry.luo)).toEqual(luoExpected(entry.luo));
      });
    },
  );

  test('scratch is what the boot protocol says', async () => {
    const boot = truth.find((entry) => 'boot' in entry)?.boot?.[0];
    await opened(name, { tree: 'incoming' }, ({ handover }) => {
      expect(handover.scratch?.map(({ start, end }) => [Number(start), Number(end - start)])).toEqual(
        boot?.regions,
      );
      expect(Number(handover.setupData?.element)).toBe(boot?.node);
    });
  });
});

describe('no false alarm', () => {
  // What the IOMMU series adds is in no release, and rules on unknown handlers say so.
  const healthy = cores.filter((name) => !/iommu/.test(name));

  test.each(healthy)('%s has no error', async (name) => {
    const result = await opened(name, {}, ({ handover }) => validate(handover, catalogue));
    expect(serious(result).filter((text) => !text.startsWith('MEMFD-019'))).toEqual([]);
  });

  test.each(RUNNING)(
    '%s: the outgoing tree is the default, and the incoming one is taken over',
    async (name) => {
      await opened(name, {}, ({ direction, handover }) => {
        expect(direction).toBe('outgoing');
        expect(handover.kexecMetadata?.kexecCount).toBe(2);
        expect(handover.takenOver).toBeUndefined();
        expect(handover.preservedMap?.complete).toBe(true);
      });
      await opened(name, { tree: 'incoming' }, ({ direction, handover }) => {
        expect(direction).toBe('incoming');
        expect(handover.takenOver?.why).toMatch(/^struct page of 0x[0-9a-f]+ has the mark/);
        const { findings, skipped } = validate(handover, catalogue);
        expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
        const consumed = skipped.filter(({ kind }) => kind === 'taken-over').map(({ rule }) => rule);
        for (const rule of [
          'KHO-111',
          'KHO-116',
          'KHO-141',
          'LUO-002',
          'VMALLOC-005',
          'KTEST-001',
          'MEMFD-008',
        ]) {
          expect(consumed).toContain(rule);
        }
        expect(skipped.filter(({ kind }) => kind === 'absent')).toEqual([]);
      });
    },
  );
});

test.each([
  ['linux-7.3-running/run0', 3943],
  ['linux-7.3-running/run2-retrieved', 263],
  ['linux-7.3-running/run4-reused', 1],
  ['linux-7.3-running/run5-outgoing', 1],
  ['linux-7.3-three-kexecs/s2-mixed', 262],
  ['linux-7.3-crash/before-crash', 1885],
  ['linux-7.3-crash/vmcore-makedumpfile-E-d31', 1885],
])('%s: %d blocks have not been restored', async (name, count) => {
  for (const tree of ['incoming', 'outgoing'] as const) {
    const { findings } = await opened(name, { tree }, ({ handover }) => validate(handover, catalogue));
    const [note, ...more] = findings.filter(({ rule }) => rule === 'KHO-225');
    expect(more).toEqual([]);
    expect(note?.severity).toBe('note');
    expect(note?.message).toMatch(new RegExp(`^at least ${count} blocks? that w`));
  }
});

test('nothing at start_kernel counts as taken over: the same bytes damaged are errors', async () => {
  for (const name of cores.filter((core) => core.endsWith('handover1'))) {
    await opened(name, {}, ({ handover }) => {
      expect(handover.takenOver).toBeUndefined();
      expect(handover.unrestored).toBeUndefined();
    });
  }
});

test('a vmcore of makedumpfile -E: pages left out are absent, kernel text that is there twice is not a trouble', async () => {
  await opened('linux-7.3-crash/vmcore-makedumpfile-E-d31', {}, ({ handover }) => {
    expect(handover.diagnostics).toEqual([]);
    const states = [...(handover.memory?.runs(0x1ff000, 0x1ff000 + 0x2fc000) ?? [])].map(
      ({ state }) => state,
    );
    expect(states).toEqual(['present', 'absent']);
  });
});
