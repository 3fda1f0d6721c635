import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KHO_KEXEC_METADATA_SIZE, readKhoKexecMetadata } from '../../src/records/kexec_metadata.js';
import { KHO_BLOCK_HEADER_SER_SIZE, readKhoBlockHeaderSer } from '../../src/records/kho_block.js';
import {
  readKhoMemPhysBits,
  readKhoRadixLeaf,
  readKhoRadixNode,
  readKhoserMemChunk,
} from '../../src/records/kho_map.js';
import { readKhoData } from '../../src/records/kho_root.js';
import {
  LUO_FILE_SER_SIZE,
  LUO_SER_SIZE,
  LUO_SESSION_SER_SIZE,
  readLuoFileSer,
  readLuoSer,
  readLuoSessionSer,
} from '../../src/records/luo.js';
import {
  MEMFD_LUO_FOLIO_SER_SIZE,
  MEMFD_LUO_SER_SIZE,
  readMemfdLuoFolioSer,
  readMemfdLuoSer,
} from '../../src/records/memfd.js';
import { readKhoVmallocChunk } from '../../src/records/vmalloc.js';
import { bytesToText } from '../../src/schema/text.js';
import { type Memory, openMemory, readTruth, type Truth } from './real-memory.js';

const text = (bytes: Uint8Array): string => bytesToText(bytes).text;

/** Addresses of the records of a block list, as kho-v4 links them. */
function blockRecords(memory: Memory, first: bigint, recordSize: number): bigint[] {
  const addresses: bigint[] = [];
  for (let at = first; at !== 0n; ) {
    const { next, count } = readKhoBlockHeaderSer(memory(at, KHO_BLOCK_HEADER_SER_SIZE), 0);
    for (let index = 0n; index < count; index++) {
      addresses.push(at + BigInt(KHO_BLOCK_HEADER_SER_SIZE) + index * BigInt(recordSize));
    }
    at = next;
  }
  return addresses;
}

/** Physical addresses of the pages of a vmalloc area of order 0. */
function vmallocPages(memory: Memory, first: bigint, pageSize: number): bigint[] {
  const pages: bigint[] = [];
  for (let at = first; at !== 0n; ) {
    const { hdr, phys } = readKhoVmallocChunk(memory(at, pageSize), 0, pageSize);
    pages.push(...phys.filter((address) => address !== 0n));
    at = hdr.next;
  }
  return pages;
}

function sessions(memory: Memory, truth: Truth, pageSize: number): object {
  const [luo] = truth.subtrees.LUO ?? [0];
  const central = readLuoSer(memory(BigInt(luo), LUO_SER_SIZE), 0);
  expect(text(central.compatible)).toBe('luo-v5');
  const found = blockRecords(memory, central.sessionsPa, LUO_SESSION_SER_SIZE).map((address) => {
    const { name, fileSetSer } = readLuoSessionSer(memory(address, LUO_SESSION_SER_SIZE), 0);
    const files = blockRecords(memory, fileSetSer.files, LUO_FILE_SER_SIZE).map((at) =>
      file(memory, at, pageSize),
    );
    return { name: text(name), count: Number(fileSetSer.count), files };
  });
  return { number: Number(central.liveupdateNum), sessions: found };
}

function file(memory: Memory, address: bigint, pageSize: number): object {
  const { compatible, data, token } = readLuoFileSer(memory(address, LUO_FILE_SER_SIZE), 0);
  const memfd = readMemfdLuoSer(memory(data, MEMFD_LUO_SER_SIZE), 0);
  expect(memfd.folios.order).toBe(0);
  const perPage = pageSize / MEMFD_LUO_FOLIO_SER_SIZE;
  const pages = vmallocPages(memory, memfd.folios.first, pageSize);
  const folios = Array.from({ length: Number(memfd.nrFolios) }, (_, index) => {
    const page = memory(pages[Math.floor(index / perPage)] ?? 0n, pageSize);
    const folio = readMemfdLuoFolioSer(page, (index % perPage) * MEMFD_LUO_FOLIO_SER_SIZE);
    return [Number(folio.pfn), folio.flags, Number(folio.index)];
  });
  return {
    compatible: text(compatible),
    token: Number(token),
    pos: Number(memfd.pos),
    size: Number(memfd.size),
    seals: memfd.seals,
    flags: memfd.flags,
    nr_folios: Number(memfd.nrFolios),
    folios,
  };
}

/** Numbers of the bits that are set. */
function setBits(bitmap: Uint8Array): number[] {
  const bits: number[] = [];
  bitmap.forEach((byte, index) => {
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) bits.push(index * 8 + bit);
  });
  return bits;
}

