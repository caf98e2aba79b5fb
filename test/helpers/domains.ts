import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generator, type MadeDocument, prose } from './corpus.ts';

const DOMAINS = ['web', 'books', 'news', 'science', 'law', 'forum', 'manuals', 'code', 'table'] as const;

const NAVIGATION = ['Home', 'About us', 'Contact', 'Login', 'Cart', 'More', 'Privacy policy', 'Next page'];

/**
 * Documents of nine domains on both sides of most thresholds: prose of any length, menus, lines without an end, braces,
 * copies.
 */
export function manyDomains(count: number, seed: number): MadeDocument[] {
  const random = generator(seed);
  const documents: MadeDocument[] = [];
  for (let i = 0; i < count; i++) {
    const kind = random();
    let text = prose(random, 10 + Math.floor(random() * 90));
    if (kind < 0.15 && i > 0) text = documents[Math.floor(random() * i)].text;
    else if (kind < 0.3) text = Array.from({ length: 12 }, () => NAVIGATION[Math.floor(random() * 8)]).join('\n');
    else if (kind < 0.45) text += `\n${NAVIGATION.slice(0, Math.floor(random() * 8)).join('\n')}`;
    else if (kind < 0.5) text += '\nfunction mill() { return wheel; }';
    else if (kind < 0.55) text = prose(random, 3);
    documents.push({ id: `d-${i}`, text, metadata: { domain: DOMAINS[Math.floor(random() * DOMAINS.length)] } });
  }
  return documents;
}

/** Three files of them. */
export async function writeDocuments(folder: string, documents: readonly MadeDocument[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const part = Math.ceil(documents.length / 3);
  for (let k = 0; k < 3; k++) {
    const lines = documents.slice(k * part, (k + 1) * part).map((d) => `${JSON.stringify(d)}\n`);
    await writeFile(join(folder, `part-${k}.jsonl`), lines.join(''));
  }
}
