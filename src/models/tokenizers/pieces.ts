import { type Numbers, PIECES, type Pieces } from '../../kernels/pre-tokenizers.ts';
import type { Part } from './tokenizer-json.ts';

/** How a byte-level tokenizer parts a text. */
export interface Pieced {
  readonly pieces: Pieces;
  readonly numbers: Numbers;
}

const NAMES = Object.keys(PIECES) as readonly Pieces[];

/** What the kernel does for a pre-tokenizer of a tokenizer.json; null: it does not know it. */
export function piecesOf(preTokenizer: Part | null | undefined): Pieced | null {
  const parts = flat(preTokenizer);
  const [first, ...others] = parts;
  if (first?.type === 'Digits') {
    const rest = withoutNumbers(others);
    return rest && { pieces: rest, numbers: first.individual_digits === true ? 'each' : 'runs' };
  }
  const pieces = withoutNumbers(parts);
  return pieces && { pieces, numbers: 'with the rest' };
}

/** Parts of a sequence, and of sequences in it. */
function flat(part: Part | null | undefined): Part[] {
  if (!part) return [];
  const inner = part.type === 'Sequence' ? (part.pretokenizers as readonly Part[] | undefined) : null;
  return inner ? inner.flatMap(flat) : [part];
}

function withoutNumbers(parts: readonly Part[]): Pieces | null {
  const last = parts.at(-1);
  // Left out, the first is true and the second false, as in the library.
  if (last?.type !== 'ByteLevel' || last.add_prefix_space !== false) return null;
  const own = last.use_regex !== false;
  if (parts.length === 1) return own ? 'gpt2' : null;
  if (parts.length !== 2 || own) return null;
  const [{ type, pattern, behavior, invert }] = parts;
  // Every code point is part of a match, so that whatever is between matches is empty.
  const whole = (behavior === 'Isolated' && invert !== true) || (behavior === 'Removed' && invert === true);
  const regex = (pattern as { readonly Regex?: string } | undefined)?.Regex;
  return type === 'Split' && whole ? (NAMES.find((name) => PIECES[name] === regex) ?? null) : null;
}
