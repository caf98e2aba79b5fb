// FineWeb from one .warc.gz to documents, datatrove and Sluice beside each other: pages that each stage lets through on
// both sides, the kept sets, the same from the texts of datatrove's own extractor, and MB of HTML a core-second.
//   SLUICE_PYTHON=<python with datatrove 0.10, trafilatura, spacy, warcio, fasttext, faust-cchardet, python-magic>
//   npx tsx scripts/certify/datatrove-crawl.ts --wcxb <copy of Murrough-Foley/web-content-extraction-benchmark>
//     [--lid lid.176.ftz] [--pages 150] [--json]
// Ours is the recipe that ships, its own language model and near copies included; without --lid both go without a
// language filter. Steady state: ours runs over the pages once and over seven copies of them, and a sixth of the
// difference counts; datatrove runs once, and what it loads before the first record is not counted.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { lastValueFrom } from 'rxjs';
import { annotate, language, recipe, run } from 'sluice';
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
    lid: { type: 'string' },
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
const COPIES = 7;
const LID = values.lid === undefined ? [] : [values.lid];
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
for (let k = 0; k < COPIES; k++) writeFileSync(join(input, `${k}.warc.gz`), Buffer.concat(members));

const script = fileURLToPath(new URL('datatrove-crawl.py', import.meta.url));
const ran = spawnSync(python, [script, join(input, '0.warc.gz'), join(folder, 'theirs'), ...LID], {
  encoding: 'utf8',
  env: { ...process.env, OMP_NUM_THREADS: '1' },
});
if (ran.status !== 0) throw new Error(ran.stderr.slice(-3000));
const theirs = JSON.parse(ran.stdout.trim().split('\n').at(-1)!) as Theirs;

type Steps = typeof fineweb.steps;
const isLanguage = (s: Steps[number]): boolean => ['language', 'other_language'].includes(s.descriptor.step);
const steps = fineweb.steps.filter((s) => LID.length > 0 || !isLanguage(s));

/** CPU seconds of a run of ours in this process and its threads. */
async function ours(name: string, from: string, own: Steps): Promise<number> {
  const chain = recipe({ name: 'crawl', steps: [...own], sinks: [...fineweb.sinks], expected: { all: { max: 1 } } });
  const rule = own.flatMap((s) => s.descriptor.rules.map((r) => r.name));
  const cluster = own.flatMap((s) => (s.descriptor.effects.drops === 'copies' ? [s.descriptor.step] : []));
  const before = process.cpuUsage();
  const event = await lastValueFrom(
    run(chain, {
      ...{ input: [from], output: join(folder, name), workers: 1, fresh: true },
      allow: { rule: [...new Set(rule)], dropShare: ['all'], cluster },
    }),
  );
  if (event.type !== 'finished') throw new Error(`expected a finished run, got ${event.type}`);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** The step that took each document, null for kept. */
async function fates(name: string): Promise<ReadonlyMap<string, string | null>> {
  const db = await (await DuckDBInstance.create()).connect();
  const rows = await db.runAndReadAll(`SELECT id, step, outcome FROM '${join(folder, name, 'ledger/*.parquet')}'`);
  return new Map(rows.getRowObjects().map((r) => [String(r.id), r.outcome === 'dropped' ? String(r.step) : null]));
}

await ours('warm', join(input, '0.warc.gz'), steps);
const once = await ours('once', join(input, '0.warc.gz'), steps);
const seconds = ((await ours('copies', join(input, '*.warc.gz'), steps)) - once) / (COPIES - 1);
const fate = await fates('once');
const kept = [...fate].filter(([, step]) => step === null).map(([id]) => id);
const lost = (step: string): number => [...fate.values()].filter((s) => s === step).length;
const names = Object.keys(theirs.stages);
const STEPS: Readonly<Record<string, string>> = {
  extract: 'extract',
  language: 'other_language',
  repetition: 'gopher_repetition',
  quality: 'gopher_quality',
  c4: 'c4',
  fineweb: 'fineweb',
  minhash: 'minhash_dedup',
};
const last = theirs.stages[names.at(-1)!];
const both = kept.filter((id) => last.some((url) => id.includes(`:${url.slice(-4)}`))).length;
const table = names.map((name, i) => ({
  stage: name,
  datatrove: i === 0 ? theirs.stages[name].length : theirs.stages[names[i - 1]].length - theirs.stages[name].length,
  sluice: i === 0 ? fate.size : lost(STEPS[name]),
}));

// From its own texts, by its own language model, no extractor parts the two.
const same = steps
  .slice(1)
  .map((s) =>
    s.descriptor.step === 'language' ? annotate(language({ keep: ['en'], model: LID[0] }), { step: 'language' }) : s,
  );
await ours('same-text', join(folder, 'theirs/extracted.jsonl'), same);
const sameFate = await fates('same-text');
const sameTheirs = new Set(last);
const agreed = [...sameFate].filter(([url, step]) => (step === null) === sameTheirs.has(url)).length;
const sameKept = [...sameFate].filter(([, step]) => step === null).map(([url]) => url);
const sameBoth = sameKept.filter((url) => sameTheirs.has(url)).length;
const sameText = {
  ...{ documents: sameFate.size, agreed, datatrove: sameTheirs.size, sluice: sameKept.length },
  jaccard: sameBoth / (sameTheirs.size + sameKept.length - sameBoth),
};
const mb = bytes / 1e6;
const result = {
  ...{ pages: members.length, mb, versions: [theirs.version, theirs.trafilatura], table },
  kept: { datatrove: last.length, sluice: kept.length, both },
  sameText,
  rate: { datatrove: mb / theirs.seconds, sluice: mb / seconds },
};
if (values.json) console.log(JSON.stringify(result));
else {
  const say = (...cells: (string | number)[]): void =>
    console.log(cells.map((c, k) => (k === 0 ? String(c).padEnd(12) : String(c).padStart(12))).join(' '));
  console.log(`${result.pages} pages, ${mb.toFixed(1)} MB of HTML, recipe ${fineweb.name}; pages lost at each stage`);
  say('stage', 'datatrove', 'Sluice');
  for (const { stage, datatrove, sluice } of table) say(stage, datatrove, sluice);
  say('kept', last.length, kept.length);
  const jaccard = both / (last.length + kept.length - both);
  console.log(`kept by both: ${both} (Jaccard ${jaccard.toFixed(2)})`);
  console.log(
    `from datatrove's extracted texts: ${agreed} of ${sameText.documents} verdicts equal, ` +
      `kept ${sameText.datatrove} and ${sameText.sluice}, Jaccard ${sameText.jaccard.toFixed(3)}`,
  );
  const { datatrove, sluice } = result.rate;
  say('MB/s a core', datatrove.toFixed(2), sluice.toFixed(1));
  console.log(`x${(sluice / datatrove).toFixed(1)}; datatrove ${theirs.version}, trafilatura ${theirs.trafilatura}`);
}
