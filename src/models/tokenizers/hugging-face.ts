import type { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { endOfText } from './end-of-text.ts';
import { asInRust } from './library-parts.ts';
import { oneByOne } from './one-by-one.ts';
import { keepSingleWords } from './single-words.ts';
import type { Tokenizer } from './tokenizer.ts';
import { notOne, type TokenizerFiles } from './tokenizer-files.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/**
 * A tokenizer of the Hugging Face kind by their library for JavaScript. Errors: ConfigError when it does not know what
 * is in the file.
 */
export async function loadHuggingFace(files: TokenizerFiles, addSpecialTokens: boolean): Promise<Tokenizer> {
  const { name, file, json, settings, hash } = files;
  // Loaded late: most runs need no such tokenizer.
  const { Tokenizer: Loaded } = await import('@huggingface/tokenizers');
  let loaded: HuggingFaceTokenizer;
  let unknown: number | null;
  let lengthOf: (token: string) => number;
  try {
    loaded = new Loaded(asInRust(json), settings);
    keepSingleWords(loaded, json.added_tokens ?? []);
    const vocabulary = loaded.get_vocab(true);
    unknown = json.model?.unk_id ?? vocabulary.get(json.model?.unk_token ?? '') ?? null;
    lengthOf = tokenLength(json, [...vocabulary].find(([, id]) => id === unknown)?.[0]);
  } catch (cause) {
    throw notOne(file, (cause as Error).message, cause);
  }
  const vocabulary = loaded.get_vocab(true);
  let largest = -1;
  for (const id of vocabulary.values()) largest = Math.max(largest, id);
  if (largest < 0) throw notOne(file, 'a file without a vocabulary');
  const byteLengths = new Uint16Array(largest + 1);
  for (const [token, id] of vocabulary) byteLengths[id] = lengthOf(token);
  const encode = (utf8: Uint8Array): Int32Array =>
    Int32Array.from(loaded.encode(utf8Of(utf8), { add_special_tokens: addSpecialTokens }).ids);
  return {
    name,
    vocabularySize: largest + 1,
    unknown,
    endOfText: endOfText(vocabulary, settings),
    byteLengths,
    hash,
    encode,
    encodeBatch: oneByOne(encode),
    // The library refuses an empty list.
    decode: (ids) =>
      ids.length === 0
        ? ''
        : loaded.decode(Array.from(ids), { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
  };
}

/**
 * Bytes that a token stands for, by how this tokenizer spells them: a character a byte, or text with a mark for spaces.
 * The unknown token stands for one byte at least, whatever its name.
 */
function tokenLength({ model, decoder, pre_tokenizer, added_tokens }: TokenizerJson, unknown: string | undefined) {
  const added = new Set(added_tokens?.map((t) => t.content));
  const byteLevel = JSON.stringify([decoder, pre_tokenizer]).includes('"ByteLevel"');
  const prefix = model?.continuing_subword_prefix ?? '';
  return (token: string): number => {
    if (token === unknown && !byteLevel) return 1;
    if (added.has(token)) return Buffer.byteLength(token);
    if (byteLevel) return token.length;
    if (/^<0x[0-9A-F]{2}>$/.test(token)) return 1;
    const text = prefix !== '' && token.startsWith(prefix) ? token.slice(prefix.length) : token;
    return Buffer.byteLength(text.replaceAll('\u2581', ' '));
  };
}

/** Valid UTF-8 as a string; a byte order mark stays. */
const utf8Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
