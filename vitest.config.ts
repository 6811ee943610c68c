import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // need files that are not part of the repository
    exclude: ['test/real-models/**'],
    // a test that returns early fails
    expect: { requireAssertions: true },
    // tests wait for their servers for a third of their time: one file at a time leaves a machine of two cores idle
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // real servers and threads are started; none of them is waited for this long
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
