import { dirname, join, relative, resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vitest/config';

const root = import.meta.dirname;
/** `npm test` tests the build, as a user has it; a single file is tested as it stands in src/. */
const built = process.env.SLUICE_TESTED === 'build';

/** Tests that put something in the place of a module, which reaches what is compiled here only. */
const mocking = ['test/files/lock.test.ts', 'test/run/live/resumed-alerts.test.ts', 'test/run/nodes/wait.test.ts'];

/** Imports of src/ by tests come from dist/, as Node loads it: nothing is compiled again for each file. */
const fromBuild: Plugin = {
  name: 'sluice-from-build',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!importer || !source.startsWith('.') || !source.endsWith('.ts')) return null;
    const by = relative(root, importer);
    if (by.startsWith('src/') || mocking.includes(by)) return null;
    const file = relative(join(root, 'src'), resolve(dirname(importer), source));
    return file.startsWith('..') ? null : join(root, 'dist', file.replace(/ts$/, 'js'));
  },
};

/** Tests that change what others of their process see, and such that measure what their process takes. */
const alone = [
  ...mocking,
  'test/cli/wide-tables.test.ts',
  'test/conformance/operators-2.test.ts',
  'test/conformance/operators.test.ts',
  'test/mixture/plan.test.ts',
  'test/operators/select/by-rank.test.ts',
  'test/properties/regex.test.ts',
];

const shared = {
  setupFiles: built ? ['test/kept-threads.mjs', 'test/fresh-modules.ts'].map((file) => join(root, file)) : [],
  testTimeout: 120_000,
  hookTimeout: 120_000,
  server: { deps: { external: [/\/dist\//] } },
};

// Suites of whole runs import `sluice`, which is the build in dist/.
export default defineConfig({
  plugins: built ? [fromBuild] : [],
  test: {
    // Kernel suites over whole corpora and kill -9 suites share two cores.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { ...shared, name: 'shared', include: ['test/**/*.test.ts'], exclude: alone, isolate: !built },
      },
      { extends: true, test: { ...shared, name: 'alone', include: alone, sequence: { groupOrder: 1 } } },
    ],
  },
});
