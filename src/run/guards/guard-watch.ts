import { ConfigError, type GuardError, nearestName } from '../../errors.ts';
import type { GuardRecord, JudgedGuard } from '../../ledger/run-json.ts';
import type { Expected, Recipe } from '../../recipe/recipe.ts';
import { conditionText } from '../../streams/batch/condition.ts';
import { type Counters, emptyCounters, mergeCounters } from '../../streams/commits/counters.ts';
import type { DuplicateCluster } from '../../streams/commits/log.ts';
import { decidePhase, splitPhase } from '../../streams/commits/phase.ts';
import { isRules, isSelection, removesCopies } from '../../streams/operator.ts';
import type { RunDirectory } from '../directory/run-directory.ts';
import type { RunOptions } from '../options.ts';
import { SplitOrder } from '../split-order.ts';
import { guardError } from './guard-error.ts';
import { guardsToRecord, judgeGuards, trippedGuard } from './guards.ts';

/** Watches a run: judges its totals after every commit, in split order, and says once that it must stop. */
export class GuardWatch {
  #recipe: Recipe;
  #options: RunOptions;
  #directory: RunDirectory;
  #splits: number;
  #phase = 0;
  #order: SplitOrder | null = null;
  #judged: JudgedGuard[] = [];
  #tripped: GuardError | null = null;

  constructor(recipe: Recipe, options: RunOptions, directory: RunDirectory, splits: number) {
    this.#recipe = recipe;
    this.#options = options;
    this.#directory = directory;
    this.#splits = splits;
  }

  /** The error that the run must end with; nothing new is started once it is there. */
  get tripped(): GuardError | null {
    return this.#tripped;
  }

  get record(): GuardRecord {
    const { rule, cluster, dropShare, quarantine } = this.#options.allow;
    const allowed = [
      ...rule.map((r) => `--allow-rule ${r}`),
      ...cluster.map((s) => `--allow-cluster ${s}`),
      ...dropShare.map((s) => `--allow-drop-share ${s}`),
      ...(quarantine ? ['--allow-quarantine'] : []),
    ];
    return { judged: guardsToRecord(this.#judged), allowed, stopped: this.#tripped?.saw ?? null };
  }

  /**
   * Before a phase: judges what the barrier before it decided, on all documents read, then what is committed of the
   * phase.
   */
  beginPhase(phase: number, splits: readonly number[]): void {
    this.#phase = phase;
    const { commits } = this.#directory;
    if (phase > 0) {
      const before = emptyCounters();
      for (const c of this.#countersOf(splits, phase - 1)) mergeCounters(before, c);
      this.#judge(before, { clusters: this.#clusters(), final: false, upTo: null });
    }
    const own = splitPhase(phase);
    this.#order = new SplitOrder(splits, (split) =>
      commits.has(own, split) ? this.#countersOf([split], phase) : null,
    );
    this.committed();
  }

  /** Call after every commit of a split. */
  committed(): void {
    const order = this.#order!;
    for (const last of order.advance()) this.#judge(order.totals, { clusters: {}, final: false, upTo: last });
  }

  /** Judges the whole run. */
  end(totals: Counters): void {
    this.#judge(totals, { clusters: this.#clusters(), final: !this.#options.annotateOnly, upTo: null });
  }

  #judge(
    counters: Counters,
    { clusters, final, upTo }: { clusters: Record<string, DuplicateCluster>; final: boolean; upTo: number | null },
  ): void {
    if (this.#tripped) return;
    this.#judged = judgeGuards({
      expected: expectedOf(this.#recipe),
      allow: this.#options.allow,
      counters,
      clusters,
      final,
    });
    const guard = trippedGuard(this.#judged);
    if (guard === null) return;
    const seenIn =
      upTo === null || upTo === this.#splits - 1
        ? `${this.#splits === 1 ? 'its only split' : `all ${this.#splits} splits`}`
        : `the first ${upTo + 1} of ${this.#splits} splits`;
    const read = () => [...this.#directory.commits.of(splitPhase(0)).keys()].sort((a, b) => a - b);
    const commits = () =>
      this.#countersOf(
        read().filter((split) => upTo === null || split <= upTo),
        this.#phase,
      );
    this.#tripped = guardError(guard, {
      run: this.#directory.path,
      seenIn,
      commits,
      clusters,
      condition: this.#condition,
    });
  }

  #condition = (of: string): string | null => {
    const step = this.#recipe.steps.map((s) => s.descriptor).find((d) => of.startsWith(`${d.step}.`));
    const found = step && isRules(step) ? step.rules.find((r) => of === `${step.step}.${r.name}`) : undefined;
    return found ? conditionText(found) : null;
  };

  /** Of splits in the order given, of each from the first phase to the last given. */
  *#countersOf(splits: readonly number[], lastPhase: number): Generator<Counters> {
    const { commits } = this.#directory;
    const phases = Array.from({ length: lastPhase + 1 }, (_, number) => splitPhase(number));
    const wanted = splits.flatMap((split) => phases.flatMap((phase) => commits.get(phase, split) ?? []));
    for (const [, counters] of commits.countersOf(wanted)) yield counters;
  }

  #clusters(): Record<string, DuplicateCluster> {
    const { commits } = this.#directory;
    const decided = this.#recipe.steps.map(({ descriptor: { step } }) => {
      return [step, commits.get(decidePhase(step), 0)?.cluster ?? null] as const;
    });
    return Object.fromEntries(decided.flatMap(([step, cluster]) => (cluster ? [[step, cluster]] : [])));
  }
}

/** Errors: ConfigError for an allow flag that names no rule or step of the recipe, which is a slip of the pen. */
export function checkAllowed(recipe: Recipe, { allow }: RunOptions): void {
  const steps = recipe.steps.map((s) => s.descriptor);
  const rules = steps.flatMap((s) => s.rules.flatMap((r) => [r.name, `${s.step}.${r.name}`]));
  const known: [string, readonly string[], string[]][] = [
    ['rule', allow.rule, rules],
    ['cluster', allow.cluster, steps.filter(removesCopies).map((s) => s.step)],
  ];
  for (const [what, names, all] of known) {
    const unknown = names.find((n) => !all.includes(n));
    if (unknown === undefined) continue;
    const near = nearestName(unknown, all);
    throw new ConfigError({
      expected:
        what === 'rule'
          ? `a rule of ${recipe.name}`
          : `a dedup step of ${recipe.name} (${all.join(', ') || 'there are none'})`,
      got: unknown,
      where: `--allow-${what}`,
      fix: near ? `Did you mean ${near}?` : undefined,
    });
  }
}

/** A selection says itself what share it drops: its rules are no surprise. */
function expectedOf({ expected, steps }: Recipe): Expected {
  const selects = steps.filter((s) => isSelection(s.descriptor)).flatMap((s) => s.descriptor.rules);
  const any = Object.fromEntries(selects.map((r) => [r.name, { min: 0, max: 1 }]));
  return { ...expected, rules: { ...any, ...expected.rules } };
}
