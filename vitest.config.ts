import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // By default one core is left for what else goes on: with two, that is half.
    maxWorkers: '100%',
    include: ['test/{unit,cases,golden,contract}/**/*.test.ts'],
    sequence: { shuffle: true },
    testTimeout: 20_000,
    // Nobody's known hosts, keys and shell settings decide what comes of a test.
    env: { HOME: '/nonexistent' },
  },
});
