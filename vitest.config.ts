import { defineConfig } from 'vitest/config';

/** Rooms whose tests share nothing: their modules are loaded once for all of a worker's files. */
const together = ['audit', 'decide', 'install', 'observe', 'stage', 'store'];
const inRooms = together.map((room) => `test/${room}/**/*.test.ts`);

const each = {
  // Real processes and sandboxes: forks. None with tsx: it costs each file half a second of a core.
  pool: 'forks' as const,
  // Generous, so that a loaded machine makes no red test; nothing waits for it to pass.
  testTimeout: 120_000,
  // Some machine's first hook makes the package.
  hookTimeout: 300_000,
};

export default defineConfig({
  test: {
    globalSetup: 'test/built.ts',
    // One more than the smallest machine has cores: many tests wait for a tick or a bake.
    maxWorkers: 3,
    projects: [
      { test: { ...each, name: 'together', include: inRooms, isolate: false } },
      { test: { ...each, name: 'alone', include: ['test/**/*.test.ts'], exclude: inRooms } },
    ],
  },
});
