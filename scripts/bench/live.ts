// The live page: bytes of its first load, the time that a drag takes over a ledger of so many rows, from question to
// answer over HTTP, and that of finding a document by its id. Made documents; `npx tsx scripts/bench/live.ts --rows
// 1000000`. Needs a build.

import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import { annotate, drop, gopherQuality, gopherQualityRules, recipe, rule, run, textStatistics } from 'sluice';
import { seededRandom } from '../../src/random.ts';
import { serveRun } from '../../src/run/live/serve-run.ts';
import { serveLive } from '../../src/sinks/live/server.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' }, keep: { type: 'string' } } });
const rows = Number(values.rows);
/** `--keep DIR`: made there once, and left. */
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'sluice-live-bench-'));

async function make(): Promise<void> {
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

if (!existsSync(join(folder, 'out'))) await make();
const served = await serveRun(join(folder, 'out'), (e) => console.error(e));
const server = await serveLive(served.source);
const at = server.url;
const get = async (path: string): Promise<string> => (await fetch(`${at}${path}`)).text();
try {
  const html = await get('');
  const files = [...html.matchAll(/(?:src|href)="([\w.]+)"/g)].map(([, f]) => f);
  let bytes = Buffer.byteLength(html);
  for (const f of files) bytes += Buffer.byteLength(await get(f));
  const state = (await get('api/state')).length;
  console.log(`first load: ${(bytes / 1e3).toFixed(0)} kB in ${files.length + 1} files; state ${state} bytes`);
  const first = performance.now();
  await get('api/what-if?set=shape.min_chars:41');
  console.log(`first question of all, which reads the ledger: ${((performance.now() - first) / 1e3).toFixed(2)} s`);
  let n = 0;
  const drag = await timed(() => get(`api/what-if?set=shape.min_chars:${30 + (n++ % 40)}`), 21);
  const two = await timed(
    () => get(`api/what-if?set=shape.min_chars:${30 + (n++ % 40)}&set=quality.gopher_min_words:${4 + (n % 9)}`),
    21,
  );
  console.log(
    `a drag over ${rows} rows: ${drag.toFixed(0)} ms, of two thresholds: ${two.toFixed(0)} ms (median of 21)`,
  );
  const list = JSON.parse(await get('api/documents?outcome=dropped&most=5')) as {
    documents: { id: string; position: string }[];
  };
  const { id, position } = list.documents[4];
  const scan = await timed(() => get(`api/document?id=${id}`), 1);
  console.log(`the first by its id, while the index is made: ${scan.toFixed(0)} ms`);
  console.log(`a document by its id: ${(await timed(() => get(`api/document?id=${id}`), 7)).toFixed(0)} ms`);
  const place = encodeURIComponent(position);
  const byPlace = await timed(() => get(`api/document?position=${place}`), 7);
  console.log(`a document by its position: ${byPlace.toFixed(0)} ms`);
  console.log(`a histogram: ${(await timed(() => get('api/histogram?column=text_chars'), 5)).toFixed(0)} ms`);
  console.log(`near a cut: ${(await timed(() => get('api/documents?near=shape.min_chars&most=40'), 5)).toFixed(0)} ms`);
} finally {
  await server.close();
  await served.close();
  if (!values.keep) rmSync(folder, { recursive: true, force: true });
}
