/** What Kaitai compiles of formats/ for Python reads the same fields as our readers do. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { recordTypes } from '../../src/records/index.js';
import type { FieldInfo, RecordType } from '../../src/schema/record.js';
import { arbitraryOf, pascal, readRecord, writeRecord } from '../schema/generated.js';
import { sweep } from '../sweep.js';

const here = fileURLToPath(new URL('python', import.meta.url));
const formats = fileURLToPath(new URL('../../formats', import.meta.url));
const CASES = sweep(40, 5);

const compiler = createRequire(import.meta.url)('kaitai-struct-compiler') as {
  compile(
    language: string,
    schema: unknown,
    importer: { importYaml(name: string): Promise<unknown> },
    debug: boolean,
  ): Promise<Record<string, string>>;
};

/** Values in the order of the fields, as read.py prints them. */
type Plain = string | readonly Plain[];

function plainRecord(type: RecordType<unknown>, value: object): Plain[] {
  return type.fields.map((field) => plainValue(field, (value as Record<string, unknown>)[field.id]));
}

function plainValue(field: FieldInfo, value: unknown): Plain {
  if (field.kind === 'array' && field.element !== undefined) {
    const { element } = field;
    return (value as unknown[]).map((each) => plainValue(element, each));
  }
  if (field.kind === 'record' && field.record !== undefined)
    return plainRecord(field.record, value as object);
  return field.kind === 'bytes' ? Buffer.from(value as Uint8Array).toString('hex') : String(value);
}

const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']);

test.skipIf(python.status !== 0 && process.env.CI === undefined)('in Python', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
  try {
    const read = (name: string): unknown => parse(readFileSync(join(formats, name), 'utf8'));
    const importer = { importYaml: async (name: string) => read(`${name.replace(/^.*\//, '')}.ksy`) };
    for (const file of readdirSync(formats).filter((name) => name.endsWith('.ksy'))) {
      const modules = await compiler.compile('python', read(file), importer, false);
      for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, name), text);
    }
    for (const name of ['kaitaistruct.py', 'read.py']) cpSync(join(here, name), join(folder, name));
    const cases = recordTypes.flatMap((type) => {
      const parameters = type.parameters.map(() => 4096);
      const values = fc.sample(arbitraryOf(type, parameters), { numRuns: CASES, seed: 1 });
      return values.map((value) => ({ type, parameters, bytes: writeRecord(type, value, parameters) }));
    });
    const input = cases.map(({ type, parameters, bytes }) =>
      [
        type.file,
        pascal(type.file),
        pascal(type.name),
        parameters.join(','),
        Buffer.from(bytes).toString('hex'),
      ].join('\t'),
    );
    const { status, stdout, stderr } = spawnSync('python3', ['read.py'], {
      cwd: folder,
      encoding: 'utf8',
      input: `${input.join('\n')}\n`,
      maxBuffer: 1 << 28,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(cases.length);
    for (const [index, { type, parameters, bytes }] of cases.entries()) {
      const ours = readRecord(type, bytes, parameters);
      if (ours === undefined) throw new Error(`${type.name}: our reader finds too few bytes`);
      const [theirs, mine] = [lines[index], JSON.stringify(plainRecord(type, ours))];
      // expect() on each would take most of the time.
      if (theirs?.replaceAll(', ', ',') !== mine)
        expect(JSON.parse(theirs ?? ''), type.name).toEqual(JSON.parse(mine));
    }
    console.log(`Kaitai for Python: ${recordTypes.length} types, ${cases.length} cases`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
