import { ConfigError } from '../../errors.ts';
import { trainedOn } from '../../models/folders/trained-on.ts';
import { loadNgram } from '../../models/ngram/file.ts';
import { ngramScorer } from '../../models/ngram/scorer.ts';
import type { Scores } from '../../models/scorers/scorer.ts';
import type { AnnotatorFactory } from '../annotator-stage.ts';
import { freshRows, withTrainedOn } from '../perplexity/fresh-rows.ts';
import { HOW_TO_MAKE, perplexityColumnsOf } from './perplexity-columns.ts';

interface Options {
  readonly model: string | null;
  readonly split: 'bytes' | 'words' | 'whitespace' | null;
  readonly as: string;
  readonly scoreTrainedOn: boolean;
  readonly hash: string | null;
}

/** Computes the columns of `ngramPerplexity()`; loads the model, once a worker. */
export const annotator: AnnotatorFactory = async (options) => {
  const { model: path, split, as, scoreTrainedOn, hash } = options as unknown as Options;
  if (path === null)
    throw new ConfigError({
      expected: 'a language model to score with',
      got: 'none',
      where: `annotator ${as}`,
      fix: HOW_TO_MAKE,
    });
  const loaded = await loadNgram(path, split ?? undefined);
  if (loaded.hash !== hash)
    throw new ConfigError({
      expected: `the model with hash ${hash}`,
      got: loaded.hash,
      where: path,
      fix: 'It was changed since the run began: put the old one back, or start over with --fresh.',
    });
  const scorer = ngramScorer(loaded.model, loaded.hash);
  const { trainedOn: list } = loaded.model;
  const fresh = list && !scoreTrainedOn ? await freshRows(trainedOn(list.hashes), list.groupBy) : null;
  return (batch, scope) => {
    const wanted = fresh ? fresh(batch, scope) : scope;
    const scores = scorer.score(batch.utf8('text'), wanted) as Scores;
    return perplexityColumnsOf(as, withTrainedOn(scores, scope, wanted), scope, { cached: false });
  };
};
