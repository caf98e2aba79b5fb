import { defineConfig } from 'vitest/config';

// Unit suites import src/; suites of whole runs import `sluice`, which is the build in dist/, as a user has it.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Kernel suites over whole corpora and kill -9 suites share two cores.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    server: { deps: { external: [/\/dist\//] } },
  },
});
