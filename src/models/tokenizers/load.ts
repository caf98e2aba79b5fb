import { byteTokenizer } from './bytes.ts';
import { loadHuggingFace } from './hugging-face.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * A tokenizer by where it is: `bytes`, whose ids are the bytes of UTF-8, or a `tokenizer.json` of Hugging Face or the
 * folder that has one (a `tokenizer_config.json` beside it is read too). A file called `bytes` is `./bytes`. Encoding
 * adds no special tokens; decoding keeps them. Errors: ConfigError when the file is not there or is none.
 */
export const loadTokenizer = async (source: string): Promise<Tokenizer> =>
  source === 'bytes' ? byteTokenizer : loadHuggingFace(source);
