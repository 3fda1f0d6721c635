import { execFileSync, spawn } from 'node:child_process';
import { fstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asInputError, InputError } from '../../../src/memory/node/errors.js';
import { openInput } from '../../../src/memory/node/input.js';
import { openMemory } from '../../../src/memory/node/open-memory.js';
import { spoolStream } from '../../../src/memory/node/spool.js';
import { readBytes } from '../../../src/memory/read.js';
import { concat, fileBytes, gunzip, gzip, same } from '../bytes.js';
import { buildElf } from '../elf/builder.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function failure(work: Promise<unknown>): Promise<InputError> {
  const error = await work.then(
    () => new Error('opened'),
    (caught) => caught,
  );
  expect(error).toBeInstanceOf(InputError);
  expect(error.message).not.toMatch(/\n/);
  return error;
}

const core = buildElf({
  headers: [
    { paddr: 0x1000n, offset: 0x1001n, filesz: 0x20_000n },
    { paddr: 0x100_0000n, offset: 0x30_000n, filesz: 0x1000n },
  ],
  data: [{ at: 0x1001, bytes: Uint8Array.from({ length: 0x20_000 }, (_, i) => i % 251) }],
  size: 0x31_000,
});

test('content decides, not the name', async () => {
  const kinds: [Uint8Array | string, string][] = [
    [core, 'elf'],
    [gzip(core), 'elf'],
    [fileBytes('fixtures/rfc-2024/two-vms/kho.dtb'), 'fdt'],
    [gzip(fileBytes('fixtures/rfc-2024/two-vms/kho.dtb')), 'fdt'],
    ['text', 'unknown'],
    ['', 'unknown'],
    [Uint8Array.of(0xd0, 0x0d, 0xfe), 'unknown'],
    [Uint8Array.of(0x1f), 'unknown'],
  ];
  for (const [bytes, kind] of kinds) {
    const input = await openInput(file('misleading.zst', bytes));
    expect(input.kind).toBe(kind);
    input.close();
    input.close();
  }
});

test('the unpacked bytes are those of the file, also of one with several gzip members', async () => {
  const members = concat(gzip(core.subarray(0, 70_001)), gzip(core.subarray(70_001)), gzip(''));
  for (const path of [file('plain', core), file('packed', gzip(core)), file('members', members)]) {
    const input = await openInput(path);
    expect(input.file.size).toBe(core.length);
    const bytes = new Uint8Array(core.length);
    expect(input.file.readAt(0, core.length, bytes)).toBe(core.length);
    expect(same(bytes, core)).toBe(true);
    expect(input.packing).toBe(path.endsWith('plain') ? undefined : 'gzip');
    input.close();
  }
});

test('reads of any place and size through the windows are those of the bytes', async () => {
  // More windows than are kept.
  const bytes = Uint8Array.from({ length: 1_500_001 }, (_, i) => (i * 7 + (i >> 8) + (i >> 16)) & 0xff);
  const input = await openInput(file('windows', bytes));
  const read = fc.record({
    at: fc.nat(bytes.length + 10),
    length: fc.oneof(fc.nat(40), fc.nat(9000), fc.nat(150_000)),
  });
  fc.assert(
    fc.property(fc.array(read, { maxLength: 60 }), (reads) => {
      for (const { at, length } of reads) {
        const into = new Uint8Array(length);
        const count = input.file.readAt(at, length, into);
        const expected = bytes.subarray(at, at + length);
        if (count !== expected.length || !same(into.subarray(0, count), expected)) {
          throw new Error(`readAt(${at}, ${length}) differs`);
        }
      }
    }),
    { numRuns: 200 },
  );
  // One after the other, so that pages come from windows too.
  const into = new Uint8Array(4096);
  for (let at = 0; at < bytes.length; at += 4096) {
    const count = input.file.readAt(at, 4096, into);
    expect(same(into.subarray(0, count), bytes.subarray(at, at + 4096))).toBe(true);
  }
  expect(input.file.readAt(-1, 4, into)).toBe(0);
  expect(input.file.readAt(Number.NaN, 4, into)).toBe(0);
  input.close();
  expect(() => input.file.readAt(0, bytes.length, new Uint8Array(bytes.length))).toThrow(
    /windows: already closed/,
  );
});

