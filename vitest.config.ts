import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // By default one core is left for what else goes on: with two, that is half.
    maxWorkers: '100%',
    include: ['test/{unit,cases,golden,contract}/**/*.test.ts'],
    sequence: { shuffle: true },
    // What must be quick measures itself; a busy machine alone makes no test red.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Nobody's known hosts, keys and shell settings decide what comes of a test.
    env: { HOME: '/nonexistent' },
  },
});
