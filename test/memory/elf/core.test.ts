import { describe, expect, test } from 'vitest';
import type { MemoryCode } from '../../../src/memory/diagnostics.js';
import { elfMemory, parseElfCore } from '../../../src/memory/elf/core.js';
import type { MemoryRun, PhysicalMemory } from '../../../src/memory/physical.js';
import { bytesAccess } from '../../../src/memory/random-access.js';
import { readBytes } from '../../../src/memory/read.js';
import { AARCH64, buildElf, buildNote, counting, PT_NOTE, type Recipe } from './builder.js';

function open(recipe: Recipe): { memory: PhysicalMemory; codes: MemoryCode[]; runs: MemoryRun[] } {
  const file = bytesAccess(buildElf(recipe));
  const { core, diagnostics } = parseElfCore(file);
  if (core === undefined) throw new Error(diagnostics[0]?.message);
  const memory = elfMemory(file, core);
  return { memory, codes: diagnostics.map(({ code }) => code), runs: [...memory.known()] };
}

function refusal(recipe: Recipe): { code: MemoryCode | undefined; message: string } {
  const { core, diagnostics } = parseElfCore(bytesAccess(buildElf(recipe)));
  expect(core).toBeUndefined();
  expect(diagnostics).toHaveLength(1);
  return { code: diagnostics[0]?.code, message: diagnostics[0]?.message ?? '' };
}

describe('what is not a core of physical memory is refused with a reason', () => {
  test.each<[string, Recipe, MemoryCode, RegExp]>([
    ['a file of 63 bytes', { size: 63 }, 'elf-header-truncated', /ends after 63 bytes/],
    ['an empty file', { size: 0 }, 'elf-header-truncated', /ends after 0 bytes/],
    ['another magic', { data: [{ at: 0, bytes: counting(0, 4) }] }, 'elf-magic', /7f 45 4c 46/],
    ['32 bit', { elfClass: 1 }, 'elf-class', /32-bit/],
    ['big endian', { byteOrder: 2 }, 'elf-byte-order', /big-endian/],
    ['a program', { type: 2 }, 'elf-type', /ET_EXEC/],
    ['an unknown type', { type: 0xfe00 }, 'elf-type', /65024/],
    ['s390', { machine: 22 }, 'elf-machine', /machine 22/],
    ['another header size', { headers: [{}], phentsize: 32 }, 'elf-program-header-size', /32/],
    ['PN_XNUM without section headers', { phnum: 0xffff }, 'elf-extended-count', /PN_XNUM/],
    [
      'PN_XNUM with section headers beyond the end',
      { phnum: 0xffff, shoff: 1n << 60n, shnum: 1 },
      'elf-extended-count',
      /PN_XNUM/,
    ],
  ])('%s', (_, recipe, code, message) => {
    const found = refusal(recipe);
    expect(found.code).toBe(code);
    expect(found.message).toMatch(message);
  });

  test('a core of a process: several segments, all at physical address 0', () => {
    const headers = [1n, 2n].map((n) => ({ vaddr: n << 32n, offset: 0x1000n, filesz: 16n }));
    expect(refusal({ headers, size: 0x1010 }).code).toBe('elf-no-physical-addresses');
  });

  test('a core of a process with one segment', () => {
    const headers = [{ vaddr: 0x40_0000n, offset: 0x1000n, filesz: 16n }];
    expect(refusal({ headers, size: 0x1010 }).code).toBe('elf-no-physical-addresses');
  });
});

test('a direct map with its one segment at physical address 0 is memory', () => {
  const headers = [{ vaddr: 0xffff_8880_0000_0000n, offset: 0x1000n, filesz: 16n }];
  const { memory, codes } = open({ headers, data: [{ at: 0x1000, bytes: counting(1, 16) }] });
  expect(codes).toEqual([]);
  expect(readBytes(memory, 0, 16)).toEqual(counting(1, 16));
});

