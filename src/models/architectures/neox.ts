import type { Value } from '../graph/graph.ts';
import { add, gather, layerNorm, reshape, slice } from '../graph/ops.ts';
import type { Architecture } from './architecture.ts';
import { activate, linear, ropeTurn, rotate } from './blocks.ts';

/**
 * GPT-NeoX (Black et al. 2022), Pythia: partial rotary positions, query, key and value interleaved by head, parallel
 * residual.
 */
export const neox: Architecture = {
  weightShapes({ vocabulary, width: d, layers, feedForward: f, biases, tiedEmbeddings }) {
    const shapes = new Map<string, readonly number[]>([['gpt_neox.embed_in.weight', [vocabulary, d]]]);
    const layer = (name: string, out: number, from: number, bias: boolean) => {
      shapes.set(`${name}.weight`, [out, from]);
      if (bias) shapes.set(`${name}.bias`, [out]);
    };
    for (let i = 0; i < layers; i++) {
      const h = `gpt_neox.layers.${i}`;
      for (const norm of ['input_layernorm', 'post_attention_layernorm'])
        shapes.set(`${h}.${norm}.weight`, [d]).set(`${h}.${norm}.bias`, [d]);
      layer(`${h}.attention.query_key_value`, 3 * d, d, biases.qkv);
      layer(`${h}.attention.dense`, d, d, biases.attentionOutput);
      layer(`${h}.mlp.dense_h_to_4h`, f, d, true);
      layer(`${h}.mlp.dense_4h_to_h`, d, f, true);
    }
    shapes.set('gpt_neox.final_layer_norm.weight', [d]).set('gpt_neox.final_layer_norm.bias', [d]);
    if (!tiedEmbeddings) shapes.set('embed_out.weight', [vocabulary, d]);
    return shapes;
  },
  outputWeight: ({ tiedEmbeddings }) => (tiedEmbeddings ? 'gpt_neox.embed_in.weight' : 'embed_out.weight'),
  embeddings: ['gpt_neox.embed_in.weight'],
  hidden(config, weights, { tokens, positions, places, attend }, hooks = {}) {
    const { residual = (v) => v, shares = (v) => v } = hooks;
    const { heads, headWidth, layers, biases, parallelResidual } = config;
    const [rows, length] = tokens.shape;
    const turn = ropeTurn(positions, places, config.rope!, headWidth);
    const norm = (v: Value, name: string) =>
      layerNorm(v, weights(`${name}.weight`), weights(`${name}.bias`), config.normEpsilon);
    let x = residual(gather(weights('gpt_neox.embed_in.weight'), reshape(tokens, [rows * length])), 0);
    for (let i = 0; i < layers; i++) {
      const h = `gpt_neox.layers.${i}`;
      const qkv = linear(norm(x, `${h}.input_layernorm`), weights, `${h}.attention.query_key_value`, biases.qkv, hooks);
      const split = reshape(qkv, [rows, length, heads, 3 * headWidth]);
      const [q, k, v] = [0, 1, 2].map((j) => slice(split, 3, j * headWidth, (j + 1) * headWidth));
      const mixed = attend(rotate(q, turn), rotate(k, turn), v, i, (s, block) => shares(s, i, block));
      const attended = residual(
        linear(mixed, weights, `${h}.attention.dense`, biases.attentionOutput, hooks),
        1 + 2 * i,
      );
      const before = parallelResidual ? x : add(x, attended);
      const inner = linear(
        norm(before, `${h}.post_attention_layernorm`),
        weights,
        `${h}.mlp.dense_h_to_4h`,
        true,
        hooks,
      );
      const grown = activate(inner, config.activation);
      const fed = residual(linear(grown, weights, `${h}.mlp.dense_4h_to_h`, true, hooks), 2 + 2 * i);
      x = parallelResidual ? add(add(fed, attended), x) : add(before, fed);
    }
    return norm(x, 'gpt_neox.final_layer_norm');
  },
};
