// Share of the CPU time of a run that the main thread takes, with and without steps that ask it for something. Linux:
// the times of threads are read from /proc. The function of a custom() step runs on the main thread by its nature:
// what it takes alone, on the same documents in this process with the decoding of the text that it reads, is measured
// and taken off.
//   npm run bench -- main-thread [--mb 60]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import { custom, perplexity, type RecipeInput, recipe, run } from 'sluice';
import quickstart from '../../dist/recipes/quickstart.js';
import { benchmarkLines, inTemporaryFolder } from './corpus.ts';

const { values } = parseArgs({ options: { mb: { type: 'string', default: '60' } } });
const MOST_SHARE = 0.05;

/** CPU seconds of the main thread so far; its thread id is that of the process. */
function mainSeconds(): number {
  const stat = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

const allSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const { lines } = benchmarkLines(Number(values.mb) * 1e6);
const { folder, input, done } = inTemporaryFolder(lines);
const keep = ({ text }: { readonly text: string }): boolean => !text.includes('lorem ipsum');
const texts = lines
  .toString()
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => Buffer.from((JSON.parse(line) as { text: string }).text));
const before = mainSeconds();
const decoder = new TextDecoder();
for (const text of texts) keep({ text: decoder.decode(text) });
const bare = mainSeconds() - before;
texts.length = 0;

const cases: readonly { name: string; steps: RecipeInput['steps']; own: number; samplePercent?: number }[] = [
  { name: 'quickstart', steps: [...quickstart.steps], own: 0 },
  { name: 'quickstart and custom()', steps: [...quickstart.steps, custom('no_filler', 1, keep)], own: bare },
  { name: 'perplexity() of 1 %', steps: [perplexity()], own: 0, samplePercent: 1 },
];
let failed = false;
for (const { name, steps, own, samplePercent } of cases) {
  const output = join(folder, name.replaceAll(/\W+/g, '-'));
  const made = recipe({ name: 'main_thread', steps: [...steps] });
  const allow = { rule: [], dropShare: ['all'], cluster: [], quarantine: true };
  const [main, all] = [mainSeconds(), allSeconds()];
  await lastValueFrom(run(made, { input: [input], output, samplePercent: samplePercent ?? null, allow }));
  const [mainTook, allTook] = [mainSeconds() - main, allSeconds() - all];
  const share = Math.max(0, mainTook - own) / allTook;
  failed ||= share > MOST_SHARE;
  console.log(
    `${name.padEnd(26)} ${(100 * share).toFixed(1).padStart(5)} % of ${allTook.toFixed(1)} s CPU` +
      ` (main ${mainTook.toFixed(2)} s, the function alone ${own.toFixed(2)} s)`,
  );
}
done();
if (failed) {
  console.error(`expected at most ${100 * MOST_SHARE} % on the main thread`);
  process.exitCode = 1;
}