test('segments at odd file offsets, in any order, are read where they are', () => {
  const { memory, codes, runs } = open({
    headers: [
      { paddr: 0x8000n, offset: 0x499n, filesz: 5n },
      { paddr: 0x1003n, offset: 0x401n, filesz: 3n },
    ],
    data: [
      { at: 0x499, bytes: counting(10, 5) },
      { at: 0x401, bytes: counting(90, 3) },
    ],
  });
  expect(codes).toEqual([]);
  expect(runs).toEqual([
    { start: 0x1003, end: 0x1006, state: 'present', fileOffset: 0x401 },
    { start: 0x8000, end: 0x8005, state: 'present', fileOffset: 0x499 },
  ]);
  expect(readBytes(memory, 0x1003, 3)).toEqual(counting(90, 3));
  expect(readBytes(memory, 0x8001n, 4)).toEqual(counting(11, 4));
  expect(readBytes(memory, 0x1003, 4)).toBeUndefined();
  expect(memory.description).toBe('ELF core, x86-64, 2 segments');
});

test('memory beyond p_filesz is zero, and not absent', () => {
  const { memory, runs } = open({
    headers: [{ paddr: 0x1000n, offset: 0x200n, filesz: 4n, memsz: 8n }],
    data: [{ at: 0x200, bytes: counting(1, 4) }],
  });
  expect(runs.map(({ start, end, state }) => [start, end, state])).toEqual([
    [0x1000, 0x1004, 'present'],
    [0x1004, 0x1008, 'zero'],
  ]);
  const into = new Uint8Array(12).fill(0xee);
  expect(memory.read(0x1002, 12, into)).toBe(6);
  expect([...into]).toEqual([3, 4, 0, 0, 0, 0, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee]);
});

test('what lies after the end of the file is absent, the zero tail after it still zero', () => {
  const { memory, codes } = open({
    headers: [
      { paddr: 0x1000n, offset: 0x200n, filesz: 8n, memsz: 12n },
      { paddr: 0x9000n, offset: 0x900n, filesz: 8n },
    ],
    size: 0x203,
  });
  expect(codes).toEqual(['elf-segment-truncated']);
  expect([...memory.runs(0x1000, 0x9008)]).toEqual([
    { start: 0x1000, end: 0x1003, state: 'present', fileOffset: 0x200 },
    { start: 0x1003, end: 0x1008, state: 'absent' },
    { start: 0x1008, end: 0x100c, state: 'zero' },
    { start: 0x100c, end: 0x9008, state: 'absent' },
  ]);
});

test('of segments that overlap the first in the file wins', () => {
  const { memory, codes, runs } = open({
    headers: [
      { paddr: 0x1004n, offset: 0x200n, filesz: 4n },
      { paddr: 0x1000n, offset: 0x300n, filesz: 12n },
    ],
    data: [
      { at: 0x200, bytes: counting(100, 4) },
      { at: 0x300, bytes: counting(1, 12) },
    ],
  });
  expect(codes).toEqual(['elf-segments-overlap']);
  expect(readBytes(memory, 0x1000, 12)).toEqual(
    Uint8Array.from([1, 2, 3, 4, 100, 101, 102, 103, 9, 10, 11, 12]),
  );
  expect(runs.map(({ fileOffset }) => fileOffset)).toEqual([0x300, 0x200, 0x308]);
});

test('of segments that overlap and say the same nothing is reported: kernel text in a vmcore of x86-64', () => {
  const text = counting(1, 16);
  const headers = [
    { vaddr: 0xffff_ffff_8100_0000n, paddr: 0x100_0000n, offset: 0x200n, filesz: 16n },
    { vaddr: 0xffff_8880_00ff_fff8n, paddr: 0xff_fff8n, offset: 0x300n, filesz: 32n },
  ];
  const data = (direct: Uint8Array) => [
    { at: 0x200, bytes: text },
    { at: 0x308, bytes: direct },
  ];
  const same = open({ headers, data: data(text), size: 0x400 });
  expect(same.codes).toEqual([]);
  expect(readBytes(same.memory, 0x100_0000, 16)).toEqual(text);
  expect(same.runs.map(({ start, end }) => [start, end])).toEqual([
    [0xff_fff8, 0x100_0000],
    [0x100_0000, 0x100_0010],
    [0x100_0010, 0x100_0018],
  ]);
  expect(open({ headers, data: data(counting(2, 16)), size: 0x400 }).codes).toEqual(['elf-segments-overlap']);
  // /proc/kcore may have both at one place of the file.
  const once = headers.map((header, i) => ({ ...header, offset: i === 0 ? 0x208n : 0x200n }));
  expect(open({ headers: once, data: [{ at: 0x208, bytes: text }], size: 0x400 }).codes).toEqual([]);
});

