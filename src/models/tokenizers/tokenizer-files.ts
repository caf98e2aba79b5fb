import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../../errors.ts';
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

/**
 * Reads a `tokenizer.json`, or that of a folder, and the `tokenizer_config.json` beside it. Errors: ConfigError when
 * one is not there or is no JSON, or an id is none.
 */
export async function readTokenizer(path: string): Promise<TokenizerFiles> {
  const file = (await isFolder(path)) ? join(path, 'tokenizer.json') : path;
  const bytes = await readFile(file).catch((cause: Error) => {
    throw notOne(file, cause.message, cause);
  });
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
  let json: TokenizerJson;
  try {
    json = JSON.parse(bytes.toString('utf8')) as TokenizerJson;
    checkIds(json);
  } catch (cause) {
    throw notOne(file, (cause as Error).message, cause);
  }
  const hash = createHash('sha256').update(bytes).update(config).digest('hex').slice(0, 16);
  return { name: basename(folder ?? file), file, json, settings, hash };
}

/** More than any model has. */
const MOST_IDS = 1 << 24;

/** Before tables are made as long as the largest id. */
function checkIds({ model, added_tokens = [] }: TokenizerJson): void {
  const vocabulary: [string, unknown][] = Array.isArray(model?.vocab) ? [] : Object.entries(model?.vocab ?? {});
  for (const [token, id] of [...vocabulary, ...added_tokens.map((t) => [t.content, t.id] as const)])
    if (typeof id !== 'number' || !(Number.isInteger(id) && id >= 0 && id < MOST_IDS))
      throw new Error(`the id ${id} of '${token}': ids are whole numbers below ${MOST_IDS}`);
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );

function absent(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '{}';
  throw error;
}

export const notOne = (file: string, got: string, cause?: unknown): ConfigError =>
  new ConfigError({
    expected: 'a tokenizer.json of Hugging Face',
    got,
    where: file,
    fix: 'Give the file or the folder it is in; without one, text is scored byte by byte.',
    cause,
  });
