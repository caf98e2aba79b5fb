// What a run costs before it has anything to do: CPU and wall time of `sluice run <recipe>` over 100 short documents,
// of all threads of its process, and of other commands on what it wrote, beside a Node that does nothing. Medians.
//   npm run bench -- start-up [--recipe quickstart] [--times 5] [--node PATH]... [--cli PATH]... [--json]
// Of several Nodes and builds (`--cli`, a dist/cli.js) the runs take turns.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inTemporaryFolder, median } from './corpus.ts';
import { nodeProcesses, type Ran } from './node-process.ts';

const { values } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'quickstart' },
    times: { type: 'string', default: '5' },
    node: { type: 'string', multiple: true, default: [process.execPath] },
    cli: { type: 'string', multiple: true, default: [fileURLToPath(new URL('../../dist/cli.js', import.meta.url))] },
    json: { type: 'boolean' },
  },
});

const sentence = 'Boats go down the river past the yard where they were built by hand. ';
const lines = Array.from({ length: 100 }, (_, i) =>
  JSON.stringify({ id: `d${i}`, text: `${i}. ${sentence.repeat(10 + (i % 15))}` }),
);
const { folder, input, done } = inTemporaryFolder(Buffer.from(`${lines.join('\n')}\n`));
const output = join(folder, 'out');
const ran = nodeProcesses(folder);

/** The run comes first: the other commands read what it wrote. */
const commandsOf = (cli: string): readonly (readonly [string, readonly string[]])[] => [
  ['node', ['--eval', '0']],
  ['--version', [cli, '--version']],
  ['--help', [cli, '--help']],
  ['run', [cli, 'run', values.recipe, '--input', input, '--output', output]],
  ['plan', [cli, 'plan', values.recipe, '--input', input]],
  ['status', [cli, 'status', output]],
  ['sql', [cli, 'sql', output, 'SELECT count(*) FROM ledger']],
  ['explain', [cli, 'explain', output, 'd1']],
  ['what-if', [cli, 'what-if', output, '--set', 'gopher_quality.min_words=30']],
];

const measured = new Map<string, Ran[]>();
// The first round warms up.
for (let round = 0; round <= Number(values.times); round++)
  for (const node of values.node)
    for (const cli of values.cli) {
      rmSync(output, { recursive: true, force: true });
      for (const [name, args] of commandsOf(cli)) {
        const seconds = ran(args, node);
        if (round === 0) continue;
        const who = [...(values.node.length > 1 ? [node] : []), ...(values.cli.length > 1 ? [cli] : [])];
        const key = [name, ...who].join(' ');
        measured.set(key, [...(measured.get(key) ?? []), seconds]);
      }
    }
done();
const result = Object.fromEntries(
  [...measured].map(([what, all]) => [
    what,
    { cpu: median(all.map((t) => t.cpu)), wall: median(all.map((t) => t.wall)) },
  ]),
);
if (values.json) console.log(JSON.stringify(result));
else
  for (const [what, { cpu, wall }] of Object.entries(result))
    console.log(`${what.padEnd(10)} ${cpu.toFixed(2)} s of CPU, ${wall.toFixed(2)} s`);