test('segments of zeros over stored bytes are compared too', () => {
  const headers = [
    { paddr: 0x1000n, offset: 0x200n, filesz: 16n },
    { paddr: 0x1000n, memsz: 16n },
  ];
  expect(open({ headers, size: 0x400 }).codes).toEqual([]);
  const { codes, memory } = open({ headers, data: [{ at: 0x204, bytes: counting(1, 1) }], size: 0x400 });
  expect(codes).toEqual(['elf-segments-overlap']);
  expect(readBytes(memory, 0x1004, 1)).toEqual(Uint8Array.from([1]));
});

test('thousands of segments over the same memory: their comparison ends', () => {
  const headers = Array.from({ length: 4000 }, (_, i) => ({
    paddr: BigInt(0x10_0000 - i * 16),
    offset: BigInt(0x40_000 + i),
    filesz: 0x8000n,
  }));
  const data = [{ at: 0x40_000, bytes: counting(1, 0x9000) }];
  expect(open({ headers, data }).codes).toEqual(['elf-segments-overlap']);
});

describe('what p_memsz has beyond p_filesz', () => {
  const vmcoreinfo = (text: string) => buildNote('VMCOREINFO', 0, new TextEncoder().encode(text));
  const KERNEL = 'OSRELEASE=7.3.4\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff8182d000\n';

  function beyond(notes: readonly Uint8Array[], vaddr = 0n): string | undefined {
    const data: { at: number; bytes: Uint8Array }[] = [{ at: 0x4000, bytes: counting(1, 16) }];
    let at = 0x1000;
    for (const bytes of notes) {
      data.push({ at, bytes });
      at += bytes.length;
    }
    const note = { type: PT_NOTE, offset: 0x1000n, filesz: BigInt(at - 0x1000) };
    const { memory, codes } = open({
      headers: [
        ...(notes.length === 0 ? [] : [note]),
        { vaddr, paddr: 0x1000n, offset: 0x4000n, filesz: 16n, memsz: 32n },
      ],
      data,
    });
    expect(codes).toEqual([]);
    expect([...memory.runs(0x1000, 0x1010)].map(({ state }) => state)).toEqual(['present']);
    return [...memory.runs(0x1010, 0x1020)].map(({ state }) => state).join();
  }

  test('is absent where makedumpfile wrote the core: its pages were left out', () => {
    expect(beyond([buildNote('CORE', 1, counting(1, 336)), vmcoreinfo(KERNEL)])).toBe('absent');
    expect(beyond([buildNote('ERASEINFO', 0, counting(1, 8))])).toBe('absent');
    expect(beyond([buildNote('CORE', 1, counting(1, 336))], 0xff11_0000_0000_1000n)).toBe('absent');
  });

  test("is zero in dumps of QEMU, with the guest's VMCOREINFO too, and in our own", () => {
    const qemu = buildNote('QEMU', 0, counting(1, 440));
    expect(beyond([])).toBe('zero');
    expect(beyond([buildNote('CORE', 1, counting(1, 336)), qemu])).toBe('zero');
    expect(beyond([qemu, vmcoreinfo(KERNEL)], 0xffff_8880_0000_1000n)).toBe('zero');
    expect(beyond([vmcoreinfo('OSRELEASE=7.3.4\nPAGESIZE=4096\n')])).toBe('zero');
  });
});

test('neighbouring segments that continue in the file are one run', () => {
  const { runs } = open({
    headers: [
      { paddr: 0x1000n, offset: 0x200n, filesz: 16n },
      { paddr: 0x1010n, offset: 0x210n, filesz: 16n },
      { paddr: 0x1020n, offset: 0x300n, filesz: 16n },
    ],
    size: 0x400,
  });
  expect(runs.map(({ start, end }) => [start, end])).toEqual([
    [0x1000, 0x1020],
    [0x1020, 0x1030],
  ]);
});

