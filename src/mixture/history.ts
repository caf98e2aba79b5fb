import { ConfigError, InvariantError } from '../errors.ts';
import { canonicalJson } from '../hash.ts';
import type { LogHeader, LogLine, Losses } from './log.ts';
import { equal, logHeader } from './log.ts';
import type { DrawnStep, Mix, MixState } from './mix.ts';
import { applyLosses, drawStep, startMix } from './mix.ts';

/** A step cannot be drawn before the losses of `losses` have been posted. */
export interface Waiting {
  readonly waitsFor: number;
}

/** What posting losses did. */
export interface Posted {
  /** To be written to the log before any step that depends on it is given out. */
  readonly line: LogLine;
  /** Steps from here on that have been drawn already are void; `null` where none can be. */
  readonly redrawFrom: number | null;
}

/**
 * The events of a mixture so far, and the state at any step that follows from them. It holds no file: whoever owns the
 * log reads `parseLog(...).lines` into `record` and writes the lines that `post` and `rewind` return.
 */
export interface MixHistory {
  /** Takes a line of the log. Errors: InvariantError for losses that do not fit the domains. */
  record(line: LogLine): void;
  /**
   * Losses of a step. Posted again with the same values: `null`, nothing to do. With other values: they replace the
   * first, and the losses of later steps no longer count. Errors: ConfigError for a value that is not a finite number
   * of 0 or more, or null, or for too many or too few of them.
   */
  post(step: number, losses: Losses): Posted | null;
  /** The trainer goes back to a step: the losses from there on no longer count. */
  rewind(step: number): Posted;
  /**
   * The state before a step, from the nearest counters before it, or the losses it waits for. Where the feed ends
   * before that step: the state at its end.
   */
  stateAt(step: number): MixState | Waiting;
  /** Draws the step of a state, with the losses that act on it; or the losses it waits for. */
  draw(state: MixState): DrawnStep | Waiting;
  /** Losses of the steps from one on, up to another, as far as they were posted: lines of a log. */
  lossesBetween(from: number, to: number): LogLine[];
}

/**
 * The history of a mixture in which the losses of step s act from step s + lag on. Errors: ConfigError for a lag below
 * 1 (a step cannot depend on its own losses).
 */
export function mixHistory(mix: Mix, lag: number): MixHistory {
  if (!Number.isSafeInteger(lag) || lag < 1)
    throw new ConfigError({ expected: 'a lag of 1 step or more', got: `${lag}`, where: 'lag' });
  const { needsLosses, name } = mix.scheduler;
  const losses = new Map<number, Losses>();
  const weights = new Map<number, readonly number[]>();
  // Rising steps; the first is the start, which nothing makes void.
  const counters: MixState[] = [startMix(mix)];

  /** Whatever follows from losses of this step or later ones is void. */
  const forget = (step: number): void => {
    for (const known of [...losses.keys()]) if (known >= step) losses.delete(known);
    if (!needsLosses) return;
    for (const known of [...weights.keys()]) if (known >= step + lag) weights.delete(known);
    while (counters[counters.length - 1].step > step + lag) counters.pop();
  };
  const record = (line: LogLine): void => {
    if (line.type === 'losses') {
      check(line.step, line.losses);
      if (equal(losses.get(line.step) ?? null, line.losses)) return;
      if (losses.has(line.step)) forget(line.step);
      losses.set(line.step, line.losses);
    } else if (line.type === 'rewind') forget(line.step);
    else if (line.type === 'weights') weights.set(line.step, line.weights);
    // Those that are kept follow from the same losses: one from before them adds nothing.
    else if (line.type === 'counters' && line.state.step > counters[counters.length - 1].step)
      counters.push(line.state);
  };
  const check = (step: number, values: Losses): void => {
    const { domains } = mix.facts;
    const wrong = values.findIndex((v) => v !== null && !(Number.isFinite(v) && v >= 0));
    if (values.length === domains.length && wrong < 0) return;
    throw new ConfigError({
      expected:
        wrong < 0
          ? `${domains.length} losses, one for each of ${domains.map((d) => d.name).join(', ')}`
          : 'a finite number of 0 or more, or null where the step held none of the domain',
      got: wrong < 0 ? `${values.length} losses` : `${values[wrong]} for ${domains[wrong]?.name}`,
      where: `losses of step ${step}`,
    });
  };
  const draw = (state: MixState): DrawnStep | Waiting => {
    let ready = state;
    const from = state.step - lag;
    if (needsLosses && from >= 0) {
      const acting = losses.get(from);
      if (acting === undefined) return { waitsFor: from };
      ready = applyLosses(mix, state, from, acting);
    }
    const drawn = drawStep(mix, ready);
    const logged = drawn.ended === null ? weights.get(state.step) : undefined;
    if (logged !== undefined && !equal(logged, drawn.state.weights))
      throw new InvariantError({
        problem: `the weights of step ${state.step} are not those in the log`,
        expected: `${logged.join(', ')}, by which the step was drawn`,
        got: drawn.state.weights.join(', '),
        where: `scheduler ${name}`,
        fix: 'The code of the scheduler has changed without its version.',
      });
    return drawn;
  };
  return {
    record,
    draw,
    lossesBetween: (from, to) =>
      [...losses].flatMap(([step, values]) =>
        step >= from && step < to ? [{ type: 'losses' as const, step, losses: values }] : [],
      ),
    post(step, values) {
      check(step, values);
      const before = losses.get(step);
      if (equal(before ?? null, values)) return null;
      const line = { type: 'losses', step, losses: values } as const;
      record(line);
      return { line, redrawFrom: before !== undefined && needsLosses ? step + lag : null };
    },
    rewind(step) {
      const line = { type: 'rewind', step } as const;
      record(line);
      return { line, redrawFrom: needsLosses ? step + lag : null };
    },
    stateAt(step) {
      let state = counters.findLast((s) => s.step <= step)!;
      while (state.step < step) {
        const drawn = draw(state);
        if ('waitsFor' in drawn) return drawn;
        if (drawn.ended !== null) return state;
        state = drawn.state;
      }
      return state;
    },
  };
}

