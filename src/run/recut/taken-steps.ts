import { canonicalJson } from '../../hash.ts';
import type { ColumnSpec } from '../../streams/batch/columns.ts';
import {
  createsDocuments,
  isBarrier,
  type Json,
  type ModuleExport,
  rewritesText,
  type Scope,
  type StepDescriptor,
} from '../../streams/operator.ts';
import { changesText, onlyAnnotates, scopeColumns } from '../reuse.ts';

/** Steps of a recipe, and hashes of the modules that they run. */
export interface Steps {
  readonly steps: readonly StepDescriptor[];
  readonly modules: Readonly<Record<string, string>>;
}

/** A step whose columns the ledger of an earlier run has. */
export interface TakenStep {
  readonly step: string;
  /** Its place among the steps of the earlier run: documents that came so far have its values. */
  readonly place: number;
  readonly columns: readonly ColumnSpec[];
  readonly where: Scope | null;
  /**
   * True: the values of a batch are taken only where the same documents of it come to the step. What scores packs of
   * texts may give other last digits for others, and a module of the user's own may look beyond its scope.
   */
  readonly whole: boolean;
}

/**
 * The steps of a recipe that measure what the ledger of an earlier run has already: the same annotators with the same
 * options over the same text. Text is the same as long as the same steps have changed it before; the thresholds of a
 * step that also drops do not change what it cuts.
 * @param sameExecutor whether the scores of a step come from the same executor as then
 */
export function takenSteps(earlier: Steps, now: Steps, sameExecutor: (step: string) => boolean): TakenStep[] {
  const taken: TakenStep[] = [];
  const same = new Set(['text', 'id', 'domain', 'metadata']);
  for (const [at, d] of now.steps.entries()) {
    if (createsDocuments(d) || (isBarrier(d) && rewritesText(d))) break;
    if (!onlyAnnotates(d) || d.external || d.generates) continue;
    const place = earlier.steps.findIndex((e) => e.step === d.step);
    const then = earlier.steps[place];
    if (!then || !onlyAnnotates(then) || essence(then, earlier) !== essence(d, now)) continue;
    if (!sameExecutor(d.step) || ![...d.reads, ...scopeColumns(d)].every((r) => same.has(r))) continue;
    if (textBefore(earlier, place) !== textBefore(now, at)) continue;
    if (writtenTwice(earlier.steps, place) || writtenTwice(now.steps, at)) continue;
    const whole = d.models === true || hasModule(d);
    // Behind a barrier batches are cut anew.
    if (whole && now.steps.slice(0, at).some(isBarrier)) continue;
    taken.push({ step: d.step, place, columns: d.writes, where: d.where, whole });
    for (const { name } of d.writes) same.add(name);
  }
  return taken;
}

/** Of a step all that its columns and its text depend on. */
export function essence(d: StepDescriptor, { modules }: Steps): string {
  const { rules, effects, options, ...rest } = d;
  const thresholds = new Set(rules.flatMap((r) => [r.option, camel(r.option)]));
  const others = Object.fromEntries(Object.entries(options).filter(([name]) => !thresholds.has(name)));
  const { drops: _, ...does } = effects;
  const hash = hashesIn(d).map((m) => modules[m] ?? m);
  return canonicalJson({ ...rest, effects: does, options: others, hash } as unknown as Json);
}

/** The steps before one that have changed the text it sees. */
const textBefore = (of: Steps, place: number): string =>
  of.steps
    .slice(0, place)
    .filter(changesText)
    .map((d) => essence(d, of))
    .join('\n');

/** Another step writes one of its columns, for documents that both cover. */
function writtenTwice(steps: readonly StepDescriptor[], place: number): boolean {
  const own = steps[place];
  const names = new Set(own.writes.map((w) => w.name));
  return steps.some((s, i) => i !== place && s.writes.some((w) => names.has(w.name)) && !disjoint(s.where, own.where));
}

const disjoint = (a: Scope | null, b: Scope | null): boolean =>
  a !== null && b !== null && 'domain' in a && 'domain' in b && !a.not && !b.not
    ? a.domain.every((d) => !b.domain.includes(d))
    : false;

/** Modules of the user's own that a step runs. */
function hashesIn(d: StepDescriptor): string[] {
  const found: string[] = [];
  const look = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return;
    const { module } = value as Partial<ModuleExport>;
    if (typeof module === 'string') found.push(module);
    for (const inner of Object.values(value)) look(inner);
  };
  look(d);
  return found;
}

const hasModule = (d: StepDescriptor): boolean => hashesIn(d).length > 0;

const camel = (option: string): string => option.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
