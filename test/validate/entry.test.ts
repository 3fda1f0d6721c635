/** What the entry names is what is judged: every damage that kho_populate refuses, by every way to the tree. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { GENERATIONS, type Generation, type Handover } from '../../src/abi/model.js';
import { type LoadOptions, withDump } from '../../src/cli/load.js';
import { findTrees } from '../../src/decode/find.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { readBytes } from '../../src/memory/read.js';
import { FDT_HEADER, readFdtHeader } from '../../src/records/fdt.js';
import { BOOT_PARAMS } from '../../src/records/kho.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { kho } from '../cli/kho.js';

const folder = mkdtempSync(join(tmpdir(), 'kho-entry-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Sample {
  readonly core: Buffer;
  readonly blob: Uint8Array;
  readonly tree: bigint;
  readonly bootParams: bigint;
  readonly element: bigint;
  readonly scratch: bigint;
  readonly scratchSize: bigint;
  readonly memCache?: readonly [bigint, bigint];
  readonly preserved: bigint;
  /** Offset in the core of a physical address. */
  at(address: bigint): number;
}

const samples = new Map<Generation, Sample>();

function sample(abi: Generation): Sample {
  const known = samples.get(abi);
  if (known !== undefined) return known;
  const dump = synthesise(planFromSeed({ abi, seed: 3n, guestRam: 64n << 20n, files: 2 }));
  const core = Buffer.concat([...dump.chunks()]);
  const [found] = findTrees(dump.memory).trees;
  const data = found?.setupData;
  if (found === undefined || data === undefined) throw new Error('no entry');
  const { khoData, rfc2024 } = data;
  const made: Sample = {
    core,
    blob: dump.blob,
    tree: dump.fdtAddress,
    bootParams: data.bootParams,
    element: data.element,
    scratch: khoData?.scratchAddr ?? rfc2024?.scratchAddr ?? 0n,
    scratchSize: khoData?.scratchSize ?? rfc2024?.scratchSize ?? 0n,
    ...(rfc2024 === undefined ? {} : { memCache: [rfc2024.memCacheAddr, rfc2024.memCacheSize] }),
    preserved: dump.fdtAddress,
    at: (address) => offsetIn(core, address),
  };
  samples.set(abi, made);
  return made;
}

/** ELF64: e_phoff, e_phnum, and of each header of type PT_LOAD offset, address and size. */
function offsetIn(core: Buffer, address: bigint): number {
  const first = Number(core.readBigUInt64LE(0x20));
  for (let i = 0; i < core.readUInt16LE(0x38); i++) {
    const at = first + i * 56;
    const start = core.readBigUInt64LE(at + 24);
    if (core.readUInt32LE(at) !== 1 || address < start) continue;
    if (address < start + core.readBigUInt64LE(at + 32)) {
      return Number(core.readBigUInt64LE(at + 8) + address - start);
    }
  }
  throw new Error(`${address} is not in the core`);
}

type Edit = (core: Buffer, sample: Sample) => void;

const field =
  (name: keyof typeof FDT_HEADER, value: number | ((before: number) => number)): Edit =>
  (core, { at, tree }) => {
    const place = at(tree) + FDT_HEADER[name];
    core.writeUInt32BE(typeof value === 'number' ? value : value(core.readUInt32BE(place)), place);
  };

/** What fdt_check_header refuses, or what leaves the root without a version that the kernel knows. */
const REFUSED: readonly [what: string, edit: Edit][] = [
  ['zeros', (core, { at, tree, blob }) => core.fill(0, at(tree), at(tree) + blob.length)],
  ['another magic', field('magic', 0xd00dfeee)],
  ['totalsize 0', field('totalsize', 0)],
  ['totalsize 39', field('totalsize', 39)],
  ['totalsize below the blocks', field('totalsize', 64)],
  ['totalsize beyond everything', field('totalsize', 0x7fffffff)],
  ['totalsize above INT_MAX', field('totalsize', 0xffffffff)],
  ['struct inside the header', field('offDtStruct', 8)],
  ['struct outside', field('offDtStruct', 0x1000000)],
  ['struct overflowing', field('offDtStruct', 0xfffffffc)],
  ['struct misaligned', field('offDtStruct', (before) => before + 2)],
  ['strings inside the header', field('offDtStrings', 0)],
  ['strings outside', field('offDtStrings', 0x1000000)],
  ['reserve map inside the header', field('offMemRsvmap', 0)],
  ['reserve map outside', field('offMemRsvmap', 0x1000000)],
  ['version 0', field('version', 0)],
  ['version 1', field('version', 1)],
  ['version below last_comp_version', field('version', 15)],
  ['last_comp_version 18', field('lastCompVersion', 18)],
  ['strings overflowing', field('sizeDtStrings', 0xffffffff)],
  ['no strings', field('sizeDtStrings', 0)],
  ['struct size overflowing', field('sizeDtStruct', 0xfffffff0)],
  ['no struct', field('sizeDtStruct', 0)],
  [
    'no version',
    (core, { at, tree }) => core.write('xho-', core.indexOf('kho-v', at(tree), 'latin1'), 'latin1'),
  ],
  [
    'no compatible',
    (core, { at, tree }) => core.write('x', core.indexOf('compatible\0', at(tree), 'latin1'), 'latin1'),
  ],
];

