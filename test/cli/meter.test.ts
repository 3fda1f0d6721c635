/** The line that says how far a run is: on a terminal alone, rarely, and gone when anything else is written. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { createMeter } from '../../src/cli/meter.js';
import { createProgress } from '../../src/cli/progress.js';
import { openInput } from '../../src/memory/node/input.js';
import { writeFileAtomic } from '../../src/memory/node/output.js';
import { listen } from '../../src/memory/node/telling.js';
import { khoProcess } from './kho.js';

const MIB = 1 << 20;
const ERASE = '\r\u001b[K';
const folder = mkdtempSync(join(tmpdir(), 'kho-meter-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A terminal whose clock stands until it is moved on. */
function fakeTerminal(columns?: number) {
  const texts: string[] = [];
  let time = 1000;
  let asked = 0;
  return {
    texts,
    columns,
    write: (text: string) => texts.push(text),
    now: () => {
      asked++;
      return time;
    },
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    asked: () => asked,
    /** The line that stands there. */
    line: () => (texts.at(-1) ?? '').replace(ERASE, ''),
  };
}

test('says what, how far, how fast and how long still', () => {
  const terminal = fakeTerminal(120);
  const meter = createMeter(terminal);
  meter.stage('reading', '/var/crash/vmcore', 4096 * MIB);
  terminal.pass(2000);
  meter.read(1024 * MIB);
  expect(terminal.texts).toEqual([`${ERASE}reading vmcore  25%  1.0 GiB of 4.0 GiB  512 MiB/s  6 s left`]);
  terminal.pass(398_000);
  meter.read(MIB);
  expect(terminal.line()).toBe('reading vmcore  25%  1.0 GiB of 4.0 GiB  2.6 MiB/s  19 min 59 s left');
});

test('foretells no end of what has none', () => {
  const terminal = fakeTerminal(120);
  const meter = createMeter(terminal);
  meter.stage('reading', 'vmcore', 2 * MIB);
  terminal.pass(1000);
  meter.read(3 * MIB);
  expect(terminal.line()).toBe('reading vmcore  3.0 MiB read  3.0 MiB/s  1 s so far');
  meter.stage('walking', 'vmcore');
  terminal.pass(1000);
  meter.read(2 * MIB);
  expect(terminal.line()).toBe('walking vmcore  2.0 MiB read  2.0 MiB/s  1 s so far');
});

test('an output counts what is written, its headers included', () => {
  const terminal = fakeTerminal(120);
  const meter = createMeter(terminal);
  meter.stage('writing', 'small.elf', 4 * MIB, 'written');
  terminal.pass(1000);
  meter.read(9 * MIB);
  meter.written(2 * MIB);
  terminal.pass(1000);
  meter.written(2 * MIB);
  expect(terminal.line()).toBe('writing small.elf  100%  4.0 MiB of 4.0 MiB  2.0 MiB/s  0 s left');
  terminal.pass(1000);
  meter.written(MIB);
  expect(terminal.line()).toMatch(/ {2}100% {2}/);
});

test('at most five lines a second, and none of what is over at once', () => {
  const terminal = fakeTerminal();
  const meter = createMeter(terminal);
  meter.stage('reading', 'vmcore', 1000 * MIB);
  meter.read(MIB);
  terminal.pass(199);
  meter.read(MIB);
  meter.end();
  expect(terminal.texts).toEqual([]);
  for (let i = 0; i < 998; i++) {
    terminal.pass(1);
    meter.read(MIB);
  }
  expect(terminal.texts.length).toBeGreaterThan(2);
  expect(terminal.texts.length).toBeLessThanOrEqual(5);
});

test('the clock is asked for few of many small reads', () => {
  const terminal = fakeTerminal();
  const meter = createMeter(terminal);
  const before = terminal.asked();
  for (let i = 0; i < 1600; i++) meter.read(4096);
  expect(terminal.asked() - before).toBeLessThanOrEqual(100);
});

