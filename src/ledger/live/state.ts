import type { GuardSight } from '../../errors.ts';
import { conditionText } from '../../streams/batch/condition.ts';
import { countsTokens } from '../../streams/batch/token-ids.ts';
import {
  type Amount,
  type Counters,
  createdIn,
  lostDocuments,
  type RuleCounters,
} from '../../streams/commits/counters.ts';
import { effectsOf, isBarrier, removesCopies, type StepDescriptor } from '../../streams/operator.ts';
import { copyMeaning } from '../copy-meaning.ts';
import type { JudgedGuard, RunJson } from '../run-json.ts';
import type { Alert } from './alerts.ts';
import { type DomainState, domainStates, REST, type Written, writtenOf } from './domain-states.ts';
import { type GeneratorState, generatorStates, type RecordedGenerators } from './generators.ts';
import type { SampleRecord } from './records.ts';
import { type Bottleneck, bottleneckOf, type Place, type Shares, stepPlaces, type Timing, timingOf } from './shares.ts';
import type { PhaseTime } from './time-book.ts';

export type RunStatus = 'running' | 'done' | 'stopped' | 'guard' | 'failed' | 'interrupted';

/** All that a picture of a run is made of. */
export interface LiveFacts {
  readonly run: RunJson;
  readonly steps: readonly StepDescriptor[];
  readonly status: RunStatus;
  readonly counters: Counters;
  /** Documents and bytes that came to the steps of each phase. */
  readonly arrived: readonly Pick<Amount, 'documents' | 'bytes'>[];
  readonly phases: readonly PhaseTime[];
  /** Of a run in work: the time of the last seconds alone, by which its bottleneck is told. */
  readonly recent?: readonly PhaseTime[];
  readonly decided: ReadonlyMap<string, number>;
  readonly threads: number;
  readonly generators: RecordedGenerators;
  readonly sample: SampleRecord | null;
  /** Of a run in work. */
  readonly progress: ProgressState | null;
  readonly alerts: readonly Alert[];
  /** What a guard stopped it for. */
  readonly stopped: GuardSight | null;
  /** What went wrong, in one line. */
  readonly error: string | null;
}

export interface ProgressState {
  readonly phase: string;
  readonly phaseNumber: number;
  readonly phases: number;
  readonly splitsDone: number;
  readonly splits: number;
  /** 0 to 1 over all phases. */
  readonly share: number;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
  readonly seconds: number;
}

/** Documents, bytes of text and tokens. */
export type Flow = readonly [documents: number, bytes: number, tokens: number];

export interface StepState {
  readonly index: number;
  readonly step: string;
  /** What it does, in a word: annotates, drops, rewrites, deduplicates, ranks, creates. */
  readonly does: string;
  readonly phase: number;
  readonly came: Pick<Amount, 'documents' | 'bytes'>;
  readonly dropped: Amount;
  /** The domains of which it drops most, by bytes; the others together. */
  readonly domains: Readonly<Record<string, Flow>>;
  readonly seconds: number;
  readonly shares: Shares | null;
}

export interface RuleState extends Omit<RuleCounters, 'byDomain' | 'bytesByDomain' | 'tokensByDomain'> {
  readonly step: string;
  readonly rule: string;
  readonly column: string | null;
  readonly comparison: string | null;
  /** Of a rule of several comparisons, and of one that drops copies, in words. */
  readonly condition: string | null;
  /** It judges and drops nothing. */
  readonly shadow: boolean;
  /** For `--set`; null where it is not to be moved. */
  readonly option: string | null;
}