let files = 0;

function file(bytes: Uint8Array): string {
  const path = join(folder, `${files++}`);
  writeFileSync(path, bytes);
  return path;
}

function edited(abi: Generation, edit: Edit): Buffer {
  const made = sample(abi);
  const core = Buffer.from(made.core);
  edit(core, made);
  return core;
}

async function result(path: string, options: LoadOptions = {}) {
  return withDump(path, options, async ({ handover }) => ({
    handover: shown(handover),
    ...validate(handover, catalogue),
  }));
}

const shown = ({ kind, generation, brokenEntry, unreadableRoot, fdtAddress }: Handover) => ({
  kind,
  generation,
  brokenEntry,
  unreadableRoot,
  fdtAddress,
});

async function errors(path: string, options: LoadOptions = {}): Promise<string[]> {
  const { findings } = await result(path, options);
  return [...new Set(findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule))].sort();
}

/** The device tree that an arm64 kernel would be booted with. */
function bootTree(abi: Generation): Uint8Array {
  const { tree, scratch, scratchSize, memCache } = sample(abi);
  const cells = (...values: bigint[]) => {
    const bytes = Buffer.alloc(values.length * 8);
    for (const [i, value] of values.entries()) bytes.writeBigUInt64BE(value, i * 8);
    return bytes;
  };
  const two = Uint8Array.of(0, 0, 0, 2);
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('#address-cells', two);
  writer.property('#size-cells', two);
  writer.beginNode('chosen');
  writer.property(memCache === undefined ? 'linux,kho-fdt' : 'linux,kho-dt', cells(tree, 4096n));
  writer.property('linux,kho-scratch', cells(scratch, scratchSize));
  if (memCache !== undefined) writer.property('linux,kho-mem', cells(...memCache));
  writer.endNode();
  writer.endNode();
  return writer.finish();
}

const ALL = GENERATIONS.filter((name) => name !== 'kho-v2');

