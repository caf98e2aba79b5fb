import { loadBytePairs } from './byte-pairs.ts';
import { byteTokenizer } from './bytes.ts';
import { loadHuggingFace } from './hugging-face.ts';
import type { Tokenizer } from './tokenizer.ts';
import { hashWith, readTokenizer } from './tokenizer-files.ts';

export interface LoadTokenizerOptions {
  /** Whether what the post-processor adds (a token that begins or ends a text) is added. Default: false. */
  readonly addSpecialTokens?: boolean;
}

/**
 * A tokenizer by where it is: `bytes`, whose ids are the bytes of UTF-8, or a `tokenizer.json` of Hugging Face or the
 * folder that has one (a `tokenizer_config.json` beside it is read too). A file called `bytes` is `./bytes`. Byte-level
 * BPE with the pieces of GPT-2, GPT-4, Qwen 2 or o200k runs in a kernel of Sluice; all else in @huggingface/tokenizers.
 * Decoding keeps special tokens. Errors: ConfigError when the file is not there or is none.
 */
export async function loadTokenizer(
  source: string,
  { addSpecialTokens = false }: LoadTokenizerOptions = {},
): Promise<Tokenizer> {
  if (source === 'bytes') return byteTokenizer;
  const files = readTokenizer(source);
  const tokenizer = (await loadBytePairs(files, addSpecialTokens)) ?? (await loadHuggingFace(files, addSpecialTokens));
  return { ...tokenizer, hash: hashWith(files.hash, addSpecialTokens) };
}