/** What the page, `/api`, terminal and metrics show. Plain data: each entry is a cell of its own. */
export interface LiveState {
  readonly run: {
    readonly name: string;
    readonly sluice: string;
    readonly status: RunStatus;
    readonly startedAt: string;
    readonly finishedAt: string | null;
    readonly input: RunJson['input'];
    readonly limits: RunJson['limits'];
    readonly splits: number;
    readonly recipeHash: string;
    readonly threads: number;
    /** Those that are numbers. */
    readonly annotations: readonly string[];
    readonly error: string | null;
  };
  readonly progress: ProgressState | null;
  readonly totals: Pick<Counters, 'read' | 'kept' | 'dropped' | 'cutBytes' | 'addedBytes' | 'unjudged'> & {
    readonly created: Amount;
    readonly written: Written;
    /** Read or made, and neither kept nor dropped nor set aside yet. */
    readonly undecided: number;
  };
  readonly quarantine: Pick<Counters['quarantined'], 'records' | 'bytes' | 'byReason' | 'examples' | 'estimated'> & {
    readonly documents: number;
  };
  readonly places: readonly Place[];
  readonly idle: { readonly seconds: number; readonly share: number };
  readonly bottleneck: Bottleneck | null;
  readonly steps: readonly StepState[];
  readonly rules: readonly RuleState[];
  readonly domains: readonly DomainState[];
  readonly alerts: readonly Alert[];
  readonly guards: readonly JudgedGuard[];
  readonly stopped: GuardSight | null;
  readonly sample: SampleRecord | null;
  readonly generators: readonly GeneratorState[];
}

/** Domains that are shown by name; those with less text are one line. `/api/domains` has all. */
export const SHOWN_DOMAINS = 24;
/** The last ones. */
const MOST_ALERTS = 200;

/** The same facts give the same state, whether they come from a run in work or from its directory. */
export function liveState(facts: LiveFacts): LiveState {
  const { run, counters: c, steps, stopped } = facts;
  const timing = timingOf(steps, facts.phases, facts.decided);
  const phase = facts.status === 'running' ? (facts.progress?.phaseNumber ?? null) : null;
  const recent = facts.recent ? timingOf(steps, facts.recent, new Map()) : null;
  const { records, bytes, byReason, examples, estimated } = c.quarantined;
  const whole = timing.threadSeconds;
  const counted = countsTokens(run.schema.annotations);
  return {
    run: {
      name: run.name,
      sluice: run.sluice,
      status: facts.status,
      startedAt: run.startedAt,
      finishedAt: run.finishedAt,
      input: run.input,
      limits: run.limits,
      splits: run.splits,
      recipeHash: run.hashes.recipe,
      threads: facts.threads,
      annotations: run.schema.annotations.filter((a) => a.type !== 'utf8').map((a) => a.name),
      error: facts.error,
    },
    progress: facts.status === 'running' ? facts.progress : null,
    totals: {
      read: c.read,
      created: createdIn(c),
      kept: c.kept,
      written: writtenOf(c, counted),
      dropped: c.dropped,
      cutBytes: c.cutBytes,
      addedBytes: c.addedBytes,
      unjudged: c.unjudged,
      undecided: c.read.documents + createdIn(c).documents - c.kept.documents - c.dropped.documents - lostDocuments(c),
    },
    quarantine: { records, documents: lostDocuments(c), bytes, byReason, examples, estimated },
    places: timing.places,
    idle: {
      seconds: timing.idleSeconds,
      share: whole === 0 ? 0 : Math.round((1000 * timing.idleSeconds) / whole) / 1000,
    },
    bottleneck:
      (recent && phase !== null ? bottleneckOf(recent, phase, facts.threads) : null) ??
      bottleneckOf(timing, phase, facts.threads),
    steps: stepStates(facts, timing),
    rules: ruleStates(steps, c),
    domains: domainStates(c, SHOWN_DOMAINS, counted),
    alerts: facts.alerts.slice(-MOST_ALERTS),
    guards: run.guards?.judged ?? [],
    stopped,
    sample: facts.sample,
    generators: generatorStates(steps, facts.generators),
  };
}

