/** What Kaitai's style guide asks for, and that other languages can take what is compiled from formats/. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { byDay } from '../sweep.js';

const compiler = createRequire(import.meta.url)('kaitai-struct-compiler') as {
  readonly languages: readonly string[];
  compile(
    language: string,
    schema: unknown,
    importer: { importYaml(name: string): Promise<unknown> },
    debug: boolean,
  ): Promise<Record<string, string>>;
};

const files = readdirSync('formats').filter((name) => name.endsWith('.ksy'));
const read = (name: string) => parse(readFileSync(join('formats', name), 'utf8'));

/** Words that Rust does not take as the name of a field, and Lua not as that of a value; Kaitai escapes others. */
const RUST = words(
  'as break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return',
  'self static struct super trait true type unsafe use where while async await',
);
const LUA = words(
  'and break do else elseif end false for function goto if in local nil not or repeat return then true until while',
);

function words(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.join(' ').split(' '));
}

interface Schema {
  readonly types?: Record<string, { seq: { id: string }[]; params?: { id: string }[] }>;
  readonly enums?: Record<string, Record<string, string | { id: string }>>;
}

function fieldNames({ types = {} }: Schema): string[] {
  return Object.values(types).flatMap(({ seq, params = [] }) => [...seq, ...params].map(({ id }) => id));
}

function valueNames({ enums = {} }: Schema): string[] {
  return Object.values(enums).flatMap((values) =>
    Object.values(values).map((value) => (typeof value === 'string' ? value : value.id)),
  );
}

describe.each(files)('%s', (file) => {
  const schema = read(file);

  test('says what it is, where that comes from, and where to begin', () => {
    expect(Object.keys(schema.meta).slice(0, 3)).toEqual(['id', 'title', 'application']);
    expect(schema.meta.license).toBe('CC0-1.0');
    expect(schema.doc).toMatch(/\S/);
    expect(schema.seq.length).toBeGreaterThan(0);
    for (const { type } of schema.seq) expect(schema.types[type].params).toBeUndefined();
  });

  test('has no name that a target does not take', () => {
    expect(fieldNames(schema).filter((name) => RUST.has(name))).toEqual([]);
    expect(valueNames(schema).filter((name) => LUA.has(name))).toEqual([]);
  });
});

/** What checks a program of a language without running it. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  python: ['python3', '-m', 'py_compile'],
  ruby: ['ruby', '-c'],
  lua: ['luac5.3', '-p'],
  php: ['php', '-l'],
  rust: ['rustfmt', '--check', '--config', 'error_on_line_overflow=false'],
};

// Minutes for all of them.
describe.skipIf(byDay)('what is compiled', () => {
  test.each(compiler.languages)('%s', async (language) => {
    const folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
    try {
      const importer = { importYaml: async (name: string) => read(`${name.replace(/^.*\//, '')}.ksy`) };
      for (const file of files) {
        for (const [name, text] of Object.entries(
          await compiler.compile(language, read(file), importer, false),
        )) {
          const path = join(folder, name);
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, text);
          const [program, ...args] = CHECKS[language] ?? [];
          if (program === undefined || /\.(?:h)$/.test(name)) continue;
          const { error, status, stderr } = spawnSync(program, [...args, path], { encoding: 'utf8' });
          if (error !== undefined) continue;
          // rustfmt tells what it would lay out otherwise by status 1, without an error.
          if (language === 'rust') expect(stderr).not.toMatch(/^error/m);
          else expect({ name, status, stderr }).toMatchObject({ status: 0 });
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
