import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // What is polled for comes late on a busy machine.
    expect: { poll: { timeout: 30_000 } },
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    // Many tests wait for processes of the command line: one worker a core, where the default leaves one out.
    maxWorkers: '100%',
    // A worker loads src once for all of its files, which took more time than many files' tests: no file may leave
    // behind what others see (spies, the working directory, variables of the environment).
    isolate: false,
    // Guards against hangs alone: on a busy machine everything takes many times as long.
    testTimeout: 600_000,
  },
});