test('ranges of /proc/kcore without a physical address are left out silently', () => {
  const { codes, runs } = open({
    headers: [
      { vaddr: 0xffff_c900_0000_0000n, paddr: 0xffff_ffff_ffff_ffffn, offset: 0x300n, filesz: 16n },
      { vaddr: 0xffff_8880_0010_0000n, paddr: 0x10_0000n, offset: 0x200n, filesz: 16n },
    ],
    size: 0x400,
  });
  expect(codes).toEqual([]);
  expect(runs.map(({ start, end }) => [start, end])).toEqual([[0x10_0000, 0x10_0010]]);
});

test('u64 fields that leave physical memory or the file are reported, never followed', () => {
  const { codes, runs } = open({
    headers: [
      { paddr: (1n << 52n) - 4n, offset: 0x200n, filesz: 16n },
      { paddr: 1n << 52n, offset: 0x200n, filesz: 16n },
      { paddr: 0xffff_ffff_ffff_f000n, offset: 0x200n, filesz: 0x2000n },
      { paddr: 0x1000n, offset: 0xffff_ffff_ffff_fff8n, filesz: 16n },
      { paddr: 0x2000n, offset: 0x200n, filesz: 16n, memsz: 4n },
      { paddr: 0x3000n, offset: 0x200n, filesz: 0n, memsz: 0xffff_ffff_ffff_ffffn },
    ],
    size: 0x400,
  });
  expect(codes).toEqual(['elf-segment-address', 'elf-segment-truncated', 'elf-segment-file-size']);
  expect(runs.map(({ start, end, state }) => [start, end, state])).toEqual([
    [0x2000, 0x2004, 'present'],
    [0x3000, 2 ** 52 - 4, 'zero'],
    [2 ** 52 - 4, 2 ** 52, 'present'],
  ]);
});

test('a program header table cut by the end of the file gives what is there', () => {
  const headers = [1n, 2n, 3n].map((n) => ({ paddr: n << 12n, offset: 64n, filesz: 8n }));
  const { codes, runs } = open({ headers, size: 64 + 2 * 56 + 55 });
  expect(codes).toEqual(['elf-program-headers-truncated']);
  expect(runs).toHaveLength(2);
});

test('a core without segments is empty memory', () => {
  const { codes, memory, runs } = open({});
  expect(codes).toEqual(['elf-no-segments']);
  expect(runs).toEqual([]);
  expect([...memory.runs(5, 9)]).toEqual([{ start: 5, end: 9, state: 'absent' }]);
});

test('PN_XNUM: 70,000 program headers, their number in section header 0; e_ehsize 8 as QEMU writes it', () => {
  const headers = Array.from({ length: 70_000 }, (_, i) => ({
    paddr: BigInt(i) << 13n,
    offset: 0x80n,
    filesz: 16n,
  }));
  const { memory, codes, runs } = open({
    headers,
    phoff: 0x100n,
    phnum: 0xffff,
    shoff: 64n,
    shnum: 1,
    shInfo: 70_000,
    ehsize: 8,
  });
  expect(codes).toEqual([]);
  expect(runs).toHaveLength(70_000);
  expect(memory.description).toBe('ELF core, x86-64, 70000 segments');
  const into = new Uint8Array(32);
  expect(memory.read(69_999 * 8192 + 3, 32, into)).toBe(13);
  expect(memory.read(69_999 * 8192 - 1, 1, into)).toBe(0);
});

test('a count of 2^32 - 1 program headers is held against the file before anything is allocated', () => {
  const { codes, runs } = open({
    headers: [{ paddr: 0x1000n, offset: 0x80n, filesz: 16n }],
    phoff: 0x80n,
    phnum: 0xffff,
    shoff: 64n,
    shnum: 1,
    shInfo: 0xffff_ffff,
  });
  expect(codes).toEqual(['elf-program-headers-truncated']);
  expect(runs).toHaveLength(1);
});

