import { ConfigError } from '../errors.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { sameShape, shapeText, type Tensor } from '../models/tensor.ts';

/** A model and what it is called in errors and reports. */
export interface Ingredient {
  readonly name: string;
  readonly model: LanguageModel;
}

/** Loss of a model on held-out text; lower is better. */
export type Measure = (model: LanguageModel) => number | Promise<number>;

/** One ingredient that a greedy soup tried. */
export interface SoupStep {
  readonly name: string;
  /** Of the ingredient alone. */
  readonly alone: number;
  /** Of the soup with it. */
  readonly together: number;
  readonly taken: boolean;
}

export interface GreedySoup {
  readonly model: LanguageModel;
  /** Names of what is in it. */
  readonly ingredients: readonly string[];
  /** Best ingredient first. */
  readonly steps: readonly SoupStep[];
}

/**
 * The mean of the weights of models (Wortsman et al. 2022), summed in double precision. They must come from one start:
 * the mean of models that do not is no model. Errors: ConfigError (no model; one of another shape, by tensor).
 */
export function uniformSoup(ingredients: readonly Ingredient[]): LanguageModel {
  return mixed(ingredients, Array(ingredients.length).fill(1 / ingredients.length));
}

/**
 * The greedy soup: from the best ingredient on, each is added if the mean with it measures no worse. Measure it later
 * on text that was not used here. Errors: as `uniformSoup`; a measurement that is no number.
 */
export async function greedySoup(ingredients: readonly Ingredient[], measure: Measure): Promise<GreedySoup> {
  checkSame(ingredients);
  const scored: { ingredient: Ingredient; alone: number }[] = [];
  for (const ingredient of ingredients)
    scored.push({ ingredient, alone: checked(await measure(ingredient.model), ingredient.name) });
  scored.sort((a, b) => a.alone - b.alone);
  let taken = [scored[0].ingredient];
  let best = scored[0].alone;
  const steps: SoupStep[] = [{ name: taken[0].name, alone: best, together: best, taken: true }];
  for (const { ingredient, alone } of scored.slice(1)) {
    const tried = [...taken, ingredient];
    const together = checked(await measure(uniformSoup(tried)), `soup with ${ingredient.name}`);
    const better = together <= best;
    if (better) [taken, best] = [tried, together];
    steps.push({ name: ingredient.name, alone, together, taken: better });
  }
  return { model: uniformSoup(taken), ingredients: taken.map(({ name }) => name), steps };
}

/** (1 - share) x a + share x b, weight by weight; a share outside of 0 to 1 goes beyond them. Errors: ConfigError. */
export function interpolated(a: Ingredient, b: Ingredient, share: number): LanguageModel {
  return mixed([a, b], [1 - share, share]);
}

/**
 * Losses along the line from a to b, both ends included: what lies above both is a barrier between them.
 *
 * @param points at least 2; default 11
 */
export async function interpolationCurve(
  a: Ingredient,
  b: Ingredient,
  measure: Measure,
  points = 11,
): Promise<{ readonly share: number; readonly loss: number }[]> {
  if (!(Number.isInteger(points) && points >= 2))
    throw new ConfigError({ expected: 'at least 2 points', got: `${points}`, where: 'interpolationCurve' });
  const curve: { share: number; loss: number }[] = [];
  for (let i = 0; i < points; i++) {
    const share = i / (points - 1);
    const loss = checked(await measure(interpolated(a, b, share)), `${a.name} to ${b.name} at ${share}`);
    curve.push({ share, loss });
  }
  return curve;
}

function mixed(ingredients: readonly Ingredient[], shares: readonly number[]): LanguageModel {
  checkSame(ingredients);
  const [{ model: first }] = ingredients;
  const weights = new Map<string, Tensor>();
  for (const [name, { shape, data }] of first.weights) {
    const total = new Float64Array(data.length);
    ingredients.forEach(({ model }, i) => {
      const own = model.weights.get(name)!.data;
      for (let j = 0; j < total.length; j++) total[j] += shares[i] * own[j];
    });
    weights.set(name, { shape, data: Float32Array.from(total) });
  }
  return { config: first.config, weights };
}

function checkSame(ingredients: readonly Ingredient[]): void {
  const [first, ...others] = ingredients;
  if (!first) throw new ConfigError({ expected: 'at least one model', got: 'none', where: 'soup' });
  for (const other of others) {
    const names = new Set([...first.model.weights.keys(), ...other.model.weights.keys()]);
    for (const name of names) {
      const [a, b] = [first.model.weights.get(name)?.shape, other.model.weights.get(name)?.shape];
      if (a && b && sameShape(a, b)) continue;
      throw new ConfigError({
        expected: `'${name}' ${a ? shapeText(a) : 'in neither model'}, as in ${first.name}`,
        got: b ? shapeText(b) : 'a model without it',
        where: other.name,
        fix: 'Mix models that were trained from one start.',
      });
    }
  }
}

function checked(loss: number, what: string): number {
  if (Number.isFinite(loss)) return loss;
  throw new ConfigError({ expected: 'a finite measurement', got: `${loss}`, where: what });
}
