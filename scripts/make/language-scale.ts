// Chooses the scale of the probabilities of the language model that ships, and writes it into the model's file: the one
// with which as many documents of half A lie over 0.65 and 0.9 as with lid.176, since thresholds that people publish
// are of its probabilities. What language a text is said to be does not change.
//
//     npx tsx scripts/make/language-scale.ts ../shared/corpora lid.176.ftz models/language/weights.bin
//
// Right documents only, by domain of the English ones and all other languages as one domain; each domain counts alike.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { decompress } from 'fzstd';
import { loadFastText } from '../../src/models/classifiers/fasttext.ts';
import { loadLanguageModel } from '../../src/models/classifiers/language.ts';
import { packLanguageModel, readLanguageModel } from '../../src/models/classifiers/language-file.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { languageDocuments } from '../language-documents.ts';

const [corpora, lid, file] = process.argv.slice(2);
const ENGLISH = ['books', 'encyclopedia', 'legal_gov', 'news', 'qa_forum', 'science', 'tech_docs'];
const THRESHOLDS = [0.65, 0.9];
const SCALES = Array.from({ length: 21 }, (_, i) => 1 + i / 10);
const MOST = 500;

interface Text {
  readonly text: string;
  readonly language: string;
}

/** Documents of a domain of English, about `MOST` of them, of one half of its groups. */
function english(domain: string, half: 'A' | 'B'): Text[] {
  const [name] = readdirSync(`${corpora}/mixed`).filter((f) => f.startsWith(domain));
  const lines = Buffer.from(decompress(readFileSync(`${corpora}/mixed/${name}`))).toString();
  const all = lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; text: string; metadata: { group?: string } })
    .filter(({ id, metadata }) => {
      const hash = createHash('sha256')
        .update(`language ${metadata.group ?? id}`)
        .digest();
      return hash[0] < 128 === (half === 'A');
    });
  const step = Math.max(1, Math.floor(all.length / MOST));
  return all.filter((_, i) => i % step === 0).map(({ text }) => ({ text, language: 'en' }));
}

const { scale: _, ...model } = readLanguageModel(file);
const fastText = await loadFastText(lid);

/** Shares of documents that are told right with a probability of at least each threshold. */
async function shares(texts: readonly Text[], scale: number | null): Promise<number[]> {
  const tool = scale === null ? fastText : await loadLanguageModel({ ...model, scale });
  const over = THRESHOLDS.map(() => 0);
  for (let i = 0; i < texts.length; i += 256) {
    const part = texts.slice(i, i + 256);
    const { values, offsets } = utf8Column(part.map(({ text }) => text));
    tool.predict(values, offsets, part.length, null, 1, 1 << 22).forEach((best, row) => {
      if (best === null || tool.labels[best.labels[0]] !== part[row].language) return;
      // Those of fastText are logarithms.
      const probability = scale === null ? Math.exp(best.scores[0]) : best.scores[0];
      THRESHOLDS.forEach((t, k) => {
        if (probability >= t) over[k] += 1 / texts.length;
      });
    });
  }
  return over;
}

const others = (half: 'A' | 'B') => languageDocuments(corpora).filter((d) => d.half === half && d.language !== 'en');
const known = new Set(fastText.labels);
const domainsOf = (half: 'A' | 'B'): [string, Text[]][] => [
  ...ENGLISH.map((domain): [string, Text[]] => [domain, english(domain, half)]),
  ['other languages', others(half).filter(({ language }, i) => i % 8 === 0 && known.has(language))],
];

const A = domainsOf('A');
const theirs = await Promise.all(A.map(([, texts]) => shares(texts, null)));
let best = { scale: 1, apart: Number.POSITIVE_INFINITY };
for (const scale of SCALES) {
  let apart = 0;
  for (const [i, [, texts]] of A.entries())
    (await shares(texts, scale)).forEach((share, k) => {
      apart += Math.abs(share - theirs[i][k]) / (A.length * THRESHOLDS.length);
    });
  if (apart < best.apart) best = { scale, apart };
}
console.log(`scale ${best.scale}: ${(100 * best.apart).toFixed(1)} points from lid.176 on half A`);
const percent = (all: readonly number[]): string => all.map((s) => (100 * s).toFixed(1)).join(' / ');
for (const [domain, texts] of domainsOf('B'))
  console.log(
    `half B, ${domain}, ${texts.length} documents, over 0.65 / 0.9: scale 1 ${percent(await shares(texts, 1))}, ` +
      `ours ${percent(await shares(texts, best.scale))}, lid.176 ${percent(await shares(texts, null))} %`,
  );
writeFileSync(file, packLanguageModel({ ...model, scale: best.scale }));
