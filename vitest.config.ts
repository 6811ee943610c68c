import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // real servers and threads are started; none of them is waited for this long
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