describe('notes', () => {
  const text = 'OSRELEASE=7.3.0\nPAGESIZE=16384\nSYMBOL(x)=ffff\nnonsense\nOSRELEASE=other\n';
  const info = new TextEncoder().encode(text);

  function withNotes(notes: readonly Uint8Array[], filesz?: bigint) {
    const bytes = Uint8Array.from(notes.flatMap((note) => [...note]));
    const file = bytesAccess(
      buildElf({
        machine: AARCH64,
        headers: [
          { type: PT_NOTE, offset: 0x201n, filesz: filesz ?? BigInt(bytes.length) },
          { paddr: 0x1000n, offset: 64n, filesz: 8n },
        ],
        data: [{ at: 0x201, bytes }],
      }),
    );
    return parseElfCore(file);
  }

  test('VMCOREINFO is found after others and read as text', () => {
    const { core, diagnostics } = withNotes([
      buildNote('CORE', 1, counting(0, 337)),
      buildNote('', 0, counting(0, 0)),
      buildNote('VMCOREINFO', 0, info),
      buildNote('VMCOREINFO', 0, new TextEncoder().encode('OSRELEASE=second\n')),
    ]);
    expect(diagnostics).toEqual([]);
    expect(core?.machine).toBe('arm64');
    expect(core?.vmcoreinfo?.release).toBe('7.3.0');
    expect(core?.vmcoreinfo?.pageSize).toBe(16384);
    expect(core?.vmcoreinfo?.values.get('SYMBOL(x)')).toBe('ffff');
    expect(core?.vmcoreinfo?.values.size).toBe(3);
  });

  test('none is not a problem', () => {
    const { core, diagnostics } = withNotes([buildNote('CORE', 1, counting(0, 336))]);
    expect(diagnostics).toEqual([]);
    expect(core?.vmcoreinfo).toBeUndefined();
  });

  test('a note that leaves its segment ends the search', () => {
    const bad = buildNote('VMCOREINFO', 0, info);
    new DataView(bad.buffer).setUint32(4, info.length + 40, true);
    const { core, diagnostics } = withNotes([bad, buildNote('VMCOREINFO', 0, counting(0, 4))]);
    expect(core?.vmcoreinfo).toBeUndefined();
    expect(diagnostics.map(({ code }) => code)).toEqual(['elf-note-bounds']);
    expect(diagnostics[0]?.fileOffset).toBe(0x201);
  });

  test('name and descriptor sizes of 2^32 - 1', () => {
    const bad = buildNote('VMCOREINFO', 0, info);
    new DataView(bad.buffer).setUint32(0, 0xffff_ffff, true);
    expect(withNotes([bad]).diagnostics.map(({ code }) => code)).toEqual(['elf-note-bounds']);
  });

  test('a note segment beyond the end of the file', () => {
    const { core, diagnostics } = withNotes([buildNote('VMCOREINFO', 0, info)], 1n << 63n);
    expect(core?.vmcoreinfo?.release).toBe('7.3.0');
    expect(diagnostics.map(({ code }) => code)).toEqual(['elf-note-bounds']);
  });

  test('a huge segment of empty notes is bounded', () => {
    const size = 1 << 30;
    const head = buildElf({ headers: [{ type: PT_NOTE, offset: 0x80n, filesz: BigInt(size) }] });
    const reads = { count: 0 };
    const { diagnostics } = parseElfCore({
      size: size + 0x80,
      readAt(offset, length, into) {
        reads.count++;
        for (let i = 0; i < length; i++) into[i] = head[offset + i] ?? 0;
        return length;
      },
    });
    expect(diagnostics.map(({ code }) => code)).toContain('elf-notes-too-many');
    expect(reads.count).toBeLessThan(1_000_000);
  });
});

test.each([
  ['PAGESIZE=4096', 4096],
  ['PAGESIZE=65536', 65536],
  ['PAGESIZE=5000', undefined],
  ['PAGESIZE=0', undefined],
  ['PAGESIZE=-4096', undefined],
  ['PAGESIZE=99999999999999999999', undefined],
])('%s', (line, size) => {
  const note = buildNote('VMCOREINFO', 0, new TextEncoder().encode(`${line}\n`));
  const { core } = parseElfCore(
    bytesAccess(
      buildElf({
        headers: [{ type: PT_NOTE, offset: 0x200n, filesz: BigInt(note.length) }],
        data: [{ at: 0x200, bytes: note }],
      }),
    ),
  );
  expect(core?.vmcoreinfo?.pageSize).toBe(size);
});
