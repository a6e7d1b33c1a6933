import { defineConfig } from 'vitest/config';

const BROWSER = 'tests/browser/**/*.test.js';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['tests/**/*.test.js'], exclude: [BROWSER] } },
      { test: { name: 'browser', include: [BROWSER], testTimeout: 30_000, hookTimeout: 30_000 } },
    ],
  },
});
