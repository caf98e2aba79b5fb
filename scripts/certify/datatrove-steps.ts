// datatrove's URL filter, language filter, PII formatter and sentence deduplication, and ours, each through a run:
//   SLUICE_PYTHON=<python with datatrove 0.10, tldextract, pyahocorasick, fasttext, spacy>
//   npx tsx scripts/certify/datatrove-steps.ts [--lid lid.176.ftz] [--wcxb DIR] [--folder DIR]
// --folder keeps what datatrove said, and what is there is not asked again. Addresses: 21,000 made from datatrove's
// lists, and those of the benchmark. Languages: the multilingual corpus and English. PII: the documents with planted
// personal data; sentences: 250 of them, every fifth with the beginning of the one before it. Exit code 1 where a
// verdict or text that had its words and sentences differs in more than 0.1 %.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { decompress } from 'fzstd';
import { annotate, dedup, drop, language, languageRules, pii } from 'sluice';
import { corporaFolder } from '../bench/corpus.ts';
import { devPages } from '../wcxb.ts';
import { type Curated, curated, type Doc, listedUrls, rowsOf, type Steps } from './datatrove-run.ts';

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

const unpacked = (path: string): Doc[] => rowsOf<Doc>(Buffer.from(decompress(readFileSync(path))).toString());
const write = (name: string, docs: readonly object[]): void =>
  writeFileSync(join(folder, name), docs.map((d) => `${JSON.stringify(d)}\n`).join(''));
const read = (name: string): Answer[] => rowsOf<Answer>(readFileSync(join(folder, name), 'utf8'));

write('urls.jsonl', options.wcxb ? [...devPages(options.wcxb)].map(({ url }) => ({ url })) : []);
const planted = unpacked(join(corpora, 'planted/pii/docs.jsonl.zst')).map(({ id, text }) => ({ id, text }));
write('planted.jsonl', planted);
const short = planted.filter((d) => d.text.length < 6000).slice(0, 250);
const repeated = short.map(({ id, text }, i) => ({
  id,
  text: i % 5 === 4 ? `${text}\n${short[i - 1].text.slice(0, 1500)}` : text,
}));
write('repeated.jsonl', repeated);
const spoken = readdirSync(join(corpora, 'multilingual')).filter((name) => name.endsWith('.zst'));
const foreign = spoken.flatMap((name) => unpacked(join(corpora, 'multilingual', name)));
write(
  'languages.jsonl',
  [...foreign, ...short].map(({ id, text }) => ({ id, text })),
);

const script = fileURLToPath(new URL('datatrove-steps.py', import.meta.url));
const asked = spawnSync(python, [script, folder, ...(options.lid ? [options.lid] : [])], { encoding: 'utf8' });
if (asked.status !== 0) throw new Error(asked.stderr.slice(-3000));

const ours = (name: string, file: string, steps: Steps): Promise<Curated> =>
  curated(join(folder, 'ours', name), [join(folder, file)], steps);

let failed = false;
const differences: string[] = [];
/** @param exact it had datatrove's words: must be equal in 99.9 % */
function report(what: string, equal: readonly boolean[], exact: boolean, note = ''): void {
  const right = equal.filter(Boolean).length;
  if (exact && right < 0.999 * equal.length) failed = true;
  const share = ((100 * right) / equal.length).toFixed(2);
  console.log(
    `${what.padEnd(58)} ${String(right).padStart(6)} of ${String(equal.length).padStart(6)}  ${share} %${note}`,
  );
}
/** How much of what either keeps both keep. */
function jaccard(theirs: readonly (readonly [string, boolean])[], kept: (id: string) => boolean): string {
  const [both, any] = [
    theirs.filter(([id, k]) => k && kept(id)).length,
    theirs.filter(([id, k]) => k || kept(id)).length,
  ];
  return `, kept sets: Jaccard ${(any === 0 ? 1 : both / any).toFixed(4)}`;
}

const urls = read('urls-answers.jsonl');
const url = await ours('urls', 'urls-answers.jsonl', [listedUrls(join(folder, 'lists'))]);
const ruleOf = (id: string): string | null => url.fate.get(id)?.rule ?? null;
for (const u of urls) if (ruleOf(u.id) !== u.said) differences.push(`url ${u.url}: ${u.said} -> ${ruleOf(u.id)}`);
report(
  'URL filter: reason',
  urls.map((u) => ruleOf(u.id) === u.said),
  true,
  `, ${urls.filter((u) => u.said !== null).length} dropped`,
);

if (options.lid) {
  const said = read('languages-answers.jsonl');
  for (const model of [options.lid, 'sluice']) {
    const own = model === 'sluice';
    const { fate } = await ours(own ? 'own-language' : 'language', 'languages.jsonl', [
      annotate(language({ model, keep: ['en'] }), { step: 'language' }),
      drop('other_language', languageRules()),
    ]);
    const keeps = (id: string): boolean => fate.get(id) === null;
    const equal = said.map((d) => keeps(d.id) === (d.said === null));
    const note = jaccard(
      said.map((d) => [d.id, d.said === null]),
      keeps,
    );
    report(`language: English above 0.65, ${own ? 'our own model' : 'the same lid.176'}`, equal, !own, note);
  }
} else console.log('language: skipped (--lid names no lid.176)');

const masked = await ours('masked', 'planted.jsonl', [pii({ profile: 'datatrove' })]);
const theirs = read('masked-answers.jsonl');
for (const d of theirs) if (masked.left.get(d.id) !== d.text) differences.push(`PII ${d.id}`);
report(
  'PII: text',
  theirs.map((d) => masked.left.get(d.id) === d.text),
  true,
  `, ${theirs.filter((d, i) => d.text !== planted[i].text).length} changed`,
);

const bare = (text: string | null | undefined): string => (text ?? '').replace(/\s+/g, ' ').trim();
const limits = { minBytes: 1, minWordsLeft: 0, minSentencesLeft: 0 };
const parted = await ours('parted', 'parted.jsonl', [dedup.sentences(limits)]);
const partedTheirs = read('parted-answers.jsonl');
const before = new Map(read('parted.jsonl').map((d) => [d.id, bare(d.text)]));
for (const d of partedTheirs)
  if (bare(d.text) !== bare(parted.left.get(d.id)))
    differences.push(`sentences ${d.id}: ${bare(d.text).length} -> ${bare(parted.left.get(d.id)).length} characters`);
report(
  'repeated sentences, given its sentences: text',
  partedTheirs.map((d) => bare(d.text) === bare(parted.left.get(d.id))),
  true,
  `, ${partedTheirs.filter((d) => bare(d.text) !== before.get(d.id)).length} cut`,
);
const sentences = await ours('sentences', 'repeated.jsonl', [dedup.sentences()]);
const sentencesTheirs = read('sentences-answers.jsonl');
report(
  'repeated sentences, own sentences: kept or dropped',
  sentencesTheirs.map((d) => (d.text === null) === !sentences.left.has(d.id)),
  false,
);
const same = sentencesTheirs.map((d) => bare(d.text) === bare(sentences.left.get(d.id)));
report('repeated sentences, own sentences: text', same, false);
console.log(`${differences.length} differences where it had the same words`);
for (const d of differences.slice(0, 10)) console.log(`  ${d}`);
process.exitCode = failed ? 1 : 0;
