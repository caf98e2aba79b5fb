import type { Executor, Tensors } from '../models/executors/executor.ts';
import type { LanguageModelConfig } from '../models/language-model.ts';
import { scoringGraph } from '../models/scorers/scoring-graph.ts';
import type { TrainingSequence } from './sequences.ts';
import { sequenceFeeds } from './sequences.ts';

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

/**
 * Bits per byte of a model on held-out text. The weights are read and nothing else: a session of its own is opened and
 * released, so that no training is touched.
 * @param rows of a graph; `length` tokens each
 */
export async function measureBits(
  executor: Executor,
  config: LanguageModelConfig,
  weights: Tensors,
  { sequences: heldOut, byteLengths, start }: HeldOutText,
  { rows, length }: { readonly rows: number; readonly length: number },
): Promise<BitsPerByte> {
  const session = await executor.open(scoringGraph(config, { rows, length }), weights);
  const byDomain = new Map<string, number>();
  let [allNll, allBytes] = [0, 0];
  try {
    for (const [domain, sequences] of Object.entries(heldOut)) {
      let [nll, bytes] = [0, 0];
      for (let at = 0; at < sequences.length; at += rows) {
        const feeds = sequenceFeeds(sequences.slice(at, at + rows), rows, length, start);
        feeds.delete('target_weights');
        const scores = (await session.run(feeds)).get('nll')!.data as Float32Array;
        const targets = feeds.get('targets')!.data;
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
  } finally {
    await session.release();
  }
  return {
    bitsPerByte: allBytes > 0 ? allNll / allBytes / Math.LN2 : null,
    byDomain: Object.fromEntries(byDomain),
  };
}
