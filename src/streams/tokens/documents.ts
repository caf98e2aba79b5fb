import { InvariantError } from '../../errors.ts';
import { readIndexColumns, type TokenSplit } from './split-index.ts';
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

/**
 * The documents of a split in the order of the input, about a million tokens at a time; the arrays are new with every
 * chunk. Errors: InputError for files that are gone or damaged.
 */
export async function* readDocuments(
  split: TokenSplit,
  vocabulary: TokenVocabulary,
  chunkTokens = CHUNK_TOKENS,
): AsyncGenerator<TokenRows> {
  const { id, domain, begin, length } = await readIndexColumns(split.index, ['id', 'domain', 'begin', 'length']);
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
