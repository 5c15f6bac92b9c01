import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By name: a file builds on what the ones before it have left standing. */
class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1)));
  }
}

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.ts'],
    fileParallelism: false,
    // On a busy machine a real host may be late once; at a developer's, such a test is to be seen and mended.
    retry: process.env['CI'] ? 1 : 0,
    sequence: { sequencer: ByName, shuffle: false },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
