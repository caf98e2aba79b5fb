import type { DocumentBatch } from '../../streams/batch/batch.ts';

/**
 * What deduplication by meaning needs, for when there are embeddings: documents are near when the cosine of their
 * vectors is high. The operator will be a barrier like the others here: pass 1 embeds each document (a float32 vector
 * as side column, a function of text, model and version only), the decision clusters the vectors (k-means with seeded
 * starts) and drops within each cluster all but one of every group whose cosine is at least `threshold`. After Abbas et
 * al. 2023, "SemDeDup", sections 3 and 4: 1 - epsilon as threshold, the member farthest from the centre of the cluster
 * stays.
 */
export interface Embedder {
  /** Recorded in the descriptor: `model@revision`. Vectors of different names never meet. */
  readonly name: string;
  readonly dimensions: number;
  /**
   * Unit vectors of the rows alive, `rows * dimensions` floats; zeros for the others. Must not depend on what else is
   * in the batch.
   */
  embed(batch: DocumentBatch): Promise<Float32Array>;
}

/** Options of deduplication by meaning. */
export interface SemanticDedupOptions {
  /** Module and export of an `Embedder` factory, so that workers can load it. */
  readonly embedder: { readonly module: string; readonly export: string };
  /** Least cosine of a copy. */
  readonly threshold: number;
  /** Clusters of k-means. */
  readonly clusters: number;
  /** Who stays of a group: the first in input order, or the farthest from or nearest to the centre. */
  readonly keep: 'first' | 'farthest' | 'nearest';
}
