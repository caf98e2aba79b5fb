import { readFile } from 'node:fs/promises';
import { parquetRead } from 'hyparquet';
import { InputError, InvariantError } from '../../errors.ts';
import type { TokenSplit } from './split-index.ts';
import { TokenFiles } from './token-files.ts';
import { type TokenArray, type TokenVocabulary, tokenArray } from './token-kind.ts';

/** Rows of token ids, documents or sequences: row i is `ids[offsets[i] .. offsets[i + 1])`. */
export interface TokenRows {
  readonly ids: TokenArray;
  readonly offsets: Uint32Array;
  /** Domain of each row. */
  readonly domains: readonly string[];
  /** Id of each document, null where it has none; absent for sequences. */
  readonly names?: readonly (string | null)[];
  /** Where documents begin in each sequence; absent for documents. */
  readonly starts?: readonly (readonly number[])[];
}

/** Tokens that are read at once; a longer document is read whole. */
const CHUNK_TOKENS = 1 << 20;

interface IndexColumns {
  readonly id: (string | null)[];
  readonly domain: string[];
  readonly begin: number[];
  readonly length: number[];
}

/**
 * The documents of a split in the order of the input, about a million tokens at a time; the arrays are new with every
 * chunk. Errors: InputError for files that are gone or damaged.
 */
export async function* readDocuments(
  split: TokenSplit,
  vocabulary: TokenVocabulary,
  chunkTokens = CHUNK_TOKENS,
): AsyncGenerator<TokenRows> {
  const { id, domain, begin, length } = await readIndex(split.index);
  const files = new TokenFiles();
  try {
    for (let from = 0; from < length.length; ) {
      let to = from;
      let tokens = 0;
      while (to < length.length && (to === from || tokens + length[to] <= chunkTokens)) tokens += length[to++];
      const offsets = new Uint32Array(to - from + 1);
      for (let i = from; i < to; i++) {
        const [expected, got] = [begin[from] + offsets[i - from], begin[i]];
        if (got !== expected)
          throw new InvariantError({
            expected: `a document that begins at token ${expected}`,
            got: `one at ${got}`,
            where: split.index,
          });
        offsets[i - from + 1] = offsets[i - from] + length[i];
      }
      const ids = new (tokenArray(vocabulary))(tokens);
      files.read(split.bin, begin[from], ids);
      yield { ids, offsets, domains: domain.slice(from, to), names: id.slice(from, to) };
      from = to;
    }
  } finally {
    files.close();
  }
}

async function readIndex(path: string): Promise<IndexColumns> {
  const columns: IndexColumns = { id: [], domain: [], begin: [], length: [] };
  try {
    const bytes = await readFile(path);
    await parquetRead({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
      columns: Object.keys(columns),
      onChunk: ({ columnName, columnData }) => {
        const into = columns[columnName as keyof IndexColumns] as unknown[];
        for (let i = 0; i < columnData.length; i++) into.push(columnData[i]);
      },
    });
  } catch (cause) {
    throw new InputError({
      expected: 'the index of a split, as it was committed',
      got: (cause as Error).message,
      where: path,
      fix: 'Restore the file, or make the run again with --fresh.',
      cause,
    });
  }
  return columns;
}
