import type { MixPlan } from './plan.ts';

export interface Advice {
  /** `warning`: likely to cost quality. `note`: worth knowing. */
  readonly level: 'warning' | 'note';
  /** Stable, for programs. */
  readonly code: string;
  readonly text: string;
}

/** Epochs that causal language models bear well. */
export const MANY_EPOCHS = 4;

/** Names that are written out; further ones are counted. */
const NAMED = 6;

function list(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  if (names.length > NAMED) return `${names.slice(0, NAMED - 1).join(', ')} and ${names.length - NAMED + 1} more`;
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

const times = (n: number): string => (n >= 99.5 ? String(Math.round(n)) : n.toFixed(1));

/** What the papers say of a plan, with their numbers. */
export function adviceOn(plan: MixPlan): Advice[] {
  return [
    ...(plan.readsLosses ? [readsLosses(plan)] : []),
    ...ended(plan),
    ...neverDrawn(plan),
    ...repeats(plan),
    ...inPhases(plan),
    ...lossWeights(plan),
  ];
}

const readsLosses = (plan: MixPlan): Advice => ({
  level: 'note',
  code: 'reads-losses',
  text: `${plan.scheduler} reads losses: this plan holds as long as its weights stay where they start.`,
});

function ended({ steps, planned }: MixPlan): Advice[] {
  if (steps === planned) return [];
  const text = `The feed ends after ${steps} of ${planned} steps: every domain has been drawn for all its epochs.`;
  return [{ level: 'warning', code: 'ends-early', text }];
}

function neverDrawn({ domains }: MixPlan): Advice[] {
  const idle = domains.filter((d) => d.drawn === 0).map((d) => d.name);
  if (idle.length === 0) return [];
  return [{ level: 'note', code: 'never-drawn', text: `Never drawn: ${list(idle)}.` }];
}

function repeats({ domains, tokens }: MixPlan): Advice[] {
  const many = domains.filter((d) => d.epochs > MANY_EPOCHS);
  const some = domains.filter((d) => d.epochs <= MANY_EPOCHS && d.firstRepeat !== null);
  const unique = domains.reduce((sum, d) => sum + d.unique, 0);
  const advice: Advice[] = [];
  if (many.length > 0)
    advice.push({
      level: 'warning',
      code: 'many-epochs',
      text:
        `${list(many.map((d) => `${d.name} (${times(d.epochs)})`))}: more than about ${MANY_EPOCHS} epochs, which is ` +
        'what causal models bear (Muennighoff et al. 2023). Larger models lose more by repeats; cleaner text does ' +
        'not help, more of it does. Of regularisers only dropout helps, 0.2 to 0.3 at 2.8B parameters (Xue et al. ' +
        '2023, "To repeat or not to repeat").',
    });
  const small = many.filter((d) => d.share < 0.1);
  if (small.length > 0)
    advice.push({
      level: 'warning',
      code: 'small-part-repeated',
      text:
        `${list(small.map((d) => d.name))}: a small part of the tokens that is repeated often hurts more than as ` +
        'many epochs of everything.',
    });
  if (some.length > 0)
    advice.push({
      level: 'note',
      code: 'repeats',
      text:
        `${list(some.map((d) => `${d.name} (${times(d.epochs)})`))}: more than one epoch. Fresh text is worth more ` +
        'where there is some: 1 epoch instead of 10 came to the same loss 1.9 to 3.3 times sooner (Komatsuzaki 2019, ' +
        '"One epoch is all you need").',
    });
  if (tokens > unique && many.length + some.length > 0)
    advice.push({
      level: 'note',
      code: 'more-than-unique',
      text: `The run draws ${times(tokens / unique)} times the tokens that there are.`,
    });
  return advice;
}

function inPhases({ phases, steps, domains, scheduler }: MixPlan): Advice[] {
  const last = phases.at(-1);
  if (!last || phases.length < 2) return [];
  const part = (last.to - last.from) / steps;
  const advice: Advice[] = [];
  const often = domains.filter((_, i) => last.epochs[i] > 1);
  if (often.length > 0)
    advice.push({
      level: 'note',
      code: 'repeats-in-window',
      text: `In the last phase alone (${times(100 * part)} % of the steps) ${list(often.map((d) => d.name))} repeat.`,
    });
  if (scheduler === 'domain-upsampling' && (part < 0.045 || part > 0.305))
    advice.push({
      level: 'note',
      code: 'window-not-tried',
      text:
        `The window is ${times(100 * part)} % of the steps; 5 to 30 % were tried, and general tasks peaked at 10 % ` +
        '(Blakeney et al. 2024, "Does your data spark joy?").',
    });
  if (scheduler === 'phases' && phases.length > 3)
    advice.push({
      level: 'note',
      code: 'many-switches',
      text: `${phases.length} phases: where upsampling is taken back, one switch did better (Li et al. 2024).`,
    });
  return advice;
}

/** How much more the norm of the gradient varies by weighing losses than by drawing: sum of share * factor^2. */
function lossWeights({ phases }: MixPlan): Advice[] {
  const spread = Math.max(
    0,
    ...phases.map((p) => p.weights.reduce((sum, w, i) => sum + w * (p.lossWeights?.[i] ?? 1) ** 2, 0)),
  );
  if (spread < 1.05) return [];
  const text =
    `Weighing losses varies more than drawing by the same shares: the second moment of the factors is ` +
    `${times(spread)} (1 is none). In Li et al. 2024 the gradient's norm varied by 2.25 against 0.62.`;
  return [{ level: 'note', code: 'loss-weights', text }];
}
