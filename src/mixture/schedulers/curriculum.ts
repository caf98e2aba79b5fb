import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { parseOptions } from '../../options.ts';
import { plannedSteps, sizesOf } from '../by-domain.ts';
import type { Facts } from '../scheduler.ts';
import { inSegments } from '../segments.ts';

const PACES = ['linear', 'quad', 'root', 'step', 'exp', 'log'] as const;
const schema = z.strictObject({
  pace: z.enum(PACES).default('linear'),
  /** Percentile of difficulty that is allowed at the start, 0 to 1. */
  from: z.number().min(0).max(1).default(0.1),
  /** Fractions of the planned steps between which it rises to 1. */
  begin: z.number().min(0).lt(1).default(0.0625),
  end: z.number().positive().max(1).default(0.875),
  /** Hardest first. */
  reverse: z.boolean().default(false),
});

/** Percentile of difficulty that is allowed at a step. */
export function paceAt(
  pace: (typeof PACES)[number],
  step: number,
  { from, begin, end }: { readonly from: number; readonly begin: number; readonly end: number },
): number {
  if (step < begin) return from;
  if (pace === 'step') return step < end ? from : 1;
  const length = Math.trunc(end - begin);
  const part = (step - begin) / length;
  const risen = {
    linear: () => part,
    quad: () => part * part,
    root: () => Math.sqrt(part),
    exp: () => (Math.exp(10 * part) - 1) / (Math.exp(10) - 1),
    log: () => 1 + 0.1 * Math.log(part + Math.exp(-10)),
  }[pace]();
  return length > 0 ? Math.min(from + (1 - from) * risen, 1) : 1;
}

/**
 * A curriculum over domains that are groups of documents by difficulty (bits per byte, length, the rank of a source:
 * `difficulty` of a domain): at each step the domains up to a percentile of difficulty are drawn, by size. Pacing and
 * defaults are those of CLIMB (Diehl Martinez et al. 2023; their code): linear from 0.1, rising from 6.25 % to 87.5 %
 * of the steps. As there, documents of the same difficulty come in together; the easiest group is always in. Their code
 * can also draw the harder of the allowed ones more often; here the draw is uniform. They found no consistent gain over
 * drawing everything from the start, and easy domains repeat: look at the epochs. Needs the planned steps.
 */
export function curriculum(options: z.input<typeof schema> = {}) {
  const checked = parseOptions(schema, options, 'curriculum()');
  if (checked.begin >= checked.end)
    throw new ConfigError({
      expected: 'a begin before the end',
      got: `${checked.begin} and ${checked.end}`,
      where: 'curriculum()',
    });
  return inSegments({
    name: 'curriculum',
    version: 1,
    options: checked,
    needsTotals: true,
    segments: (facts) => {
      const steps = plannedSteps(facts, 'curriculum()');
      const [begin, end] = [checked.begin * steps, checked.end * steps];
      const percentile = (step: number) => paceAt(checked.pace, step, { from: checked.from, begin, end });
      const groups = inGroups(facts, checked.reverse);
      const sizes = sizesOf(facts);
      const total = sizes.reduce((a, b) => a + b, 0);
      const open = new Set<number>();
      let before = 0;
      if (groups.length === 0) return [{ from: 0, weights: sizes }];
      return groups.flatMap((group) => {
        for (const i of group) open.add(i);
        // The group comes in when the percentile reaches its first sequence, as numpy counts percentiles.
        const needed = before === 0 ? 0 : before / (total - 1);
        before += group.reduce((sum, i) => sum + sizes[i], 0);
        const from = firstStep(steps, (step) => percentile(step) >= needed);
        return from === null ? [] : [{ from, weights: sizes.map((size, i) => (open.has(i) ? size : 0)) }];
      });
    },
  });
}

/** Domains that are not empty, by difficulty; equal ones together. */
function inGroups(facts: Facts, reverse: boolean): number[][] {
  const groups = new Map<number, number[]>();
  for (const [i, d] of facts.domains.entries()) {
    if (!d.sequences) continue;
    if (d.difficulty === undefined || !Number.isFinite(d.difficulty))
      throw new ConfigError({
        expected: 'a difficulty for each domain',
        got: `${d.difficulty === undefined ? 'none' : d.difficulty} for ${d.name}`,
        where: 'curriculum()',
      });
    groups.set(d.difficulty, [...(groups.get(d.difficulty) ?? []), i]);
  }
  return [...groups].sort(([a], [b]) => (reverse ? b - a : a - b)).map(([, group]) => group);
}

/** The first step up to `steps` for which something that stays true is true. */
function firstStep(steps: number, holds: (step: number) => boolean): number | null {
  if (!holds(steps)) return null;
  let [low, high] = [0, steps];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
