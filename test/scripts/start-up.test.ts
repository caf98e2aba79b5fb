import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { spawnCli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/run.ts';

const root = resolve(import.meta.dirname, '../..');

/** Files of the project and its packages that a process loaded, of all of its threads that ended by themselves. */
function loadedIn(coverage: string): string[] {
  const all = readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as { result: { url: string }[] };
    return result.map((r) => r.url);
  });
  const files = all.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
  return [...new Set(files)].flatMap((f) => (f.startsWith(root) ? [f.slice(root.length + 1)] : [])).sort();
}

const packagesOf = (files: readonly string[]): string[] => [
  ...new Set(files.flatMap((f) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(f)?.[1] ?? [])),
];

/** All that a module of the build imports before it runs, and what these import. */
function importedBy(module: string, seen = new Set<string>()): string[] {
  const file = join(root, 'dist', module);
  if (seen.has(file)) return [];
  seen.add(file);
  const code = readFileSync(file, 'utf8');
  for (const [, from] of code.matchAll(/^(?:import|export)\b[^;]*?\bfrom "([^"]+)";/gm)) {
    if (from.startsWith('.')) importedBy(join(module, '..', from), seen);
    else if (!from.startsWith('node:')) seen.add(from);
  }
  return [...seen].map((f) => (f.startsWith(root) ? f.slice(root.length + 1) : f)).sort();
}

it('a run of a built-in recipe loads few files, and neither DuckDB nor Arrow', async () => {
  const cwd = await temporaryFolder();
  const text = 'Boats go down the river past the yard where they were built.';
  await writeFile(join(cwd, 'in.jsonl'), `${JSON.stringify({ text })}\n`);
  const coverage = join(cwd, 'coverage');
  const options = { cwd, env: { NODE_V8_COVERAGE: coverage } };
  const { code } = await spawnCli(['run', 'quickstart', '--input', 'in.jsonl', '--output', 'out'], options);
  expect(code).toBe(0);
  const files = loadedIn(coverage);
  expect(files).toContain('dist/chunks/run.js');
  // No piscina: so small a run starts no thread.
  expect(packagesOf(files)).toEqual(['@bokuweb/zstd-wasm', 'xxhash-wasm']);
  expect(files.filter((f) => /duckdb|chunks\/index/.test(f))).toEqual([]);
  expect(files.length).toBeLessThan(60);
}, 60_000);

it('the thread of a split loads four files of the build and one package, and has no zod', () => {
  const files = importedBy('run/split/worker.js');
  expect(files).toEqual([
    'dist/chunks/cli.js',
    'dist/chunks/rolldown-runtime.js',
    'dist/chunks/shared.js',
    'dist/chunks/worker.js',
    'dist/run/split/worker.js',
    'xxhash-wasm',
  ]);
  const code = files.filter((f) => f.startsWith('dist/')).map((f) => readFileSync(join(root, f), 'utf8'));
  expect(code.filter((text) => /^\/\/ node_modules\/(zod|@duckdb)\//m.test(text))).toEqual([]);
});
