import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../files/whole.ts';
import { byteTokenizer } from '../models/tokenizers/bytes.ts';
import { loadTokenizer } from '../models/tokenizers/load.ts';
import type { Tokenizer } from '../models/tokenizers/tokenizer.ts';
import {
  bpeTokenizerJson,
  type Merge,
  type PieceCounts,
  START,
  START_NAME,
  trainBpe,
} from '../models/tokenizers/train-bpe.ts';
import { openTokenFile, TokenWriter } from './token-file.ts';

/** The bytes, and the start of a document. */
export const BYTE_VOCABULARY = 257;

/** Files that the tokenizer of a model consists of. */
export const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json'] as const;

/** Learns byte pairs and writes them as the files that transformers reads, each whole or not at all. */
export async function learnBytePairs(pieces: PieceCounts, vocabulary: number, folder: string): Promise<Tokenizer> {
  await writeTokenizer(trainBpe(pieces, vocabulary), folder);
  return loadTokenizer(folder);
}

/** Writes a tokenizer of bytes and their merges. No text makes its start token, whose name it may hold. */
export async function writeTokenizer(merges: readonly Merge[], folder: string): Promise<void> {
  const contents = [
    bpeTokenizerJson(merges),
    {
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: START_NAME,
      add_bos_token: true,
      split_special_tokens: true,
      clean_up_tokenization_spaces: false,
    },
  ];
  for (const [i, name] of TOKENIZER_FILES.entries()) await writeWhole(join(folder, name), JSON.stringify(contents[i]));
}

/** The tokenizer of a training whose input has been read. */
export const trainingTokenizer = async (vocabulary: number, folder: string): Promise<Tokenizer> =>
  vocabulary > BYTE_VOCABULARY ? loadTokenizer(folder) : byteTokenizer;

const READ_TOKENS = 1 << 20;

/**
 * `written` ids of documents as bytes, each after its START, as ids of another tokenizer; the file of bytes goes.
 * Returns the number of ids.
 */
export async function recode(
  from: string,
  written: number,
  to: string,
  tokenizer: Tokenizer,
  vocabulary: number,
): Promise<number> {
  const bytes = await openTokenFile(from, BYTE_VOCABULARY, written);
  const writer = await TokenWriter.open(to, vocabulary);
  const parts: Uint8Array[] = [];
  const flush = async (): Promise<void> => {
    await writer.write([START]);
    await writer.write(tokenizer.encode(Buffer.concat(parts)));
    parts.length = 0;
  };
  try {
    for (let at = 0; at < bytes.tokens; at += READ_TOKENS) {
      const ids = await bytes.read(at, Math.min(READ_TOKENS, bytes.tokens - at));
      for (let i = 0; i < ids.length; ) {
        if (ids[i] === START) {
          if (at + i > 0) await flush();
          i++;
        }
        let end = ids.indexOf(START, i);
        if (end < 0) end = ids.length;
        parts.push(Uint8Array.from(ids.subarray(i, end)));
        i = end;
      }
    }
    await flush();
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    await bytes.close();
  }
  const ids = await writer.finish();
  await rm(from);
  return ids;
}

/** The first `most` bytes of UTF-8 at most, without a part of a character. */
export function wholeCharacters(utf8: Uint8Array, most: number): Uint8Array {
  if (utf8.length <= most) return utf8;
  let end = most;
  while (end > 0 && (utf8[end] & 0xc0) === 0x80) end--;
  return utf8.subarray(0, end);
}
