/** `kho diff` as a process: exit status, both formats, and both trees of one dump. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

// biome-ignore lint/suspicious/noExplicitAny: a JSON document, edited freely
type Document = any;

const folder = mkdtempSync(join(tmpdir(), 'kho-diff-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LIVE = join(fixtures, 'linux-7.3-live-update');
const CORE = join(LIVE, 'handover.elf.gz');
const VMS = join(fixtures, 'rfc-2024/two-vms');
const ESCAPE = '\u001b';

/** Encodes what `dump` prints of a dump, edited, as a core over the dump's own memory. */
function edited(name: string, dump: string, memory: string, edit: (document: Document) => void): string {
  const document = JSON.parse(kho(['dump', '--format', 'json', dump]).stdout);
  edit(document);
  const model = join(folder, `${name}.json`);
  const core = join(folder, `${name}.elf`);
  writeFileSync(model, JSON.stringify(document));
  const { status, stderr } = kho(['encode', model, '--to', 'elf', '--memory', memory, '-o', core, '--quiet']);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return core;
}

function json(...args: string[]): { status: number | null; document: Document } {
  const { status, stdout } = kho(['diff', '--format', 'json', '--quiet', ...args]);
  return { status, document: JSON.parse(stdout) };
}

describe('a dump and itself', () => {
  test.each([CORE, VMS, join(fixtures, 'rfc-2024/overflow')])('%s', (path) => {
    for (const strict of [[], ['--strict']]) {
      const { status, document } = json(...strict, path, path);
      expect(status).toBe(0);
      expect(document).toMatchObject({
        equal: true,
        differences: [],
        notCompared: [],
        coverage: { verdict: 'covered' },
      });
    }
    const { status, stdout } = kho(['diff', path, path]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^A .*\nB .*\n/);
    expect(stdout).toMatch(/\nno differences; B keeps everything that A handed over\n$/);
  });
});

describe('the 2024 series', () => {
  const metadataMoved = edited('moved', VMS, join(VMS, 'memory.elf.gz'), ({ guestmemfs }) => {
    const move = (address: string): string => `0x${(BigInt(address) + 0x10_0000_0000n).toString(16)}`;
    guestmemfs.superblock[0].addr = move(guestmemfs.superblock[0].addr);
    guestmemfs.mappingsToInode.addr = move(guestmemfs.mappingsToInode.addr);
    for (const record of guestmemfs.mappingsBlocks) record.addr = move(record.addr);
    for (const file of guestmemfs.files) file.mappingPage = move(file.mappingPage);
  });

  test('metadata in other places is not a difference, unless addresses count', () => {
    const plain = json(VMS, metadataMoved);
    expect(plain.document.differences).toEqual([]);
    expect(plain.document.notCompared).toEqual([]);
    const strict = json('--strict', VMS, metadataMoved);
    expect(strict.status).toBe(1);
    const fields = new Set(strict.document.differences.map(({ field }: Document) => field));
    for (const field of ['blob', 'mappings', 'mappings_blocks.mem', 'superblock.mem']) {
      expect(fields).toContain(field);
    }
    const blob = strict.document.differences.find(({ field }: Document) => field === 'blob');
    expect(blob.bytes.differing).toBeGreaterThan(0);
    expect(blob.bytes.offset).toBeGreaterThan(40);
  });

  test('metadata in other places has moved, and nothing is lost', () => {
    const { status, document } = json(VMS, metadataMoved);
    expect(document.coverage).toMatchObject({ verdict: 'released', lost: '0x0' });
    const moved = document.coverage.entries.filter(({ status: each }: Document) => each === 'moved');
    expect(moved).toMatchObject([
      { place: { part: 'guestmemfs' }, what: 'the inode table and the mapping pages' },
    ]);
    expect(document.equal).toBe(true);
    expect(status).toBe(0);
  });

  test('an edit is one line', () => {
    const after = edited('prot', VMS, join(VMS, 'memory.elf.gz'), ({ iommufds }) => {
      iommufds[0].ioases[0].areas[0].iommuProt = 1;
    });
    const { status, stdout } = kho(['diff', VMS, after]);
    expect(status).toBe(1);
    expect(stdout).toContain('\niommufd 1\n  ~ IOAS 1 area at IOVA 0x0  iommu-prot 0x3 → 0x1\n');
    expect(stdout).toMatch(/\n1 difference: 1 changed; /);
    const { document } = json(VMS, after);
    expect(document.differences).toEqual([
      {
        kind: 'changed',
        place: { part: 'iommufd', iommufd: '0x1', ioas: 1, area: '0x0' },
        field: 'iommu-prot',
        a: 3,
        b: 1,
      },
    ]);
    const back = json(after, VMS).document.differences;
    expect(back).toMatchObject([{ kind: 'changed', a: 1, b: 3 }]);
  });

  test('a blob alone says what cannot be compared', () => {
    const { status, stdout } = kho(['diff', join(VMS, 'kho.dtb'), VMS]);
    expect(status).toBe(0);
    expect(stdout).toContain('\nnot compared');
    expect(stdout).toContain('domain 1  mappings: not in A');
  });

  test('with the memory of each', () => {
    const blob = join(VMS, 'kho.dtb');
    const memory = join(VMS, 'memory.elf.gz');
    expect(json(blob, blob, '--memory', memory, '--memory', memory)).toMatchObject({
      status: 0,
      document: { notCompared: [] },
    });
    const once = kho(['diff', blob, blob, '--memory', memory]);
    expect(once.status).toBe(2);
    expect(once.stderr).toMatch(/--memory belongs to one dump: give it twice/);
  });
});

