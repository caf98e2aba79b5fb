import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { ConfigError } from '../../errors.ts';
import { endOfText } from './end-of-text.ts';
import { oneByOne } from './one-by-one.ts';
import { type AddedToken, keepSingleWords } from './single-words.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * A tokenizer of the Hugging Face kind: a `tokenizer.json`, or a folder that has one (and a `tokenizer_config.json`,
 * which is read too). Encoding adds no special tokens; decoding keeps them. Errors: ConfigError when the file is not
 * there or is none.
 */
export async function loadHuggingFace(path: string): Promise<Tokenizer> {
  const file = (await isFolder(path)) ? join(path, 'tokenizer.json') : path;
  const bytes = await readFile(file).catch((cause: Error) => {
    throw notOne(file, cause.message, cause);
  });
  // Loaded late: most runs read no such file.
  const { Tokenizer: Loaded } = await import('@huggingface/tokenizers');
  let loaded: HuggingFaceTokenizer;
  let unknown: number | null;
  let lengthOf: (token: string) => number;
  const folder = basename(file) === 'tokenizer.json' ? dirname(file) : null;
  const configFile = join(folder ?? '', 'tokenizer_config.json');
  const config = folder === null ? '{}' : await readFile(configFile, 'utf8').catch(absent);
  let settings: object;
  try {
    settings = JSON.parse(config) as object;
  } catch (cause) {
    throw new ConfigError({
      expected: 'JSON',
      got: (cause as Error).message,
      where: configFile,
      fix: 'Copy the whole directory of the model.',
      cause,
    });
  }
  try {
    const json = JSON.parse(bytes.toString('utf8')) as TokenizerJson;
    checkIds(json);
    loaded = new Loaded(json, settings);
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
    Int32Array.from(loaded.encode(utf8Of(utf8), { add_special_tokens: false }).ids);
  return {
    name: basename(folder ?? file),
    vocabularySize: largest + 1,
    unknown,
    endOfText: endOfText(vocabulary, settings),
    byteLengths,
    hash: createHash('sha256').update(bytes).update(config).digest('hex').slice(0, 16),
    encode,
    encodeBatch: oneByOne(encode),
    // The library refuses an empty list.
    decode: (ids) =>
      ids.length === 0
        ? ''
        : loaded.decode(Array.from(ids), { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
  };
}

/** More than any model has. */
const MOST_IDS = 1 << 24;

/** The parts of tokenizer.json that name the unknown token, and say how tokens are spelt. */
interface TokenizerJson {
  readonly model?: {
    /** Ids by token; of unigram models a list of pairs, whose places are the ids. */
    readonly vocab?: Readonly<Record<string, number>> | readonly unknown[];
    readonly unk_token?: string | null;
    readonly unk_id?: number | null;
    readonly continuing_subword_prefix?: string | null;
  };
  readonly decoder?: object | null;
  readonly pre_tokenizer?: object | null;
  readonly added_tokens?: readonly AddedToken[];
}

/** Before the library makes tables as long as the largest id. */
function checkIds({ model, added_tokens = [] }: TokenizerJson): void {
  const vocabulary: [string, unknown][] = Array.isArray(model?.vocab) ? [] : Object.entries(model?.vocab ?? {});
  for (const [token, id] of [...vocabulary, ...added_tokens.map((t) => [t.content, t.id] as const)])
    if (typeof id !== 'number' || !(Number.isInteger(id) && id >= 0 && id < MOST_IDS))
      throw new Error(`the id ${id} of '${token}': ids are whole numbers below ${MOST_IDS}`);
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

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );

function absent(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '{}';
  throw error;
}

const notOne = (file: string, got: string, cause?: unknown): ConfigError =>
  new ConfigError({
    expected: 'a tokenizer.json of Hugging Face',
    got,
    where: file,
    fix: 'Give the file or the folder it is in; without one, text is scored byte by byte.',
    cause,
  });
