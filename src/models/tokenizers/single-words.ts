import { isDigit, isLetter, isMark } from '../../unicode.ts';
import type { AddedToken } from './tokenizer-json.ts';

/** Parts a text into added tokens and what is between them. */
interface Splitter {
  split(text: string): string[];
}

/**
 * Makes a tokenizer of @huggingface/tokenizers 0.2 heed `single_word`, which it reads and does not look at: a match
 * with a letter, number or `_` beside it is text like any other, as in `find_matches` of the tokenizers library in Rust
 * (added_vocabulary.rs). Changes nothing in a tokenizer without such tokens. Errors: Error when the library has no
 * splitters where they were.
 */
export function keepSingleWords(tokenizer: object, tokens: readonly AddedToken[]): void {
  if (!tokens.some((t) => t.single_word === true)) return;
  const parts = tokenizer as { readonly added_tokens_map?: KnownTokens; readonly [splitter: string]: unknown };
  for (const name of ['splitter_unnormalized', 'splitter_normalized']) {
    const splitter = parts[name] as Splitter | undefined;
    if (typeof splitter?.split !== 'function' || !(parts.added_tokens_map instanceof Map))
      throw new Error(`no ${name} in this version of @huggingface/tokenizers`);
    const split = splitter.split.bind(splitter);
    const known = parts.added_tokens_map;
    splitter.split = (text) => joined(split(text), known);
  }
}

/** Added tokens by their content, as it is and as it is normalised. */
type KnownTokens = ReadonlyMap<string, Required<Pick<AddedToken, 'single_word' | 'normalized'>>>;

/** Sections with those that are no single words joined to the text beside them. */
function joined(sections: readonly string[], known: KnownTokens): string[] {
  const out: string[] = [];
  /** Whether the last of `out` is text, to which more may be added. */
  let open = false;
  for (const [i, section] of sections.entries()) {
    const token = known.get(section);
    const text = token === undefined || (token.single_word && !isAlone(sections, i, known));
    if (text && open) out[out.length - 1] += section;
    else out.push(section);
    open = text;
  }
  return out;
}

function isAlone(sections: readonly string[], i: number, known: KnownTokens): boolean {
  // Tokens that are not normalised are found first; what they leave are texts of their own for the others.
  const isEdge = (section: string): boolean =>
    known.get(sections[i])?.normalized === true && known.get(section)?.normalized === false;
  const [before, after] = [sections.at(i === 0 ? sections.length : i - 1), sections.at(i + 1)];
  if (before !== undefined && !isEdge(before) && isWordPoint(lastOf(before))) return false;
  return after === undefined || isEdge(after) || !isWordPoint(after.codePointAt(0) ?? 0);
}

function lastOf(text: string): number {
  const last = text.codePointAt(text.length - 2);
  return last !== undefined && last > 0xffff ? last : text.charCodeAt(text.length - 1);
}

/**
 * Letters among numbers and symbols, connectors and joiners: what `\w` of Rust has beyond letters, marks and
 * digits.
 */
const MORE: readonly (readonly [number, number])[] = [
  [0x5f, 0x5f],
  [0x16ee, 0x16f0],
  [0x200c, 0x200d],
  [0x203f, 0x2040],
  [0x2054, 0x2054],
  [0x2160, 0x2188],
  [0x24b6, 0x24e9],
  [0x3007, 0x3007],
  [0x3021, 0x3029],
  [0x3038, 0x303a],
  [0xfe33, 0xfe34],
  [0xfe4d, 0xfe4f],
  [0xff3f, 0xff3f],
  [0x1f130, 0x1f149],
  [0x1f150, 0x1f169],
  [0x1f170, 0x1f189],
];

const isWordPoint = (cp: number): boolean =>
  isLetter(cp) || isMark(cp) || isDigit(cp) || MORE.some(([from, to]) => cp >= from && cp <= to);
