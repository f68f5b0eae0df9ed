import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes and sandboxes: forks. None with tsx: it costs each file half a second of a core.
    globalSetup: 'test/built.ts',
    pool: 'forks',
    // One more than the smallest machine has cores: many tests wait for a tick or a bake.
    maxWorkers: 3,
    // Generous, so that a loaded machine makes no red test; nothing waits for it to pass.
    testTimeout: 120_000,
    // Some machine's first hook makes the package.
    hookTimeout: 300_000,
  },
});
