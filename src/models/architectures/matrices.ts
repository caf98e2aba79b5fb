import type { LanguageModelConfig } from '../language-model.ts';
import { architectures } from './index.ts';

/** One product of a layer: a matrix, and the bias that goes with it where there is one. */
export interface LayerMatrix {
  /** Of the weight. */
  readonly name: string;
  readonly layer: number;
  readonly part: 'attention' | 'feedForward';
  /** Last two words of the name, which say what it is in every layer: `self_attn.q_proj`. */
  readonly module: string;
  readonly shape: readonly number[];
  /** [in, out] as GPT-2 has them; else [out, in]. */
  readonly inputFirst: boolean;
}

/** The matrices of all layers, in order; no embedding, no output layer. */
export function layerMatrices(config: LanguageModelConfig): LayerMatrix[] {
  const found: LayerMatrix[] = [];
  for (const [name, shape] of architectures[config.family].weightShapes(config)) {
    const match = /\.(\d+)\.((?:\w+\.)?\w+)\.weight$/.exec(name);
    if (!match || shape.length !== 2) continue;
    const [, layer, module] = match;
    const part = module.startsWith('mlp.') ? 'feedForward' : 'attention';
    found.push({ name, layer: Number(layer), part, module, shape, inputFirst: config.family === 'gpt2' });
  }
  return found;
}
