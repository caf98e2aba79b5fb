import { TOKEN_CLASS, tokenClassOf } from '../../unicode/tokenizer-classes.ts';
import { type Numbers, PIECES, type Pieces } from '../pre-tokenizers.ts';

const known = new Map<number, string>();

/** Ranges of a character class, for use between `[` and `]`: the code points with a bit of TOKEN_CLASS. */
function ranges(bit: number): string {
  let out = known.get(bit) ?? '';
  if (out !== '') return out;
  for (let cp = 0, from = -1; cp <= 0x110000; cp++) {
    const inside = cp < 0x110000 && (tokenClassOf(cp) & bit) !== 0;
    if (inside && from < 0) from = cp;
    if (inside || from < 0) continue;
    out += `\\u{${from.toString(16)}}-\\u{${(cp - 1).toString(16)}}`;
    from = -1;
  }
  known.set(bit, out);
  return out;
}

const CLASSES: readonly (readonly [name: string, bit: number])[] = [
  ['\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}', TOKEN_CLASS.upper],
  ['\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}', TOKEN_CLASS.lower],
  ['\\p{L}', TOKEN_CLASS.letter],
  ['\\p{N}', TOKEN_CLASS.number],
  ['\\s', TOKEN_CLASS.white],
];

/** Every letter in both cases; U+017F folds to s. */
const CONTRACTIONS = "(?:'(?:[sS\\u017f]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD]))";

/**
 * An expression of PIECES as JavaScript runs it, with the pinned classes written out: what `\p` means to it depends on
 * its version, and it knows no `(?i:`.
 */
function asJavaScript(pattern: string): RegExp {
  const white = ranges(TOKEN_CLASS.white);
  let out = pattern.replaceAll("(?i:'s|'t|'re|'ve|'m|'ll|'d)", CONTRACTIONS).replaceAll('\\S', `[^${white}]`);
  out = out.replaceAll(/\[\^?(?:\\p\{\w{1,30}\}|\\.|[^\]\\]){0,200}\]|\\p\{\w\}|\\s/g, (part) => {
    const written = CLASSES.reduce((text, [name, bit]) => text.replaceAll(name, () => ranges(bit)), part);
    return part.startsWith('[') ? written : `[${written}]`;
  });
  return new RegExp(out, 'gu');
}

const expressions = new Map<Pieces, RegExp>();

/** The pieces of a text, in order; nothing of it is left out. */
export function referencePieces(text: string, pieces: Pieces, numbers: Numbers): string[] {
  const expression = expressions.get(pieces) ?? asJavaScript(PIECES[pieces]);
  expressions.set(pieces, expression);
  const parts = numbers === 'with the rest' ? [text] : text.split(numberSplitter(numbers));
  return parts.flatMap((part) => part.match(expression) ?? []);
}

/** Its group stays between what it splits. */
const numberSplitter = (numbers: Numbers): RegExp =>
  new RegExp(`([${ranges(TOKEN_CLASS.digit)}]${numbers === 'runs' ? '+' : ''})`, 'u');
