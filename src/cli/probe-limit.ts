import type { Recipe } from '../recipe.ts';
import type { SplitPlan } from '../streams/splits.ts';
import type { Expectation, Share } from './expectation.ts';
import { type Probe, probe } from './probe.ts';

/**
 * As `probe`, for a run over the first documents alone. Where there is time for all of them they are tried themselves; else places
 * from all over the beginning of the input in which they must lie, as it seems from the first ones.
 */
export async function probeFirst(recipe: Recipe, plan: SplitPlan, limit: number, limitMs?: number): Promise<Probe> {
  const first = await probe(recipe, plan, { first: limit, limitMs });
  if (first.reached) return first;
  const tried = await probe(recipe, beginningOf(plan, (limit * first.textBytes) / first.documents), { limitMs });
  return { ...tried, expected: scaled(tried.expected, Math.min(1, limit / tried.expected.all.documents)) };
}

/** The first splits with so much text. */
function beginningOf(plan: SplitPlan, textBytes: number): SplitPlan {
  let text = 0;
  const splits = plan.splits.filter(({ estimatedTextBytes }) => {
    const wanted = text < textBytes;
    text += estimatedTextBytes;
    return wanted;
  });
  return { ...plan, splits };
}

/** What is expected of a part of the documents. */
function scaled({ all, domains, kept, quarantined, ...rest }: Expectation, part: number): Expectation {
  const share = (s: Share): Share => ({ ...s, documents: part * s.documents, textBytes: part * s.textBytes });
  return {
    ...rest,
    all: share(all),
    domains: Object.fromEntries(Object.entries(domains).map(([name, s]) => [name, share(s)])),
    kept: { documents: part * kept.documents, bytes: part * kept.bytes, tokens: part * kept.tokens },
    quarantined: part * quarantined,
  };
}
