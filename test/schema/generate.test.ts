import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { recordTypes } from '../../src/records/index.js';
import { generate } from '../../tools/schema/generate.js';
import { SchemaError } from '../../tools/schema/model.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'generate-'));
cpSync(join(project, 'formats'), join(root, 'formats'), { recursive: true });

afterAll(() => rmSync(root, { recursive: true }));

describe('generate', () => {
  it('writes what the project has, once', () => {
    const first = generate(root);
    expect(first.written).toHaveLength(2 * first.schemas + 2);
    expect(first.types).toBe(recordTypes.length);
    for (const path of first.written) {
      expect(readFileSync(join(root, path), 'utf8')).toBe(readFileSync(join(project, path), 'utf8'));
    }
    expect(generate(root)).toEqual({ ...first, written: [], removed: [] });
  });

  it('rewrites only what a change touches and removes what lost its schema', () => {
    const path = join(root, 'formats/memblock.ksy');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('Length of the region.', 'Bytes of the region.'));
    expect(generate(root)).toMatchObject({ written: ['src/records/memblock.ts'], removed: [] });
    rmSync(path);
    expect(generate(root)).toMatchObject({
      written: ['src/records/index.ts', 'src/fuzz/generated/index.ts'],
      removed: ['src/records/memblock.ts', 'src/fuzz/generated/memblock.ts'],
    });
    expect(existsSync(join(root, 'src/records/memblock.ts'))).toBe(false);
  });

  it('writes nothing when a schema is refused or a pointer leads nowhere', () => {
    const before = readdirSync(join(root, 'src/records'));
    const path = join(root, 'formats/kho.ksy');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('to: kho_mem,', 'to: nobody,'));
    expect(() => generate(root)).toThrow(/^kho\.ksy: type kho_data_rfc2024: field mem_cache_addr: .*nobody/);
    writeFileSync(path, text.replace('type: u4', 'type: f4'));
    expect(() => generate(root)).toThrow(SchemaError);
    expect(readdirSync(join(root, 'src/records'))).toEqual(before);
  });
});
