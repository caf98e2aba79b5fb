/** Where a sentence may end: a mark with what closes behind it and white space, or a line end. */
const END = /[.!?]["')\]\u2019\u201d]*(?=\s)|[\u3002\uff01\uff1f]["')\]\u2019\u201d]*|\n+/g;

/** The sentences of a text with all that stands between them: joined they are the text. */
export function sentencesOf(text: string): string[] {
  const out: string[] = [];
  let from = 0;
  for (const { index, 0: mark } of text.matchAll(END)) {
    const end = index + mark.length;
    out.push(text.slice(from, end));
    from = end;
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

/** A text that was cut off, up to the end of its last whole sentence; empty where there is none. */
export function wholeSentences(text: string): string {
  const last = [...text.matchAll(/[.!?]["')\]\u2019\u201d]*(?=\s|$)|[\u3002\uff01\uff1f]/g)].at(-1);
  return last ? text.slice(0, last.index + last[0].length) : '';
}

/** Tokens that a text has in most vocabularies: four bytes each. */
const tokensOf = (text: string): number => Buffer.byteLength(text) / 4;

/**
 * A text in pieces of at most about so many tokens, cut between sentences; a sentence that is longer is cut between
 * words. Pieces of white space alone are left out, and white space around a piece.
 */
export function chunksOf(text: string, tokens: number): string[] {
  const chunks: string[] = [];
  let chunk = '';
  const end = (): void => {
    const trimmed = chunk.trim();
    if (trimmed !== '') chunks.push(trimmed);
    chunk = '';
  };
  for (const sentence of sentencesOf(text).flatMap((s) => partsOf(s, tokens))) {
    if (chunk !== '' && tokensOf(chunk) + tokensOf(sentence) > tokens) end();
    chunk += sentence;
  }
  end();
  return chunks;
}

function partsOf(sentence: string, tokens: number): string[] {
  if (tokensOf(sentence) <= tokens) return [sentence];
  const parts: string[] = [];
  let part = '';
  for (const word of sentence.match(/\S{1,512}\s*|\s+/g) ?? []) {
    if (part !== '' && tokensOf(part) + tokensOf(word) > tokens) {
      parts.push(part);
      part = '';
    }
    part += word;
  }
  return part === '' ? parts : [...parts, part];
}
