/** Trimming the dumps of the 2024 series: the same model, and no other memory. */
import { describe, expect, test } from 'vitest';
import { equalBytes } from '../../src/decode/bytes.js';
import { findNode, findProperty, valueOffset } from '../../src/fdt/tree.js';
import { overlay } from '../../src/memory/overlay.js';
import { readBytes } from '../../src/memory/read.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { BOOT_PARAMS, KHO_MEM_SIZE, writeKhoMem } from '../../src/records/kho.js';
import { coreMemory } from '../decode/linux-dumps.js';
import { rfcFiles, rfcNames } from '../fixtures.js';
import { fileBytes, gunzip } from '../memory/bytes.js';
import {
  allBytes,
  type Canaries,
  countCanaries,
  decodeFound,
  modelText,
  planted,
  SECRET,
  SPARE,
  trimmed,
} from './canary.js';

const PAGE = 4096;
const pageEnd = (address: number): number => Math.ceil((address + 1) / PAGE) * PAGE;

/** Canary places from the truth file: guest pages by the mappings and extents, spare bytes by sizes and addresses. */
function canariesOf(name: string): Canaries {
  const { truth } = rfcFiles(name);
  const handover = truth.handover as typeof truth.handover & Record<string, string & number>;
  const secret: [number, number][] = [];
  for (const { mappings } of truth.domains) {
    for (const [, physical, bytes] of mappings) {
      const start = Number(physical);
      // Of a superpage the first and the last page stand for all.
      secret.push([start, start + PAGE]);
      if (bytes > PAGE) secret.push([start + bytes - PAGE, start + bytes]);
    }
  }
  for (const { extents } of truth.guestmemfs.files) {
    for (const [start, length] of extents) {
      secret.push(
        [Number(start), Number(start) + PAGE],
        [Number(start) + Number(length) - PAGE, Number(start) + Number(length)],
      );
    }
  }
  const boot = Number(handover.boot_params_phys);
  // All of boot_params but the boot flag, HdrS and the list's head: the command line's address, e820, EFI, ...
  secret.push(
    [boot, boot + BOOT_PARAMS.bootFlag],
    [boot + BOOT_PARAMS.jump, boot + BOOT_PARAMS.header],
    [boot + BOOT_PARAMS.beforeSetupData, boot + BOOT_PARAMS.setupData],
    [boot + BOOT_PARAMS.behindSetupData, boot + PAGE],
  );
  const element = Number(handover.setup_data_kho_phys);
  // The command line before it, and after it a seed: all of its element but the link.
  secret.push([boot + PAGE, element], [element + 16 + 48 + 8, pageEnd(element)]);
  const tree = Number(handover.fdt_phys) + Number(handover.fdt_len);
  const cache = Number(handover.mem_cache_phys) + Number(handover.mem_cache_len);
  const gmfs = truth.guestmemfs as typeof truth.guestmemfs & Record<string, string>;
  const superblock = Number(gmfs.superblock_phys) + 40;
  const spare: [number, number][] = [tree, cache, superblock].map((end) => [end, pageEnd(end - 1)]);
  for (const file of truth.guestmemfs.files as unknown as Record<string, string>[]) {
    if (file.deleted) continue;
    const end = Number(file.mappings_phys) + Number(file.num_mappings) * 8;
    spare.push([end, pageEnd(end - 1)]);
  }
  const blocks = Number(gmfs.size) / 0x200000;
  const bitmap = Number(gmfs.bitmap_phys);
  spare.push([bitmap + Math.ceil(blocks / 8), bitmap + (1 << 20)]);
  return { secret: secret.filter(([a, b]) => a < b), spare: spare.filter(([a, b]) => a < b) };
}

describe.each(rfcNames)('%s', (name) => {
  const original = coreMemory(gunzip(fileBytes(rfcFiles(name).memory)));

  test('the same model, from a smaller file', () => {
    const { memory, refused, kept, covered } = trimmed(original);
    expect(modelText(decodeFound(memory))).toBe(modelText(decodeFound(original)));
    expect(refused).toBe(0);
    expect(kept).toBeLessThan(covered);
    expect(covered).toBeLessThan(allBytes(original).length);
    // Trimming again changes nothing.
    expect(equalBytes(trimmed(memory).bytes, trimmed(original).bytes)).toBe(true);
  });

  test('no canary in guest pages, seeds, boot_params and spare bytes comes through', () => {
    const memory = planted(original, canariesOf(name));
    const before = allBytes(memory);
    expect(countCanaries(before, SECRET)).toBeGreaterThan(1000);
    expect(countCanaries(before, SPARE)).toBeGreaterThan(1000);
    const small = trimmed(memory);
    expect(modelText(decodeFound(small.memory))).toBe(modelText(decodeFound(original)));
    expect(small.refused).toBe(0);
    expect(countCanaries(small.bytes, SECRET)).toBe(0);
    expect(countCanaries(small.bytes, SPARE)).toBe(0);
    const whole = trimmed(memory, { wholePages: true });
    expect(countCanaries(whole.bytes, SECRET)).toBe(0);
    expect(countCanaries(whole.bytes, SPARE)).toBeGreaterThan(0);
    expect(modelText(decodeFound(whole.memory))).toBe(modelText(decodeFound(original)));
  });

  test('entries of page tables: those that are present, with all their bits', () => {
    const { memory } = trimmed(original);
    const { truth } = rfcFiles(name);
    let present = 0;
    for (const [address] of truth.domains.flatMap(({ tables }) => tables)) {
      const before = readBytes(original, BigInt(address), PAGE);
      const after = readBytes(memory, BigInt(address), PAGE);
      expect(after, address).toEqual(before);
      present += before?.some((byte) => byte !== 0) === true ? 1 : 0;
    }
    expect(present).toBeGreaterThan(0);
  });
});

