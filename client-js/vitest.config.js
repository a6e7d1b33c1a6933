import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['tests/*.test.js'] } },
      { test: { name: 'browser', include: ['tests/browser/*.test.js'], testTimeout: 30_000, hookTimeout: 30_000 } },
    ],
  },
});
