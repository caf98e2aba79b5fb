import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** mulberry32: a seeded generator for test data. */
export function generator(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS = (
  'the of and to in that is was with for river mill stone water gate miller wheel channel winter ' +
  'summer morning flour grain boat farmer valley bridge letter window candle market village'
).split(' ');

/** Prose-like paragraphs made of our own small vocabulary. */
export function prose(random: () => number, words: number): string {
  const out: string[] = [];
  let sentence = 0;
  for (let i = 0; i < words; i++) {
    let word = WORDS[Math.floor(random() * WORDS.length)];
    if (sentence === 0) word = word[0].toUpperCase() + word.slice(1);
    sentence++;
    if (sentence > 6 + Math.floor(random() * 12) || i === words - 1) {
      word += '.';
      sentence = 0;
      if (random() < 0.2) word += '\n';
    }
    out.push(word);
  }
  return out.join(' ').replaceAll('\n ', '\n');
}

export interface MadeDocument {
  readonly id: string;
  readonly text: string;
  readonly metadata: { readonly domain: string };
}

/**
 * Documents of every kind that the engine must treat: good, too short, exact copies, empty, other domains, non-ASCII.
 */
export function madeDocuments(count: number, seed = 1): MadeDocument[] {
  const random = generator(seed);
  const documents: MadeDocument[] = [];
  for (let i = 0; i < count; i++) {
    const kind = random();
    const domain = random() < 0.7 ? 'web' : 'code';
    let text = prose(random, 60 + Math.floor(random() * 200));
    if (kind < 0.15) text = prose(random, 5);
    else if (kind < 0.3 && i > 0) text = documents[Math.floor(random() * i)].text;
    else if (kind < 0.33) text = '';
    else if (kind < 0.4) text = `Żółć — ${text} “naïve” 🐎`;
    documents.push({ id: `doc-${i}`, text, metadata: { domain } });
  }
  return documents;
}

/** The question of `fixtures/questions.jsonl`. */
const QUESTION =
  'Which miller counted seventeen copper weights before the flood carried his wooden scales down to the ferry?';

/**
 * Documents of paragraphs, a quarter of which stood before; a footer in every third, a question in every eighth, some
 * whole and near copies.
 */
export function spannedDocuments(count: number, seed = 1): MadeDocument[] {
  const random = generator(seed);
  const paragraphs: string[] = [];
  const documents: MadeDocument[] = [];
  const paragraph = (): string => {
    const again = paragraphs.length > 0 && random() < 0.25;
    const text = again
      ? paragraphs[Math.floor(random() * paragraphs.length)]
      : prose(random, 20 + Math.floor(random() * 60));
    if (!again) paragraphs.push(text);
    // A copy in the middle of other words: found below the paragraph only.
    return again && random() < 0.4 ? `${prose(random, 7)} ${text} ${prose(random, 9)}` : text;
  };
  for (let i = 0; i < count; i++) {
    const parts = Array.from({ length: 2 + Math.floor(random() * 4) }, paragraph);
    if (i % 8 === 3) parts.splice(1, 0, QUESTION);
    if (i % 3 === 0) parts.push('Printed by the millers of the lower valley, and all rights are theirs.');
    let text = parts.join('\n\n');
    if (i % 10 === 9) {
      const words = documents[Math.floor(random() * i)].text.split(' ');
      text = words.map((w) => (random() < 0.005 ? `changed${i}` : w)).join(' ');
    }
    documents.push({ id: `doc-${i}`, text, metadata: { domain: i % 2 === 0 ? 'web' : 'code' } });
  }
  return documents;
}

export const jsonLines = (documents: readonly object[]): string =>
  documents.map((d) => `${JSON.stringify(d)}\n`).join('');

/** Writes documents as plain JSONL into `files` files below a folder, in order. */
export async function writeCorpus(folder: string, documents: readonly object[], files = 1): Promise<void> {
  await mkdir(folder, { recursive: true });
  const each = Math.ceil(documents.length / files);
  for (let f = 0; f < files; f++) {
    await writeFile(
      join(folder, `part-${String(f).padStart(3, '0')}.jsonl`),
      jsonLines(documents.slice(f * each, (f + 1) * each)),
    );
  }
}
