import * as z from 'zod';
import { tokenizerInfo } from '../../models/tokenizers/tokenizer-files.ts';
import { TOKENS } from '../../streams/batch/token-ids.ts';
import { operator } from '../operator.ts';

export const tokenizeOptions = z.strictObject({
  /** `bytes`, or a `tokenizer.json` of Hugging Face or the folder that has one. */
  tokenizer: z.string().min(1),
  /** Whether what the tokenizer's post-processor puts around a text (a token that begins it) is there and counted. */
  addSpecialTokens: z.boolean().default(false),
});
export type TokenizeOptions = z.input<typeof tokenizeOptions>;

/**
 * Turns each document into token ids of a tokenizer. Writes `tokens` int32, their exact number, which the ledger, the
 * totals and the summary then count by instead of an estimate; the ids stay with the batch for a sink that takes them.
 * No token that ends a document is added. The text is not changed; steps that change it must come before.
 *
 * Byte-level BPE with the pieces of GPT-2, GPT-4 / Llama 3, Qwen 2 or o200k runs in a kernel; any other tokenizer.json
 * in @huggingface/tokenizers, which is slower. The hash of the tokenizer is part of the recipe: a run does not resume
 * with another one, but with the same one in another place. Errors: ConfigError when the file is not there.
 */
export const tokenize = operator({
  call: 'tokenize()',
  name: 'tokenize',
  stage: 'tokenize',
  options: tokenizeOptions,
  versions: ['tokenize@1'],
  effects: { annotates: true },
  describe: ({ tokenizer, addSpecialTokens }) => ({
    options: { tokenizer, addSpecialTokens, ...tokenizerInfo(tokenizer, addSpecialTokens) },
    ...(tokenizer === 'bytes' ? {} : { places: ['tokenizer'] }),
    writes: [TOKENS],
  }),
});
