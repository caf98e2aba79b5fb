import type { Executor, Tensors } from '../models/executors/executor.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { scoringGraph } from '../models/scorers/scoring-graph.ts';
import type { Tensor } from '../models/tensor.ts';
import { sequenceFeeds, type TrainingSequence } from './sequences.ts';

/** Text that is never trained on, by domain. A sequence may go on where the one before it ended. */
export interface HeldOut {
  readonly [domain: string]: readonly TrainingSequence[];
}

/** What the model's surprise is counted in. */
export interface HeldOutText {
  readonly sequences: HeldOut;
  /** UTF-8 bytes of text that each id stands for. */
  readonly byteLengths: ArrayLike<number>;
  /** Id that begins a document; it is no text, so it is not counted. Null: none does. */
  readonly start: number | null;
}

/** Bits per byte of text, by domain and over all; null and no domains where nothing was held out. */
export interface BitsPerByte {
  readonly bitsPerByte: number | null;
  readonly byDomain: Readonly<Record<string, number>>;
}

/** Negative log-likelihood [rows, length] of the targets of a batch, 0 where there is none; it changes nothing. */
export type Evaluate = (batch: Tensors) => Promise<Tensor>;

interface BatchSize {
  readonly rows: number;
  /** Tokens of a row. */
  readonly length: number;
}

/**
 * Bits per byte on held-out text, by what evaluates batches: `evaluate` of a trainer, which touches nothing of the
 * training.
 */
export async function measureBits(
  evaluate: Evaluate,
  { sequences: heldOut, byteLengths, start }: HeldOutText,
  { rows, length }: BatchSize,
): Promise<BitsPerByte> {
  const byDomain = new Map<string, number>();
  let [allNll, allBytes] = [0, 0];
  for (const [domain, sequences] of Object.entries(heldOut)) {
    let [nll, bytes] = [0, 0];
    for (let at = 0; at < sequences.length; at += rows) {
      const batch = sequenceFeeds(sequences.slice(at, at + rows), rows, length, start);
      const scores = (await evaluate(batch)).data;
      const targets = batch.get('targets')!.data;
      for (let i = 0; i < scores.length; i++) {
        if (targets[i] < 0 || targets[i] === start) continue;
        nll += scores[i];
        bytes += byteLengths[targets[i]];
      }
    }
    if (bytes > 0) byDomain.set(domain, nll / bytes / Math.LN2);
    allNll += nll;
    allBytes += bytes;
  }
  return {
    bitsPerByte: allBytes > 0 ? allNll / allBytes / Math.LN2 : null,
    byDomain: Object.fromEntries(byDomain),
  };
}

/** The same of a model that is in no training. */
export async function measureModel(
  executor: Executor,
  { config, weights }: LanguageModel,
  text: HeldOutText,
  size: BatchSize,
): Promise<BitsPerByte> {
  const session = await executor.open(scoringGraph(config, size), weights);
  const evaluate: Evaluate = async (batch) => {
    const feeds = new Map([...batch].filter(([name]) => name !== 'target_weights'));
    return (await session.run(feeds)).get('nll')!;
  };
  try {
    return await measureBits(evaluate, text, size);
  } finally {
    await session.release();
  }
}
