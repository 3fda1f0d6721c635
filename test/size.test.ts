/** How much a browser has to load: budgets, which docs/library.md tells. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { afterAll, describe, expect, test } from 'vitest';

const top = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** KiB, minified and after gzip. What grows beyond it should be worth the time that every visitor waits for it. */
const BUDGETS = [
  { what: 'openDump, modelJson, jsonChunks', minified: 350, gzip: 100 },
  { what: 'openDump, validate, catalogue', minified: 880, gzip: 252 },
  { what: '*', minified: 1600, gzip: 470 },
] as const;

/** The library as a bundler makes it of a page's import. */
async function bundled(what: string): Promise<string> {
  const input = join(folder, 'input.js');
  const names = what === '*' ? what : `{ ${what} }`;
  writeFileSync(input, `export ${names} from ${JSON.stringify(join(top, 'dist/index.js'))};\n`);
  const bundle = await rolldown({ input, platform: 'browser', external: /^node:/ });
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
  await bundle.close();
  return output.map((part) => (part.type === 'chunk' ? part.code : '')).join('');
}

function kib(bytes: number): number {
  return Math.ceil(bytes / 1024);
}

describe('for a browser', () => {
  test.each(BUDGETS)('$what', async ({ what, minified, gzip }) => {
    const code = await bundled(what);
    expect(code).not.toMatch(/from ?["']node:|require\(/);
    expect(kib(code.length)).toBeLessThanOrEqual(minified);
    expect(kib(gzipSync(code).length)).toBeLessThanOrEqual(gzip);
    // A budget that nothing comes near says nothing.
    expect(kib(code.length)).toBeGreaterThan(minified * 0.8);
  });

  test('the viewer is one file', () => {
    const viewer = readFileSync(join(top, 'dist/viewer.html'));
    expect(kib(viewer.length)).toBeLessThanOrEqual(1400);
    expect(kib(gzipSync(viewer).length)).toBeLessThanOrEqual(400);
  });

  test('docs/library.md tells the budgets', () => {
    const page = readFileSync(join(top, 'docs/library.md'), 'utf8');
    for (const { minified, gzip } of BUDGETS) expect(page).toContain(`| ${minified} KiB | ${gzip} KiB |`);
  });
});
