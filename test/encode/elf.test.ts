import { describe, expect, it } from 'vitest';
import { encodeElf } from '../../src/encode/elf.js';
import { memoryCoreChunks } from '../../src/encode/elf-chunks.js';
import { ModelError } from '../../src/encode/from-json.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { readBytes } from '../../src/memory/read.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { counting } from '../memory/elf/builder.js';
import { decodeMemory, dumpedJson, type Json, memoryOfChunks, parsed } from '../rfc/json.js';
import { RFC_DUMPS, withMemory } from '../vtd/fixtures.js';

/** Every known byte of a memory, by page. */
function pages(memory: PhysicalMemory): Map<number, string> {
  const found = new Map<number, string>();
  const page = new Uint8Array(4096);
  for (const { start, end } of memory.known()) {
    for (let at = start - (start % 4096); at < end; at += 4096) {
      page.fill(0);
      memory.read(at, 4096, page);
      found.set(at, Buffer.from(page).toString('latin1'));
    }
  }
  return found;
}

describe.each(RFC_DUMPS)('encodeElf on the dump %s', (dump) => {
  const file = `rfc-2024/${dump}/memory.elf.gz`;

  it('with its memory gives a core that decodes to the same model, byte for byte', async () => {
    await withMemory(file, (memory) => {
      const json = dumpedJson(decodeMemory(memory));
      const { chunks, messages } = encodeElf(json, memory);
      const again = memoryOfChunks(chunks);
      expect(dumpedJson(decodeMemory(again))).toEqual(json);
      expect(pages(again)).toEqual(pages(memory));
      // Zero pages that the core leaves out are all there is to say.
      expect(messages.filter((text) => !/^\d+ bytes of preserved memory are left out/.test(text))).toEqual(
        [],
      );
    });
  });

  it('without memory gives a core that decodes to the same model, and says what it lacks', async () => {
    await withMemory(file, (memory) => {
      const json = dumpedJson(decodeMemory(memory));
      const { chunks, messages } = encodeElf(json);
      const again = memoryOfChunks(chunks);
      expect(dumpedJson(decodeMemory(again))).toEqual(json);
      expect(messages.join('\n')).toMatch(/^the allocation bitmap is made/m);
      expect(messages.join('\n')).toMatch(/^the page tables of domain \d+/m);
      expect(messages.join('\n')).toMatch(/bytes of preserved memory are left out/m);
      const size = [...again.known()].reduce((sum, run) => sum + run.end - run.start, 0);
      expect(size).toBeLessThan(4 << 20);
    });
  });

  it('gives the typed parts precedence over the memory', async () => {
    await withMemory(file, (memory) => {
      const json = dumpedJson(decodeMemory(memory));
      const edited = structuredClone(json) as {
        guestmemfs: { superblockRecord: Json; files: Json[] };
        memCache: Json[];
      };
      edited.guestmemfs.superblockRecord.allocatedInodes = '0x77';
      const [file] = edited.guestmemfs.files;
      Object.assign(file ?? {}, { name: 'renamed', longTermPins: 5 });
      edited.memCache.pop();
      const { chunks } = encodeElf(edited, memory);
      const { guestmemfs, memCache, setupData } = decodeMemory(memoryOfChunks(chunks));
      expect(guestmemfs?.state?.superblock?.allocatedInodes).toBe(0x77n);
      expect(guestmemfs?.files?.[0]?.longTermPins).toBe(5);
      expect(new TextDecoder().decode(guestmemfs?.files?.[0]?.name.subarray(0, 8))).toBe('renamed\0');
      expect(memCache?.length).toBe(edited.memCache.length);
      expect(setupData?.rfc2024?.memCacheSize).toBe(BigInt(edited.memCache.length * 16));
    });
  });
});

