import { PIECES } from '../../kernels/pre-tokenizers.ts';
import type { Part, TokenizerJson } from './tokenizer-json.ts';

const split = (regex: string): Part => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});

/**
 * A tokenizer.json as @huggingface/tokenizers 0.2 must be given it to part texts as the library in Rust does: the
 * expression of GPT-2 that `ByteLevel` has in it takes U+0085 and U+FEFF for white space the other way round, and its
 * `Digits` are decimal ones only. Written out as `Split` they are right.
 */
export const asInRust = (json: TokenizerJson): TokenizerJson => ({
  ...json,
  pre_tokenizer: json.pre_tokenizer ? rewritten(json.pre_tokenizer) : json.pre_tokenizer,
});

function rewritten(part: Part): Part {
  if (part.type === 'Sequence') {
    const inner = (part.pretokenizers as readonly Part[] | undefined) ?? [];
    return { ...part, pretokenizers: inner.map(rewritten) };
  }
  if (part.type === 'Digits') return split(part.individual_digits === true ? '\\p{N}' : '\\p{N}+');
  // A space put before the text is put there by this very step, before it is parted.
  if (part.type !== 'ByteLevel' || part.use_regex === false || part.add_prefix_space !== false) return part;
  return { type: 'Sequence', pretokenizers: [split(PIECES.gpt2), { ...part, use_regex: false }] };
}
