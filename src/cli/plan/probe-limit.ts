import type { Recipe } from '../../recipe/recipe.ts';
import type { SplitPlan } from '../../streams/plan/splits.ts';
import type { Expectation, Share } from './expectation.ts';
import { type Probe, probe } from './probe.ts';

/** Where so much less than the documents of the run was found, more of the input is looked at. */
const SHORT = 0.95;

/**
 * As `probe`, for a run over the first documents alone. Where there is time for all of them they are tried themselves;
 * else places from all over the beginning of the input in which they must lie: as it seems from the first ones, and
 * more where that has too few.
 * @param firstMs for the documents themselves. Default that of `probe`
 */
export async function probeFirst(recipe: Recipe, plan: SplitPlan, limit: number, firstMs?: number): Promise<Probe> {
  const first = await probe(recipe, plan, { first: limit, limitMs: firstMs });
  if (first.reached) return first;
  for (let bytes = (limit * first.textBytes) / first.documents; ; ) {
    const beginning = beginningOf(plan, bytes);
    const tried = await probe(recipe, beginning);
    const { documents } = tried.expected.all;
    const all = beginning.splits.length === plan.splits.length;
    const part = limit / documents;
    if (all || documents >= SHORT * limit)
      return { ...tried, expected: scaled(tried.expected, all ? Math.min(1, part) : part) };
    bytes = Math.max(1.25, 1.2 * part) * textOf(beginning);
  }
}

const textOf = ({ splits }: SplitPlan): number => splits.reduce((n, s) => n + s.estimatedTextBytes, 0);

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
