import type { LiveState } from './state.ts';

/**
 * A state as cells, so that a client gets what changed and no more: a cell for each step, rule and domain, for the
 * examples of each rule, which stand still while it goes on counting, and for each other part of the state.
 */
export function* cellsOf(state: LiveState): Generator<readonly [string, unknown]> {
  const { steps, rules, domains, places, ...rest } = state;
  yield* Object.entries(rest);
  for (const p of places) yield [`place/${p.phase}/${p.place}`, p];
  for (const s of steps) yield [`step/${s.index}`, s];
  for (const { examples, ...rule } of rules) {
    yield [`rule/${rule.step}.${rule.rule}`, rule];
    yield [`examples/${rule.step}.${rule.rule}`, examples];
  }
  for (const d of domains) yield [`domain/${d.domain}`, d];
}
