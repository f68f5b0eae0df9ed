import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes and sandboxes: forks, and worker threads of the product that read TypeScript.
    globalSetup: 'test/built.ts',
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--import', 'tsx'],
    // Generous, so that a loaded machine makes no red test; nothing waits for it to pass.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
