// How near `sluice plan` comes to the run: its seconds, those of the command that follows, and the ratio, for inputs of
// several formats and recipes that take their time in different places. Target: within 30 % on a machine that does
// nothing else. CPU seconds beside them tell how much of its cores the run got.
//   npm run bench -- plan [--only NAME] [--workers 2] [--mb 60] [--json]
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchmarkLines, inTemporaryFolder } from './corpus.ts';
import { nodeProcesses, type Ran } from './node-process.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
    mb: { type: 'string', default: '60' },
    json: { type: 'boolean' },
  },
});
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const { folder, input, done } = inTemporaryFolder(benchmarkLines(Number(values.mb) * 1e6).lines);
const packages = resolve(import.meta.dirname, '../../node_modules');

const ran = nodeProcesses(folder);
const sluice = (...args: string[]): Ran => ran([cli, ...args]);

/** A recipe on text that it was not made for, on purpose. */
const guards = ['--allow-drop-share', 'all'];
const cases = [
  { name: 'quickstart, text files', args: ['quickstart', '--input', join(packages, '**/*.md')] },
  { name: 'quickstart, JSON lines', args: ['quickstart', '--input', input] },
  { name: 'dedup (near copies), JSON lines', args: ['dedup', '--input', input] },
  { name: 'fineweb, Parquet', args: ['fineweb', '--input', join(folder, 'parquet/documents')] },
  {
    name: 'perplexity, Parquet',
    args: ['perplexity', '--input', join(folder, 'parquet/documents'), '--limit', '150'],
  },
].filter(({ name }) => !values.only || name.includes(values.only));

const results: { name: string; plan: number; wall: number; ratio: number; cpu: number }[] = [];
try {
  if (cases.some((c) => c.name.includes('Parquet')))
    sluice('run', 'dedup', '--input', input, '--output', 'parquet', ...guards);
  for (const { name, args } of cases) {
    const common = [...args, '--workers', values.workers];
    const { estimate } = JSON.parse(sluice('plan', ...common, '--json').out) as { estimate: { seconds: number } };
    const output = join(folder, 'out');
    const { wall, cpu } = sluice('run', ...common, '--output', output, ...guards);
    rmSync(output, { recursive: true, force: true });
    const plan = estimate.seconds;
    const ratio = plan / wall;
    results.push({ name, plan, wall, ratio, cpu });
    if (!values.json)
      console.log(
        `${name.padEnd(32)} plan ${plan.toFixed(1)} s, wall ${wall.toFixed(1)} s, ratio ${ratio.toFixed(2)} ` +
          `(CPU ${cpu.toFixed(1)} s)`,
      );
  }
} finally {
  done();
}
if (values.json) console.log(JSON.stringify(results));
