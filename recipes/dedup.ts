import { dedup, parquet, recipe } from 'sluice';

/**
 * Copies of documents, from the cheapest to find to the dearest, so that each step sees only what the one before it let through: equal bytes;
 * equal letters and numbers; near copies, by MinHash with the shingles, bands and rows of FineWeb (Penedo et al. 2024) and every candidate
 * checked (true Jaccard similarity 0.7 or more with the document that stays). The first in input order stays.
 */
export default recipe({
  name: 'dedup',
  description: 'Exact, normalised and near copies of documents; the first in input order stays.',
  steps: [dedup.exact(), dedup.normalized(), dedup.minhash()],
  sinks: [parquet()],
  // What is read may be anything from clean to mostly copies; one huge cluster is still worth a question.
  expected: { all: { max: 0.95 } },
});
