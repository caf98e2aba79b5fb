import { ConfigError } from '../errors.ts';
import { seededRandom } from '../random.ts';
import { architectures } from './architectures/index.ts';
import { type LanguageModel, type LanguageModelConfig, modelConfig, type NewModelOptions } from './language-model.ts';
import { elementCount, type Tensor } from './tensor.ts';

/** Weights that end a residual branch; their standard deviation is divided by sqrt(2 layers), as in GPT-2. */
const RESIDUAL = /\.(c_proj|o_proj|down_proj|attention\.dense|dense_4h_to_h)\.weight$/;

/**
 * A new model with random weights: normal with standard deviation 0.02 (less at the ends of residual branches), norms
 * 1, biases 0. Every weight has a stream of its own, so that the same seed gives the same weight in models that differ
 * elsewhere.
 */
export function newModel(options: NewModelOptions | LanguageModelConfig, seed: number): LanguageModel {
  const config = 'biases' in options ? options : modelConfig(options);
  checkConfig(config);
  const weights = new Map<string, Tensor>();
  for (const [name, shape] of architectures[config.family].weightShapes(config)) {
    const data = new Float32Array(elementCount(shape));
    if (shape.length >= 2) {
      const { normal } = seededRandom(seed, name);
      const deviation = RESIDUAL.test(name) ? 0.02 / Math.sqrt(2 * config.layers) : 0.02;
      for (let i = 0; i < data.length; i++) data[i] = deviation * normal();
    } else if (name.endsWith('.weight')) data.fill(1);
    weights.set(name, { shape, data });
  }
  return { config, weights };
}

/** Number of weights. */
export function parameterCount(config: LanguageModelConfig): number {
  const shapes = architectures[config.family].weightShapes(config);
  return [...shapes.values()].reduce((n, s) => n + elementCount(s), 0);
}

/** Throws unless the numbers of a shape fit each other. */
export function checkConfig(config: LanguageModelConfig, where = `${config.family} model`): void {
  const { width, heads, kvHeads, headWidth, rope } = config;
  for (const key of [
    'vocabulary',
    'width',
    'layers',
    'heads',
    'kvHeads',
    'headWidth',
    'feedForward',
    'context',
  ] as const)
    if (!(Number.isInteger(config[key]) && config[key] > 0))
      throw new ConfigError({ expected: `a whole number above 0 for ${key}`, got: `${config[key]}`, where });
  if (config.family !== 'llama' && headWidth * heads !== width)
    throw new ConfigError({ expected: `a width that is heads (${heads}) x width of a head`, got: `${width}`, where });
  if (heads % kvHeads !== 0)
    throw new ConfigError({ expected: `a number of kvHeads that divides ${heads} heads`, got: `${kvHeads}`, where });
  if (config.family !== 'llama' && kvHeads !== heads)
    throw new ConfigError({
      expected: `${heads} kvHeads (${config.family} has no shared ones)`,
      got: `${kvHeads}`,
      where,
    });
  if (rope === null) return;
  const rotated = Math.floor(headWidth * rope.fraction);
  if (!(rotated % 2 === 0 && rotated > 0 && rotated <= headWidth))
    throw new ConfigError({
      expected: `an even number of rotated places a head, from 2 to ${headWidth}`,
      got: `${headWidth * rope.fraction}`,
      where,
    });
  const { kind: _, ...scaling } = rope.scaling ?? { kind: null };
  for (const [key, value] of Object.entries({ base: rope.base, ...scaling }))
    if (!(Number.isFinite(value) && value > 0))
      throw new ConfigError({
        expected: `a number above 0 for ${key} of the rotary positions`,
        got: `${value}`,
        where,
      });
}
