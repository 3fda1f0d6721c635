import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Compiles the sources into a temporary folder, for tests that need a process of their own.
 *
 * @returns the folder, and a function that removes it
 */
export function compileSources(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const options = ['-p', 'tsconfig.build.json', '--outDir', folder, '--noCheck', '--declaration', 'false'];
  execFileSync(join('node_modules', '.bin', 'tsc'), options, { stdio: 'inherit' });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
