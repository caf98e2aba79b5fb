import type { Value } from '../graph/graph.ts';
import { add, gather, multiply, reshape } from '../graph/ops.ts';
import type { Architecture } from './architecture.ts';
import { activate, linear, rmsNorm, ropeTurn, rotate } from './blocks.ts';

/** Llama (Touvron et al. 2023): RMS norm, rotary positions, gated feed-forward, grouped-query attention. */
export const llama: Architecture = {
  weightShapes({ vocabulary, width: d, layers, heads, kvHeads, headWidth, feedForward: f, biases, tiedEmbeddings }) {
    const shapes = new Map<string, readonly number[]>([['model.embed_tokens.weight', [vocabulary, d]]]);
    const layer = (name: string, out: number, from: number, bias: boolean) => {
      shapes.set(`${name}.weight`, [out, from]);
      if (bias) shapes.set(`${name}.bias`, [out]);
    };
    for (let i = 0; i < layers; i++) {
      const h = `model.layers.${i}`;
      layer(`${h}.self_attn.q_proj`, heads * headWidth, d, biases.qkv);
      layer(`${h}.self_attn.k_proj`, kvHeads * headWidth, d, biases.qkv);
      layer(`${h}.self_attn.v_proj`, kvHeads * headWidth, d, biases.qkv);
      layer(`${h}.self_attn.o_proj`, d, heads * headWidth, biases.attentionOutput);
      layer(`${h}.mlp.gate_proj`, f, d, biases.feedForward);
      layer(`${h}.mlp.up_proj`, f, d, biases.feedForward);
      layer(`${h}.mlp.down_proj`, d, f, biases.feedForward);
      shapes.set(`${h}.input_layernorm.weight`, [d]).set(`${h}.post_attention_layernorm.weight`, [d]);
    }
    shapes.set('model.norm.weight', [d]);
    if (!tiedEmbeddings) shapes.set('lm_head.weight', [vocabulary, d]);
    return shapes;
  },
  outputWeight: ({ tiedEmbeddings }) => (tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight'),
  embeddings: ['model.embed_tokens.weight'],
  hidden(config, weights, { tokens, positions, places, attend }, hooks = {}) {
    const { residual = (v) => v, shares = (v) => v } = hooks;
    const { heads, kvHeads, headWidth, layers, biases } = config;
    const [rows, length] = tokens.shape;
    const turn = ropeTurn(positions, places, config.rope!, headWidth);
    const norm = (v: Value, name: string) => rmsNorm(v, weights(`${name}.weight`), config.normEpsilon);
    let x = residual(gather(weights('model.embed_tokens.weight'), reshape(tokens, [rows * length])), 0);
    for (let i = 0; i < layers; i++) {
      const h = `model.layers.${i}`;
      const normal = norm(x, `${h}.input_layernorm`);
      const [q, k, v] = (['q', 'k', 'v'] as const).map((name) =>
        reshape(linear(normal, weights, `${h}.self_attn.${name}_proj`, biases.qkv, hooks), [
          rows,
          length,
          name === 'q' ? heads : kvHeads,
          headWidth,
        ]),
      );
      const mixed = attend(rotate(q, turn), rotate(k, turn), v, i, (s, block) => shares(s, i, block));
      const attended = linear(mixed, weights, `${h}.self_attn.o_proj`, biases.attentionOutput, hooks);
      x = add(x, residual(attended, 1 + 2 * i));
      const inner = norm(x, `${h}.post_attention_layernorm`);
      const gate = activate(linear(inner, weights, `${h}.mlp.gate_proj`, biases.feedForward, hooks), config.activation);
      const gated = multiply(gate, linear(inner, weights, `${h}.mlp.up_proj`, biases.feedForward, hooks));
      const fed = linear(gated, weights, `${h}.mlp.down_proj`, biases.feedForward, hooks);
      x = add(x, residual(fed, 2 + 2 * i));
    }
    return norm(x, 'model.norm');
  },
};