describe('encodeElf on a document written by hand', () => {
  const document = {
    generation: 'rfc-2024',
    iommufds: [{ persistentId: '0x1', ioases: [{ id: 1, pinnedFileHandle: '0x0', areas: [] }] }],
    guestmemfs: {
      fsMem: { addr: '0x100000001', len: '0x1000000' },
      superblock: [
        { addr: '0x12350040', len: '0x28' },
        { addr: '0x12400000', len: '0x200000' },
        { addr: '0x12600000', len: '0x100000' },
      ],
      mappingsBlocks: [
        { addr: '0x12351000', len: '0x1000' },
        { addr: '0x12353000', len: '0x1000' },
      ],
      mappingsToInode: { addr: '0x12352000', len: '0x1000' },
      numInodes: '0x2',
      files: [
        { name: 'vm0', ino: 2, extents: [{ start: '0x100000000', end: '0x100400000' }] },
        { name: 'vm1', ino: 3, extents: [{ start: '0x100400000', end: '0x100600000' }] },
      ],
    },
  };

  it('finds places for what has no address, and makes the structures after the tree', () => {
    const { chunks } = encodeElf(document);
    const { setupData, scratch, memCache, guestmemfs, fdtAddress, diagnostics } = decodeMemory(
      memoryOfChunks(chunks),
    );
    expect(diagnostics).toEqual([]);
    const [area] = scratch ?? [];
    expect(area?.start).toBeGreaterThan(0x101000000n);
    for (const address of [fdtAddress, setupData?.rfc2024?.memCacheAddr]) {
      expect((address ?? 1n) % 0x10000n).toBe(0n);
      expect(address).toBeGreaterThanOrEqual(area?.start ?? 0n);
      expect(address).toBeLessThan(area?.end ?? 0n);
    }
    expect([...(memCache ?? [])]).toEqual([
      { addr: 0x12350000n, len: 0x4000n },
      { addr: 0x12400000n, len: 0x300000n },
      { addr: 0x100000001n, len: 0x1000fffn },
    ]);
    expect(
      guestmemfs?.files?.map(({ ino, numMappings, blocks }) => [ino, numMappings, [...(blocks ?? [])]]),
    ).toEqual([
      [2, 2, [0n, 1n]],
      [3, 1, [2n]],
    ]);
    expect(guestmemfs?.state?.superblock).toMatchObject({
      nextFreeIno: 4n,
      allocatedInodes: 2n,
      inodes: 0xffff888012400000n,
      serialised: 1,
    });
    const inodes = guestmemfs?.state?.inodes;
    expect(inodes?.at(0)).toMatchObject({ flags: 2, childIno: 3n });
    expect(inodes?.at(2)).toMatchObject({ flags: 1, siblingIno: 2n, mappings: 0xffff888012353000n });
    expect(inodes?.at(1)).toMatchObject({ flags: 1, siblingIno: 0n, mappings: 0xffff888012351000n });
    expect(inodes?.at(3)).toMatchObject({ flags: 0, siblingIno: 5n });
    expect(inodes?.at(7083)).toMatchObject({ flags: 0, siblingIno: 0n });
  });

  it('stays as it is when it is dumped and encoded again', () => {
    const dumped = dumpedJson(decodeMemory(memoryOfChunks(encodeElf(document).chunks)));
    expect(dumpedJson(decodeMemory(memoryOfChunks(encodeElf(dumped).chunks)))).toEqual(dumped);
  });

  it.each<[string, (copy: { [key: string]: unknown; guestmemfs: Json & { files: Json[] } }) => void, RegExp]>(
    [
      [
        'a name too long',
        ({ guestmemfs }) => Object.assign(guestmemfs.files[0] ?? {}, { name: 'x'.repeat(255) }),
        /files\[0\]\.name/,
      ],
      [
        'an inode number 0',
        ({ guestmemfs }) => Object.assign(guestmemfs.files[1] ?? {}, { ino: 0 }),
        /files\[1\]\.ino/,
      ],
      [
        'more blocks than a page holds',
        ({ guestmemfs }) =>
          Object.assign(guestmemfs.files[0] ?? {}, {
            blocks: [{ block: '0x0', count: 512 }, { block: '0x200' }],
          }),
        /files\[0\]\.blocks\[1\]/,
      ],
      [
        'extents that are not whole blocks',
        ({ guestmemfs }) =>
          Object.assign(guestmemfs.files[0] ?? {}, {
            extents: [{ start: '0x100000000', end: '0x100001000' }],
          }),
        /files\[0\]\.extents\[0\]/,
      ],
      [
        'scratch without room',
        (copy) => Object.assign(copy, { scratch: [{ start: '0x40000000', end: '0x40001000' }] }),
        /scratch has no room/,
      ],
    ],
  )('refuses %s, and names the place', (_, edit, message) => {
    const copy = parsed(document) as Parameters<typeof edit>[0];
    edit(copy);
    expect(() => encodeElf(copy)).toThrow(ModelError);
    expect(() => encodeElf(copy)).toThrow(message);
  });

  it('says where typed parts disagree or lie over each other', () => {
    const dumped = dumpedJson(decodeMemory(memoryOfChunks(encodeElf(document).chunks)));
    const setup = dumped.setupData as Json;
    Object.assign(setup, { memCacheAddr: setup.dtAddr, scratchSize: '0x5000000' });
    const { messages } = encodeElf(dumped);
    expect(messages).toContain('the mem cache overlaps the tree; the bytes of the tree are kept');
    expect(messages).toContain('setupData and scratch name different ranges; that of scratch is written');
    Object.assign(setup, { dtAddr: '0x1000' });
    expect(encodeElf(dumped).messages.join('\n')).toMatch(/setupData\.dtAddr is 0x1000; the tree is at/);
  });

  it('leaves out what has no physical address, and says so', () => {
    const copy = structuredClone(document);
    Object.assign(copy.guestmemfs.superblock[1] ?? {}, { addr: '0xfff0000000000000' });
    const { messages } = encodeElf(copy);
    expect(messages).toContain('the inode table is left out: 0xfff0000000000000 is not a physical address');
  });

  it('writes no mem cache where the kernel would refuse to make one', () => {
    const { chunks, messages } = encodeElf({
      ...document,
      scratch: [{ start: '0x12000000', end: '0x14000000' }],
    });
    expect(messages.join('\n')).toMatch(/runs into scratch/);
    expect(decodeMemory(memoryOfChunks(chunks)).memCache?.length).toBe(0);
  });
});

describe('memoryCoreChunks', () => {
  it('streams runs of any length, and stores no zeros', () => {
    const long = counting(7, (20 << 20) + 5);
    const memory = segmentsMemory(
      [
        { address: 0x1000, bytes: counting(1, 3) },
        { address: 0x1003, zeroLength: 0x10000000 },
        { address: 0x2_0000_0007, bytes: long },
      ],
      'test',
    );
    let stored = 0;
    let largest = 0;
    for (const { length } of memoryCoreChunks(memory, 'x86-64')) {
      stored += length;
      largest = Math.max(largest, length);
    }
    expect(largest).toBeLessThanOrEqual(1 << 16);
    expect(stored).toBeLessThan(long.length + 5 * 4096);
    const again = memoryOfChunks(memoryCoreChunks(memory, 'x86-64'));
    expect([...again.known()].map(({ start, end, state }) => [start, end, state])).toEqual(
      [...memory.known()].map(({ start, end, state }) => [start, end, state]),
    );
    expect(Buffer.compare(readBytes(again, 0x2_0000_0007, long.length) ?? new Uint8Array(0), long)).toBe(0);
    expect(readBytes(again, 0x1000, 5)).toEqual(Uint8Array.of(1, 2, 3, 0, 0));
  });
});
