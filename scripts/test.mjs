// The whole suite: types, lint, build, then vitest. Ends with one line that counts what ran: `N passed, N failed, N
// skipped`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = (args, env = process.env) =>
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status ?? 1;
const only = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
const report = join(folder, 'report.json');
let passed = 0;
let failed = 0;
let skipped = 0;

const gate = (name, run) => {
  console.log(`\n== ${name}`);
  const status = run();
  if (status === 0) passed++;
  else failed++;
  return status === 0;
};

gate('build', () => node(['scripts/build.mjs']));
if (only.length === 0) {
  gate('types', () => node(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.check.json']));
  gate('lint', () => node(['node_modules/@biomejs/biome/bin/biome', 'check', '.']));
}
console.log('\n== tests');
// Against the build: see vitest.config.ts.
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json'];
node([...vitest, `--outputFile.json=${report}`, ...only], { ...process.env, SLUICE_TESTED: 'build' });
try {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed += result.numPassedTests;
  failed +=
    result.numFailedTests +
    result.testResults.filter((f) => f.status === 'failed' && f.assertionResults.length === 0).length;
  skipped += result.numPendingTests + result.numTodoTests;
} catch (error) {
  console.error(`no report from the test runner: ${error.message}`);
  failed++;
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
