import type { LiveState } from './state.ts';

/**
 * A state as cells, so that a client gets what changed and no more: a cell for each step, rule and domain, and for each
 * other part of the state.
 * @param examples true: those of the rules too, which no page shows, as `examples` of the cell of each rule
 */
export function* cellsOf(state: LiveState, { examples = false } = {}): Generator<readonly [string, unknown]> {
  const { steps, rules, domains, places, ...rest } = state;
  yield* Object.entries(rest);
  for (const p of places) yield [`place/${p.phase}/${p.place}`, p];
  for (const s of steps) yield [`step/${s.index}`, s];
  for (const rule of rules) {
    const { examples: _, ...counted } = rule;
    yield [`rule/${rule.step}.${rule.rule}`, examples ? rule : counted];
  }
  for (const d of domains) yield [`domain/${d.domain}`, d];
}
