/** Small files that claim much (fixtures/hostile), through the commands, in process. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { main } from '../../src/cli/main.js';
import { sweep } from '../sweep.js';

const FOLDER = 'fixtures/hostile';
const files = readdirSync(FOLDER).map((name) => join(FOLDER, name));
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Commands that decode; the others read no further. */
const COMMANDS: readonly (readonly [string, (file: string) => string[]])[] = [
  ['info', (file) => ['info', file]],
  ['validate', (file) => ['validate', file]],
  ['dump', (file) => ['dump', '--format', 'json', file]],
  ['trim', (file) => ['trim', file]],
  ['report', (file) => ['report', file]],
  ['what', (file) => ['what', file, '0x1000', 'pfn:0x1234']],
];

test.each(COMMANDS)(
  '%s ends with status 1 or 2 and a line that says why',
  { timeout: 120_000 },
  async (command, args) => {
    // Others than validate read a file no further; by day each of them has every third.
    const step = command === 'validate' ? 1 : sweep(1, 8);
    const first = COMMANDS.findIndex(([name]) => name === command) % step;
    for (const file of files.filter((_, i) => i % step === first)) {
      let stderr = '';
      let stdout = 0;
      const err = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
        stderr += String(chunk);
        return true;
      });
      const out = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
        stdout += chunk.length;
        return true;
      });
      try {
        const status = await main([...args(file), '--output', join(folder, 'out')]);
        expect([1, 2], `${file}: ${stderr}`).toContain(status);
        expect(stderr, file).toMatch(/^kho: .*(budget|out of proportion|--budget)/m);
        expect(stdout).toBeLessThan(64 << 20);
      } finally {
        err.mockRestore();
        out.mockRestore();
      }
    }
  },
);
