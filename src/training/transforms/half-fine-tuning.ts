import { architectures } from '../../models/architectures/index.ts';
import { type LayerMatrix, layerMatrices } from '../../models/architectures/matrices.ts';
import type { LanguageModelConfig } from '../../models/language-model.ts';
import type { Transform } from '../../models/transform.ts';
import { seededRandom } from '../../random.ts';

export interface HalfFineTuningOptions {
  /** Which half is frozen follows from seed and round; default 0. */
  readonly seed?: number;
  /** Number of the training: another one freezes another half. Default 0. */
  readonly round?: number;
}

/**
 * Half fine-tuning (Hui et al. 2024): in a round, which is one training, half of the parameters of the layers is
 * frozen. Half of the matrices of attention in every layer (2 of query, key, value, output; 1 of the joint one and
 * output); of three matrices of the feed-forward block two in half of the layers and one in the others (of two, one);
 * half of all norms. A bias goes with its matrix or norm. Embeddings and the output layer are trained. A frozen weight
 * has no moments, does not decay, and no gradient of it is computed.
 */
export function halfFineTuning({ seed = 0, round = 0 }: HalfFineTuningOptions = {}): Transform {
  const known = new Map<LanguageModelConfig, ReadonlySet<string>>();
  const frozen = (config: LanguageModelConfig): ReadonlySet<string> => {
    const names = known.get(config) ?? frozenHalf(config, seed, round);
    known.set(config, names);
    return names;
  };
  return { name: 'half', options: { seed, round }, trains: (name, _shape, config) => !frozen(config).has(name) };
}

/** Names of the weights that a round of half fine-tuning freezes. */
export function frozenHalf(config: LanguageModelConfig, seed: number, round: number): Set<string> {
  const { below } = seededRandom(seed, `half fine-tuning ${round}`);
  const drawn = <T>(from: readonly T[], count: number): T[] => {
    const left = [...from];
    return Array.from({ length: count }, () => left.splice(below(left.length), 1)[0]);
  };
  const names = [...architectures[config.family].weightShapes(config).keys()];
  const matrices = layerMatrices(config);
  const layers = [...Array(config.layers).keys()];
  const more = new Set(drawn(layers, Math.floor(config.layers / 2)));
  const chosen: string[] = [];
  for (const layer of layers) {
    const of = (part: LayerMatrix['part']) => matrices.filter((m) => m.layer === layer && m.part === part);
    const [attention, feedForward] = [of('attention'), of('feedForward')];
    const half = feedForward.length / 2;
    chosen.push(...drawn(attention, attention.length / 2).map(({ name }) => name));
    chosen.push(...drawn(feedForward, more.has(layer) ? Math.ceil(half) : Math.floor(half)).map(({ name }) => name));
  }
  const norms = names.filter((name) => /(norm|ln_\w+)\.weight$/.test(name));
  chosen.push(...drawn(norms, Math.floor(norms.length / 2)));
  const frozen = new Set(chosen);
  return new Set(names.filter((name) => frozen.has(name.replace(/\.bias$/, '.weight'))));
}