function stepStates({ steps, counters, arrived }: LiveFacts, timing: Timing): StepState[] {
  const at = stepPlaces(steps);
  const gone = arrived.map(() => ({ documents: 0, bytes: 0 }));
  // What could not be read was read, and came to no step; what a step failed on came no further.
  if (gone.length > 0) gone[0] = { documents: lostDocuments(counters), bytes: counters.quarantined.textBytes };
  return steps.map((s, index) => {
    const { phase } = at[index];
    const before = gone[phase] ?? { documents: 0, bytes: 0 };
    const came = arrived[phase] ?? { documents: 0, bytes: 0 };
    const rules = Object.values(counters.steps[s.step] ?? {});
    const dropped = droppedBy(rules);
    const place = timing.places.find((p) => p.place === s.step && p.phase === phase);
    const state: StepState = {
      index,
      step: s.step,
      does: doesOf(s),
      phase,
      came: {
        documents: Math.max(0, came.documents - before.documents),
        bytes: Math.max(0, came.bytes - before.bytes),
      },
      dropped,
      domains: flowsOf(rules),
      seconds: place?.seconds ?? 0,
      shares: place?.shares ?? null,
    };
    // All that a barrier has seen comes to the phase after it, and what it drops goes there.
    const then = isBarrier(s) ? phase + 1 : phase;
    const sum = gone[then] ?? { documents: 0, bytes: 0 };
    gone[then] = { documents: sum.documents + dropped.documents, bytes: sum.bytes + dropped.bytes };
    return state;
  });
}

function doesOf(step: StepDescriptor): string {
  const e = effectsOf(step);
  const words = [
    e.drops === 'copies' ? 'deduplicates' : e.drops === 'ranks' ? 'ranks' : e.drops ? 'drops' : '',
    e.rewrites ? 'rewrites' : '',
    e.creates ? 'creates' : '',
    e.annotates && !e.drops ? 'annotates' : '',
  ].filter(Boolean);
  return words.join(', ') || (isBarrier(step) ? 'selects' : 'passes on');
}

function droppedBy(rules: readonly RuleCounters[]): Amount {
  const sum = (of: (r: RuleCounters) => number): number => rules.reduce((n, r) => n + of(r), 0);
  return {
    documents: sum((r) => r.dropped),
    bytes: sum((r) => r.droppedBytes),
    tokens: sum((r) => Object.values(r.tokensByDomain ?? {}).reduce((a, b) => a + b, 0)),
  };
}

/** What rules drop, by domain. @param most domains by name */
export function flowsOf(rules: readonly RuleCounters[], most: number = SHOWN_DOMAINS): Record<string, Flow> {
  const flows = new Map<string, [number, number, number]>();
  for (const r of rules)
    for (const [domain, documents] of Object.entries(r.byDomain)) {
      const [n, bytes, tokens] = flows.get(domain) ?? [0, 0, 0];
      const [more, counted] = [r.bytesByDomain?.[domain] ?? 0, r.tokensByDomain?.[domain] ?? 0];
      flows.set(domain, [n + documents, bytes + more, tokens + counted]);
    }
  const sorted = [...flows].sort((a, b) => b[1][1] - a[1][1] || b[1][0] - a[1][0] || (a[0] < b[0] ? -1 : 1));
  const [shown, rest] = [sorted.slice(0, most), sorted.slice(most)];
  if (rest.length > 0) {
    const sum = (k: 0 | 1 | 2): number => rest.reduce((n, [, f]) => n + f[k], 0);
    shown.push([REST, [sum(0), sum(1), sum(2)]]);
  }
  return Object.fromEntries(shown);
}

function ruleStates(steps: readonly StepDescriptor[], counters: Counters): RuleState[] {
  return steps.flatMap((s) =>
    Object.entries(counters.steps[s.step] ?? {}).map(([rule, c]) => {
      const { byDomain: _, bytesByDomain: __, tokensByDomain: ___, ...rest } = c;
      const own = s.rules.find((r) => r.name === rule);
      return {
        ...{ step: s.step, rule },
        column: own?.column ?? null,
        comparison: own?.comparison ?? null,
        condition: removesCopies(s) ? copyMeaning(rule) : own?.when ? conditionText(own) : null,
        shadow: own?.shadow === true,
        option: own?.option ?? null,
        ...rest,
      };
    }),
  );
}
