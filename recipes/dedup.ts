import { dedup, parquet, recipe } from 'sluice';

/**
 * Copies of documents, from the cheapest to find to the dearest, so that each step sees only what the one before it let
 * through: equal bytes; equal letters and numbers; near copies, by MinHash with the shingles, bands and rows of FineWeb
 * (Penedo et al. 2024) and every candidate checked (true Jaccard similarity 0.7 or more with the document that stays);
 * at last, in what is left, stretches of 50 words that stand in several places (Lee et al. 2022), of which the first
 * stays. The first in input order stays.
 */
export default recipe({
  name: 'dedup',
  description:
    'Exact, normalised and near copies of documents, then stretches of 50 words; the first in input order stays.',
  steps: [dedup.exact(), dedup.normalized(), dedup.minhash(), dedup.substring()],
  sinks: [parquet()],
  // What is read may be anything from clean to mostly copies; one huge cluster is still worth a question.
  expected: { all: { max: 0.95 } },
});
