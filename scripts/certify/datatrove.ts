// datatrove's real filters and ours on the same documents: equal verdicts of each rule, kept sets, every document that
// differs with both reasons, and MB of text a core-second of both.
//   SLUICE_PYTHON=<python with datatrove 0.10, spacy, regex, nltk, tokenizers> npm run certify-datatrove [-- --mb 6]
//     [--differences FILE] [--input FILE.jsonl] [--json] [--wcxb DIR [--lid lid.176.ftz]]
// With --wcxb then datatrove-steps.ts (URL filter, language, PII, sentences) and datatrove-crawl.ts (the recipes
// `fineweb` and `c4` from one .warc.gz) too.
// Documents: crawled and edited text of the mixed corpus ($SLUICE_CORPORA, else ../shared/corpora), or a file of your
// own. Ours runs from the file to the finished ledger, ten times over the same documents, so that its start hardly
// counts; datatrove runs in a loop over texts in memory and writes nothing. Exit code 1 where a verdict that had
// datatrove's words differs in more than 0.1 %.
import { spawnSync } from 'node:child_process';
import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchmarkLines, inTemporaryFolder } from '../bench/corpus.ts';
import { chainOf, FILTERS, type Filter, OWN_SPLIT, type Split, verdictOf, wordsFrom } from './datatrove-ours.ts';
import { keptByMinhash, secondsOf, TIMED } from './datatrove-speed.ts';

interface Theirs extends Readonly<Record<Filter, string | null>> {
  readonly id: string;
  readonly words: readonly (number | string)[];
  readonly chain: readonly [Filter, string] | null;
  readonly chain_words: readonly (number | string)[];
  readonly c4_sentences: readonly number[];
  readonly c4_text: string | null;
  readonly c4_fineweb_sentences: readonly number[];
  readonly c4_fineweb_text: string | null;
}

interface Measured {
  readonly version: string;
  readonly spacy: string;
  readonly seconds: Readonly<Record<string, number>>;
  readonly minhash: readonly string[];
}

interface Doc {
  readonly id: string;
  readonly text: string;
}

const { values: options } = parseArgs({
  options: {
    mb: { type: 'string', default: '6' },
    input: { type: 'string' },
    differences: { type: 'string' },
    json: { type: 'boolean' },
    wcxb: { type: 'string' },
    lid: { type: 'string' },
  },
});
const python = process.env.SLUICE_PYTHON ?? 'python3';
if (spawnSync(python, ['-c', 'import datatrove, spacy, nltk, tokenizers']).status !== 0) {
  process.stdout.write('skipped: no Python with datatrove, spacy, nltk and tokenizers (SLUICE_PYTHON names one)\n');
  process.exit(0);
}

const LONGEST = 20_000;

/** Every k-th document of the corpus that is no longer than most pages are; code and tables are none of its. */
function documentsOf(): Doc[] {
  const bytes = Number(options.mb) * 1e6;
  const lines = options.input
    ? readFileSync(options.input, 'utf8')
    : benchmarkLines(Math.max(20e6, 8 * bytes)).lines.toString('utf8');
  const all = lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Doc & { domain?: string; metadata?: { domain?: string } })
    .filter((d) => !['code', 'table'].includes(d.domain ?? d.metadata?.domain ?? ''))
    .filter((d) => Buffer.byteLength(d.text) <= LONGEST);
  const total = all.reduce((n, d) => n + Buffer.byteLength(d.text), 0);
  const every = Math.max(1, Math.round(total / bytes));
  return all.filter((_, i) => i % every === 0).map(({ text }, i) => ({ id: `d${i}`, text }));
}

const documents = documentsOf();
const textBytes = documents.reduce((n, d) => n + Buffer.byteLength(d.text), 0);
const lines = documents.map((d) => `${JSON.stringify(d)}\n`).join('');
const { folder, input, done } = inTemporaryFolder(Buffer.from(lines));
const [verdicts, times] = ['verdicts.jsonl', 'times.json'].map((name) => join(folder, name));
const script = fileURLToPath(new URL('datatrove-verdicts.py', import.meta.url));
const ran = spawnSync(python, [script, input, verdicts, times, join(folder, 'minhash')], {
  encoding: 'utf8',
  env: { ...process.env, OMP_NUM_THREADS: '1' },
});
if (ran.status !== 0 || !existsSync(times)) throw new Error(ran.stderr.slice(-3000));
const measured = JSON.parse(readFileSync(times, 'utf8')) as Measured;

/** Where they part: the document, its filter, both reasons. */
const differences: { id: string; of: string; datatrove: unknown; sluice: unknown; start: string }[] = [];
interface Tally {
  verdict: number;
  reason: number;
  ownSplit: number;
  /** Kept by both, and by one. */
  both: number;
  any: number;
  ownBoth: number;
  ownAny: number;
}
const tally = new Map<string, Tally>();
const count = (of: string, doc: Doc, theirs: string | null, ours: string | null, mine: string | null): void => {
  const zero = { verdict: 0, reason: 0, ownSplit: 0, both: 0, any: 0, ownBoth: 0, ownAny: 0 };
  const t = tally.get(of) ?? zero;
  tally.set(of, t);
  if ((theirs === null) === (ours === null)) t.verdict++;
  if ((theirs === null) === (mine === null)) t.ownSplit++;
  if (theirs === null || ours === null) t.any++;
  if (theirs === null && ours === null) t.both++;
  if (theirs === null || mine === null) t.ownAny++;
  if (theirs === null && mine === null) t.ownBoth++;
  if (theirs === ours) t.reason++;
  else differences.push({ id: doc.id, of, datatrove: theirs, sluice: ours, start: doc.text.slice(0, 120) });
};

