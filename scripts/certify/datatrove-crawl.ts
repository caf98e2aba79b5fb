// A recipe from one .warc.gz to documents, datatrove and Sluice beside each other: pages that each stage takes on both
// sides, the kept sets, the same from the texts of datatrove's own extractor, and MB of HTML a core-second.
//   SLUICE_PYTHON=<python with datatrove 0.10, trafilatura, spacy, warcio, fasttext, faust-cchardet, python-magic,
//   tldextract, pyahocorasick> npx tsx scripts/certify/datatrove-crawl.ts
//     --wcxb <copy of Murrough-Foley/web-content-extraction-benchmark>
//     [--recipe fineweb|c4] [--lid lid.176.ftz] [--pages 150] [--folder DIR] [--json]
// Ours is the recipe that ships behind the URL filter, its own language model and copies included; without --lid both
// go without a language filter. Every tenth page has an address made of datatrove's lists, the others their own. Steady
// state: ours runs over the pages once and over seven copies of them, and a sixth of the difference counts; datatrove
// runs once, and what it loads before the first record is not counted. --folder keeps what datatrove said.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { annotate, language, c4 as lines } from 'sluice';
import c4 from '../../recipes/c4.ts';
import fineweb from '../../recipes/fineweb.ts';
import { http, warcRecord } from '../../test/helpers/warc.ts';
import { devPages } from '../wcxb.ts';
import { type Curated, curated, type Doc, listedUrls, rowsOf, type Steps } from './datatrove-run.ts';

interface Theirs {
  readonly seconds: number;
  readonly version: string;
  readonly trafilatura: string;
  /** Ids of the pages that are left behind each stage. */
  readonly stages: Readonly<Record<string, readonly string[]>>;
}

