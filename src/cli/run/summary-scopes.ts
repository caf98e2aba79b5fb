import { nearestName } from '../../errors.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { safeText } from '../../safe-text.ts';
import { cameIn } from '../../streams/commits/counters.ts';
import { covers, type DomainScope } from '../../streams/scope.ts';
import { stepsOf } from './summary-reasons.ts';

export interface IdleScope {
  readonly text: string;
  /** A domain of the input has nearly the name: a slip of the pen, not a recipe that knows more than this input has. */
  readonly slip: boolean;
}

/**
 * A sentence for each `where` that no document matched, of those that were read (all, or what --limit and --sample
 * took): its steps did nothing. None where no document was read.
 */
export function idleScopes(result: RunJson): IdleScope[] {
  const domains = Object.entries(result.totals?.domains ?? {}).flatMap(([name, d]) =>
    cameIn(d).documents > 0 ? [name] : [],
  );
  if (domains.length === 0) return [];
  const idle = new Map<string, { where: DomainScope; steps: string[] }>();
  for (const { step, where } of stepsOf(result)) {
    if (where === null || 'column' in where || domains.some((d) => covers(where, d))) continue;
    const key = JSON.stringify(where);
    const same = idle.get(key) ?? { where, steps: [] };
    same.steps.push(step);
    idle.set(key, same);
  }
  return [...idle.values()].map(({ where, steps }) => {
    const near = where.not ? null : (where.domain.map((d) => slipOf(d, domains)).find((n) => n !== null) ?? null);
    const names = `${steps.length === 1 ? 'step' : 'steps'} ${steps.map(safeText).join(', ')}`;
    const hint = near === null ? '' : ` Did you mean ${safeText(near)}?`;
    const scope = `${where.not ? 'all but' : 'only'} ${where.domain.map(safeText).join(', ')}`;
    return {
      text: `no document read is in the scope (where) of ${names} (${scope}).${hint}`,
      slip: hint !== '',
    };
  });
}

/** Another name is no slip of the pen, however short both are. */
function slipOf(name: string, domains: readonly string[]): string | null {
  const near = nearestName(name, domains);
  return near?.[0]?.toLowerCase() === name[0]?.toLowerCase() ? near : null;
}