describe('Linux', () => {
  test('before the sessions were written, and after', () => {
    const { status, document } = json(join(LIVE, 'vtd/before-kexec.elf.gz'), CORE);
    expect(status).toBe(1);
    const sessions = document.differences.filter(({ place }: Document) => 'session' in place);
    expect(sessions).toHaveLength(43);
    expect(sessions[1]).toMatchObject({ kind: 'added', contents: [{ field: 'files', value: '0x2' }] });
    expect(document.coverage).toMatchObject({ verdict: 'covered', lost: '0x0' });
  });

  test('debugfs: what was freed and what breaks off is not a difference', () => {
    const [a, b] = [join(LIVE, 'debugfs-in'), join(LIVE, 'debugfs-out')];
    const { status, document } = json(a, b);
    expect(status).toBe(0);
    expect(document.differences).toEqual([]);
    expect(document.notCompared).toContainEqual({
      place: { part: 'subtree', subtree: 'kexec-metadata' },
      missing: 'b',
    });
    const both = join(folder, 'debugfs');
    cpSync(a, join(both, 'in'), { recursive: true });
    cpSync(b, join(both, 'out'), { recursive: true });
    const one = json(both);
    expect(one.document).toMatchObject({ a: { tree: 'incoming' }, b: { tree: 'outgoing' }, differences: [] });
    const twice = json(both, both, '--tree', 'incoming', '--tree', 'outgoing');
    expect(twice.document.differences).toEqual(one.document.differences);
    const alone = kho(['diff', a]);
    expect(alone).toMatchObject({ status: 2, stdout: '' });
    expect(alone.stderr).toMatch(/^kho: .* is a copy of debugfs with the incoming tree alone; /);
  });

  test('names from a dump steer no terminal', () => {
    const { stdout } = kho([
      'diff',
      '--color',
      'never',
      join(fixtures, 'linux-6.18-handover/handover.elf.gz'),
      CORE,
    ]);
    expect(stdout).not.toContain(ESCAPE);
    const { stdout: sessions } = kho(['diff', join(LIVE, 'vtd/before-kexec.elf.gz'), CORE]);
    expect(sessions).toContain('session "vm-beta é\\u{1b}[31m"');
    expect(sessions).not.toContain(ESCAPE);
    expect(sessions).toMatch(/and \d+ more \(--format json has them all\)/);
    expect(kho(['diff', '--color', 'always', CORE, CORE]).stdout).toContain(`${ESCAPE}[`);
  });

  test('to a file', () => {
    const out = join(folder, 'out.json');
    const { status, stdout } = kho(['diff', '--format', 'json', '-o', out, CORE, CORE]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(JSON.parse(readFileSync(out, 'utf8')).equal).toBe(true);
  });

  test('from standard input', () => {
    const { status, stdout } = kho(['diff', '-', CORE], readFileSync(CORE));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^A -: kho-v4/);
  });
});

