import type { Value } from '../graph/graph.ts';
import type { LanguageModelConfig } from '../language-model.ts';
import type { Hooks, TokenInputs, WeightSource } from './blocks.ts';

/** What one family of models is: its weights and its computation. */
export interface Architecture {
  /** Name and shape of every weight, in the order of the file. */
  weightShapes(config: LanguageModelConfig): Map<string, readonly number[]>;
  /** Name of the output layer's weight [vocabulary, width]. */
  outputWeight(config: LanguageModelConfig): string;
  /** Names of the embeddings: that of tokens [vocabulary, width], then that of positions where there is one. */
  readonly embeddings: readonly string[];
  /** The last hidden states, normalised: [B x T, width]. */
  hidden(config: LanguageModelConfig, weights: WeightSource, inputs: TokenInputs, hooks?: Hooks): Value;
}
