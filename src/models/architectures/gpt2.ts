import type { Value } from '../graph/graph.ts';
import { add, gather, layerNorm, matmul, reshape, slice } from '../graph/ops.ts';
import type { LanguageModelConfig } from '../language-model.ts';
import type { Architecture } from './architecture.ts';
import { activate, type Hooks, type WeightSource } from './blocks.ts';

/** GPT-2 (Radford et al. 2019): learned positions, layer norm before each block, weights [in, out]. */
export const gpt2: Architecture = {
  weightShapes({ vocabulary, width: d, layers, context, feedForward: f, tiedEmbeddings }) {
    const shapes = new Map<string, readonly number[]>([
      ['transformer.wte.weight', [vocabulary, d]],
      ['transformer.wpe.weight', [context, d]],
    ]);
    for (let i = 0; i < layers; i++) {
      const h = `transformer.h.${i}`;
      for (const norm of ['ln_1', 'ln_2']) shapes.set(`${h}.${norm}.weight`, [d]).set(`${h}.${norm}.bias`, [d]);
      shapes.set(`${h}.attn.c_attn.weight`, [d, 3 * d]).set(`${h}.attn.c_attn.bias`, [3 * d]);
      shapes.set(`${h}.attn.c_proj.weight`, [d, d]).set(`${h}.attn.c_proj.bias`, [d]);
      shapes.set(`${h}.mlp.c_fc.weight`, [d, f]).set(`${h}.mlp.c_fc.bias`, [f]);
      shapes.set(`${h}.mlp.c_proj.weight`, [f, d]).set(`${h}.mlp.c_proj.bias`, [d]);
    }
    shapes.set('transformer.ln_f.weight', [d]).set('transformer.ln_f.bias', [d]);
    if (!tiedEmbeddings) shapes.set('lm_head.weight', [vocabulary, d]);
    return shapes;
  },
  outputWeight: ({ tiedEmbeddings }) => (tiedEmbeddings ? 'transformer.wte.weight' : 'lm_head.weight'),
  embeddings: ['transformer.wte.weight', 'transformer.wpe.weight'],
  hidden(config, weights, { tokens, positions, attend }, hooks = {}) {
    const { residual = (v) => v, shares = (v) => v } = hooks;
    const { width, heads, headWidth, layers } = config;
    const [rows, length] = tokens.shape;
    const n = rows * length;
    const embedded = (name: string, ids: Value) => gather(weights(`transformer.${name}.weight`), reshape(ids, [n]));
    let x = residual(add(embedded('wte', tokens), embedded('wpe', positions)), 0);
    for (let i = 0; i < layers; i++) {
      const h = `transformer.h.${i}`;
      const qkv = affine(norm(x, weights, `${h}.ln_1`, config), weights, `${h}.attn.c_attn`, hooks);
      const [q, k, v] = [0, 1, 2].map((j) =>
        reshape(slice(qkv, 1, j * width, (j + 1) * width), [rows, length, heads, headWidth]),
      );
      const mixed = attend(q, k, v, i, (s, block) => shares(s, i, block));
      x = add(x, residual(affine(mixed, weights, `${h}.attn.c_proj`, hooks), 1 + 2 * i));
      const inner = affine(norm(x, weights, `${h}.ln_2`, config), weights, `${h}.mlp.c_fc`, hooks);
      const fed = affine(activate(inner, config.activation), weights, `${h}.mlp.c_proj`, hooks);
      x = add(x, residual(fed, 2 + 2 * i));
    }
    return norm(x, weights, 'transformer.ln_f', config);
  },
};

function norm(x: Value, weights: WeightSource, name: string, { normEpsilon }: LanguageModelConfig): Value {
  return layerNorm(x, weights(`${name}.weight`), weights(`${name}.bias`), normEpsilon);
}

function affine(x: Value, weights: WeightSource, name: string, { product }: Hooks): Value {
  const plain = matmul(x, weights(`${name}.weight`));
  return add(product ? product(plain, x, `${name}.weight`) : plain, weights(`${name}.bias`));
}
