import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { byteTokenizer } from './bytes.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** The files of a tokenizer, read. */
export interface TokenizerFiles {
  /** Of the folder, or of the file where it is not called tokenizer.json. */
  readonly name: string;
  readonly file: string;
  readonly json: TokenizerJson;
  /** tokenizer_config.json; empty where there is none. */
  readonly settings: object;
  /** Of the bytes of both. */
  readonly hash: string;
}

/** What can be said of a tokenizer without making it. */
export interface TokenizerInfo {
  readonly name: string;
  readonly hash: string;
}

/**
 * Name and hash of a tokenizer, as `loadTokenizer` gives them. Errors: ConfigError when the file is not there.
 * @param addSpecialTokens as there: other ids, so another hash
 */
export function tokenizerInfo(source: string, addSpecialTokens = false): TokenizerInfo {
  if (source === 'bytes') return { name: byteTokenizer.name, hash: byteTokenizer.hash };
  const { name, hash } = contents(source);
  return { name, hash: hashWith(hash, addSpecialTokens) };
}

export const hashWith = (hash: string, addSpecialTokens: boolean): string =>
  addSpecialTokens ? `${hash}+special` : hash;

interface Contents {
  readonly name: string;
  readonly file: string;
  readonly bytes: Buffer;
  readonly configFile: string;
  readonly config: string;
  readonly hash: string;
}

function contents(path: string): Contents {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, 'tokenizer.json') : path;
  refuseSentencePiece(file);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw notOne(file, (cause as Error).message, cause);
  }
  const folder = basename(file) === 'tokenizer.json' ? dirname(file) : null;
  const configFile = join(folder ?? '', 'tokenizer_config.json');
  const config = folder === null || !existsSync(configFile) ? '{}' : readFileSync(configFile, 'utf8');
  const hash = createHash('sha256').update(bytes).update(config).digest('hex').slice(0, 16);
  return { name: basename(folder === null ? file : resolve(folder)), file, bytes, configFile, config, hash };
}

/**
 * Reads a `tokenizer.json`, or that of a folder, and the `tokenizer_config.json` beside it. Errors: ConfigError when
 * one is not there or is no JSON, or an id is none.
 */
export function readTokenizer(path: string): TokenizerFiles {
  const { name, file, bytes, configFile, config, hash } = contents(path);
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
  let json: TokenizerJson;
  try {
    json = JSON.parse(bytes.toString('utf8')) as TokenizerJson;
    checkIds(json);
  } catch (cause) {
    throw notOne(file, (cause as Error).message, cause);
  }
  return { name, file, json, settings, hash };
}

/** Names under which SentencePiece models stand beside where a tokenizer.json would. */
const SENTENCE_PIECES = ['tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model', 'sp.model'];

/** A SentencePiece model in the folder `dir`; null: none. */
export const sentencePieceIn = (dir: string): string | null =>
  SENTENCE_PIECES.map((name) => join(dir, name)).find((path) => existsSync(path)) ?? null;

function refuseSentencePiece(file: string): void {
  const inFolder = basename(file) === 'tokenizer.json' && !existsSync(file);
  const model = file.endsWith('.model') ? file : inFolder ? sentencePieceIn(dirname(file)) : null;
  if (model === null) return;
  throw new ConfigError({
    expected: 'a tokenizer.json of Hugging Face',
    got: 'a SentencePiece model',
    where: model,
    fix: howToConvert(model),
  });
}

/** How to make a tokenizer.json of a SentencePiece model. */
export const howToConvert = (model: string): string =>
  `Convert it in Python: AutoTokenizer.from_pretrained('${dirname(model)}').save_pretrained('${dirname(model)}') of ` +
  'transformers where it belongs to a model, or, of a unigram model alone (as those of cc_net are), ' +
  `SentencePieceUnigramTokenizer.from_spm('${model}').save('tokenizer.json') of tokenizers.`;

/** More than any model has. */
const MOST_IDS = 1 << 24;

/** Before tables are made as long as the largest id. */
function checkIds({ model, added_tokens = [] }: TokenizerJson): void {
  const vocabulary: [string, unknown][] = Array.isArray(model?.vocab) ? [] : Object.entries(model?.vocab ?? {});
  for (const [token, id] of [...vocabulary, ...added_tokens.map((t) => [t.content, t.id] as const)])
    if (typeof id !== 'number' || !(Number.isInteger(id) && id >= 0 && id < MOST_IDS))
      throw new Error(`the id ${id} of '${token}': ids are whole numbers below ${MOST_IDS}`);
}

export const notOne = (file: string, got: string, cause?: unknown): ConfigError =>
  new ConfigError({
    expected: 'a tokenizer.json of Hugging Face',
    got,
    where: file,
    fix: "Give the file or the folder it is in, or 'bytes'.",
    cause,
  });
