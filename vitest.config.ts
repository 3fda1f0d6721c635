import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    // Many tests wait for processes of the command line: one worker a core, where the default leaves one out.
    maxWorkers: '100%',
    testTimeout: 60_000,
  },
});
