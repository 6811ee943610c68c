import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/real-models/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
