import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gzip } from '../bytes.js';
import { buildElf, counting } from '../elf/builder.js';

/** What `npm run build` compiled. */
const dist = new URL('../../../dist/', import.meta.url).href;
let folder = '';
let work: string;
let cases = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  work = join(folder, `case-${cases++}`);
  mkdirSync(work);
});

/** A process that runs `code` with the project's modules; it prints `ready` when the test may go on. */
function start(code: string): ChildProcess {
  const script = join(folder, `script-${cases++}.mjs`);
  writeFileSync(
    script,
    `import { openInput } from '${dist}memory/node/input.js';
import { openMemory } from '${dist}memory/node/open-memory.js';
import { writeFileAtomic } from '${dist}memory/node/output.js';
const work = ${JSON.stringify(work)};
const forever = () => new Promise((done) => setTimeout(done, 60_000));
${code}
`,
  );
  return spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
}

async function output(
  child: ChildProcess,
): Promise<{ text: string; errors: string; code: unknown; signal: unknown }> {
  let text = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    text += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk);
  });
  const [code, signal] = await once(child, 'close');
  return { text, errors, code, signal };
}

async function ready(child: ChildProcess): Promise<void> {
  for (;;) {
    const [chunk] = await once(child.stdout ?? child, 'data');
    if (String(chunk).includes('ready')) return;
  }
}

const core = buildElf({
  headers: [{ paddr: 0x1000n, offset: 0x1000n, filesz: 0x3000n }],
  data: [{ at: 0x1000, bytes: counting(1, 0x3000) }],
});

describe('the spool file', () => {
  const open = `
const input = await openInput(work + '/core.gz', { spoolDir: work + '/spool' });
console.log('ready', input.kind, input.file.size);`;

  beforeEach(() => {
    mkdirSync(join(work, 'spool'));
    writeFileSync(join(work, 'core.gz'), gzip(core));
  });

  test('is gone after a normal exit, closed or not', async () => {
    const { text, errors, code } = await output(start(open));
    expect(errors).toBe('');
    expect(text).toBe(`ready elf ${core.length}\n`);
    expect(code).toBe(0);
    expect(readdirSync(join(work, 'spool'))).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('is gone after %s', async (signal) => {
    const child = start(`${open}\nawait forever();`);
    await ready(child);
    child.kill(signal);
    expect((await once(child, 'close'))[1]).toBe(signal);
    expect(readdirSync(join(work, 'spool'))).toEqual([]);
  });

  test('is gone after a signal while it is being written', async () => {
    const child = start(`
const done = openInput('-', { spoolDir: work + '/spool' });
setTimeout(() => console.log('ready'), 100);
await done;`);
    child.stdin?.write(new Uint8Array(1 << 20).fill(1));
    await ready(child);
    child.kill('SIGTERM');
    expect((await once(child, 'close'))[1]).toBe('SIGTERM');
    expect(readdirSync(join(work, 'spool'))).toEqual([]);
  });
});

describe('standard input', () => {
  const read = `
const opened = await openMemory('-');
const into = new Uint8Array(0x3000);
const again = await openInput('-').catch((error) => error.name + ': ' + error.message);
console.log(opened.memory.description, opened.memory.read(0x1000, 0x3000, into), into[0x2fff], again);
opened.close();`;
  const expected = 'ELF core, x86-64, 1 segment 12288 0 InputError: standard input: can be read only once\n';

  test.each([
    ['gzip', gzip(core)],
    ['as it is', core],
  ])('%s', async (_, bytes) => {
    const child = start(read);
    const result = output(child);
    // In pieces: the first bytes, by which the kind is told, need not come together.
    child.stdin?.write(bytes.subarray(0, 3));
    setTimeout(() => child.stdin?.end(bytes.subarray(3)), 50);
    const { text, errors, code } = await result;
    expect(errors).toBe('');
    expect(text).toBe(expected);
    expect(code).toBe(0);
  });

  test('that is empty', async () => {
    const child = start(
      `await openMemory('-').catch((error) => console.log(error.name + ': ' + error.message));`,
    );
    const result = output(child);
    child.stdin?.end();
    const { text, code } = await result;
    expect(text).toBe('InputError: standard input: is not a supported memory dump: it is empty\n');
    expect(code).toBe(0);
  });
});

describe('an output file', () => {
  const write = `
async function* chunks() { yield 'new'; yield new Uint8Array(100_000); console.log('ready'); await forever(); }
await writeFileAtomic(work + '/out/file', chunks());`;

  beforeEach(() => {
    mkdirSync(join(work, 'out'));
    writeFileSync(join(work, 'out', 'file'), 'old');
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('stays as it was, alone, after %s', async (signal) => {
    const child = start(write);
    await ready(child);
    expect(readdirSync(join(work, 'out'))).toHaveLength(2);
    child.kill(signal);
    expect((await once(child, 'close'))[1]).toBe(signal);
    expect(readdirSync(join(work, 'out'))).toEqual(['file']);
    expect(readFileSync(join(work, 'out', 'file'), 'utf8')).toBe('old');
  });

  test('stays as it was, alone, after process.exit', async () => {
    const { code } = await output(start(`setTimeout(() => process.exit(3), 200);${write}`));
    expect(code).toBe(3);
    expect(readdirSync(join(work, 'out'))).toEqual(['file']);
  });

  test('as standard output is what was written', async () => {
    const { text, errors, code } = await output(
      start(`await writeFileAtomic('-', ['a', Uint8Array.of(98), 'c\\n']);`),
    );
    expect({ text, errors, code }).toEqual({ text: 'abc\n', errors: '', code: 0 });
  });

  test('as standard output ends silently when the reader leaves', async () => {
    const child = start(`
function* lines() { for (let i = 0; i < 10_000; i++) yield 'x'.repeat(70_000); }
await writeFileAtomic('-', lines());
console.error('after');`);
    const errors: string[] = [];
    child.stderr?.on('data', (chunk) => errors.push(String(chunk)));
    child.stdout?.once('data', () => child.stdout?.destroy());
    const [code] = await once(child, 'close');
    expect(errors.join('')).toBe('after\n');
    expect(code).toBe(0);
  });
});
