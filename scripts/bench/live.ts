// The live page over made ledgers: bytes of its first load; from question to answer over HTTP a dragged threshold, a
// document by its id and position, searches; and what the index of a ledger takes. Needs a build.
//   npm run bench -- live [--rows 1000000,10000000] [--keep DIR] [--only drags]
// DIR/<rows> is made once, and left; `--only index`, `drags` or `documents`: a part of it.
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import { annotate, dedup, drop, gopherQuality, gopherQualityRules, recipe, rule, run, textStatistics } from 'sluice';
import { indexLedger } from '../../src/ledger/ledger-index.ts';
import { openRunFolder } from '../../src/ledger/run-folder.ts';
import { seededRandom } from '../../src/random.ts';
import { serveRun } from '../../src/run/live/serve-run.ts';
import { serveLive } from '../../src/sinks/live/server.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, keep: { type: 'string' }, only: { type: 'string' } },
});
const base = values.keep ?? mkdtempSync(join(tmpdir(), 'sluice-live-bench-'));

async function make(folder: string, rows: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const random = seededRandom(1, 'live-bench');
  const words = ['the', 'mill', 'stands', 'by', 'river', 'and', 'its', 'wheel', 'turns', '12', '###', '...'];
  const file = createWriteStream(join(folder, 'part.jsonl'));
  for (let i = 0; i < rows; i++) {
    const text = Array.from({ length: 3 + random.below(20) }, () => words[random.below(words.length)]).join(' ');
    const id = `${random.below(2 ** 31).toString(36)}-${i}`;
    const domain = `d${i % 9}`;
    if (!file.write(`${JSON.stringify({ id, text, domain })}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
  const bench = recipe({
    name: 'live-bench',
    read: { domainFrom: 'field:domain' },
    steps: [
      annotate(gopherQuality(), textStatistics(), { step: 'scores' }),
      drop('quality', gopherQualityRules({ minWords: 6, maxHashRatio: 0.2, minStopWords: 1, minAlphaWords: 0.5 })),
      dedup.exact(),
      drop('shape', [rule('text_chars < 40', { name: 'min_chars' })]),
    ],
    sinks: [],
  });
  const allow = { rule: ['quality.gopher_min_words', 'shape.min_chars'], dropShare: ['all'] };
  await lastValueFrom(run(bench, { input: [join(folder, 'part.jsonl')], output: join(folder, 'out'), allow }));
}

const median = (all: number[]): number => all.sort((a, b) => a - b)[all.length >> 1];

async function timed(ask: () => Promise<unknown>, times: number): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await ask();
    took.push(performance.now() - began);
  }
  return median(took);
}

const ms = (n: number): string => `${n.toFixed(0)} ms`;

/** Median time, and the CPU that a question takes on both ends. */
async function asked(ask: () => Promise<unknown>, times: number): Promise<string> {
  const before = process.cpuUsage();
  const took = await timed(ask, times);
  const { user, system } = process.cpuUsage(before);
  return `${ms(took)} (${ms((user + system) / 1e3 / times)} of CPU)`;
}

async function measure(folder: string, rows: number): Promise<void> {
  if (!existsSync(join(folder, 'out'))) await make(folder, rows);
  console.log(`${rows} rows:`);
  const wanted = (part: string): boolean => values.only === undefined || values.only === part;
  if (wanted('index')) await measureIndex(join(folder, 'out'));
  const served = await serveRun(join(folder, 'out'), (e) => console.error(e));
  const server = await serveLive(served.source);
  const get = async (path: string): Promise<string> => (await fetch(`${server.url}${path}`)).text();
  try {
    const html = await get('');
    const files = [...html.matchAll(/(?:src|href)="([\w.]+)"/g)].map(([, f]) => f);
    let bytes = Buffer.byteLength(html);
    for (const f of files) bytes += Buffer.byteLength(await get(f));
    const state = (await get('api/state')).length;
    console.log(`  first load: ${(bytes / 1e3).toFixed(0)} kB in ${files.length + 1} files; state ${state} bytes`);
    if (wanted('drags')) await measureDrags(get);
    if (wanted('documents')) await measureDocuments(get);
  } finally {
    await server.close();
    await served.close();
  }
}

async function measureIndex(out: string): Promise<void> {
  const began = performance.now();
  const index = await indexLedger(await openRunFolder(out));
  const took = performance.now() - began;
  console.log(
    `  the index of the ledger: ${(took / 1e3).toFixed(1)} s, ${(index.bytes / 1e6).toFixed(1)} MB of memory`,
  );
  await index.close();
}

type Get = (path: string) => Promise<string>;

async function measureDrags(get: Get): Promise<void> {
  const first = performance.now();
  await get('api/what-if?set=shape.min_chars:41');
  console.log(`  first drag of all, which reads the ledger: ${((performance.now() - first) / 1e3).toFixed(2)} s`);
  let n = 0;
  const drag = await asked(() => get(`api/what-if?set=shape.min_chars:${30 + (n++ % 40)}`), 21);
  const two = await asked(
    () => get(`api/what-if?set=shape.min_chars:${30 + (n++ % 40)}&set=quality.gopher_min_words:${4 + (n % 9)}`),
    21,
  );
  console.log(`  a drag: ${drag}, of two thresholds: ${two}, median of 21`);
}

async function measureDocuments(get: Get): Promise<void> {
  type Answer = { documents: { id: string; position: string }[]; next: number | null; searched: number };
  const list = async (query: string): Promise<Answer> => JSON.parse(await get(`api/documents?${query}`)) as Answer;
  const documents: Answer['documents'] = [];
  for (let from: number | null = 0; from !== null && documents.length < 40; ) {
    const found: Answer = await list(`rule=exact_dedup.exact_duplicate&most=${40 - documents.length}&from=${from}`);
    documents.push(...found.documents);
    from = found.next;
  }
  const place = encodeURIComponent(documents[1].position);
  const scan = await timed(() => get(`api/document?position=${place}`), 1);
  console.log(`  the first document by its position, while the index is made: ${ms(scan)}`);
  // Copies, whose twin is shown too; the answers of the page get short once the index is there.
  for (let tries = 0; tries < 60; tries++)
    if ((await timed(() => get(`api/document?id=${documents[0].id}`), 3)) < 150) break;
  let n = 0;
  const next = () => documents[2 + (n++ % 38)];
  const byId = await asked(() => get(`api/document?id=${next().id}`), 21);
  const byPlace = await asked(() => get(`api/document?position=${encodeURIComponent(next().position)}`), 21);
  console.log(`  a document by its id: ${byId}, by its position: ${byPlace}, median of 21`);
  const exact = await asked(() => list(`text=${next().id}&most=1`), 7);
  console.log(`  the search box with an id: ${exact}`);
  const answers: number[] = [];
  const meanwhile: number[] = [];
  const began = performance.now();
  for (let from: number | null = 0; from !== null; ) {
    const asked = performance.now();
    const both = [
      list(`text=stands%20nowhere&most=40&from=${from}`),
      timed(() => get(`api/document?id=${next().id}`), 1).then((t) => meanwhile.push(t)),
    ] as const;
    const found: Answer = await both[0];
    answers.push(performance.now() - asked);
    await both[1];
    from = found.next;
  }
  console.log(
    `  a text that is nowhere: ${answers.length} answers, each after ${ms(median(answers))} (most ` +
      `${ms(Math.max(...answers))}), all after ${((performance.now() - began) / 1e3).toFixed(1)} s; documents ` +
      `by their id meanwhile: ${ms(median(meanwhile))} (most ${ms(Math.max(...meanwhile))})`,
  );
  console.log(`  a histogram: ${ms(await timed(() => get('api/histogram?column=text_chars'), 3))}`);
  console.log(`  near a cut: ${ms(await timed(() => get('api/documents?near=shape.min_chars&most=40'), 3))}`);
}

try {
  for (const rows of values.rows.split(',').map(Number)) await measure(join(base, String(rows)), rows);
} finally {
  if (!values.keep) rmSync(base, { recursive: true, force: true });
}
