import { join } from 'node:path';
import { writeWhole } from '../../files/whole.ts';
import { loadXxhash } from '../../hash.ts';
import {
  HashList,
  readTrainedOn,
  TRAINED_ON,
  type TrainedOnAbout,
  writeTrainedOn,
} from '../../models/folders/trained-on.ts';
import type { Tokenizer } from '../../models/tokenizers/tokenizer.ts';
import type { StoredDocument } from '../../streams/tokens/hold-out.ts';
import { readIndexColumns } from '../../streams/tokens/split-index.ts';
import { TokenFiles } from '../../streams/tokens/token-files.ts';
import { type TokenVocabulary, tokenArray } from '../../streams/tokens/token-kind.ts';
import type { LocalFeed } from '../feed/feed.ts';
import type { BaseModel } from './base-model.ts';

/** What documents are grouped by where a model does not say. */
const GROUP = 'metadata.group';

/** Hashes the texts of documents of a store, as the lists of models have them. */
export interface StoredTexts {
  hash(document: StoredDocument): bigint;
  close(): void;
}

/** @param tokenizer that of the store; one that changes texts gives other hashes than the texts had */
export async function storedTexts(vocabulary: TokenVocabulary, tokenizer: Tokenizer): Promise<StoredTexts> {
  const { h64Raw } = await loadXxhash();
  const files = new TokenFiles();
  return {
    hash({ bin, begin, tokens }) {
      const ids = new (tokenArray(vocabulary))(tokens);
      files.read(bin, begin, ids);
      // The token behind a document is no text.
      const own = vocabulary.endOfText !== null && ids.at(-1) === vocabulary.endOfText ? ids.subarray(0, -1) : ids;
      return h64Raw(Buffer.from(tokenizer.decode(own)));
    },
    close: () => files.close(),
  };
}

/**
 * Writes what a model was trained on beside it: the list of the model that it was before, and the texts that the steps
 * of the training were drawn from. Sluice gives none of them a score.
 */
export async function writeDrawnTexts(
  folder: string,
  { trainedOn, tokenizer }: Pick<BaseModel, 'trainedOn' | 'tokenizer'>,
  { feed, stores }: LocalFeed,
  step: number,
): Promise<TrainedOnAbout> {
  const before = trainedOn === null ? null : await readTrainedOn(trainedOn.list);
  const list = new HashList();
  for (const hash of before?.hashes ?? []) list.add(hash);
  const drawn = new Map<string, { begin: number; end: number }[]>();
  for await (const ranges of feed.drawnBefore(step))
    for (const { file, begin, length } of ranges)
      drawn.set(file, [...(drawn.get(file) ?? []), { begin, end: begin + length }]);
  const texts = await storedTexts(stores.vocabulary, tokenizer);
  let count = 0;
  try {
    for (const split of stores.splits) {
      const ranges = (split && drawn.get(split.bin))?.sort((a, b) => a.begin - b.begin);
      if (!split || !ranges) continue;
      const { begin, length } = await readIndexColumns(split.index, ['begin', 'length']);
      let at = 0;
      for (let row = 0; row < begin.length; row++) {
        const end = begin[row] + length[row];
        while (at < ranges.length && ranges[at].end <= begin[row]) at++;
        if (at === ranges.length) break;
        if (ranges[at].begin >= end) continue;
        list.add(texts.hash({ bin: split.bin, begin: begin[row], tokens: length[row] }));
        count++;
      }
    }
  } finally {
    texts.close();
  }
  const about: TrainedOnAbout = {
    format: 1,
    groupBy: trainedOn?.groupBy ?? GROUP,
    ofBase: before?.count ?? 0,
    texts: count,
  };
  await writeTrainedOn(join(folder, TRAINED_ON.list), list);
  await writeWhole(join(folder, TRAINED_ON.about), `${JSON.stringify(about)}\n`);
  return about;
}