describe('what cannot be opened is told in one line', () => {
  test('a file that is not there', async () => {
    const path = join(folder, 'missing');
    expect((await failure(openInput(path))).message).toBe(`${path}: no such file or folder`);
  });

  test('a folder', async () => {
    const error = await failure(openInput(folder));
    expect(error.message).toBe(`${folder}: is a folder`);
    expect(error.code).toBe('EISDIR');
  });

  test('a path through a file', async () => {
    const path = `${file('plain-file', 'x')}/inner`;
    expect((await failure(openInput(path))).message).toBe(`${path}: part of the path is not a folder`);
  });

  test('what the system says, in words', () => {
    const said = (code: string) =>
      asInputError('dump', Object.assign(new Error(`${code}: raw`), { code })).message;
    expect(said('EACCES')).toBe('dump: permission denied');
    expect(said('ENOSPC')).toBe('dump: no space left on the device');
    expect(said('EUNKNOWN')).toBe('dump: EUNKNOWN: raw');
    expect(asInputError('-', new Error('two\nlines')).message).toBe('standard input: two lines');
  });

  test('a spool folder that is not there', async () => {
    const spoolDir = join(folder, 'no-spool');
    const error = await failure(openInput(file('for-spool.gz', gzip(core)), { spoolDir }));
    expect(error.message).toBe(
      `${spoolDir}: cannot unpack here: no such file or folder; choose another folder with --spool`,
    );
  });

  test('gzip in gzip', async () => {
    expect((await failure(openInput(file('twice', gzip(gzip(core)))))).message).toMatch(/compressed twice/);
  });

  test('a devicetree blob, text or nothing as memory', async () => {
    const blob = fileBytes('fixtures/rfc-2024/two-vms/kho.dtb');
    expect((await failure(openMemory(file('blob', blob)))).message).toMatch(
      /is a devicetree blob, not a memory dump$/,
    );
    expect((await failure(openMemory(file('text', 'KDUMP')))).message).toMatch(
      /it begins with 4b 44 55 4d 50$/,
    );
    expect((await failure(openMemory(file('empty', '')))).message).toMatch(/it is empty$/);
  });

  test('an ELF file that is not a core', async () => {
    expect((await failure(openMemory(process.execPath))).message).toMatch(/not a core \(ET_CORE\)$/);
  });
});

describe('damaged gzip data', () => {
  const packed = gzip(core);

  test.each([1, 100, packed.length - 30])('without its last %i bytes', async (missing) => {
    const spoolDir = join(folder, `truncated-${missing}`);
    mkdirSync(spoolDir);
    const path = file('truncated.gz', packed.subarray(0, packed.length - missing));
    expect((await failure(openInput(path, { spoolDir }))).message).toBe(`${path}: the gzip data ends early`);
    expect(readdirSync(spoolDir)).toEqual([]);
  });

  test('with a wrong checksum', async () => {
    const bytes = Uint8Array.from(packed);
    bytes[bytes.length - 6] = (bytes[bytes.length - 6] ?? 0) ^ 1;
    const path = file('checksum.gz', bytes);
    expect((await failure(openInput(path))).message).toMatch(
      /^.*checksum\.gz: the gzip data is damaged \(incorrect data check\)$/,
    );
  });

  test('with any byte changed: opened, or an InputError', async () => {
    const bytes = Uint8Array.from(packed);
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 150)) {
      const kept = bytes[at] ?? 0;
      bytes[at] = kept ^ 0x55;
      const path = file('mutated.gz', bytes);
      await openInput(path).then(
        (input) => input.close(),
        (error) => expect(error).toBeInstanceOf(InputError),
      );
      bytes[at] = kept;
    }
  });
});

