import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { checkLayers } from '../tools/layers/check.js';
import { scan } from '../tools/layers/scan.js';

const trees: string[] = [];

/** Writes a tree of source files and gives `file:line: message` of each violation. */
function check(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  trees.push(root);
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, 'src', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return checkLayers(root).violations.map(({ file, line, message }) => `${file}:${line}: ${message}`);
}

afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true });
});

const LEAVES = {
  'fdt/a.ts': '',
  'schema/a.ts': '',
  'decode/a.ts': '',
  'cli/a.ts': '',
  'memory/node/a.ts': '',
};

describe('layers', () => {
  it('are kept by this project', () => {
    const result = checkLayers(fileURLToPath(new URL('..', import.meta.url)));
    expect(result.violations).toEqual([]);
    expect(result.files).toBeGreaterThan(20);
    expect(result.imports).toBeGreaterThan(result.files);
  });

  it('may not be told of a structure where they work on any', () => {
    const text = [
      '/** A comment may say iommu. */',
      "const key = 'iommu';",
      'const { guestMemfd, iommus } = model;',
      "if (generation === 'kho-v4') use(iommufdOf);",
    ].join('\n');
    const files = { 'structures/iommu/binding.ts': text, 'structures/guest-memfd/binding.ts': '' };
    expect(check({ ...LEAVES, ...files, 'decode/structures/x.ts': text, 'decode/x.ts': text })).toEqual([
      'src/decode/structures/x.ts:2: names iommu: an engine knows no structure',
      'src/decode/structures/x.ts:3: names guestMemfd: an engine knows no structure',
      'src/decode/structures/x.ts:4: names kho-v4: an engine knows no structure',
      'src/decode/x.ts:4: names kho-v4: only src/versions and src/structures know versions',
    ]);
  });

  it('are told where too many files name one structure', () => {
    const named = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`decode/m${i}.ts`, '// A memfd.']));
    const other = { 'decode/x.ts': "'guest_memfd, huge-memfd'", 'cli/x.ts': "'memfd'" };
    expect(check({ ...LEAVES, ...named(4), ...other })).toEqual([]);
    expect(check({ ...LEAVES, ...named(5), ...other })).toEqual([
      expect.stringMatching(/^src\/decode\/m4\.ts:1: 5 files name memfd beside its folder, more than 4: /),
    ]);
  });

  it('ask for facts, and name no version of an ABI but in the words of rules', () => {
    const text = [
      '/** A comment may say luo-v1. */',
      "if (luo === 'luo-v1') fail(`rfc-2024 has pages of 4k`);",
      "const title = 'the root is kho-v1', dts = '/dts-v1/', smmu = 'arm/arm-smmu-v3/x.c';",
      "check(tree, 'ftrace,cpu-v1', luo_v1, 'memfd_luo_ser_v1');",
    ].join('\n');
    const files = {
      'versions/x.ts': text,
      'structures/luo/x.ts': text,
      'validate/x.ts': text,
      'cli/x.ts': text,
    };
    const by = (path: string, line: number, name: string): string =>
      `src/${path}:${line}: names ${name}: only src/versions and src/structures know versions`;
    expect(check({ ...LEAVES, ...files })).toEqual([
      by('cli/x.ts', 2, 'luo-v1'),
      by('cli/x.ts', 2, 'rfc-2024'),
      by('cli/x.ts', 3, 'kho-v1'),
      by('cli/x.ts', 4, 'ftrace,cpu-v1'),
      by('validate/x.ts', 2, 'luo-v1'),
      by('validate/x.ts', 4, 'ftrace,cpu-v1'),
    ]);
  });

  it('may be crossed downwards, skipping some', () => {
    const text = "import { a } from '../fdt/a.js';\nimport type { b } from '../schema/a.js';\n";
    expect(check({ ...LEAVES, 'validate/x.ts': text, 'cli/x.ts': "import '../validate/x.js';\n" })).toEqual(
      [],
    );
  });

  it('may not be crossed upwards, by types, re-exports and dynamic imports neither', () => {
    const text = [
      "import { a } from '../decode/a.js';",
      'import type {',
      '  b,',
      "} from '../decode/a.js';",
      "export * from '../decode/a.js';",
      "const c = await import('../cli/a.js');",
    ].join('\n');
    expect(check({ ...LEAVES, 'fdt/x.ts': text })).toEqual([
      'src/fdt/x.ts:1: imports src/decode/a.ts: fdt may not import decode',
      'src/fdt/x.ts:4: imports src/decode/a.ts: fdt may not import decode',
      'src/fdt/x.ts:5: imports src/decode/a.ts: fdt may not import decode',
      'src/fdt/x.ts:6: imports src/cli/a.ts: fdt may not import cli',
    ]);
  });

  it('neighbours import one way only', () => {
    const there = { 'decode/b.ts': '', 'encode/x.ts': "import '../decode/b.js';\n", 'encode/y.ts': '' };
    expect(check(there)).toEqual([]);
    expect(check({ ...there, 'decode/x.ts': "import '../encode/y.js';\n" })).toEqual([
      'src/decode/x.ts:1: imports src/encode/y.ts: decode and encode import each other',
      'src/encode/x.ts:1: imports src/decode/b.ts: encode and decode import each other',
    ]);
  });

  it('rules lie beside the bindings, which do not know them, and cases are for tests alone', () => {
    const files = {
      'structures/memfd/binding.ts': '',
      'structures/memfd/rules.ts': "import './binding.js';\nimport '../../validate/rule.js';\n",
      'structures/memfd/cases.ts': "import '../../../test/x.js';\n",
      'structures/rules.ts': "import './memfd/rules.js';\n",
      'validate/rule.ts': '',
      'validate/catalogue.ts': "import '../structures/rules.js';\n",
    };
    expect(check(files)).toEqual([]);
    const wrong = {
      ...files,
      'structures/memfd/binding.ts': "import './rules.js';\n",
      'structures/memfd/rules.ts': "import './cases.js';\n",
      'validate/run.ts': "import '../structures/rules.js';\n",
    };
    expect(check(wrong)).toEqual([
      'src/structures/memfd/binding.ts:1: imports src/structures/memfd/rules.ts: structures may not import rules',
      'src/structures/memfd/rules.ts:1: imports ./cases.js: not a file of src',
      'src/validate/run.ts:1: imports src/structures/rules.ts: validate may not import rules',
    ]);
  });

  it('only cli and memory/node may use what Node alone has', () => {
    const node =
      "import { readFileSync } from 'node:fs';\nimport 'path';\nconst b = Buffer.alloc(1);\nprocess.exit();\n";
    expect(check({ 'cli/x.ts': node, 'memory/node/x.ts': node })).toEqual([]);
    expect(check({ 'memory/x.ts': node })).toEqual([
      'src/memory/x.ts:3: uses Buffer: only src/cli and src/memory/node may use what Node alone has',
      'src/memory/x.ts:4: uses process: only src/cli and src/memory/node may use what Node alone has',
      'src/memory/x.ts:1: imports node:fs: only src/cli and src/memory/node may use Node built-ins',
      'src/memory/x.ts:2: imports path: only src/cli and src/memory/node may use Node built-ins',
    ]);
    expect(check({ ...LEAVES, 'memory/x.ts': "import './node/a.js';\n" })).toHaveLength(1);
  });

  it('fast-check belongs to fuzz', () => {
    const text = "import fc from 'fast-check';\n";
    expect(check({ 'fuzz/x.ts': text })).toEqual([]);
    expect(check({ 'synth/x.ts': text })).toEqual([
      'src/synth/x.ts:1: imports the package fast-check: not allowed here',
    ]);
  });

  it('names missing files, unknown folders and cycles', () => {
    expect(check({ 'fdt/x.ts': "import './gone.js';\n" })).toEqual([
      'src/fdt/x.ts:1: imports ./gone.js: not a file of src',
    ]);
    expect(check({ 'misc/x.ts': "import '../schema/a.js';\n", 'schema/a.ts': '' })).toEqual([
      'src/misc/x.ts:1: src/misc is not a layer',
    ]);
    const found = check({
      'fdt/a.ts': "import './b.js';\n",
      'fdt/b.ts': "\nimport './c.js';\n",
      'fdt/c.ts': "import './d.js';\nimport './a.js';\n",
      'fdt/d.ts': '',
      'fdt/e.ts': "import './a.js';\n",
    });
    expect(found).toEqual([
      'src/fdt/c.ts:2: import cycle through fdt/a.ts: fdt/a.ts → fdt/b.ts → fdt/c.ts → fdt/a.ts',
    ]);
  });
});

describe('scan', () => {
  it('is not fooled by comments, strings and properties', () => {
    const text = [
      "// import '../cli/a.js'",
      "/* from '../cli/b.js' */",
      "const text = 'Buffer.from(1)';",
      'const other = `process.exit()`;',
      'const value = job.process.name;',
      'const quote = /[\'"]/;',
      "import { z } from './z.js';",
    ].join('\n');
    expect(scan(text)).toEqual({ imports: [{ specifier: './z.js', line: 7 }], nodeGlobals: [] });
  });
});
