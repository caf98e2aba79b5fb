import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { byteTokenizer } from './bytes.ts';
import { endOfText } from './end-of-text.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What is known of a tokenizer without loading it. */
export type Vocabulary = Pick<Tokenizer, 'hash' | 'vocabularySize' | 'endOfText'>;

interface VocabularyJson {
  readonly model?: { readonly vocab?: Readonly<Record<string, number>> | readonly (readonly [string, number])[] };
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
}

/**
 * Hash, size and end of document that `loadTokenizer` gives a tokenizer, read from its files alone and at once, as a
 * recipe is made. Errors: ConfigError when it is not there or is none.
 */
export function readVocabulary(source: string): Vocabulary {
  if (source === 'bytes') return byteTokenizer;
  const file = existsSync(source) && statSync(source).isDirectory() ? join(source, 'tokenizer.json') : source;
  if (!existsSync(file))
    throw new ConfigError({
      expected: "'bytes', a tokenizer.json, or a folder that has one",
      got: 'a path that does not exist',
      where: file,
      fix: 'Every model of Hugging Face has one: give its path.',
    });
  const config = basename(file) === 'tokenizer.json' ? join(dirname(file), 'tokenizer_config.json') : null;
  const settings = config !== null && existsSync(config) ? readFileSync(config, 'utf8') : '{}';
  const bytes = readFileSync(file);
  const ids = idsOf(file, bytes);
  let largest = -1;
  for (const id of ids.values()) largest = Math.max(largest, id);
  return {
    hash: createHash('sha256').update(bytes).update(settings).digest('hex').slice(0, 16),
    vocabularySize: largest + 1,
    endOfText: endOfText(ids, parsed(config ?? file, settings)),
  };
}

function idsOf(file: string, bytes: Buffer): Map<string, number> {
  const { model, added_tokens = [] } = parsed(file, bytes.toString('utf8')) as VocabularyJson;
  const vocab = model?.vocab;
  const own: Iterable<readonly [string, number]> = isList(vocab)
    ? vocab.map(([token], id) => [token, id] as const)
    : Object.entries(vocab ?? {});
  const ids = new Map([...own, ...added_tokens.map((t) => [t.content, t.id] as const)]);
  if (ids.size > 0) return ids;
  throw new ConfigError({
    expected: 'a tokenizer.json of Hugging Face',
    got: 'a file without a vocabulary',
    where: file,
    fix: 'Give the file or the folder it is in.',
  });
}

const isList = (vocab: unknown): vocab is readonly (readonly [string, number])[] => Array.isArray(vocab);

function parsed(where: string, json: string): object {
  try {
    return JSON.parse(json) as object;
  } catch (cause) {
    throw new ConfigError({ expected: 'JSON', got: (cause as Error).message, where, cause });
  }
}
