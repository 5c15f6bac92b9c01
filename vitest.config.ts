import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,cases,golden,contract}/**/*.test.ts'],
    sequence: { shuffle: true },
    testTimeout: 20_000,
  },
});
