/**
 * Writes what `html-model.py` trains on: the numbers of every block of the development pages of WCXB, and how much of
 * it stands in the main content that people marked. Nothing of the pages is kept in the project.
 *
 *   node --import tsx scripts/make/html-blocks.ts WCXB_FOLDER OUTPUT_FOLDER
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { FEATURES, pageFacts, writeFeatures } from '../../src/kernels/reference/html/features.ts';
import { parsePage } from '../../src/kernels/reference/html/parse.ts';
import { devPages, siteOf, wordsOf } from '../wcxb.ts';

/** Words of a run that must stand in the truth one after the other. */
const RUN = 3;
const NEAR = -1;

/** How much of each block stands in the truth, in a hundred parts. */
export function labels(blocks: readonly (readonly string[])[], truth: string): number[] {
  const words = wordsOf(truth);
  const runs = new Set(words.map((_, i) => words.slice(i, i + RUN).join(' ')));
  const pairs = new Set(words.map((_, i) => words.slice(i, i + 2).join(' ')));
  const single = new Set(words);
  const lines = new Set(truth.split('\n').map((l) => wordsOf(l).join(' ')));
  const found = blocks.map((own) => {
    const all = own.join(' ');
    if (own.length === 0) return 0;
    if (own.length < RUN) return lines.has(all) ? 100 : (own.length === 2 ? pairs : single).has(all) ? NEAR : 0;
    const starts = own.slice(0, own.length - RUN + 1);
    const hits = starts.filter((_, i) => runs.has(own.slice(i, i + RUN).join(' '))).length;
    return Math.round((100 * hits) / starts.length);
  });
  // What may stand there by chance does so where its neighbours do.
  return found.map((label, i) => {
    if (label !== NEAR) return label;
    const before = found.slice(0, i).findLast((l) => l !== NEAR) ?? 0;
    const after = found.slice(i + 1).find((l) => l !== NEAR) ?? 0;
    return before >= 50 && after >= 50 ? 90 : 10;
  });
}

/**
 * The labels without those of copies: the second time that a page has a text (for phones, in a carousel) it is content
 * only where the truth has its words twice, too.
 */
export function withoutCopies(found: readonly number[], blocks: readonly (readonly string[])[], truth: string) {
  const wanted = counts(wordsOf(truth));
  const seen = new Map<string, number>();
  return found.map((label, i) => {
    const text = blocks[i].join(' ');
    if (label < 50 || text === '') return label;
    const before = seen.get(text) ?? 0;
    seen.set(text, before + 1);
    const room = Math.min(...[...counts(blocks[i])].map(([w, n]) => Math.floor((wanted.get(w) ?? 0) / n)));
    return before > 0 && room <= before ? 0 : label;
  });
}

function counts(words: readonly string[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const w of words) all.set(w, (all.get(w) ?? 0) + 1);
  return all;
}

const [folder, output] = process.argv.slice(2);
mkdirSync(output, { recursive: true });
const features = openSync(`${output}/features.bin`, 'w');
const lines = openSync(`${output}/pages.jsonl`, 'w');
for (const { id, url, type, html, truth } of devPages(folder)) {
  const page = parsePage(html);
  const { blocks } = page;
  const facts = pageFacts(html, page);
  const n = blocks.element.length;
  const numbers = new Int32Array(n * FEATURES);
  for (let i = 0; i < n; i++) writeFeatures(page, facts, i, numbers, i * FEATURES);
  writeSync(features, Buffer.from(numbers.buffer));
  const texts = blocks.start.map((start, i) => Buffer.from(page.text.subarray(start, blocks.end[i])).toString());
  const words = texts.map(wordsOf);
  const record = {
    id,
    n,
    type,
    site: siteOf(url),
    truthWords: wordsOf(truth).length,
    label: withoutCopies(labels(words, truth), words, truth),
    words: words.map((w) => w.length),
  };
  writeSync(lines, `${JSON.stringify(record)}\n`);
}
closeSync(features);
closeSync(lines);
writeFileSync(`${output}/features.json`, JSON.stringify({ features: FEATURES }));