/** Keys of a radix tree, level by level with the pages of each level in a list. */
function radixBlocks(memory: Memory, root: bigint, pageSize: number): [bigint, number][] {
  const shift = Math.log2(pageSize);
  const slots = BigInt(shift - 3);
  const depth = Math.ceil((64 - shift + 1 - (shift + 3)) / (shift - 3)) + 1;
  let level: [bigint, bigint][] = [[0n, root]];
  for (let above = depth - 1; above > 0; above--) {
    level = level.flatMap(([key, page]) => {
      const { table } = readKhoRadixNode(memory(page, pageSize), 0, pageSize);
      return table.flatMap((child, index): [bigint, bigint][] =>
        child === 0n ? [] : [[(key << slots) | BigInt(index), child]],
      );
    });
  }
  return level.flatMap(([upper, page]) => {
    const { bitmap } = readKhoRadixLeaf(memory(page, pageSize), 0, pageSize);
    return setBits(bitmap).map((bit): [bigint, number] => {
      const key = (upper << BigInt(shift + 3)) | BigInt(bit);
      const order = 64 - shift - (key.toString(2).length - 1);
      return [BigInt.asUintN(64, key << BigInt(shift + order)), order];
    });
  });
}

const sorted = (blocks: readonly (readonly [bigint | number, number])[]): string[] =>
  blocks.map(([address, order]) => `${address}/${order}`).sort();

describe.each(['linux-7.3-live-update', 'linux-7.3-arm64-16k'])('%s', (name) => {
  const truth = readTruth(`${name}/handover.truth.json.gz`);
  const memory = openMemory(`${name}/handover.elf.gz`);
  const pageSize = truth.page_size ?? 4096;

  it('LUO sessions, files and folios are those of the truth', () => {
    const found = sessions(memory, truth, pageSize);
    expect(found).toMatchObject({ number: truth.luo?.number, sessions: truth.luo?.sessions });
    expect(truth.luo?.sessions.length).toBeGreaterThan(1);
  });
});

describe.each(['linux-7.1-live-update', 'linux-7.3-live-update', 'linux-7.3-arm64-16k'])('%s', (name) => {
  it('the radix tree holds the preserved blocks of the truth', () => {
    const truth = readTruth(`${name}/handover.truth.json.gz`);
    const memory = openMemory(`${name}/handover.elf.gz`);
    const blocks = radixBlocks(memory, BigInt(truth.map), truth.page_size ?? 4096);
    expect(sorted(blocks)).toEqual(sorted(truth.preserved));
    expect(blocks.length).toBeGreaterThan(1000);
  });
});

describe('linux-6.18-handover', () => {
  it('the bitmaps hold the preserved blocks of the truth', () => {
    const truth = readTruth('linux-6.18-handover/handover.truth.json.gz');
    const memory = openMemory('linux-6.18-handover/handover.elf.gz');
    const blocks: [bigint, number][] = [];
    for (let at = BigInt(truth.map); at !== 0n; ) {
      const { hdr, bitmaps } = readKhoserMemChunk(memory(at, 4096), 0, 4096);
      for (const { physStart, bitmap } of bitmaps.slice(0, hdr.numElms)) {
        const { preserve } = readKhoMemPhysBits(memory(bitmap, 4096), 0, 4096);
        const size = BigInt(4096 * 2 ** hdr.order);
        for (const bit of setBits(preserve)) blocks.push([physStart + BigInt(bit) * size, hdr.order]);
      }
      at = hdr.next;
    }
    expect(sorted(blocks)).toEqual(sorted(truth.preserved));
  });
});

describe('small files', () => {
  const view = (name: string): DataView => {
    const bytes = new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };

  it('setup_data payload of type 10', () => {
    expect(readKhoData(view('linux-7.3-live-update/setup_data-type10.bin'), 0)).toEqual({
      fdtAddr: 0x4ee000n,
      fdtSize: 4096n,
      scratchAddr: 0x1abf0000n,
      scratchSize: 48n,
    });
  });

  it('kexec-metadata', () => {
    const metadata = view('linux-7.3-live-update/debugfs-in/sub_fdts/kexec-metadata');
    expect(metadata.byteLength).toBe(KHO_KEXEC_METADATA_SIZE);
    const { version, previousRelease, kexecCount } = readKhoKexecMetadata(metadata, 0);
    expect([version, text(previousRelease), kexecCount]).toEqual([1, '7.3.4', 1]);
  });
});
