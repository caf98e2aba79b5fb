// datatrove's URL filter, language filter, PII formatter and sentence deduplication, and ours, each through a run:
//   SLUICE_PYTHON=<python with datatrove 0.10, tldextract, pyahocorasick, fasttext, spacy>
//   npx tsx scripts/certify/datatrove-steps.ts [--lid lid.176.ftz] [--wcxb DIR] [--folder DIR]
// --folder keeps what datatrove said, and what is there is not asked again. Addresses: 21,000 made from datatrove's lists, and those of the benchmark. Languages: the multilingual corpus and a
// part of the mixed one. PII and sentences: the documents with planted personal data, and copies. Exit code 1 where a
// verdict or text that had its words and sentences differs in more than 0.1 %.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { decompress } from 'fzstd';
import { lastValueFrom } from 'rxjs';
import {
  annotate,
  dedup,
  drop,
  jsonl,
  language,
  languageRules,
  pii,
  type RecipeInput,
  recipe,
  run,
  urlFilter,
} from 'sluice';
import { corporaFolder } from '../bench/corpus.ts';
import { devPages } from '../wcxb.ts';

interface Doc {
  readonly id: string;
  readonly text: string;
}
type Answer = Doc & { readonly url?: string; readonly said?: string | null; readonly language?: string };

const { values: options } = parseArgs({
  options: {
    lid: { type: 'string' },
    folder: { type: 'string' },
    wcxb: { type: 'string', default: process.env.SLUICE_WCXB },
  },
});
const python = process.env.SLUICE_PYTHON ?? 'python3';
const corpora = corporaFolder();
if (spawnSync(python, ['-c', 'import datatrove, tldextract, ahocorasick, spacy']).status !== 0 || corpora === null) {
  console.log('skipped: no corpora, or no Python with datatrove, tldextract, pyahocorasick and spacy (SLUICE_PYTHON)');
  process.exit(0);
}
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'sluice-steps-'));
mkdirSync(folder, { recursive: true });
if (options.folder === undefined) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const rows = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
const unpacked = (path: string): Doc[] => rows<Doc>(Buffer.from(decompress(readFileSync(path))).toString());
const write = (name: string, docs: readonly object[]): void =>
  writeFileSync(join(folder, name), docs.map((d) => `${JSON.stringify(d)}\n`).join(''));
const read = (name: string): Answer[] => rows<Answer>(readFileSync(join(folder, name), 'utf8'));

write('urls.jsonl', options.wcxb ? [...devPages(options.wcxb)].map(({ url }) => ({ url })) : []);
const planted = unpacked(join(corpora, 'planted/pii/docs.jsonl.zst'))
  .filter((d) => d.text.length < 6000)
  .slice(0, 600);
/** Every fifth has the beginning of the one before it at its end. */
const texts = planted.map(({ id, text }, i) => ({
  id,
  text: i % 5 === 4 ? `${text}\n${planted[i - 1].text.slice(0, 1500)}` : text,
}));
write('texts.jsonl', texts);
const spoken = readdirSync(join(corpora, 'multilingual')).filter((name) => name.endsWith('.zst'));
const foreign = spoken.flatMap((name) => unpacked(join(corpora, 'multilingual', name)));
write(
  'languages.jsonl',
  [...foreign, ...planted].map(({ id, text }) => ({ id, text })),
);