test('bits of a page-table entry that is not present are left out', () => {
  const original = coreMemory(gunzip(fileBytes(rfcFiles('two-vms').memory)));
  const [[pgd = '0'] = []] = rfcFiles('two-vms').truth.domains[0]?.tables ?? [];
  const last = Number(pgd) + PAGE - 8;
  // Neither read nor write: every other bit is ignored.
  const entry = new Uint8Array(8).fill(0xf0);
  const memory = overlay(segmentsMemory([{ address: last, bytes: entry }], 'an entry'), original);
  const small = trimmed(memory);
  expect(readBytes(small.memory, last, 8)).toEqual(new Uint8Array(8));
});

describe('setup_data', () => {
  const { truth } = rfcFiles('two-vms');
  const handover = truth.handover as typeof truth.handover & Record<string, string>;
  const original = coreMemory(gunzip(fileBytes(rfcFiles('two-vms').memory)));
  const boot = Number(handover.boot_params_phys);
  const kho = Number(handover.setup_data_kho_phys);

  /** A seed before and one after the handover's element, in one page with it, and the command line between. */
  function withSeeds() {
    const header = (next: number, type: number, len: number): Uint8Array => {
      const bytes = new Uint8Array(16);
      const view = new DataView(bytes.buffer);
      view.setBigUint64(0, BigInt(next), true);
      view.setUint32(8, type, true);
      view.setUint32(12, len, true);
      return bytes;
    };
    const first = kho + 0x200;
    const last = kho + 0x300;
    const head = new Uint8Array(8);
    new DataView(head.buffer).setBigUint64(0, BigInt(first), true);
    const secret = [
      [first + 16, first + 48],
      [first + 48, last],
      [last + 16, last + 80],
    ] as const;
    const segments = [
      { address: boot + BOOT_PARAMS.setupData, bytes: head },
      { address: first, bytes: header(kho, 9, 32) },
      { address: kho, bytes: header(last, 10, 48) },
      { address: last, bytes: header(0, 9, 64) },
    ];
    return overlay(segmentsMemory(segments, 'seeds'), planted(original, { secret, spare: [] }));
  }

  test.each([false, true])(
    'neither seeds nor what lies between come through (whole pages: %s)',
    (wholePages) => {
      const memory = withSeeds();
      expect(countCanaries(allBytes(memory), SECRET)).toBeGreaterThan(100);
      expect(decodeFound(memory).setupData?.element).toBe(BigInt(kho));
      const small = trimmed(memory, { wholePages });
      expect(countCanaries(small.bytes, SECRET)).toBe(0);
      expect(modelText(decodeFound(small.memory))).toBe(modelText(decodeFound(memory)));
    },
  );
});

test('what guest memory pretends to be a record stays out', () => {
  const { truth } = rfcFiles('two-vms');
  const original = coreMemory(gunzip(fileBytes(rfcFiles('two-vms').memory)));
  const [domain] = truth.domains;
  const [leaf] = domain?.mappings ?? [];
  const target = Number(leaf?.[1]);
  // The last slot of the pgd points to a guest page, which is then walked as a table.
  const slot = Number(domain?.pgd) + PAGE - 8;
  const entry = new Uint8Array(8);
  new DataView(entry.buffer).setBigUint64(0, BigInt(target) | 3n, true);
  const secret = [[target, target + PAGE]] as const;
  const memory = overlay(
    segmentsMemory([{ address: slot, bytes: entry }], 'slot'),
    planted(original, { secret, spare: [] }),
  );
  const small = trimmed(memory);
  expect(small.refused).toBeGreaterThan(0);
  expect(countCanaries(small.bytes, SECRET)).toBe(0);
  expect(readBytes(small.memory, target, 1)).toBeUndefined();
});

test('after an inode table that is too short for one inode nothing is a record', () => {
  const original = coreMemory(gunzip(fileBytes(rfcFiles('two-vms').memory)));
  const { tree, fdtAddress, guestmemfs } = decodeFound(original);
  const inodes = Number(guestmemfs?.superblock?.at(1).addr);
  const LENGTH = 40;
  if (tree === undefined) throw new Error('no tree');
  const mem = valueOffset(tree, findProperty(tree, findNode(tree, '/guestmemfs/superblock'), 'mem')) ?? 0;
  const record = new Uint8Array(KHO_MEM_SIZE);
  writeKhoMem(new DataView(record.buffer), 0, { addr: BigInt(inodes), len: BigInt(LENGTH) });
  const memory = overlay(
    segmentsMemory([{ address: Number(fdtAddress) + mem + KHO_MEM_SIZE, bytes: record }], 'short'),
    planted(original, { secret: [], spare: [[inodes + LENGTH, inodes + PAGE]] }),
  );
  expect(decodeFound(memory).guestmemfs?.state?.inodes?.bytes.length).toBe(LENGTH);
  expect(countCanaries(trimmed(memory).bytes, SPARE)).toBe(0);
});