test('a message finds the line erased, the result finds none that comes back', () => {
  const terminal = fakeTerminal();
  const meter = createMeter(terminal);
  terminal.pass(1000);
  meter.read(MIB);
  meter.wipe();
  expect(terminal.texts.at(-1)).toBe(ERASE);
  const { length } = terminal.texts;
  meter.wipe();
  expect(terminal.texts).toHaveLength(length);
  meter.hold(true);
  terminal.pass(1000);
  meter.read(MIB);
  meter.stage('checking', 'vmcore');
  expect(terminal.texts).toHaveLength(length);
  meter.hold(false);
  terminal.pass(1000);
  meter.read(MIB);
  meter.end();
  expect(terminal.texts.at(-2)).toMatch(/checking/);
  expect(terminal.texts.at(-1)).toBe(ERASE);
});

test('a line is no longer than the terminal is wide, and steers nothing', () => {
  for (const columns of [40, 0, undefined]) {
    const terminal = fakeTerminal(columns);
    const meter = createMeter(terminal);
    meter.stage('unpacking', `/tmp/\u001b[2J${'long'.repeat(40)}.gz`, 4096 * MIB);
    terminal.pass(1000);
    meter.read(MIB);
    expect(terminal.line().length).toBeLessThan(columns || 80);
    expect(terminal.line()).toMatch(/^unpacking \\u\{1b\}\[2J/);
  }
});

test('rules tell their place, until the next part begins', () => {
  const terminal = fakeTerminal(120);
  const meter = createMeter(terminal);
  meter.stage('checking', 'vmcore');
  meter.step(31, 160, 'rule');
  terminal.pass(1000);
  meter.read(2 * MIB);
  expect(terminal.line()).toBe('checking vmcore  rule 31 of 160  2.0 MiB read  2.0 MiB/s  1 s so far');
  terminal.pass(1000);
  meter.stage('writing', 'small.elf');
  expect(terminal.line()).not.toContain('rule');
});

test('lists tell how much is left, until another pass begins', () => {
  const terminal = fakeTerminal(120);
  const meter = createMeter(terminal);
  meter.stage('checking', 'vmcore');
  meter.step(31, 160, 'rule');
  meter.expect(1000);
  terminal.pass(2000);
  meter.entries(400);
  for (let i = 0; i < 14; i++) meter.entries(0);
  expect(terminal.line()).toBe('checking vmcore  rule 31 of 160  40%  3 s left');
  meter.expect(undefined);
  terminal.pass(1000);
  meter.read(2 * MIB);
  expect(terminal.line()).toBe('checking vmcore  rule 31 of 160  2.0 MiB read  683 KiB/s  3 s so far');
});

test('more entries than were foretold have no end', () => {
  const terminal = fakeTerminal(120);
  const meter = createMeter(terminal);
  meter.stage('comparing', 'vmcore');
  meter.expect(10);
  terminal.pass(2000);
  for (let i = 0; i < 16; i++) meter.entries(1);
  expect(terminal.line()).toBe('comparing vmcore  2 s so far');
});

test('a walk tells where it is, of all walks', () => {
  const terminal = fakeTerminal(120);
  const meter = createMeter(terminal);
  meter.stage('walking', 'vmcore');
  meter.part(0, 0.5);
  const walk = (share: number) => {
    for (let i = 0; i < 16; i++) meter.share(() => share);
    return terminal.line();
  };
  terminal.pass(1000);
  expect(walk(0.5)).toBe('walking vmcore  25%  3 s left');
  meter.part(0.5, 1);
  terminal.pass(2000);
  expect(walk(0.5)).toBe('walking vmcore  75%  1 s left');
  // From the start again, by whatever it is.
  meter.part(0, 1);
  terminal.pass(500);
  expect(walk(0.1)).toBe('walking vmcore  10%  4 s so far');
});

test('the place of a walk is that of the entries that are there', async () => {
  const { listenToWork } = await import('../../src/memory/work.js');
  const { segmentsMemory } = await import('../../src/memory/segments.js');
  const { secondStageFormat } = await import('../../src/vtd/second-stage.js');
  const { walkTable } = await import('../../src/vtd/walk/walk.js');
  /** A table with entries that lead to these addresses, from the middle on. */
  const table = (address: number, targets: readonly number[]) => {
    const bytes = new Uint8Array(4096);
    const view = new DataView(bytes.buffer);
    for (const [i, target] of targets.entries()) view.setBigUint64(8 * (256 + i), BigInt(target + 3), true);
    return { address, bytes };
  };
  const leaves = (first: number) => Array.from({ length: 256 }, (_, i) => first + (i << 13));
  const tables = Array.from({ length: 64 }, (_, i) => 0x10_0000 + (i << 12));
  const memory = segmentsMemory(
    [table(0x1000, [0x2000]), table(0x2000, tables), ...tables.map((at, i) => table(at, leaves(i << 22)))],
    'tables',
  );
  const shares: number[] = [];
  listenToWork({ expect() {}, entries() {}, part() {}, share: (share) => shares.push(share()) });
  try {
    const walk = walkTable({ memory, root: 0x1000, levels: 3, format: secondStageFormat() });
    for (const _ of walk.batches);
  } finally {
    listenToWork(undefined);
  }
  expect(shares.length).toBeGreaterThan(1);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBeGreaterThan(0.9);
  expect(Math.max(...shares)).toBeLessThanOrEqual(1);
});

test('without a terminal nothing is shown', () => {
  createProgress(undefined).show(() => {
    throw new Error('asked for a text');
  });
});

test('inputs and outputs tell what they do', async () => {
  const { gzipSync } = await import('node:zlib');
  const plain = join(folder, 'plain');
  const packed = join(folder, 'packed.gz');
  const bytes = new Uint8Array(300_000).fill(7);
  const gzip = gzipSync(bytes);
  writeFileSync(plain, bytes);
  writeFileSync(packed, gzip);
  const told: (string | number)[][] = [];
  let read = 0;
  let written = 0;
  listen({
    stage: (name, path, total) => told.push([name, path, total ?? -1]),
    read: (count) => {
      read += count;
    },
    written: (count) => {
      written += count;
    },
    step() {},
    hold() {},
    wipe() {},
  });
  try {
    const input = await openInput(plain);
    input.file.readAt(0, 300_000, new Uint8Array(300_000));
    input.close();
    expect(told).toEqual([['reading', plain, 300_000]]);
    expect(read).toBe(300_000 + 65_536);
    read = 0;
    const unpacked = await openInput(packed);
    unpacked.close();
    expect(told.slice(-2)).toEqual([
      ['unpacking', packed, gzip.length],
      ['reading', packed, 300_000],
    ]);
    await writeFileAtomic(join(folder, 'out'), [bytes, 'text']);
    expect(written).toBe(300_004);
  } finally {
    listen(undefined);
  }
});

/** Whether the program that runs another on a terminal of its own is there, with the options of util-linux. */
const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

test.skipIf(!hasScript)(
  'on a real terminal it comes and goes; with --quiet and in a pipe it never comes',
  () => {
    const image = join(folder, 'image');
    writeFileSync(image, '');
    truncateSync(image, 1 << 30);
    const bin = fileURLToPath(new URL('../../bin/kho.js', import.meta.url));
    const args = ['validate', '--base', '0', image];
    const onTerminal = (...more: string[]) =>
      spawnSync(
        'script',
        ['-qec', [process.execPath, bin, ...args, ...more].map((each) => `'${each}'`).join(' '), '/dev/null'],
        {
          encoding: 'utf8',
          env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' },
          input: '',
        },
      );
    const shown = onTerminal();
    expect(shown.status).toBe(2);
    expect(shown.stdout).toContain(`${ERASE}reading image  `);
    // What stands in the end is the message alone.
    const last = shown.stdout.slice(shown.stdout.lastIndexOf(ERASE) + ERASE.length);
    expect(last).toMatch(/^kho: .*no handover tree|^kho: .*contains no/);
    expect(onTerminal('--quiet').stdout).not.toContain(ERASE);
    expect(khoProcess(args).stderr).not.toContain('\r');
  },
  60_000,
);