/**
 * The state before a step, from the lines of a log. Errors: as `checkHeader`; the losses that it waits for are an
 * InvariantError here, since a log holds all that the steps given out depend on.
 */
export function replay(mix: Mix, header: LogHeader, lines: readonly LogLine[], step: number): MixState {
  checkHeader(header, mix, header.seed, header.lag);
  const history = mixHistory(mix, header.lag);
  for (const line of lines) history.record(line);
  const state = history.stateAt(step);
  if (!('waitsFor' in state)) return state;
  throw new InvariantError({
    expected: `the losses of step ${state.waitsFor}, on which step ${state.waitsFor + header.lag} depends`,
    got: 'none in the log',
    where: 'mixture.jsonl',
  });
}

/** Errors: ConfigError where a log was written for another mixture, saying what differs. */
export function checkHeader(
  header: LogHeader,
  mix: Mix,
  seed: number,
  lag: number,
  sequences?: LogHeader['sequences'],
  where = 'mixture.jsonl',
): void {
  const now = logHeader(mix, seed, lag, sequences);
  const own = Object.keys({ ...header.sequences, ...sequences });
  const parts: readonly (readonly [what: string, of: (h: LogHeader) => unknown])[] = [
    ['scheduler', (h) => h.scheduler.name],
    ['version of the scheduler', (h) => h.scheduler.version],
    ['list of options of the scheduler', (h) => h.scheduler.options],
    ['seed', (h) => h.seed],
    ['lag', (h) => h.lag],
    // Before the domains, whose sequences follow from them.
    ...own.map((part) => [part, (h: LogHeader) => h.sequences?.[part] ?? null] as const),
    ['context length', (h) => h.facts.contextLength],
    ['number of sequences a step', (h) => h.facts.sequencesPerStep],
    ['set of domains', (h) => h.facts.domains],
    ['number of planned steps', (h) => h.facts.steps],
    ['set of limits', (h) => h.limits],
  ];
  for (const [what, of] of parts) {
    const [before, after] = [canonicalJson(of(header)), canonicalJson(of(now))];
    if (before !== after)
      throw new ConfigError({
        problem: `this feed was begun with another ${what}: ${clipped(before)}, now ${clipped(after)}`,
        expected: `the ${what} that this feed was begun with: ${before}`,
        got: after,
        where,
        fix: 'Go on with the same, or start a feed in a new directory, with --state.',
      });
  }
}

const clipped = (json: string): string => (json.length > 60 ? `${json.slice(0, 60)}...` : json);