const script = fileURLToPath(new URL('datatrove-steps.py', import.meta.url));
if (!existsSync(join(folder, 'sentences-answers.jsonl'))) {
  const ran = spawnSync(python, [script, folder, ...(options.lid ? [options.lid] : [])], { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(ran.stderr.slice(-3000));
}

/** What became of each document: the rule that dropped it or null, and the text that is left. */
async function ours(name: string, file: string, steps: RecipeInput['steps']) {
  const output = join(folder, name);
  const made = recipe({ name, steps, sinks: [jsonl({ compression: 'none' })], expected: { all: { max: 1 } } });
  const rule = steps.flatMap((s) => s.descriptor.rules.map((r) => r.name));
  const cluster = steps.flatMap((s) => (s.descriptor.effects.drops === 'copies' ? [s.descriptor.step] : []));
  const allow = { rule: [...new Set(rule)], dropShare: ['all'], cluster };
  const input = [join(folder, file)];
  const event = await lastValueFrom(run(made, { input, output, workers: 1, fresh: true, allow }));
  if (event.type !== 'finished') throw new Error(`expected a finished run, got ${event.type}`);
  const db = await (await DuckDBInstance.create()).connect();
  const ledger = await db.runAndReadAll(`SELECT id, rule FROM '${join(output, 'ledger/*.parquet')}'`);
  const rules = new Map(ledger.getRowObjects().map((r) => [String(r.id), r.rule === null ? null : String(r.rule)]));
  const documents = join(output, 'documents');
  const left = new Map(
    readdirSync(documents)
      .flatMap((f) => rows<Doc>(readFileSync(join(documents, f), 'utf8')))
      .map((d) => [d.id, d.text]),
  );
  return { rules, left };
}

let failed = false;
const differences: string[] = [];
/** @param exact a verdict that had datatrove's words: must be equal in 99.9 % */
function report(what: string, equal: readonly boolean[], exact: boolean, note = ''): void {
  const right = equal.filter(Boolean).length;
  if (exact && right < 0.999 * equal.length) failed = true;
  const share = ((100 * right) / equal.length).toFixed(2);
  console.log(
    `${what.padEnd(58)} ${String(right).padStart(6)} of ${String(equal.length).padStart(6)}  ${share} %${note}`,
  );
}

const lists = (name: string): string[] => [join(folder, 'lists', name)];
const urls = read('urls-answers.jsonl');
const url = await ours('urls', 'urls-answers.jsonl', [
  urlFilter({
    profile: 'datatrove',
    domains: [...lists('domains'), ...lists('urls')],
    words: lists('banned_words'),
    softWords: lists('soft_banned_words'),
    subwords: lists('banned_subwords'),
    publicSuffixes: lists('suffixes'),
  }),
]);
for (const u of urls)
  if (url.rules.get(u.id) !== u.said) differences.push(`url ${u.url}: ${u.said} -> ${url.rules.get(u.id)}`);
const droppedUrls = urls.filter((u) => u.said !== null).length;
report(
  'URL filter: reason',
  urls.map((u) => url.rules.get(u.id) === u.said),
  true,
  `, ${droppedUrls} dropped`,
);

if (options.lid) {
  const said = read('languages-answers.jsonl');
  for (const model of [options.lid, 'sluice']) {
    const own = model === 'sluice';
    const { rules } = await ours(own ? 'own-language' : 'language', 'languages.jsonl', [
      annotate(language({ model, keep: ['en'] }), { step: 'language' }),
      drop('other_language', languageRules()),
    ]);
    const equal = said.map((d) => (rules.get(d.id) === null) === (d.said === null));
    report(`language: English above 0.65, ${own ? 'our own model' : 'the same lid.176'}`, equal, !own);
  }
} else console.log('language: skipped (--lid names no lid.176)');

const masked = await ours('masked', 'texts.jsonl', [pii({ profile: 'datatrove' })]);
const theirs = read('masked-answers.jsonl');
const changed = theirs.filter((d, i) => d.text !== texts[i].text).length;
report(
  'PII: text',
  theirs.map((d) => masked.left.get(d.id) === d.text),
  true,
  `, ${changed} changed`,
);

const limits = { minBytes: 1, minWordsLeft: 0, minSentencesLeft: 0 };
const bare = (text: string | null | undefined): string => (text ?? '').replace(/\s+/g, ' ').trim();
const parted = await ours('parted', 'parted.jsonl', [dedup.sentences(limits)]);
const partedTheirs = read('parted-answers.jsonl');
const before = new Map(read('parted.jsonl').map((d) => [d.id, bare(d.text)]));
const cut = partedTheirs.filter((d) => bare(d.text) !== before.get(d.id)).length;
for (const d of partedTheirs)
  if (bare(d.text) !== bare(parted.left.get(d.id)))
    differences.push(`sentences ${d.id}: ${bare(d.text).length} -> ${bare(parted.left.get(d.id)).length} characters`);
report(
  'repeated sentences, given its sentences: text',
  partedTheirs.map((d) => bare(d.text) === bare(parted.left.get(d.id))),
  true,
  `, ${cut} cut`,
);
const sentences = await ours('sentences', 'texts.jsonl', [dedup.sentences()]);
const sentencesTheirs = read('sentences-answers.jsonl');
report(
  'repeated sentences, own sentences: kept or dropped',
  sentencesTheirs.map((d) => (d.text === null) === !sentences.left.has(d.id)),
  false,
);
const same = sentencesTheirs.map((d) => bare(d.text) === bare(sentences.left.get(d.id)));
report('repeated sentences, own sentences: text', same, false);
console.log(`${differences.length} differences`);
for (const d of differences.slice(0, 10)) console.log(`  ${d}`);
process.exitCode = failed ? 1 : 0;
