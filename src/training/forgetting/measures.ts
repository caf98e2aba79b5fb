import type { Scorer } from '../../models/scorers/scorer.ts';
import { utf8Column } from '../../streams/batch/columns.ts';
import type { ClozeItem } from './items.ts';

/** A document that no compared model was trained on. */
export interface HeldOutDocument {
  readonly domain: string;
  readonly text: string;
}

/** What a model came to on a list of documents: an entry each, in their order. */
export interface DocumentBits {
  /** Surprise in bits, summed over the document; null: it has no score. */
  readonly bits: readonly (number | null)[];
  /** UTF-8 bytes that these stand for. */
  readonly bytes: readonly number[];
}

/** Log-likelihood of every choice of an item, in bits; null where the model gives none. */
export type ChoiceBits = readonly (number | null)[];

/** Documents that are scored at once: what a pack of rows can be filled from. */
const AT_ONCE = 64;

/** Bits of every document under any model that the scorers read. */
export async function documentBits(scorer: Scorer, documents: readonly HeldOutDocument[]): Promise<DocumentBits> {
  const [bits, bytes]: [(number | null)[], number[]] = [[], []];
  for (let at = 0; at < documents.length; at += AT_ONCE) {
    const texts = documents.slice(at, at + AT_ONCE).map((d) => d.text);
    const scores = await scorer.score(utf8Column(texts));
    scores.nllSum.forEach((nll, i) => {
      const scored = scores.reason[i] === null;
      bits.push(scored ? nll / Math.LN2 : null);
      bytes.push(scored ? scores.bytes[i] : 0);
    });
  }
  return { bits, bytes };
}

/**
 * Log-likelihood in bits of each choice of each item after its question and a space: that of both together less that of
 * the question, so that any scorer can tell it.
 */
export async function choiceBits(scorer: Scorer, items: readonly ClozeItem[]): Promise<ChoiceBits[]> {
  const found: ChoiceBits[] = [];
  for (const { question, choices } of items) {
    const texts = [question, ...choices.map((choice) => `${question} ${choice}`)];
    const { nllSum, reason } = await scorer.score(utf8Column(texts));
    const bitsOf = (i: number): number | null => (reason[i] === null ? nllSum[i] / Math.LN2 : null);
    const before = bitsOf(0);
    found.push(
      choices.map((_, i) => {
        const whole = bitsOf(i + 1);
        return before === null || whole === null ? null : before - whole;
      }),
    );
  }
  return found;
}

/** Bits per byte over the documents of a domain; null where none of them has a score. */
export function bitsPerByteOf(
  { bits, bytes }: DocumentBits,
  documents: readonly HeldOutDocument[],
  domain: string | null = null,
): number | null {
  let [sum, size] = [0, 0];
  documents.forEach((document, i) => {
    if (domain !== null && document.domain !== domain) return;
    sum += bits[i] ?? 0;
    size += bytes[i];
  });
  return size > 0 ? sum / size : null;
}

/** The right choice has the highest likelihood of all, and no other has as much. */
export const isRight = (bits: readonly (number | null)[], answer: number): boolean =>
  bits.every((b, i) => i === answer || (b ?? Number.NEGATIVE_INFINITY) < (bits[answer] ?? Number.NEGATIVE_INFINITY));
