// Kills datatrove's InferenceRunner while it asks a server that bills, as scripts/certify/paid-once.ts kills a run of
// ours: the same documents, the same draws of when to kill, each start after a kill the same command again.
//   npx tsx scripts/certify/paid-once-datatrove.ts [--kills 8] [--documents 150] [--concurrency 16] [--chunk 50]
// Needs a Python with datatrove[inference], aiosqlite, aiofiles and xxhash (SLUICE_PYTHON names it), and a
// build of ours.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Bill, killWhileAsking } from '../../test/faults/paid-once.ts';
import { generator, jsonLines, prose } from '../../test/helpers/corpus.ts';
import { startMeter } from '../../test/helpers/metering-server.mjs';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '8' },
    documents: { type: 'string', default: '150' },
    concurrency: { type: 'string', default: '16' },
    chunk: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
  },
});
const [kills, documents, concurrency, seed] = [values.kills, values.documents, values.concurrency, values.seed].map(
  Number,
);
const python = process.env.SLUICE_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('datatrove-inference.py', import.meta.url));

/** Sent so long before a kill, an answer that takes 40 ms had arrived. */
const ARRIVED = 1000;

type Theirs = Pick<Bill, 'kills' | 'prompts' | 'billed' | 'rebilledByOneKill'> & { readonly finishedTwice: number };

async function theirs(folder: string): Promise<Theirs> {
  const random = generator(seed);
  const input = join(folder, 'in.jsonl');
  const rows = Array.from({ length: documents }, (_, i) => ({
    id: `d-${i}`,
    text: `Number ${i}. ${prose(random, 60)}`,
  }));
  writeFileSync(input, jsonLines(rows));
  let strike: { at: number; kill: () => void } | null = null;
  const starts: Set<string>[] = [];
  const sent: { readonly prompt: string; readonly at: number }[] = [];
  const killed: number[] = [];
  const server = await startMeter({
    latency: [2, 40],
    seed,
    script: (number, body) => {
      const prompt = JSON.stringify(body.messages);
      starts.at(-1)!.add(prompt);
      sent.push({ prompt, at: performance.now() });
      if (strike && number >= strike.at) {
        setTimeout(strike.kill, 50 * random());
        strike = null;
      }
      return null;
    },
  });
  const start = (at: number | null): Promise<boolean> =>
    new Promise((resolve, reject) => {
      starts.push(new Set());
      const endpoint = `http://127.0.0.1:${server.port}`;
      const run = spawn(python, [script, input, join(folder, 'out'), endpoint, `${concurrency}`, values.chunk], {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      });
      let said = '';
      run.stderr.on('data', (d: Buffer) => {
        said = (said + d.toString()).slice(-2000);
      });
      strike = at === null ? null : { at, kill: () => run.exitCode === null && process.kill(-run.pid!, 'SIGKILL') };
      run.on('error', reject);
      run.on('close', (code, signal) => {
        strike = null;
        if (signal === 'SIGKILL') {
          killed.push(performance.now());
          resolve(true);
        }
        if (signal === null && code === 0) resolve(false);
        if (signal === null && code !== 0) reject(new Error(`datatrove ended with ${code}: ${said}`));
      });
    });
  const each = Math.max(1, Math.floor((1.2 * documents) / (kills + 1)));
  let done = 0;
  while (done < kills && (await start(server.meter.requests + 1 + Math.floor(2 * each * random())))) done++;
  if (done === kills) await start(null);
  await server.close();
  const counts = Object.values(server.meter.billed);
  const again = starts.slice(1).map((now, i) => [...now].filter((p) => starts[i].has(p)).length);
  const finishedTwice = sent.filter(({ prompt, at }) =>
    sent.some((s) => s.prompt === prompt && s.at < at && killed.some((k) => s.at < k - ARRIVED && k < at)),
  ).length;
  return {
    kills: done,
    finishedTwice,
    prompts: counts.length,
    billed: counts.reduce((a, b) => a + b, 0),
    rebilledByOneKill: Math.max(0, ...again),
  };
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-paid-datatrove-'));
const say = (name: string, b: Theirs): void =>
  console.log(
    `${name}: ${b.kills} kills, ${b.prompts} prompts, billed ${b.billed}; billed again ${b.billed - b.prompts}, ` +
      `of them finished ${b.finishedTwice}; by one kill at most ${b.rebilledByOneKill}, ${concurrency} may be out`,
  );
say('datatrove', await theirs(folder));
await rm(folder, { recursive: true });
const own = await mkdtemp(join(tmpdir(), 'sluice-paid-'));
const bill = await killWhileAsking(own, { kills, documents, concurrency, seed });
say('sluice', bill);
await rm(own, { recursive: true });
