/** The library's interface: the report of what is exported, and a program that uses it under strict settings. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  commentOf,
  type Declaration,
  exportsOf,
  mentioned,
  resolve,
  signature,
} from '../../tools/api/declarations.js';

const top = fileURLToPath(new URL('../..', import.meta.url));
const CORE = join(top, 'dist/index.d.ts');
const NODE = join(top, 'dist/node.d.ts');

/** Values that need no example. */
const OBVIOUS = new Set(['DEVELOPMENT_FORMS', 'ImageTooLarge', 'RELEASE_FORMS', 'recordTypes']);

interface Example {
  readonly code: string;
  /** Lines that it prints, from its comments `//=> …`. */
  readonly prints: readonly string[];
}

function examplesIn(comment: string): Example[] {
  const text = comment.replace(/^ *\* ?/gm, '');
  return [...text.matchAll(/^@example\n```ts\n(.*?)^```$/gms)].map(([, code = '']) => ({
    code,
    prints: [...code.matchAll(/\/\/=>(?: (.*))?$/gm)].map(([, line = '']) => line),
  }));
}

/** Imports each module that is named, and prints what each printed. */
const RUN_ALL = `
import { format } from 'node:util';
const printed = {};
const { log } = console;
for (const name of process.argv.slice(2)) {
  const lines = (printed[name] = []);
  console.log = (...words) => lines.push(...format(...words).trimEnd().split('\\n'));
  await import(\`./out/\${name}.js\`);
}
log(JSON.stringify(printed));
`;

function declarations(file: string): Declaration[] {
  return exportsOf(file).flatMap((name) => resolve(file, name) ?? []);
}

function keyOf({ file, name }: Declaration): string {
  return `${file.slice(top.length)} ${name}`;
}

describe('the interface', () => {
  // A change here is one that users see: say so in CHANGELOG.md. `npx vitest run test/api -u` renews it.
  test('is as test/api/report.txt has it', async () => {
    const lines = [
      ['kho-toolkit', CORE],
      ['kho-toolkit/node', NODE],
    ].flatMap(([entry = '', file = '']) => [
      `# ${entry}`,
      ...exportsOf(file).map((name) => {
        const found = resolve(file, name);
        return found === undefined ? `${name}: not found` : signature(found);
      }),
      '',
    ]);
    await expect(`${lines.join('\n')}`).toMatchFileSnapshot('report.txt');
  });

  test('every type that it mentions is exported', () => {
    const core = declarations(CORE);
    const known = new Set([...core, ...declarations(NODE)].map(keyOf));
    const seen = new Set<string>();
    const missing = new Set<string>();
    const todo = [...core, ...declarations(NODE)];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      const key = keyOf(next);
      if (seen.has(key)) continue;
      seen.add(key);
      if (!known.has(key)) missing.add(key);
      todo.push(...mentioned(next));
    }
    // A module that is missing goes into src/types.ts.
    expect([...missing].sort()).toEqual([]);
  });
});

/** Functions, classes and values of every entry point, with their comments; arbitraries of records are all alike. */
const documented = [
  ['core', CORE],
  ['node', NODE],
  ['arbitraries', join(top, 'dist/fuzz/index.d.ts')],
].flatMap(([entry = '', file = '']) =>
  exportsOf(file).flatMap((name) => {
    const found = resolve(file, name);
    if (found === undefined || !/^export declare (?:function|class|const)/.test(found.text)) return [];
    if (found.file.includes('/fuzz/generated/') || OBVIOUS.has(name)) return [];
    return [{ entry, name, comment: commentOf(found) }];
  }),
);

