// How well languages are told apart, and how fast: the model that ships, eld and a model of fastText side by side, on
// the half of the documents that the model has not seen.
//
//     npx tsx scripts/score/languages.ts ../shared/corpora [--fasttext lid.176.ftz] [--python oracle/bin/python]
//
// With a Python that has fastText the same model is timed there too, and the labels are compared.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadFastText } from '../../src/models/classifiers/fasttext.ts';
import { loadLanguageModel } from '../../src/models/classifiers/language.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { declarations, type LanguageDocument, languageDocuments } from '../language-documents.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { fasttext: { type: 'string' }, python: { type: 'string' }, model: { type: 'string' } },
});
const [corpora] = positionals;

/** What a tool says of texts, in the codes of the model that ships. */
interface Tool {
  readonly name: string;
  /** Languages that it knows; null: all. */
  readonly knows: ReadonlySet<string> | null;
  detect(texts: readonly string[]): string[];
}

const BATCH = 512;
const batches = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / BATCH) }, (_, i) => all.slice(i * BATCH, (i + 1) * BATCH));

async function tools(): Promise<Tool[]> {
  const own = await loadLanguageModel(options.model);
  const found: Tool[] = [
    {
      name: 'sluice',
      knows: null,
      detect: (texts) =>
        batches(texts).flatMap((part) => {
          const { values, offsets } = utf8Column(part);
          const best = own.predict(values, offsets, part.length, null, 1, 1 << 22);
          return best.map((b) => (b ? own.labels[b.labels[0]] : ''));
        }),
    },
  ];
  const { eld } = (await import('eld/small')) as unknown as { eld: Eld };
  found.push({
    name: 'eld small',
    knows: new Set(Object.values(eld.info().Languages).map(String)),
    detect: (texts) => texts.map((text) => eld.detect(text).language),
  });
  if (options.fasttext) {
    const model = await loadFastText(options.fasttext);
    found.push({
      name: 'lid.176',
      knows: new Set(model.labels),
      detect: (texts) =>
        batches(texts).flatMap((part) => {
          const { values, offsets } = utf8Column(part);
          const best = model.predict(values, offsets, part.length, null, 1);
          return best.map((b) => (b ? model.labels[b.labels[0]] : ''));
        }),
    });
  }
  return found;
}

interface Eld {
  info(): { Languages: Record<string, string> };
  detect(text: string): { language: string };
}

/** Serbian is one language to tools that know one, in either script; Norwegian is Bokmål here. */
const SAME: Readonly<Record<string, string>> = { 'sr-Latn': 'sr', no: 'nb', sh: 'sr' };
const code = (language: string): string => SAME[language] ?? language;

/** Declarations by their code, for the languages of the model. */
const UDHR: Readonly<Record<string, string>> = {
  arb: 'ar',
  cat: 'ca',
  cha: 'ch',
  ces: 'cs',
  dan: 'da',
  deu: 'de',
  deu_1901: 'de',
  dip: 'din',
  ell_monotonic: 'el',
  eng: 'en',
  spa: 'es',
  est: 'et',
  eus: 'eu',
  pes_1: 'fa',
  fin: 'fi',
  fra: 'fr',
  gla: 'gd',
  glg: 'gl',
  guj: 'gu',
  hin: 'hi',
  hrv: 'hr',
  hun: 'hu',
  hye: 'hy',
  ind: 'id',
  ita: 'it',
  jpn: 'ja',
  kor: 'ko',
  lav: 'lv',
  mkd: 'mk',
  mar: 'mr',
  nhn: 'nah',
  nob: 'nb',
  nld: 'nl',
  pol: 'pl',
  por_BR: 'pt',
  por_PT: 'pt',
  quz: 'qu',
  ron: 'ro',
  rmy: 'rom',
  rus: 'ru',
  srp_latn: 'sr-Latn',
  srp_cyrl: 'sr',
  swe: 'sv',
  swh: 'sw',
  tam: 'ta',
  tel: 'te',
  tha: 'th',
  tur: 'tr',
  ukr: 'uk',
  vie: 'vi',
  wol: 'wo',
  cmn_hans: 'zh',
  cmn_hant: 'zh',
  zul: 'zu',
  ewe: 'ee',
};