let at = 0;
let c4Texts = 0;
for await (const line of createInterface({ input: createReadStream(verdicts), crlfDelay: Number.POSITIVE_INFINITY })) {
  const theirs = JSON.parse(line) as Theirs;
  const doc = documents[at++];
  const splitWith = (lengths: readonly (number | string)[]): Split => ({
    words: (text) => wordsFrom(text, lengths),
    sentences: (filter) => {
      const counts = filter === 'c4' ? theirs.c4_sentences : theirs.c4_fineweb_sentences;
      let next = 0;
      return () => counts[next++] ?? 0;
    },
  });
  const split = splitWith(theirs.words);
  for (const filter of FILTERS) {
    const ours = verdictOf(filter, doc.text, split);
    count(filter, doc, theirs[filter], ours.reason, verdictOf(filter, doc.text, OWN_SPLIT).reason);
    if (filter === 'c4' && ours.text === theirs.c4_text) c4Texts++;
  }
  const named = (c: readonly [string, string] | null): string | null => c?.join(' ') ?? null;
  const ours = chainOf(doc.text, { first: split, afterC4: splitWith(theirs.chain_words) });
  count(
    'chain',
    doc,
    named(theirs.chain),
    named(ours),
    named(chainOf(doc.text, { first: OWN_SPLIT, afterC4: OWN_SPLIT })),
  );
}

const percent = (a: number, b: number): string => `${b === 0 ? '-' : ((100 * a) / b).toFixed(2)} %`;
const jaccard = (both: number, any: number): string => (any === 0 ? '1' : (both / any).toFixed(4));
const speeds: { of: string; theirs: number; ours: number }[] = [];
for (const of of TIMED)
  speeds.push({
    of,
    theirs: textBytes / 1e6 / measured.seconds[of],
    ours: textBytes / 1e6 / (await secondsOf(of, documents, folder)),
  });
const oursKept = await keptByMinhash(input, folder);
const theirsKept = new Set(measured.minhash);
const bothKept = [...theirsKept].filter((id) => oursKept.has(id)).length;
done();

if (options.differences) writeFileSync(options.differences, differences.map((d) => `${JSON.stringify(d)}\n`).join(''));
const results = { documents: documents.length, textBytes, ...measured, tally: Object.fromEntries(tally), speeds };
if (options.json)
  console.log(
    JSON.stringify({ ...results, minhash: { theirs: theirsKept.size, ours: oursKept.size, both: bothKept } }, null, 2),
  );
else {
  const { version, spacy } = measured;
  console.log(
    `${documents.length} documents, ${(textBytes / 1e6).toFixed(1)} MB of text; datatrove ${version}, spaCy ${spacy}\n`,
  );
  console.log('filter       given its words: verdict   reason   kept set   | own split: verdict   kept set');
  for (const [of, t] of tally)
    console.log(
      `${of.padEnd(12)} ${percent(t.verdict, at).padStart(24)} ${percent(t.reason, at).padStart(9)} ` +
        `${jaccard(t.both, t.any).padStart(9)}   | ${percent(t.ownSplit, at).padStart(18)}     ` +
        jaccard(t.ownBoth, t.ownAny),
    );
  console.log(`C4: the text that is left is equal in ${percent(c4Texts, at)}`);
  const minhashJaccard = jaccard(bothKept, theirsKept.size + oursKept.size - bothKept);
  console.log(
    `MinHash 14 x 8: datatrove keeps ${theirsKept.size}, ours ${oursKept.size}; ` +
      `Jaccard of the kept sets ${minhashJaccard}\n`,
  );
  console.log('filter       datatrove MB/s a core   Sluice MB/s a core   ratio');
  for (const s of speeds)
    console.log(
      `${s.of.padEnd(12)} ${s.theirs.toFixed(2).padStart(21)} ${s.ours.toFixed(1).padStart(20)} ` +
        `${`${(s.ours / s.theirs).toFixed(0)} x`.padStart(7)}`,
    );
  console.log(
    `\n${differences.length} differences given its words${options.differences ? `, in ${options.differences}` : ''}`,
  );
  for (const d of differences.slice(0, 12))
    console.log(`  ${d.id} ${d.of}: ${d.datatrove ?? 'kept'} -> ${d.sluice ?? 'kept'}`);
}
process.exitCode = [...tally.values()].every((t) => t.verdict >= 0.999 * at) ? 0 : 1;
if (options.wcxb !== undefined)
  for (const [name, ...more] of [['steps'], ['crawl'], ['crawl', '--recipe', 'c4']]) {
    console.log(`\n== datatrove-${name} ${more.join(' ')}`);
    const other = fileURLToPath(new URL(`datatrove-${name}.ts`, import.meta.url));
    const lid = options.lid === undefined ? [] : ['--lid', options.lid];
    const args = ['--import', 'tsx', other, '--wcxb', options.wcxb, ...lid, ...more];
    if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0) process.exitCode = 1;
  }