describe.each(ALL)('%s', (abi) => {
  test('as it is: no error, by any way', async () => {
    const { core, tree } = sample(abi);
    const path = file(core);
    const boot = file(bootTree(abi));
    expect(await errors(path)).toEqual([]);
    expect(await errors(path, { fdtAddress: tree })).toEqual([]);
    expect(await errors(boot, { memory: path })).toEqual([]);
  });

  test.each(REFUSED)('%s is an error after setup_data, /chosen and --fdt-addr', async (_what, edit) => {
    const path = file(edited(abi, edit));
    const { tree } = sample(abi);
    for (const found of [
      await errors(path),
      await errors(path, { fdtAddress: tree }),
      await errors(file(bootTree(abi)), { memory: path }),
    ]) {
      expect(found.filter((rule) => /^(FDT|KHO)-/.test(rule))).not.toEqual([]);
      // What cannot be read has no further faults.
      expect(found.filter((rule) => !/^(FDT|KHO)-/.test(rule))).toEqual([]);
    }
  });

  test('what is asked of a tree of which no node can be read: status 2', () => {
    const path = file(edited(abi, field('magic', 0xd00dfeee)));
    const whole = file(sample(abi).core);
    for (const args of [
      ['dump', path],
      ['dump', path, '--format', 'json'],
      ['dump', path, '--format', 'dts'],
      ['diff', path, path],
      ['diff', whole, path],
      ['what', path, '0x1000'],
    ]) {
      const { status, stderr } = kho(args);
      expect(status).toBe(2);
      expect(stderr).toMatch(/no node of the tree can be read/);
    }
  });

  test('a complete tree elsewhere is not taken instead, and is told of', async () => {
    const { core, at, tree, element, blob } = sample(abi);
    const damaged = Buffer.from(core);
    // What is named becomes a page that holds something else: boot_params.
    const { bootParams } = sample(abi);
    damaged.writeBigUInt64LE(bootParams, at(element) + 16);
    const { handover, findings } = await result(file(damaged));
    if (abi === 'rfc-2024') {
      expect(findings.some(({ rule, severity }) => rule === 'KHO-017' && severity === 'error')).toBe(true);
      return;
    }
    expect(handover.brokenEntry).toEqual({
      how: 'setup_data',
      address: bootParams,
      state: 'unreadable',
      others: [tree],
    });
    const [named] = findings.filter(({ rule }) => rule === 'KHO-170');
    expect(named?.message).toContain(`a complete tree is at 0x${tree.toString(16)}`);
    expect(blob.length).toBeGreaterThan(40);
  });

  test.each([
    ['0', 0n],
    ['2^60', 1n << 60n],
  ])('an address of %s', async (_what, address) => {
    const core = edited(abi, (bytes, { at, element }) => bytes.writeBigUInt64LE(address, at(element) + 16));
    expect(await errors(file(core))).toEqual([abi === 'rfc-2024' ? 'KHO-017' : 'KHO-170']);
  });

  test('an address that the dump does not hold leaves it open', async () => {
    const core = edited(abi, (bytes, { at, element }) =>
      bytes.writeBigUInt64LE(0x7_7777_7000n, at(element) + 16),
    );
    const { findings, skipped, passed } = await result(file(core));
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    if (abi === 'rfc-2024') return;
    expect(passed).not.toContain('KHO-170');
    expect(skipped.find(({ rule }) => rule === 'KHO-170')).toMatchObject({ kind: 'absent' });
  });

  test('with --assume a root without its version is judged like any other', async () => {
    const [, edit] = REFUSED.find(([what]) => what === 'no version') ?? [];
    if (edit === undefined) throw new Error('no such edit');
    const path = file(edited(abi, edit));
    const { handover, skipped, findings } = await result(path, { assume: abi });
    expect(handover).toMatchObject({ kind: 'handover', generation: abi });
    expect(findings.map(({ rule }) => rule)).toContain(abi === 'rfc-2024' ? 'KHO-002' : 'KHO-108');
    expect(skipped.filter(({ why }) => why === 'the root of the tree cannot be read')).toEqual([]);
  });

  test('damage of the blob alone is found without memory', async () => {
    const { blob } = sample(abi);
    for (const [what, edit] of REFUSED) {
      if (/^(zeros|no version|no compatible)/.test(what)) continue;
      const copy = Buffer.from(blob);
      edit(copy, { ...sample(abi), at: () => 0 });
      const found = await errors(file(copy));
      expect(found, what).not.toEqual([]);
      expect(
        found.every((rule) => /^(FDT|KHO)-/.test(rule)),
        what,
      ).toBe(true);
    }
  });

  test('and with its memory', async () => {
    const { blob, core } = sample(abi);
    const copy = Buffer.from(blob);
    copy.writeUInt32BE(readFdtHeader(new DataView(copy.buffer, copy.byteOffset), 0).offDtStruct + 2, 8);
    expect(await errors(file(copy), { memory: file(core) })).toContain('FDT-015');
  });
});

