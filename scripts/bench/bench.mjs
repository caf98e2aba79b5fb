// `npm run bench -- [engine|kernels|readers|sinks|feed|memory|soak] [options]`: the benchmarks of this folder; without
// a name, all but the long ones.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(folder)
  .map((f) => /^([a-z-]+)\.ts$/.exec(f)?.[1])
  .filter((n) => n !== undefined && n !== 'corpus' && n !== 'beside' && n !== 'dedup-pipelines');
/** Minutes or gigabytes: only by name. */
const LONG = [
  'memory',
  'soak',
  'resume',
  'splits',
  'scoring',
  'training',
  'models',
  'datatrove',
  'bpe',
  'feed',
  'generate',
  'html',
  'crawl',
  'plan',
];
const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && !first.startsWith('-');
if (named && !names.includes(first)) {
  console.error(`expected one of ${names.join(', ')}, got ${first}`);
  process.exit(2);
}
if (!existsSync(new URL('../../dist/index.js', import.meta.url))) {
  console.error('expected a build in dist/. Run `npm run build` first.');
  process.exit(2);
}
for (const name of named ? [first] : names.filter((n) => !LONG.includes(n))) {
  if (!named) console.log(`\n== ${name}`);
  const args = ['--import', 'tsx', `${folder}${name}.ts`, ...(named ? rest : process.argv.slice(2))];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