const all = languageDocuments(corpora).filter(({ half }) => half === 'B');
/** The piece in the middle, of about so many bytes, cut between characters. */
function piece(d: LanguageDocument, bytes: number): LanguageDocument[] {
  const points = Array.from(d.text);
  const mean = Buffer.byteLength(d.text) / points.length;
  const length = Math.round(bytes / mean);
  const from = Math.max(0, Math.floor((points.length - length) / 2));
  const text = points
    .slice(from, from + length)
    .join('')
    .replaceAll('\n', ' ');
  return text.trim().length < length / 2 ? [] : [{ ...d, text }];
}
const sets: readonly (readonly [string, readonly LanguageDocument[]])[] = [
  ['documents', all],
  ['pieces of 400 bytes', all.flatMap((d) => piece(d, 400))],
  ['pieces of 100 bytes', all.flatMap((d) => piece(d, 100))],
  ['declarations', declarations(corpora, UDHR)],
  ['declarations, 200 bytes', declarations(corpora, UDHR).flatMap((d) => piece(d, 200))],
];

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const every = await tools();
const ofAll = [...new Set(all.map((d) => d.language))];
const shared = ofAll.filter((l) => every.every(({ knows }) => knows === null || knows.has(l) || knows.has(code(l))));
console.log(`${ofAll.length} languages, ${shared.length} that every tool knows: ${shared.join(' ')}`);
for (const [name, documents] of sets) {
  const texts = documents.map((d) => d.text);
  const bytes = texts.reduce((n, t) => n + Buffer.byteLength(t), 0);
  console.log(`\n${name}: ${documents.length}, ${(bytes / 1e6).toFixed(1)} MB`);
  for (const tool of every) {
    tool.detect(texts.slice(0, 200));
    const before = process.cpuUsage();
    const said = tool.detect(texts);
    const { user, system } = process.cpuUsage(before);
    const right = (languages: readonly string[]): number => {
      const shares = languages.flatMap((language) => {
        const own = documents.flatMap((d, i) =>
          d.language === language ? [code(said[i]) === code(language) ? 1 : 0] : [],
        );
        return own.length === 0 ? [] : [mean(own)];
      });
      return 100 * mean(shares);
    };
    const missed = documents.flatMap((d, i) =>
      code(said[i]) === code(d.language) ? [] : [`${d.language}>${said[i]}`],
    );
    const counts = new Map<string, number>();
    for (const m of missed) counts.set(m, (counts.get(m) ?? 0) + 1);
    const worst = [...counts]
      .sort((a, b) => b[1] - a[1])
      .slice(0, 6)
      .map(([m, k]) => `${m} ${k}`);
    const speed = bytes / (user + system);
    console.log(
      `  ${tool.name.padEnd(10)} ${right(shared).toFixed(2)} % of ${shared.length}, ${right(ofAll).toFixed(2)} % of ` +
        `${ofAll.length} languages, ${speed.toFixed(1)} MB/s; ${worst.join(', ')}`,
    );
  }
}

if (options.fasttext && options.python) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-languages-'));
  const texts = all.map((d) => d.text);
  writeFileSync(join(folder, 'texts.json'), JSON.stringify(texts));
  const script = new URL('../bench/time-fasttext.py', import.meta.url).pathname;
  const out = execFileSync(options.python, [
    script,
    options.fasttext,
    join(folder, 'texts.json'),
    join(folder, 'said.json'),
  ]);
  const said = JSON.parse(readFileSync(join(folder, 'said.json'), 'utf8')) as readonly (
    | readonly [string, number]
    | null
  )[];
  const here = every.find(({ name }) => name === 'lid.176')!.detect(texts);
  const equal = here.filter((label, i) => label === (said[i]?.[0] ?? '')).length;
  console.log(
    `\nfastText in Python on the documents: ${out.toString().trim()}; ${equal} of ${here.length} labels equal`,
  );
}