const { values } = parseArgs({
  options: {
    wcxb: { type: 'string', default: process.env.SLUICE_WCXB },
    pages: { type: 'string', default: '150' },
    recipe: { type: 'string', default: 'fineweb' },
    lid: { type: 'string' },
    folder: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const python = process.env.SLUICE_PYTHON ?? 'python3';
if (values.wcxb === undefined || !existsSync(`${values.wcxb}/dev/html`)) {
  console.log('skipped: --wcxb or SLUICE_WCXB names no copy of the benchmark');
  process.exit(0);
}
const NEEDS = ['datatrove', 'trafilatura', 'spacy', 'warcio', 'cchardet', 'magic', 'tldextract', 'ahocorasick'];
if (spawnSync(python, ['-c', `import ${NEEDS.join(', ')}`]).status !== 0) {
  console.log(`skipped: ${python} has not got ${NEEDS.join(', ')}`);
  process.exit(0);
}
const COPIES = 7;
const shipped = values.recipe === 'c4' ? c4 : fineweb;
const LID = values.lid === undefined ? [] : [values.lid];
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'sluice-crawl-'));
if (values.folder === undefined) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** What a script of datatrove says in its last line. */
function asked(script: string, args: readonly string[]): string {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const ran = spawnSync(python, [path, ...args], { encoding: 'utf8', env, maxBuffer: 2 ** 28 });
  if (ran.status !== 0) throw new Error(ran.stderr.slice(-3000));
  return ran.stdout.trim().split('\n').at(-1)!;
}

const lists = join(folder, 'lists');
if (!existsSync(lists)) asked('datatrove_lists.py', [lists]);
const listed = (name: string): string[] => readFileSync(join(lists, name), 'utf8').split('\n').filter(Boolean);
const [domains, words, soft] = ['domains', 'banned_words', 'soft_banned_words'].map(listed);
/** Addresses of pages that the lists are about: by domain, by a word, by two soft words, by one. */
const BAD: readonly ((i: number) => string)[] = [
  (i) => `http://${domains[(i * 97) % domains.length]}/`,
  (i) => `https://mill.example/${words[i % words.length]}/${i}`,
  (i) => `https://mill.example/${soft[i % soft.length]}-${soft[(i + 7) % soft.length]}`,
  (i) => `https://mill.example/${soft[i % soft.length]}/${i}`,
];

const members: Buffer[] = [];
let bytes = 0;
let number = 0;
const every = Math.max(1, Math.floor(1497 / Number(values.pages)));
for (const { html, id, url } of devPages(values.wcxb)) {
  if (number++ % every !== 0) continue;
  bytes += html.length;
  const i = members.length;
  // datatrove ends on a record without an address.
  const at = i % 10 === 9 ? BAD[((i - 9) / 10) % BAD.length](i) : url || `https://page.example/${id}`;
  members.push(gzipSync(warcRecord({ content: http(html), url: at, id })));
}
const input = join(folder, 'in');
mkdirSync(input, { recursive: true });
for (let k = 0; k < COPIES; k++) writeFileSync(join(input, `${k}.warc.gz`), Buffer.concat(members));
const one = join(input, '0.warc.gz');
const said = join(folder, 'theirs.json');
if (!existsSync(said))
  writeFileSync(said, asked('datatrove-crawl.py', [shipped.name, one, join(folder, 'theirs'), lists, ...LID]));
const theirs = JSON.parse(readFileSync(said, 'utf8')) as Theirs;

const isLanguage = (s: Steps[number]): boolean => ['language', 'other_language'].includes(s.descriptor.step);
const own = shipped.steps.filter((s) => LID.length > 0 || !isLanguage(s));
const steps: Steps = [listedUrls(lists), ...own];
const ours = (name: string, from: string, which: Steps): Promise<Curated> => curated(join(folder, name), [from], which);

await ours('warm', one, steps);
const once = await ours('once', one, steps);
const seconds = ((await ours('copies', join(input, '*.warc.gz'), steps)).seconds - once.seconds) / (COPIES - 1);
const STEPS: Readonly<Record<string, string>> = {
  url: 'url_filter',
  extract: 'extract',
  language: 'other_language',
  repetition: 'gopher_repetition',
  quality: 'gopher_quality',
  c4: 'c4',
  fineweb: 'fineweb',
  minhash: 'minhash_dedup',
  sentences: 'sentence_dedup',
};
const names = Object.keys(theirs.stages);
const last = new Set(theirs.stages[names.at(-1)!]);
/** The stage that took a page there; null for kept. */
const stageOf = (id: string): string | null => {
  const gone = names.find((name) => !theirs.stages[name].includes(id));
  return gone === undefined ? null : (STEPS[gone] ?? 'read');
};

/** Fates of the pages that both had, side by side. */
function compared({ fate, left }: Curated) {
  const kept = [...fate].filter(([, f]) => f === null).map(([id]) => id);
  const both = kept.filter((id) => last.has(id)).length;
  const parted = [...fate]
    .map(([id, f]) => ({ id, datatrove: stageOf(id), sluice: f === null ? null : `${f.step} ${f.rule}` }))
    .filter(({ datatrove, sluice }) => (datatrove ?? '') !== (sluice?.split(' ')[0] ?? ''));
  const verdicts = [...fate].filter(([id, f]) => (f === null) === last.has(id)).length;
  const texts = new Map(
    rowsOf<Doc>(readFileSync(join(folder, 'theirs/kept.jsonl'), 'utf8')).map((d) => [d.id, d.text]),
  );
  const bare = (text: string | undefined): string => (text ?? '').replace(/\s+/g, ' ').trim();
  const equalTexts = kept.filter((id) => last.has(id) && bare(left.get(id)) === bare(texts.get(id))).length;
  const jaccard = both / (last.size + kept.length - both);
  const lost = names.slice(1).map((n) => [...fate.values()].filter((f) => f?.step === STEPS[n]).length);
  return { pages: fate.size, kept: kept.length, both, jaccard, verdicts, equalTexts, parted, lost };
}

const whole = compared(once);
const lostThere = names.slice(1).map((n, i) => theirs.stages[names[i]].length - theirs.stages[n].length);

// From its own texts, by its own language model, no extractor parts the two; of C4 also by its definitions.
const model = (s: Steps[number]): Steps[number] =>
  s.descriptor.step === 'language' ? annotate(language({ keep: ['en'], model: LID[0] }), { step: 'language' }) : s;
const sameModel = own.filter((s) => s.descriptor.step !== 'extract').map(model);
const datatroveLines = lines({ profile: 'datatrove', minWordsPerLine: 5, minSentences: 3 });
const variants: Record<string, Steps> = { 'the recipe as it ships': sameModel };
if (shipped === c4)
  variants['with the lines of C4 as datatrove has them'] = sameModel.map((s) =>
    s.descriptor.step === 'c4' ? datatroveLines : s,
  );
const sameTexts: Record<string, ReturnType<typeof compared>> = {};
for (const [name, which] of Object.entries(variants))
  sameTexts[name] = compared(await ours(`same-${name.length}`, join(folder, 'theirs/extracted.jsonl'), which));

const mb = bytes / 1e6;
const rate = { datatrove: mb / theirs.seconds, sluice: mb / seconds };
const result = { recipe: shipped.name, pages: members.length, mb, names, lostThere, whole, sameTexts, rate };
if (values.json) console.log(JSON.stringify({ ...result, version: theirs.version, trafilatura: theirs.trafilatura }));
else {
  const say = (...cells: (string | number)[]): void =>
    console.log(cells.map((c, k) => (k === 0 ? String(c).padEnd(12) : String(c).padStart(12))).join(' '));
  console.log(`${members.length} pages, ${mb.toFixed(1)} MB of HTML, recipe ${shipped.name}; pages lost at each stage`);
  say('stage', 'datatrove', 'Sluice');
  say('read', theirs.stages.read.length, whole.pages);
  names.slice(1).forEach((name, i) => {
    say(name, lostThere[i], whole.lost[i]);
  });
  say('kept', last.size, whole.kept);
  console.log(`kept by both: ${whole.both} (Jaccard ${whole.jaccard.toFixed(2)})`);
  for (const [name, c] of Object.entries(sameTexts)) {
    console.log(
      `from datatrove's extracted texts, ${name}: ${c.verdicts} of ${c.pages} verdicts equal, kept ${last.size} and ` +
        `${c.kept}, Jaccard ${c.jaccard.toFixed(3)}, of ${c.both} kept by both ${c.equalTexts} texts equal`,
    );
    for (const d of c.parted) console.log(`  ${d.id} ${d.datatrove ?? 'kept'} -> ${d.sluice ?? 'kept'}`);
  }
  say('MB/s a core', rate.datatrove.toFixed(2), rate.sluice.toFixed(1));
  const { version, trafilatura } = theirs;
  console.log(`x${(rate.sluice / rate.datatrove).toFixed(1)}; datatrove ${version}, trafilatura ${trafilatura}`);
}
