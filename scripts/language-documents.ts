// Documents of the multilingual corpus and of the English one, by language and half: a model learns from one half and
// is measured on the other.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { decompress } from 'fzstd';

export interface LanguageDocument {
  readonly id: string;
  readonly text: string;
  readonly language: string;
  readonly half: 'A' | 'B';
}

/** Brazilian and European Portuguese are one language here. */
const ALIASES: Readonly<Record<string, string>> = { 'pt-BR': 'pt' };

/** Domains of English prose, and how many documents of each file are taken: about as much as of other languages. */
const ENGLISH = { books: 20, encyclopedia: 120, news: 50, qa_forum: 60, science: 40, tech_docs: 20 };

const linesOf = (file: string): { id: string; text: string; metadata: { group?: string; lang?: string } }[] =>
  Buffer.from(decompress(readFileSync(file)))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const halfOf = (key: string): 'A' | 'B' =>
  createHash('sha256').update(`language ${key}`).digest()[0] < 128 ? 'A' : 'B';

/** Every document, language by language. @param corpora the folder of corpora */
export function languageDocuments(corpora: string): LanguageDocument[] {
  const documents: LanguageDocument[] = [];
  const folder = `${corpora}/multilingual`;
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.zst') && !f.startsWith('udhr'))) {
    const name = file.replace('.jsonl.zst', '');
    for (const { id, text } of linesOf(`${folder}/${file}`))
      documents.push({ id, text, language: ALIASES[name] ?? name, half: halfOf(id) });
  }
  for (const [domain, most] of Object.entries(ENGLISH)) {
    const [file] = readdirSync(`${corpora}/mixed`).filter((f) => f.startsWith(domain) && f.endsWith('.zst'));
    const all = linesOf(`${corpora}/mixed/${file}`);
    const step = Math.floor(all.length / most);
    for (let i = 0; i < most; i++) {
      const { id, text, metadata } = all[i * step];
      documents.push({ id, text, language: 'en', half: halfOf(metadata.group ?? id) });
    }
  }
  return documents;
}

/** The Declaration of Human Rights in the languages of the model: nothing of it was learned from. */
export function declarations(corpora: string, codes: Readonly<Record<string, string>>): LanguageDocument[] {
  return linesOf(`${corpora}/multilingual/udhr.jsonl.zst`).flatMap(({ id, text, metadata }) => {
    const language = codes[metadata.lang ?? ''];
    return language ? [{ id, text, language, half: 'B' as const }] : [];
  });
}
