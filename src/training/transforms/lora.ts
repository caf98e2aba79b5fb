import { ConfigError } from '../../errors.ts';
import { type LayerMatrix, layerMatrices } from '../../models/architectures/matrices.ts';
import type { Tensors } from '../../models/executors/executor.ts';
import { type Adapter, type AdapterPair, saveAdapter } from '../../models/folders/adapter.ts';
import { add, matmul, multiply, swapLast } from '../../models/graph/ops.ts';
import type { LanguageModel, LanguageModelConfig } from '../../models/language-model.ts';
import type { Transform } from '../../models/transform.ts';
import { seededRandom } from '../../random.ts';

export interface LoraOptions {
  /** r: inner width of an adapter. */
  readonly rank: number;
  /** The adapter counts alpha / rank times; default 2 x rank. */
  readonly alpha?: number;
  /**
   * Which matrices of the layers are adapted: `all` (default), `attention`, `feedForward`, or words that a module ends
   * in, as `q_proj` or `attn.c_proj`. Embeddings and the output layer never are.
   */
  readonly targets?: 'all' | 'attention' | 'feedForward' | readonly string[];
  /** Of the first A; default 0. */
  readonly seed?: number;
}

/**
 * LoRA (Hu et al. 2022): every matrix W of the targets computes x W + alpha / rank x (x A^T) B^T, and only A [rank, in]
 * and B [out, rank] are trained. A begins uniform within 1 / sqrt(in), as in PEFT; B with 0. `merged` adds the product
 * to W; `save` writes an adapter that PEFT reads. Its state is `lora.A.` and `lora.B.` + name of the weight.
 * Errors: ConfigError (rank, alpha, targets that no matrix of the model ends in).
 */
export function lora({ rank, alpha = 2 * rank, targets = 'all', seed = 0 }: LoraOptions): Transform {
  return transformOf(
    { rank, alpha, targets, seed },
    (config) => targetsOf(config, targets),
    (matrix) => fresh(matrix, rank, seed),
  );
}

/** LoRA that begins with an adapter that is there, as `loadAdapter` reads it: to go on with it, or to merge it. */
export function loraFrom({ rank, alpha, pairs }: Adapter): Transform {
  const matricesOf = (config: LanguageModelConfig) => layerMatrices(config).filter(({ name }) => pairs.has(name));
  const options = { rank, alpha, pairs: [...pairs.keys()] };
  return transformOf(options, matricesOf, ({ name }) => pairs.get(name)!);
}

function transformOf(
  options: { readonly rank: number; readonly alpha: number; readonly [option: string]: unknown },
  matricesOf: (config: LanguageModelConfig) => LayerMatrix[],
  first: (matrix: LayerMatrix) => AdapterPair,
): Transform {
  const { rank, alpha } = options;
  if (!(Number.isInteger(rank) && rank >= 1 && Number.isFinite(alpha)))
    throw new ConfigError({
      expected: 'a whole rank from 1 and a finite alpha',
      got: `rank ${rank}, alpha ${alpha}`,
      where: 'lora',
    });
  const pairsOf = (config: LanguageModelConfig, state: Tensors) =>
    new Map(
      matricesOf(config).map(({ name }) => [
        name,
        { a: state.get(`lora.A.${name}`)!, b: state.get(`lora.B.${name}`)! },
      ]),
    );
  return {
    name: 'lora',
    options,
    check(config) {
      matricesOf(config);
    },
    trains: () => false,
    build({ config, trained }) {
      const adapters = new Map(
        matricesOf(config).map((matrix) => {
          const { from, to } = widths(matrix);
          const a = trained(`A.${matrix.name}`, [rank, from]);
          return [matrix.name, { a, b: trained(`B.${matrix.name}`, [to, rank]) }];
        }),
      );
      return {
        product(y, x, name) {
          const adapter = adapters.get(name);
          if (!adapter) return y;
          const change = matmul(matmul(x, swapLast(adapter.a)), swapLast(adapter.b));
          return add(y, multiply(change, alpha / rank));
        },
      };
    },
    state: (config) =>
      new Map(
        matricesOf(config).flatMap((matrix) => {
          const { a, b } = first(matrix);
          return [[`A.${matrix.name}`, a] as const, [`B.${matrix.name}`, b] as const];
        }),
      ),
    merged: (model, state) => mergedModel(model, matricesOf(model.config), pairsOf(model.config, state), alpha / rank),
    save(folder, origin, state) {
      const modules = [...new Set(matricesOf(origin.config).map(({ module }) => module))];
      return saveAdapter(folder, origin, { rank, alpha, modules }, pairsOf(origin.config, state));
    },
  };
}

/** A uniform within 1 / sqrt(in), as PEFT draws it, and B of 0. */
function fresh(matrix: LayerMatrix, rank: number, seed: number): AdapterPair {
  const { from, to } = widths(matrix);
  const { uniform } = seededRandom(seed, `lora ${matrix.name}`);
  const limit = 1 / Math.sqrt(from);
  const data = Float32Array.from({ length: rank * from }, () => limit * (2 * uniform() - 1));
  return { a: { shape: [rank, from], data }, b: { shape: [to, rank], data: new Float32Array(to * rank) } };
}

function targetsOf(config: LanguageModelConfig, targets: NonNullable<LoraOptions['targets']>): LayerMatrix[] {
  const all = layerMatrices(config);
  if (targets === 'all') return all;
  if (typeof targets === 'string') return all.filter(({ part }) => part === targets);
  const fits = (module: string, target: string) => `.${module}`.endsWith(`.${target}`);
  const stray = targets.find((target) => !all.some(({ module }) => fits(module, target)));
  if (targets.length > 0 && stray === undefined)
    return all.filter(({ module }) => targets.some((target) => fits(module, target)));
  throw new ConfigError({
    expected: `targets among ${[...new Set(all.map(({ module }) => module))].join(', ')}`,
    got: stray ?? 'none',
    where: `lora of a ${config.family} model`,
  });
}

function widths({ shape: [first, second], inputFirst }: LayerMatrix): { from: number; to: number } {
  return inputFirst ? { from: first, to: second } : { from: second, to: first };
}

function mergedModel(
  { config, weights }: LanguageModel,
  matrices: readonly LayerMatrix[],
  pairs: ReadonlyMap<string, AdapterPair>,
  scale: number,
): LanguageModel {
  const merged = new Map(weights);
  for (const matrix of matrices) {
    const { name, shape, inputFirst } = matrix;
    const { from, to } = widths(matrix);
    const { a, b } = pairs.get(name)!;
    const rank = a.shape[0];
    const data = Float32Array.from(weights.get(name)!.data);
    for (let o = 0; o < to; o++)
      for (let i = 0; i < from; i++) {
        let change = 0;
        for (let k = 0; k < rank; k++) change += b.data[o * rank + k] * a.data[k * from + i];
        data[inputFirst ? i * to + o : o * from + i] += scale * change;
      }
    merged.set(name, { shape, data });
  }
  return { config, weights: merged };
}
