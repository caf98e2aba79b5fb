/**
 * A feed that reads a run while it works, and while that run is killed with -9 again and again: every step must hold
 * the sequences that a feed of the finished run gives.
 *
 *   npx tsx scripts/certify/feed-behind.ts [--trials 5] [--kills 6] [--seed 1]        needs `npm run build`
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fixed } from '../../dist/mixture/index.js';
import { openFeed } from '../../dist/run/feed/feed.js';
import { seededRandom } from '../../src/random.ts';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '5' },
    kills: { type: 'string', default: '6' },
    seed: { type: 'string', default: '1' },
  },
});
const cli = resolve(import.meta.dirname, '../../dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'sluice-feed-behind-'));
const random = seededRandom(Number(values.seed));
const DOMAINS = ['code', 'news', 'web'];
const STEPS = 120;

function writeInput(): void {
  for (const domain of DOMAINS) {
    mkdirSync(join(folder, 'in', domain), { recursive: true });
    for (let f = 0; f < 12; f++) {
      const lines = Array.from({ length: 60 }, (_, i) =>
        JSON.stringify({ id: `${domain}${f}.${i}`, text: `${domain} ${f} ${i} `.repeat(5 + random.below(60)) }),
      );
      writeFileSync(join(folder, 'in', domain, `${f}.jsonl`), `${lines.join('\n')}\n`);
    }
  }
  writeFileSync(
    join(folder, 'recipe.ts'),
    `import { recipe, tokens } from 'sluice';
export default recipe({ name: 'behind', steps: [], read: { domainFrom: 'path' }, splitBytes: 8192,
  sinks: [tokens({ tokenizer: 'bytes' })] });\n`,
  );
}

/** One start of the run; killed after so long. Resolves with its exit code, null when it was killed. */
async function start(output: string, killAfterMs: number | null): Promise<number | null> {
  const args = ['run', 'recipe.ts', '--input', 'in', '--output', output, '--workers', '1'];
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: 'ignore' });
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  if (killAfterMs !== null) {
    await Promise.race([ended, delay(killAfterMs)]);
    child.kill('SIGKILL');
  }
  return ended;
}

/** Each step as text, waiting for what is not committed yet. */
async function stepsOf(output: string): Promise<{ readonly steps: string[]; readonly waited: number }> {
  while (!existsSync(join(folder, output, 'run.json'))) await delay(20);
  const store = join(folder, output);
  const feed = await openFeed({
    stores: [store],
    state: join(folder, `${output}-feed`),
    scheduler: fixed({ weights: { code: 1, news: 2, web: 1 } }),
    contextLength: 64,
    sequencesPerStep: 8,
    windowSplits: 2,
    seed: 3,
    domains: DOMAINS,
    pollMs: 20,
  });
  try {
    const now = AbortSignal.abort();
    const steps: string[] = [];
    let waited = 0;
    for (let from = 0; from < STEPS; from++) {
      const asked = { from, count: 1, stride: 1, rank: 0, world: 1 };
      const at = await feed.pull(asked, now);
      if (at.waitsFor !== null) waited++;
      const { steps: found } = at.waitsFor === null ? at : await feed.pull(asked, new AbortController().signal);
      steps.push(
        found.flatMap((s) => s.sequences.map((q) => `${q.domain} ${q.epoch}.${q.index} ${q.ids.join()}`)).join(),
      );
    }
    return { steps, waited };
  } finally {
    await feed.close();
  }
}

try {
  writeInput();
  if ((await start('whole', null)) !== 0) throw new Error('the run that nobody kills failed');
  const wanted = (await stepsOf('whole')).steps;
  let [kills, waits] = [0, 0];
  for (let trial = 0; trial < Number(values.trials); trial++) {
    const output = `killed-${trial}`;
    const pulling = stepsOf(output);
    for (let made = 0; ; ) {
      const code = await start(output, made < Number(values.kills) ? 900 + random.below(900) : null);
      if (code === 0) break;
      if (code !== null) throw new Error(`the run ended with ${code}`);
      kills++;
      made++;
    }
    const { steps, waited } = await pulling;
    waits += waited;
    const differ = steps.filter((s, i) => s !== wanted[i]).length;
    if (differ > 0) throw new Error(`trial ${trial}: ${differ} of ${STEPS} steps differ`);
  }
  console.log(
    `${values.trials} runs killed ${kills} times under a feed: ${STEPS} steps each, all as those of the finished ` +
      `run; ${waits} were waited for`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
