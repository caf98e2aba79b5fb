// What a run costs before it has anything to do: CPU and wall time of `sluice run <recipe>` over 100 short documents,
// of all threads of its process, beside a Node that does nothing. Medians.
//   npm run bench -- start-up [--recipe quickstart] [--times 5] [--json]
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inTemporaryFolder, median } from './corpus.ts';

const { values } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'quickstart' },
    times: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});

const sentence = 'Boats go down the river past the yard where they were built by hand. ';
const lines = Array.from({ length: 100 }, (_, i) =>
  JSON.stringify({ id: `d${i}`, text: `${i}. ${sentence.repeat(10 + (i % 15))}` }),
);
const { folder, input, done } = inTemporaryFolder(Buffer.from(`${lines.join('\n')}\n`));
const output = join(folder, 'out');
// The process says at its end what it has used: CPU of all of its threads.
const report = join(folder, 'report.mjs');
writeFileSync(
  report,
  `import { isMainThread } from 'node:worker_threads';
if (isMainThread) process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  process._rawDebug(\`cpu \${user + system}\`);
});`,
);
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

function secondsOf(args: readonly string[]): { readonly cpu: number; readonly wall: number } {
  rmSync(output, { recursive: true, force: true });
  const before = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--import', report, ...args], { encoding: 'utf8' });
  const wall = (performance.now() - before) / 1000;
  const cpu = /^cpu (\d+)$/m.exec(stderr);
  if (status !== 0 || !cpu) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return { cpu: Number(cpu[1]) / 1e6, wall };
}

const times = Number(values.times);
const measured = (args: readonly string[]) => {
  secondsOf(args);
  const all = Array.from({ length: times }, () => secondsOf(args));
  return { cpu: median(all.map((t) => t.cpu)), wall: median(all.map((t) => t.wall)) };
};
const result = {
  node: measured(['--eval', '0']),
  version: measured([cli, '--version']),
  run: measured([cli, 'run', values.recipe, '--input', input, '--output', output]),
};
done();
if (values.json) console.log(JSON.stringify(result));
else
  for (const [what, { cpu, wall }] of Object.entries(result))
    console.log(`${what.padEnd(8)} ${cpu.toFixed(2)} s of CPU, ${wall.toFixed(2)} s`);
