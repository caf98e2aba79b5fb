// FineWeb from one .warc.gz to documents, datatrove and Sluice beside each other: pages that each stage lets through on
// both sides, the kept sets, and MB of HTML a core-second.
//   SLUICE_PYTHON=<python with datatrove 0.10, trafilatura, spacy, warcio, faust-cchardet, python-magic>
//   npx tsx scripts/certify/datatrove-crawl.ts --wcxb <copy of Murrough-Foley/web-content-extraction-benchmark>
//     [--pages 150] [--json]
// Ours runs `recipes/fineweb.ts` without its language and near-copy steps, which the other side has not got here, five
// times over the same pages, so that its start hardly counts; datatrove runs once, from the first record on.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { lastValueFrom } from 'rxjs';
import { recipe, run } from 'sluice';
import fineweb from '../../recipes/fineweb.ts';
import { http, warcRecord } from '../../test/helpers/warc.ts';
import { devPages } from '../wcxb.ts';

interface Theirs {
  readonly seconds: number;
  readonly version: string;
  readonly trafilatura: string;
  /** Addresses of the pages that are left behind each stage. */
  readonly stages: Readonly<Record<string, readonly string[]>>;
}

const { values } = parseArgs({
  options: {
    wcxb: { type: 'string', default: process.env.SLUICE_WCXB },
    pages: { type: 'string', default: '150' },
    json: { type: 'boolean' },
  },
});
const python = process.env.SLUICE_PYTHON ?? 'python3';
if (values.wcxb === undefined || !existsSync(`${values.wcxb}/dev/html`)) {
  console.log('skipped: --wcxb or SLUICE_WCXB names no copy of the benchmark');
  process.exit(0);
}
if (spawnSync(python, ['-c', 'import datatrove, trafilatura, spacy, warcio, cchardet, magic']).status !== 0) {
  console.log(`skipped: ${python} has not got datatrove, trafilatura, spacy, warcio, faust-cchardet and python-magic`);
  process.exit(0);
}
const TIMES = 5;
const folder = mkdtempSync(join(tmpdir(), 'sluice-crawl-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const members: Buffer[] = [];
let bytes = 0;
let number = 0;
const every = Math.max(1, Math.floor(1497 / Number(values.pages)));
for (const { html, id } of devPages(values.wcxb)) {
  if (number++ % every !== 0) continue;
  bytes += html.length;
  members.push(gzipSync(warcRecord({ content: http(html), url: `https://pages.example/${id}`, id })));
}
const input = join(folder, 'in');
mkdirSync(input);
for (let k = 0; k < TIMES; k++) writeFileSync(join(input, `${k}.warc.gz`), Buffer.concat(members));

const script = fileURLToPath(new URL('datatrove-crawl.py', import.meta.url));
const ran = spawnSync(python, [script, join(input, '0.warc.gz'), join(folder, 'theirs')], {
  encoding: 'utf8',
  env: { ...process.env, OMP_NUM_THREADS: '1' },
});
if (ran.status !== 0) throw new Error(ran.stderr.slice(-3000));
const theirs = JSON.parse(ran.stdout.trim().split('\n').at(-1)!) as Theirs;

const left = ['language', 'other_language', 'minhash_dedup'];
const steps = fineweb.steps.filter((s) => !left.includes(s.descriptor.step));
const chain = recipe({ name: 'crawl', steps, sinks: [...fineweb.sinks], expected: { all: { max: 1 } } });
const rule = steps.flatMap((s) => s.descriptor.rules.map((r) => r.name));
const before = process.cpuUsage();
const event = await lastValueFrom(
  run(chain, {
    ...{ input: [join(input, '*.warc.gz')], output: join(folder, 'ours'), workers: 1, fresh: true },
    allow: { rule: [...new Set(rule)], dropShare: ['all'] },
  }),
);
if (event.type !== 'finished') throw new Error(`expected a finished run, got ${event.type}`);
const { user, system } = process.cpuUsage(before);
const seconds = (user + system) / 1e6 / TIMES;

/** The step that took each page, null for kept, in the first copy. */
const db = await (await DuckDBInstance.create()).connect();
const rows = await db.runAndReadAll(
  `SELECT id, step, outcome FROM '${join(folder, 'ours/ledger/*.parquet')}' WHERE file = '0.warc.gz'`,
);
const fate = new Map(rows.getRowObjects().map((r) => [String(r.id), r.outcome === 'dropped' ? String(r.step) : null]));
const kept = [...fate].filter(([, step]) => step === null).map(([id]) => id);
const lost = (step: string): number => [...fate.values()].filter((s) => s === step).length;
const names = Object.keys(theirs.stages);
const STEPS: Readonly<Record<string, string>> = {
  extract: 'extract',
  repetition: 'gopher_repetition',
  quality: 'gopher_quality',
  c4: 'c4',
  fineweb: 'fineweb',
};
const last = theirs.stages.fineweb;
const both = kept.filter((id) => last.some((url) => id.includes(`:${url.slice(-4)}`))).length;
const table = names.map((name, i) => ({
  stage: name,
  datatrove: i === 0 ? theirs.stages[name].length : theirs.stages[names[i - 1]].length - theirs.stages[name].length,
  sluice: i === 0 ? fate.size : lost(STEPS[name]),
}));
const mb = bytes / 1e6;
const result = {
  ...{ pages: members.length, mb, versions: [theirs.version, theirs.trafilatura], table },
  kept: { datatrove: last.length, sluice: kept.length, both },
  rate: { datatrove: mb / theirs.seconds, sluice: mb / seconds },
};
if (values.json) console.log(JSON.stringify(result));
else {
  const say = (...cells: (string | number)[]): void =>
    console.log(cells.map((c, k) => (k === 0 ? String(c).padEnd(12) : String(c).padStart(12))).join(' '));
  console.log(`${result.pages} pages, ${mb.toFixed(1)} MB of HTML, FineWeb's order; pages lost at each stage`);
  say('stage', 'datatrove', 'Sluice');
  for (const { stage, datatrove, sluice } of table) say(stage, datatrove, sluice);
  say('kept', last.length, kept.length);
  const jaccard = both / (last.length + kept.length - both);
  console.log(`kept by both: ${both} (Jaccard ${jaccard.toFixed(2)})`);
  const { datatrove, sluice } = result.rate;
  say('MB/s a core', datatrove.toFixed(2), sluice.toFixed(1));
  console.log(`x${(sluice / datatrove).toFixed(1)}; datatrove ${theirs.version}, trafilatura ${theirs.trafilatura}`);
}