describe('what the loader placed', () => {
  const UPSTREAM = ALL.filter((name) => name !== 'rfc-2024');

  /** boot_params, an element or the array, moved to an address. */
  async function moved(abi: Generation, edit: Edit): Promise<[string, string][]> {
    const { findings } = await result(file(edited(abi, edit)));
    return findings
      .filter(({ rule }) => rule === 'KHO-171')
      .map(({ severity, message }) => [severity, message]);
  }

  const initrd =
    (address: bigint, size: bigint): Edit =>
    (core, { at, bootParams }) => {
      const start = at(bootParams);
      core.writeUInt32LE(Number(address & 0xffffffffn), start + BOOT_PARAMS.ramdiskImage);
      core.writeUInt32LE(Number(address >> 32n), start + BOOT_PARAMS.extRamdiskImage);
      core.writeUInt32LE(Number(size & 0xffffffffn), start + BOOT_PARAMS.ramdiskSize);
      core.writeUInt32LE(Number(size >> 32n), start + BOOT_PARAMS.extRamdiskSize);
    };

  test.each(UPSTREAM)("%s: an initrd over the tree's page, one outside scratch, one in it", async (abi) => {
    const { tree, scratch } = sample(abi);
    const whole = scratchRegion(abi);
    expect(await moved(abi, initrd(tree - 4096n, 8192n))).toEqual([
      ['error', expect.stringContaining('the initrd')],
    ]);
    expect(await moved(abi, initrd(0x10_0000n, 4096n))).toEqual([
      ['warning', expect.stringContaining('is not in scratch')],
    ]);
    expect(await moved(abi, initrd(whole, 4096n))).toEqual([]);
    // A page that the kernel has given to others.
    expect(await moved(abi, initrd(0x6572_6f6c_1a08_a000n, 0xd4bf_8fde_1a1f_f6cfn))).toEqual([]);
    expect(scratch).toBeGreaterThan(0n);
  });

  test.each(UPSTREAM)("%s: the command line over the tree's page", async (abi) => {
    const { tree } = sample(abi);
    const found = await moved(abi, (core, { at, bootParams }) => {
      core.writeUInt32LE(Number(tree & 0xffffffffn), at(bootParams) + BOOT_PARAMS.cmdLinePtr);
      core.writeUInt32LE(Number(tree >> 32n), at(bootParams) + BOOT_PARAMS.extCmdLinePtr);
    });
    expect(found).toEqual([['error', expect.stringContaining('the command line')]]);
  });

  test.each(UPSTREAM)("%s: the scratch array inside the tree's page", async (abi) => {
    const { tree, core, scratch, at } = sample(abi);
    const array = Buffer.from(core.subarray(at(scratch), at(scratch) + 32));
    const place = tree + 2048n;
    const edit: Edit = (bytes, { at: of, element }) => {
      array.copy(bytes, of(tree) + 2048);
      bytes.writeBigUInt64LE(place, of(element) + 32);
      bytes.writeBigUInt64LE(32n, of(element) + 40);
    };
    // Only where the core holds the whole page of the tree.
    try {
      at(place + 31n);
    } catch {
      return;
    }
    expect(await moved(abi, edit)).toEqual([['error', expect.stringContaining('the scratch array')]]);
  });

  test('rfc-2024: an initrd over what a mem record keeps; outside scratch nothing is said', async () => {
    const { blob, memCache } = sample('rfc-2024');
    const first = readCache();
    expect(await moved('rfc-2024', initrd(first, 4096n))).toEqual([
      ['error', expect.stringContaining('the initrd')],
    ]);
    expect(await moved('rfc-2024', initrd(0x10_0000n, 4096n))).toEqual([]);
    expect(blob.length).toBeGreaterThan(0);

    function readCache(): bigint {
      const { core, at } = sample('rfc-2024');
      return core.readBigUInt64LE(at(memCache?.[0] ?? 0n)) & ~1n;
    }
  });

  function scratchRegion(abi: Generation): bigint {
    const { core, at, scratch, scratchSize } = sample(abi);
    for (let i = 0n; i < scratchSize; i += 16n) {
      const size = core.readBigUInt64LE(at(scratch + i) + 8);
      if (size > 8192n) return core.readBigUInt64LE(at(scratch + i));
    }
    throw new Error('no scratch');
  }
});

test('a page of memory that is read back is the one that was written', () => {
  const dump = synthesise(planFromSeed({ abi: 'kho-v4', seed: 3n }));
  expect(readBytes(dump.memory, dump.fdtAddress, 4)).toEqual(Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed));
});

describe('a setup_data list that breaks off before the element of the handover', () => {
  const UPSTREAM = ALL.filter((name) => name !== 'rfc-2024');

  /** The list's head, or the head of a chain in front of the element: boot_params itself serves as such. */
  const headed =
    (address: bigint | 'itself'): Edit =>
    (core, { at, bootParams, element }) => {
      const head = address === 'itself' ? element : address;
      core.writeBigUInt64LE(head, at(bootParams) + BOOT_PARAMS.setupData);
      if (address !== 'itself') return;
      core.writeBigUInt64LE(element, at(element));
      core.writeUInt32LE(9, at(element) + 8);
    };

  const outcome = async (abi: Generation, edit: Edit) => {
    const core = edited(abi, edit);
    core.writeUInt16LE(0xaa55, sample(abi).at(sample(abi).bootParams) + BOOT_PARAMS.bootFlag);
    const { findings, skipped } = await result(file(core));
    return {
      errors: findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule),
      skip: skipped.find(({ rule }) => rule === 'KHO-101')?.kind,
    };
  };

  test.each(UPSTREAM)('%s', async (abi) => {
    expect(await outcome(abi, headed(0x7_7777_7000n))).toEqual({ errors: [], skip: 'absent' });
    expect(await outcome(abi, headed(1n << 60n))).toEqual({ errors: ['KHO-101'] });
    expect(await outcome(abi, headed('itself'))).toEqual({ errors: ['KHO-101'] });
    // A list that ends says that the dump's kernel was not booted with a handover.
    expect(await outcome(abi, headed(0n))).toEqual({ errors: [], skip: 'not-applicable' });
  });

  test.each(UPSTREAM)('%s: a scratch array at 0 or beyond all memory', async (abi) => {
    for (const address of [0n, (1n << 64n) - 16n]) {
      const edit: Edit = (core, { at, element }) => core.writeBigUInt64LE(address, at(element) + 32);
      expect(await errors(file(edited(abi, edit)))).toContain('KHO-125');
    }
  });

  test.each(UPSTREAM)('%s: an address that libfdt refuses, of memory that is not there', async (abi) => {
    const edit: Edit = (core, { at, element }) => core.writeBigUInt64LE(0x7_7777_7004n, at(element) + 16);
    expect(await errors(file(edited(abi, edit)))).toEqual(['KHO-106']);
  });
});
