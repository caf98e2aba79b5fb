import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generator, jsonLines, prose } from '../helpers/corpus.ts';
import { startMeter } from '../helpers/metering-server.mjs';

const child = join(import.meta.dirname, 'child.mjs');
const cli = join(import.meta.dirname, '../../dist/cli.js');

export interface PaidOnce {
  readonly kills: number;
  readonly documents: number;
  /** Requests at once. */
  readonly concurrency: number;
  readonly seed: number;
}

/** What came of a run that was killed again and again while it asked a server that bills. */
export interface Bill {
  readonly kills: number;
  /** Prompts that were billed, and how often in all. */
  readonly prompts: number;
  readonly billed: number;
  /** Prompts that were sent again although their answer was on disk. */
  readonly finishedTwice: number;
  /** Most that were billed again after one kill. */
  readonly rebilledByOneKill: number;
  /** By the ledger, and of one billing a prompt by the meter, in the same currency. */
  readonly ledgerCost: number;
  readonly meterCost: number;
  readonly created: number;
}

interface Line {
  readonly type: string;
  readonly key: string;
}

/** Runs `rephrase()` in a process of its own; this process has the server, and kills at requests drawn by the seed. */
export async function killWhileAsking(folder: string, o: PaidOnce): Promise<Bill> {
  const random = generator(o.seed);
  const input = join(folder, 'in.jsonl');
  const output = join(folder, 'run');
  const documents = Array.from({ length: o.documents }, (_, i) => ({
    id: `d-${i}`,
    text: `Number ${i}. ${prose(random, 60)}`,
  }));
  writeFileSync(input, jsonLines(documents));
  let strike: { readonly at: number; readonly kill: () => void } | null = null;
  /** Prompts that one start was billed for. */
  let starts: Set<string>[] = [];
  const server = await startMeter({
    latency: [2, 40],
    seed: o.seed,
    script: (number, body) => {
      const prompt = JSON.stringify(body.messages);
      starts.at(-1)!.add(prompt);
      if (strike && number >= strike.at) {
        const { kill } = strike;
        strike = null;
        // Before, while or after the answer is written, sent and stored.
        setTimeout(kill, 50 * random());
      }
      return null;
    },
  });
  const recipe = join(folder, 'recipe.ts');
  writeFileSync(
    recipe,
    `import { recipe, rephrase } from 'sluice';
export default recipe({ name: 'asking', splitBytes: 4096, steps: [rephrase({ endpoint: '${server.endpoint}', model: 'm',
  concurrency: ${o.concurrency}, promptPrice: 1, answerPrice: 3 })] });
`,
  );
  const start = (at: number | null): Promise<boolean> =>
    new Promise((resolve, reject) => {
      starts = [...starts, new Set()];
      const run = spawn(process.execPath, [child, recipe, input, output, '2'], {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      });
      let said = '';
      run.stderr.on('data', (d: Buffer) => {
        said += d.toString();
      });
      strike = at === null ? null : { at, kill: () => run.exitCode === null && process.kill(-run.pid!, 'SIGKILL') };
      run.on('error', reject);
      run.on('close', (code, signal) => {
        strike = null;
        if (signal === 'SIGKILL') return resolve(true);
        if (code === 0) return resolve(false);
        reject(new Error(`the run ended with ${code}: ${said}`));
      });
    });
  let kills = 0;
  const each = Math.max(1, Math.floor((1.2 * o.documents) / (o.kills + 1)));
  try {
    while (kills < o.kills) {
      const killed = await start(server.meter.requests + 1 + Math.floor(2 * each * random()));
      if (!killed) break;
      kills++;
    }
    if (kills === o.kills) await start(null);
    const counts = Object.values(server.meter.billed);
    const records = recordsIn(join(output, 'answers'));
    const sql = 'SELECT sum(cost) AS cost, count(*) AS n FROM ledger WHERE derived IS NOT NULL';
    const said = execFileSync(process.execPath, [cli, 'sql', output, sql, '--json'], { encoding: 'utf8' });
    const [ledger] = JSON.parse(said) as { cost: number; n: number }[];
    const again = starts.map((now, i) => starts[i + 1] && [...now].filter((p) => starts[i + 1].has(p)).length);
    return {
      kills,
      prompts: counts.length,
      billed: counts.reduce((a, b) => a + b, 0),
      finishedTwice: sentAfterAnswer(records),
      rebilledByOneKill: Math.max(0, ...again.filter((n) => n !== undefined)),
      ledgerCost: ledger.cost,
      meterCost: Object.values(server.meter.once).reduce((n, u) => n + (u.promptTokens + 3 * u.tokens) / 1e6, 0),
      created: Number(ledger.n),
    };
  } finally {
    await server.close();
  }
}

/** Lines of a store, file by file: each process and start has its own. */
function recordsIn(folder: string): Line[][] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line.slice(17)) as Line),
  );
}

/** Keys that have two answers, or that were sent again in the file that has their answer. */
function sentAfterAnswer(files: readonly (readonly Line[])[]): number {
  const answers = files.flat().filter((r) => r.type === 'answer');
  const twice = answers.length - new Set(answers.map((r) => r.key)).size;
  const again = files.flatMap((lines) => {
    const answered = new Set<string>();
    return lines.filter(({ type, key }) => {
      if (type === 'answer') answered.add(key);
      return type === 'intent' && answered.has(key);
    });
  });
  return twice + again.length;
}
