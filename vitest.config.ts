import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    // Many tests wait for processes of the command line: one worker a core, where the default leaves one out.
    maxWorkers: '100%',
    isolate: false,
    // Guards against hangs alone: on a busy machine everything takes many times as long.
    testTimeout: 600_000,
  },
});
