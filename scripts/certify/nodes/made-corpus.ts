import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generator, prose } from '../../../test/helpers/corpus.ts';
import { benchmarkLines } from '../../bench/corpus.ts';

interface Line {
  readonly id: string;
  readonly text: string;
  readonly metadata?: { readonly domain?: string };
}

/** One word in so many is another one in each round of the corpus: no round has near copies of another. */
const OTHER = 8;
/** One document in so many is an exact copy of an earlier one. */
const COPIED = 10;

/**
 * About `bytes` of JSON lines in `folder`, in files of 64 MB: the mixed corpus again and again, every round with other
 * words, and a tenth of exact copies; seeded. Does nothing where the folder is there. Returns the number of documents.
 */
export function madeCorpus(folder: string, bytes: number, seed = 1): void {
  if (existsSync(folder)) return;
  const random = generator(seed);
  const lines = benchmarkLines(Number.POSITIVE_INFINITY).lines.toString('utf8').trimEnd().split('\n');
  const documents = lines.map((line) => JSON.parse(line) as Line);
  const words = documents.slice(0, 2000).flatMap((d) => d.text.split(' ').slice(0, 50));
  mkdirSync(folder, { recursive: true });
  const recent: string[] = [];
  let [written, file, held] = [0, 0, 0];
  let out: string[] = [];
  const flush = (): void => {
    writeFileSync(join(folder, `${String(file++).padStart(4, '0')}.jsonl`), out.join(''));
    [out, held] = [[], 0];
  };
  for (let round = 0; written < bytes; round++)
    for (const { id, text, metadata } of documents) {
      if (written >= bytes) break;
      const copied = recent.length > 0 && random() * COPIED < 1;
      const own = copied ? recent[Math.floor(random() * recent.length)] : changed(text, words, random);
      if (!copied && recent.length < 20_000) recent.push(own);
      const line = `${JSON.stringify({ id: `${round}-${id}`, text: own, metadata: { domain: metadata?.domain } })}\n`;
      out.push(line);
      held += line.length;
      written += line.length;
      if (held >= 64e6) flush();
    }
  if (out.length > 0) flush();
}

function changed(text: string, words: readonly string[], random: () => number): string {
  const own = text.split(' ');
  for (let i = Math.floor(random() * 2 * OTHER); i < own.length; i += 1 + Math.floor(random() * 2 * OTHER))
    own[i] = words[Math.floor(random() * words.length)];
  return own.join(' ');
}

/** So many short documents of our own vocabulary in files of 100,000, a fifth of them exact copies; seeded. */
export function madeDocumentFiles(folder: string, count: number, seed = 1): void {
  if (existsSync(folder)) return;
  const random = generator(seed);
  const texts = Array.from({ length: 2000 }, () => prose(random, 20 + Math.floor(random() * 60)));
  mkdirSync(folder, { recursive: true });
  for (let first = 0, file = 0; first < count; first += 100_000, file++) {
    const out: string[] = [];
    for (let i = first; i < Math.min(count, first + 100_000); i++) {
      const text = texts[Math.floor(random() * texts.length)];
      const own = random() < 0.2 ? text : `${text} ${i} ${Math.floor(random() * 1e9)}`;
      out.push(`${JSON.stringify({ id: `d${i}`, text: own, metadata: { domain: 'web' } })}\n`);
    }
    writeFileSync(join(folder, `${String(file).padStart(4, '0')}.jsonl`), out.join(''));
  }
}
