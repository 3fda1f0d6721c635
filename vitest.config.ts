import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));
const [sources, built] = [`${root}src/`, `${root}dist/`];

/** Is dist what a build of these sources made? */
function isBuilt(): boolean {
  try {
    execFileSync(process.execPath, [`${root}tools/built.js`]);
    return true;
  } catch {
    return false;
  }
}

/**
 * Modules of src as tsc has compiled them, loaded by Node itself: to transform and evaluate them one by one for each
 * worker took a fifth of the run. Where dist is older than the sources, these are taken.
 */
const compiled: Plugin = {
  name: 'compiled',
  enforce: 'pre',
  async resolveId(source, importer, options) {
    const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
    if (resolved?.id.startsWith(sources) !== true) return resolved;
    const id = resolved.id.replace(sources, built).replace(/\.ts$/, '.js');
    return existsSync(id) ? id : resolved;
  },
};

export default defineConfig({
  plugins: isBuilt() ? [compiled] : [],
  test: {
    server: { deps: { external: [/^(?!.*node_modules).*\/dist\/.*\.js$/] } },
    // What is polled for comes late on a busy machine.
    expect: { poll: { timeout: 30_000 } },
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/seed.ts'],
    reporters: ['default', './test/closing-line.ts'],
    // Many tests wait for processes of the command line: one worker a core, where the default leaves one out.
    maxWorkers: '100%',
    // A worker loads src once for all of its files, which took more time than many files' tests: no file may leave
    // behind what others see (spies, the working directory, variables of the environment).
    isolate: false,
    // Tests make much that lives for one of them: with more room for what is young a twelfth of their time goes.
    execArgv: ['--max-semi-space-size=64'],
    // Guards against hangs alone: on a busy machine everything takes many times as long.
    testTimeout: 600_000,
  },
});