describe('both trees of one memory', () => {
  /** The handover of the next kexec, beside the one that the kernel got: a session is finished, its pages freed. */
  const both = edited('both', CORE, CORE, (document) => {
    for (const key of ['fdt', 'preservedMemoryMap', 'pageSizeReason']) delete document[key];
    delete document.preservedMap.bitmapReason;
    document.subtrees = document.subtrees.map(({ name }: Document) => ({ name }));
    const { luo, khoTest, memblock, kexecMetadata } = document;
    for (const part of [luo, khoTest, memblock, kexecMetadata]) delete part.address;
    for (const key of ['list', 'foliosInfo']) delete khoTest[key];
    for (const key of ['sessionsAddress', 'sessionBlocks', 'flbsAddress']) delete luo[key];
    const [gone] = luo.sessions.splice(3, 1);
    for (const session of luo.sessions) {
      for (const key of ['filesAddress', 'fileBlocks']) delete session[key];
      for (const file of session.files) {
        delete file.data;
        delete file.memfd.list;
      }
    }
    Object.assign(kexecMetadata, { kexecCount: 2 });
    luo.liveupdateNumber = '0x2';
    const drop = new Set<number>();
    for (const { pfn, count = 1, step = 1 } of gone.files[0].memfd.folios) {
      for (let k = 0; k < count; k++) drop.add(Number(pfn) + k * step);
    }
    delete document.preserved.ranges;
    document.preserved.pages = document.preserved.pages.flatMap(({ address, order, count = 1 }: Document) =>
      Array.from({ length: count }, (_, k) => Number(address) / 4096 + k * 2 ** order)
        .filter((pfn) => !drop.has(pfn))
        .map((pfn) => ({ address: `0x${(pfn * 4096).toString(16)}`, order })),
    );
  });

  test('without a second dump', () => {
    const { status, document } = json(both);
    expect(status).toBe(1);
    expect(document).toMatchObject({
      a: { tree: 'incoming', kexecCount: 1 },
      b: { tree: 'outgoing', kexecCount: 2 },
      coverage: { verdict: 'released', lost: '0x0' },
    });
    const ofLuo = document.differences.filter(({ place: { part } }: Document) => part === 'luo');
    expect(ofLuo).toMatchObject([
      { kind: 'changed', field: 'liveupdate_num', a: '0x1', b: '0x2', expected: true },
      { kind: 'removed', place: { session: 'bulk-00' } },
    ]);
    const released = document.coverage.entries.filter(({ status: each }: Document) => each === 'released');
    expect(released).toMatchObject([{ place: { part: 'luo', session: 'bulk-00' }, what: 'contents' }]);
    const text = kho(['diff', both]).stdout;
    expect(text).toMatch(/\nexpected after a kexec\n {2}~ .*liveupdate_num 1 → 2\n/);
    expect(text).toMatch(/released LUO session "bulk-00" token 0x0: contents, .* at 0x/);
  });

  test('with the dump given twice', () => {
    const trees = json(both, both, '--tree', 'incoming', '--tree', 'outgoing');
    expect(trees.document.differences).toEqual(json(both).document.differences);
    const turned = json(both, both, '--tree', 'outgoing', '--tree', 'incoming').document;
    expect(turned.coverage).toMatchObject({ verdict: 'not asked', why: expect.stringMatching(/before A/) });
  });

  test('needs both', () => {
    const { status, stdout, stderr } = kho(['diff', CORE]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(
      /^kho: .* contains one handover tree, at 0x4ee000; compare it with another dump .*\n$/,
    );
    expect(kho(['diff', join(VMS, 'kho.dtb')]).stderr).toMatch(/is one devicetree blob; /);
  });
});

describe('refuses', () => {
  test.each([
    [['diff'], /^kho: /],
    [['diff', CORE, CORE, CORE], /one argument too many/],
    [['diff', CORE, CORE, '--format', 'xml'], /--format: "xml" is not text or json/],
    [['diff', CORE, '--tree', 'incoming'], /--tree picks one tree/],
    [['diff', CORE, '--fdt-addr', '0x1000'], /--fdt-addr picks one tree/],
    [['diff', '-', '-'], /standard input can be one of the dumps only/],
    [
      ['diff', CORE, CORE, '--base', '0', '--base', '0', '--base', '0'],
      /--base: once for both dumps, or twice/,
    ],
    [['diff', CORE, '/nowhere'], /\/nowhere/],
    [['diff', CORE, CORE, '--nonsense'], /nonsense/],
  ])('%j', (args, why) => {
    const { status, stdout, stderr } = kho(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(why);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('writes nothing when an input is unusable', () => {
    const out = join(folder, 'none.txt');
    expect(kho(['diff', CORE, '/nowhere', '-o', out]).status).toBe(2);
    expect(existsSync(out)).toBe(false);
  });
});

test('the help says what is lost, and what the exit status means', () => {
  const { status, stdout } = kho(['diff', '--help']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/the incoming one .* is A/);
  expect(stdout).toMatch(/Exit status: 0 no differences/);
});
