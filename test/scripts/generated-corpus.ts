import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generator, jsonLines, prose } from '../helpers/corpus.ts';

/** 240 documents of 80 groups in two domains, and one document of noise (its words shuffled) made from every fourth. */
export async function generatedCorpus(folder: string): Promise<string> {
  const random = generator(11);
  const clean = Array.from({ length: 240 }, (_, i) => ({
    id: `c${i}`,
    text: prose(random, 60),
    metadata: { domain: i % 2 ? 'books' : 'news', group: `g${i % 80}` },
  }));
  const noise = clean
    .filter((_, i) => i % 4 === 0)
    .map(({ id, text }) => ({
      id: `n-${id}`,
      text: text
        .split(' ')
        .map((word) => [random(), word] as const)
        .sort(([a], [b]) => a - b)
        .map(([, word]) => word)
        .join(' '),
      metadata: { domain: 'web_noise', noise_type: 'spun_text', from: id },
    }));
  const path = join(folder, 'corpus.jsonl');
  await writeFile(path, jsonLines([...clean, ...noise]));
  return path;
}