describe('a program that uses it', () => {
  const page = readFileSync(join(top, 'docs/library.md'), 'utf8');
  const inComments = documented.flatMap(({ entry, name, comment }) =>
    examplesIn(comment).map((example, index) => ({
      ...example,
      name: `${entry}-${name}${index === 0 ? '' : index}`,
    })),
  );
  const examples = [...page.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)].map(
    ([, name = '', code = '']) => ({
      name,
      code,
    }),
  );
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
    mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
    symlinkSync(top, join(folder, 'node_modules/kho-toolkit'));
    symlinkSync(join(top, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
    symlinkSync(join(top, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'));
    for (const name of ['fast-check', 'pure-rand'])
      symlinkSync(join(top, 'node_modules', name), join(folder, 'node_modules', name));
    symlinkSync(join(top, 'fixtures'), join(folder, 'fixtures'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
    for (const { name, code } of examples) writeFileSync(join(folder, name), code);
    for (const { name, code } of inComments) writeFileSync(join(folder, `${name}.ts`), code);
    writeFileSync(join(folder, 'all.mjs'), RUN_ALL);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('compiles under strict settings, and so do our own declarations', () => {
    writeFileSync(join(folder, 'browser.ts'), BROWSER);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          target: 'ES2022',
          lib: ['ES2023'],
          module: 'NodeNext',
          moduleResolution: 'NodeNext',
          types: ['node'],
          outDir: 'out',
          rootDir: '.',
        },
        include: ['*.ts'],
      }),
    );
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(top, 'node_modules/typescript/bin/tsc'), '-p', folder],
      {
        encoding: 'utf8',
      },
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  test.each(examples.map(({ name }) => name))('docs/library.md: %s runs', (name) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [`out/${name.replace(/\.ts$/, '.js')}`], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const printed = new RegExp(
      `^\`\`\`ts\\n// ${name}\\n.*?^\`\`\`\\n+prints\\n+\`\`\`text\\n(.*?)^\`\`\`$`,
      'ms',
    ).exec(page);
    expect(stdout).toBe(printed?.[1]);
  });

  test('every function has an example in its comment, and prints what that says', () => {
    const names = inComments.map(({ name }) => name);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['all.mjs', ...names], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const printed: Record<string, string[]> = JSON.parse(stdout);
    for (const { name, prints } of inComments)
      expect({ name, prints: printed[name] }).toEqual({ name, prints });
    const without = documented.filter(({ comment }) => examplesIn(comment).length === 0);
    expect(without.map(({ entry, name }) => `${entry} ${name}`)).toEqual([]);
  });

  test('the page has the three examples', () => {
    expect(examples.map(({ name }) => name)).toEqual(['check.ts', 'rule.ts', 'structure.ts']);
  });
});

/** Optional properties, types by name, every report. */
const BROWSER = `
import {
  ABI_VERSIONS, catalogue, decodeHandover, type DecodeOptions, type Finding, type Handover, junitLines, ktapLines, type LuoSession,
  openDump, possibleReleases, type Reporter, reportPage, RELEASES, type Rule, sarifLog, trimHandover, validate, validateJson,
  type ValidationResult, type WalkReport, walkTable,
} from 'kho-toolkit';
const options: DecodeOptions = { pageSize: 4096 };
const handover: Handover = decodeHandover(new Uint8Array(), options);
const sessions: readonly LuoSession[] = handover.luo?.sessions ?? [];
const result: ValidationResult = validate(handover, catalogue, {});
const dumps = [{ path: 'x', result }];
const texts: string[] = [...junitLines(dumps, catalogue), ...ktapLines(dumps, catalogue)];
const page: Iterable<string> = reportPage({ meta: { name: 'x', version: '1' }, description: 'x', handover, catalogue, ...(result === undefined ? {} : { result }) });
const json: unknown[] = [validateJson(dumps), sarifLog(dumps, catalogue, '1'), RELEASES[0]?.release, ABI_VERSIONS.length];
const find = (report: Reporter): void => report.finding({ message: 'x', location: { address: 1n } });
const severity: Finding['severity'] | undefined = result.findings[0]?.severity;
const rule: Rule | undefined = catalogue[0];
const walked: WalkReport | undefined = undefined;
export { find, json, openDump, page, possibleReleases, rule, sessions, severity, texts, trimHandover, walked, walkTable };
`;