describe('the size cap', () => {
  const bomb = gzip(new Uint8Array(40 << 20));

  test('ends unpacking with a message that names the option, and nothing stays', async () => {
    const spoolDir = join(folder, 'cap');
    mkdirSync(spoolDir);
    const path = file('bomb.gz', bomb);
    const error = await failure(openInput(path, { spoolDir, maxUnpacked: 1 << 20 }));
    expect(error.message).toBe(
      `${path}: unpacks to more than 1048576 bytes; raise the limit with --max-unpacked`,
    );
    expect(readdirSync(spoolDir)).toEqual([]);
  });

  test('is exact', async () => {
    const path = file('exact.gz', gzip(core));
    expect((await openInput(path, { maxUnpacked: core.length })).file.size).toBe(core.length);
    await failure(openInput(path, { maxUnpacked: core.length - 1 }));
  });

  test('has nothing to do with the ratio: a 1000-fold file opens, as holes', async () => {
    async function* zeros() {
      yield* [gunzip(bomb), Uint8Array.of(1)];
    }
    const spool = await spoolStream(zeros(), 'zeros', {});
    expect(spool.size).toBe((40 << 20) + 1);
    const stat = fstatSync(spool.fd);
    expect(stat.size).toBe(spool.size);
    expect(stat.blocks * 512).toBeLessThan(1 << 20);
    spool.close();
    const input = await openInput(file('bomb.gz', bomb));
    expect(input.file.size).toBe(40 << 20);
    input.close();
  });
});

test('chunks of any size are spooled to the same bytes, zero pages at any place', async () => {
  const page = fc.oneof(
    fc.constant(new Uint8Array(4096)),
    fc.uint8Array({ minLength: 1, maxLength: 5000 }),
    fc.constant(new Uint8Array(70_000)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(page, { maxLength: 20 }), async (chunks) => {
      async function* source() {
        yield* chunks;
      }
      const spool = await spoolStream(source(), 'test', {});
      const expected = concat(...chunks);
      expect(spool.size).toBe(expected.length);
      expect(fstatSync(spool.fd).size).toBe(expected.length);
      const bytes = fileBytes(`/proc/self/fd/${spool.fd}`);
      spool.close();
      expect(same(bytes, expected)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('a pipe, which has neither size nor positions, is read whole', async () => {
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  const writer = spawn('sh', ['-c', 'cat "$0" > "$1"', file('for-fifo', gzip(core)), path]);
  const { memory, close } = await openMemory(path);
  expect(readBytes(memory, 0x1000 + 250, 4)).toEqual(Uint8Array.of(250, 0, 1, 2));
  close();
  writer.kill();
});

test('files are closed again, also after failures', async () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const paths = [
    file('c.gz', gzip(core)),
    file('c', core),
    file('t.gz', gzip(core).subarray(0, 500)),
    file('z', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd)),
    folder,
  ];
  const once = async () => {
    for (const path of paths)
      await openMemory(path, { maxUnpacked: 1 << 30 }).then(
        (opened) => opened.close(),
        () => {},
      );
  };
  await once();
  const before = descriptors();
  for (let i = 0; i < 20; i++) await once();
  expect(descriptors()).toBeLessThan(before + 10);
});

test('memory of a core is found where its headers say, through the file', async () => {
  const { memory, elf, vmcoreinfo, diagnostics, close } = await openMemory(file('core.gz', gzip(core)));
  expect(elf?.segmentCount).toBe(2);
  expect(vmcoreinfo).toBeUndefined();
  expect(diagnostics).toEqual([]);
  expect(readBytes(memory, 0x1000 + 70_000, 4)).toEqual(
    Uint8Array.from([0, 1, 2, 3].map((i) => (70_000 + i) % 251)),
  );
  expect(readBytes(memory, 0x100_0000n, 4096)).toEqual(new Uint8Array(4096));
  close();
});
