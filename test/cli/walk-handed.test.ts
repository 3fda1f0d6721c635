/** `kho walk` and `kho info` on what LUO hands over: the captures of the IOMMU series, against what the guest asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { fileBytes, gunzip } from '../memory/bytes.js';
import { CAPTURES } from '../validate/iommu-tables/base.js';
import { kho } from './kho.js';

const core = (name: string): string => join(fixtures, name, 'handover1.elf.gz');
const IDS = { '00:03.0': 5, '04:00.0': 13, '05:00.0': 14 } as const;

function walk(name: string, ...args: string[]): string {
  const { status, stdout, stderr } = kho(['walk', core(name), ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe.each(CAPTURES)('%s', (name) => {
  const regset = join(fixtures, name, 'vtd/iommu_regset');

  test('a domain has the leaves that the walk through the root table gives', () => {
    for (const [device, id] of Object.entries(IDS)) {
      const byRoot = walk(name, '--regset', regset, '--device', device, '--format', 'csv');
      expect(walk(name, '--domain', `${id}`, '--format', 'csv')).toBe(byRoot);
      expect(walk(name, '--device', device, '--format', 'csv')).toBe(byRoot);
    }
  });

  test('a device below its recorded root table shows files as its domain does', () => {
    const rows = (text: string) => text.split('\n').slice(1);
    for (const [device, id] of Object.entries(IDS)) {
      const domain = ['--domain', `${id}`];
      expect(rows(walk(name, '--device', device))).toEqual(rows(walk(name, ...domain)));
      const runs = (...args: string[]) => JSON.parse(walk(name, ...args, '--format', 'json')).runs;
      expect(runs('--device', device)).toEqual(runs(...domain));
      const at = ['--iova', runs(...domain)[0].iova];
      expect(walk(name, '--device', device, ...at)).toMatch(
        / {2}in the memfd of "vm.*" token 0x[0-9a-f]+ at 0x/,
      );
    }
  });

  test('every run lies in a file of the session', () => {
    const { domains } = JSON.parse(walk(name, '--domain', 'all', '--format', 'json'));
    expect(domains.length).toBe(3);
    for (const { iommufds, runs } of domains) {
      const [{ session }] = iommufds;
      for (const run of runs) expect(run.holds?.session).toBe(session);
    }
  });

  test('one address in csv and json is the row of the whole list, by domain, device and top table', () => {
    for (const [device, id] of Object.entries(IDS)) {
      const domain = ['--domain', `${id}`];
      const [head = '', ...leaves] = walk(name, ...domain, '--format', 'csv')
        .trimEnd()
        .split('\n');
      const leaf = leaves.at(-1) ?? '';
      const at = ['--iova', leaf.split(',')[0] ?? ''];
      const { topTable, levels, stage, runs } = JSON.parse(walk(name, ...domain, ...at, '--format', 'json'));
      expect(runs[0].holds.session).toMatch(/^vm/);
      const below = ['--pgd', topTable, '--agaw', `${levels - 2}`, '--stage', stage];
      for (const where of [domain, ['--device', device], below])
        expect(walk(name, ...where, ...at, '--format', 'csv')).toBe(`${head}\n${leaf}\n`);
      expect(JSON.parse(walk(name, '--device', device, ...at, '--format', 'json')).runs).toEqual(runs);
    }
  });

  test('csv of all domains names them', () => {
    const [head, first] = walk(name, '--domain', 'all', '--format', 'csv').split('\n');
    expect(head).toBe('domain,iova,pa,size,access');
    expect(first).toMatch(/^0x[0-9a-f]+,0x1000,0x[0-9a-f]+,0x1000,r$/);
  });
});

interface Call {
  readonly as: string;
  readonly iova: bigint;
  readonly start: bigint;
  readonly length: bigint;
  readonly write: boolean;
}

/** Calls that the serial console did not garble. */
function guestCalls(name: string): Call[] {
  const text = new TextDecoder().decode(gunzip(fileBytes(join(fixtures, name, 'guest-calls.txt.gz'))));
  const line = /^GUESTMAP as=(\d+) iova=([0-9a-f]+) start=([0-9a-f]+) len=([0-9a-f]+) w=([01]) ok$/gm;
  return [...text.matchAll(line)].map(([, as = '', iova, start, length, write]) => ({
    as,
    iova: BigInt(`0x${iova}`),
    start: BigInt(`0x${start}`),
    length: BigInt(`0x${length}`),
    write: write === '1',
  }));
}

test.each(CAPTURES.slice(0, 2))('%s: the guest finds each page where it mapped it', (name) => {
  const { domains } = JSON.parse(walk(name, '--domain', 'all', '--format', 'json'));
  const calls = guestCalls(name);
  expect(calls.length).toBeGreaterThan(100);
  for (const space of ['2', '3']) {
    const own = calls.filter((call) => call.as === space);
    const shares = domains.map(
      ({ runs }: { runs: Run[] }) => own.filter((call) => isMapped(runs, call)).length / own.length,
    );
    // The console has lost or doubled a digit here and there.
    expect(Math.max(...shares), `address space ${space}`).toBeGreaterThan(0.9);
  }
});

interface Run {
  readonly iova: string;
  readonly iovaEnd: string;
  readonly access: string;
  readonly holds?: { readonly fileOffset: string };
}

/** Whether the run at the start of a call's IOVA leads to the place in the file that it named. */
function isMapped(runs: readonly Run[], { iova, start, write }: Call): boolean {
  const run = runs.find((each) => BigInt(each.iova) <= iova && iova < BigInt(each.iovaEnd));
  if (run?.holds === undefined) return false;
  const offset = BigInt(run.holds.fileOffset) + iova - BigInt(run.iova);
  return offset === start && run.access === (write ? 'rw' : 'r');
}

