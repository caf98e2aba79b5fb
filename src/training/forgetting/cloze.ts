import { seededRandom } from '../../random.ts';
import type { ClozeItem } from './items.ts';
import type { HeldOutDocument } from './measures.ts';

export interface ClozeOptions {
  /** Items a domain at most. Default 20. */
  readonly each?: number;
  /** Choices of an item. Default 4. */
  readonly choices?: number;
  readonly seed?: number;
}

/** The last word of a sentence. */
const LAST_WORD = / ([A-Za-z]{3,12})[.!?](?=\s|$)/g;
/** Bytes before the word: no less, so that there is something to go by; no more, so that it fits into a context. */
const [LEAST_BEFORE, MOST_BEFORE] = [60, 160];

/**
 * Items made of held-out documents, so that a probe needs no file: which word ends the sentence, out of words of the
 * same length or nearly so that end other sentences of the domain. One item a document at most; a domain with too few
 * words gives none.
 */
export function clozeOfDocuments(documents: readonly HeldOutDocument[], options: ClozeOptions = {}): ClozeItem[] {
  const { each = 20, choices = 4, seed = 0 } = options;
  return [...new Set(documents.map((d) => d.domain))].flatMap((domain) => {
    const { below } = seededRandom(seed, `cloze ${domain}`);
    const found = documents
      .filter((d) => d.domain === domain)
      .flatMap(({ text }) => {
        const matches = [...text.matchAll(LAST_WORD)].filter((m) => m.index >= LEAST_BEFORE);
        if (matches.length === 0) return [];
        const { index, 1: word } = matches[below(matches.length)];
        return [{ word, before: text.slice(Math.max(0, index - MOST_BEFORE), index) }];
      });
    const words = [...new Set(found.map((f) => f.word))].sort();
    return found.slice(0, each).flatMap(({ word, before }): ClozeItem[] => {
      const near = words
        .filter((w) => w.toLowerCase() !== word.toLowerCase())
        .sort((a, b) => distance(a, word) - distance(b, word) || (a < b ? -1 : 1))
        .slice(0, 4 * choices);
      if (near.length < choices - 1) return [];
      const others: string[] = [];
      while (others.length < choices - 1) others.push(...near.splice(below(near.length), 1));
      const answer = below(choices);
      const question = before.replace(/^[\udc00-\udfff]/, '');
      return [{ question, choices: others.toSpliced(answer, 0, word), answer, domain }];
    });
  });
}

const distance = (a: string, b: string): number => Math.abs(a.length - b.length);