describe('what is there', () => {
  const name = 'linux-7.3-iommu-legacy';

  test('without an option domains and units are listed', () => {
    const text = walk(name);
    expect(text).toMatch(/0xfed90000 {2}0x5b6000 {4}legacy/);
    expect(text).toMatch(/0x2228010 .*0x1f9e000 +4 +48 +second +6,957 .*0000:00:03\.0 +"vm" token 0x22/);
    const { domains } = JSON.parse(walk(name, '--format', 'json'));
    expect(domains.map(({ leaves }: { leaves: number }) => leaves)).toEqual([6957, 1280, 256]);
  });

  test('one address says where it lands', () => {
    const text = walk(name, '--domain', '5', '--iova', '0x1234');
    expect(text).toMatch(/in the memfd of "vm" token 0x11 at 0x3000/);
  });

  test.each([
    [['--domain', '7'], /no domain record at 0x7.*0x2228010 \(0000:00:03\.0 as 0x5/],
    [['--format', 'csv'], /--domain all/],
    [['--iova', '0x1000'], /--iova needs --domain/],
    [['--domain', '5', '--stage', 'third'], /--stage/],
  ])('%j is refused', (args, words) => {
    const { status, stderr } = kho(['walk', core(name), ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(words);
  });

  test('info counts', () => {
    const { stdout } = kho(['info', core(name)]);
    expect(stdout).toMatch(/IOMMU +2 iommufds, 3 domains of 8,493 mappings, 3 devices, 1 unit\n/);
    expect(stdout).toMatch(
      /drafts +7 PCI devices, 3 VFIO devices; in no release: iommu-liveupdate version 1, /,
    );
  });
});

describe('owners, and what nothing preserves', () => {
  const name = 'linux-7.3-iommu-legacy';

  test('totals add up to what is listed', () => {
    const { runs, totals } = JSON.parse(walk(name, '--domain', '0x2228038', '--format', 'json'));
    const bytes = runs.reduce(
      (sum: bigint, { iova, iovaEnd }: Run) => sum + BigInt(iovaEnd) - BigInt(iova),
      0n,
    );
    expect(BigInt(totals.bytes)).toBe(bytes);
    expect(totals).toMatchObject({ leaves: 1280, unpreserved: '0x0', unowned: '0x0', unpreservedTables: 0 });
    expect(runs.every(({ kept }: { kept?: boolean }) => kept === true)).toBe(true);
  });

  test('--unpreserved lists leaves and tables that are lost', () => {
    const none = JSON.parse(walk(name, '--domain', '0x2228038', '--unpreserved', '--format', 'json'));
    expect([none.runs, none.tables, none.totals.leaves]).toEqual([[], [], 1280]);
    const before = join(fixtures, 'linux-7.3-live-update/vtd');
    const args = ['--regset', join(before, 'iommu_regset'), '--device', '00:03.0', '--unpreserved'];
    const run = kho(['walk', join(before, 'before-kexec.elf.gz'), ...args, '--format', 'json']);
    const { runs, tables, totals } = JSON.parse(run.stdout);
    expect(runs.length).toBeGreaterThan(0);
    expect(runs.every(({ kept }: { kept?: boolean }) => kept === false)).toBe(true);
    expect(tables).toHaveLength(totals.unpreservedTables);
    expect(BigInt(totals.unpreserved)).toBeGreaterThan(0n);
  });

  test('the 2024 series: domains are listed, its files are the owners', () => {
    const rfc = join(fixtures, 'rfc-2024/two-vms');
    expect(kho(['walk', rfc]).stdout).toMatch(
      /^DOMAIN +TOP TABLE .*\n1 +0x1bfbef000 +4 +81 +324 KiB +17:00\.0$/m,
    );
    expect(kho(['walk', rfc, '--domain', '1']).stdout).toMatch(
      /rw +yes +guestmemfs file "vm-a-ram" at 0x3000$/m,
    );
    expect(kho(['walk', rfc, '--domain', '1']).stdout).toMatch(/11 tables, 5 not preserved$/m);
  });

  test.each([
    [['--domain', '5', '--unpreserved', '--format', 'csv']],
    [['--pgd', '0x1f9e000', '--agaw', '2', '--unpreserved']],
    [['--domain', '5', '--unpreserved', '--iova', '0x1000']],
  ])('%j is refused', (args) => {
    const { status, stderr } = kho(['walk', core(name), ...args]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--unpreserved')]);
  });
});

test('README shows what is said', () => {
  const readme = readFileSync(join(fixtures, '../README.md'), 'utf8');
  const section = readme.slice(readme.indexOf('## Devices that keep running'), readme.indexOf('## Commands'));
  const console = /```console\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
  const parts = console.split(/^\$ kho /m).slice(1);
  expect(parts.length).toBe(3);
  parts.push(
    ...(section
      .split('```console\n')[2]
      ?.split('```')[0]
      ?.split(/^\$ kho /m)
      .slice(1) ?? []),
  );
  expect(parts.length).toBe(4);
  for (const part of parts) {
    const [command = '', ...lines] = part.trimEnd().split('\n');
    const args = command.split(' ').map((word) => word.replace(/^fixtures/, fixtures));
    const { stdout } = kho(args);
    // An ellipsis stands for what is left out.
    for (const line of lines) for (const text of line.split('…')) expect(stdout).toContain(text);
  }
});
