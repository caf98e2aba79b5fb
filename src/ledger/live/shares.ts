import { isBarrier, type StepDescriptor } from '../../streams/operator.ts';
import type { PhaseTime } from './time-book.ts';

/** How the time of the threads of a phase is divided, seen from one place: the three add up to 1. */
export interface Shares {
  /** At work in this place. */
  readonly busy: number;
  /** Nothing has come yet: the time of what stands before it, and of threads without work. */
  readonly waiting: number;
  /** What it has done is not taken yet: the time of what stands after it. */
  readonly heldBack: number;
}

export interface Place {
  /** `read`, `write`, or a step. */
  readonly place: string;
  readonly phase: number;
  readonly seconds: number;
  readonly shares: Shares;
}

/** Where a step stands: its phase, and its place among the times of that phase. */
export interface StepPlace {
  readonly phase: number;
  readonly place: number;
}

/** A barrier is the last place of the phase that it ends. */
export function stepPlaces(steps: readonly StepDescriptor[]): StepPlace[] {
  let [phase, place] = [0, 1];
  return steps.map((s) => {
    const own = { phase, place };
    place++;
    if (isBarrier(s)) [phase, place] = [phase + 1, 1];
    return own;
  });
}

export interface Timing {
  /** In the order of the stream; reading and writing of each phase among them. */
  readonly places: readonly Place[];
  /** Of all threads. */
  readonly idleSeconds: number;
  readonly threadSeconds: number;
}

/**
 * Divides the time of threads among reading, steps and writing.
 * @param phases from `TimeBook`, @param decided seconds that each barrier took to decide, on one thread
 */
export function timingOf(
  steps: readonly StepDescriptor[],
  phases: readonly PhaseTime[],
  decided: ReadonlyMap<string, number>,
): Timing {
  const at = stepPlaces(steps);
  const places: Place[] = [];
  let [idleSeconds, threadSeconds] = [0, 0];
  phases.forEach(({ times, threadSeconds: all }, phase) => {
    const seconds = times.map((ms) => ms / 1000);
    const sum = seconds.reduce((a, b) => a + b, 0);
    // Clocks of threads and that of the run may differ by a moment.
    const whole = Math.max(all, sum);
    const idle = whole - sum;
    idleSeconds += idle;
    threadSeconds += whole;
    // The last number is time that is nobody's: opening and closing of files.
    let before = idle;
    for (let k = 0; k < seconds.length - 1; k++) {
      const after = Math.max(0, whole - before - seconds[k]);
      const share = (n: number): number => (whole === 0 ? 0 : rounded(n / whole));
      const step = at.findIndex((p) => p.phase === phase && p.place === k);
      const name = step >= 0 ? steps[step].step : k === 0 ? 'read' : 'write';
      places.push({
        place: name,
        phase,
        seconds: rounded(seconds[k] + (decided.get(name) ?? 0)),
        shares: { busy: share(seconds[k]), waiting: share(before), heldBack: share(after) },
      });
      before += seconds[k];
    }
  });
  return { places, idleSeconds: rounded(idleSeconds), threadSeconds: rounded(threadSeconds) };
}

const rounded = (n: number): number => Math.round(n * 1000) / 1000;

export interface Bottleneck {
  /** `read`, `write`, `idle`, or a step. */
  readonly place: string;
  /** Of the time of the threads. */
  readonly share: number;
  readonly sentence: string;
}

const LEAST_SECONDS = 0.05;

/**
 * What the threads spend most of their time on, in words; null before there is anything to say.
 * @param phase of a run in work: what holds it up now; null of a finished one: over the whole run
 */
export function bottleneckOf(timing: Timing, phase: number | null, threads: number): Bottleneck | null {
  const own = timing.places.filter((p) => phase === null || p.phase === phase);
  const sums = new Map<string, number>();
  for (const p of own) sums.set(p.place, (sums.get(p.place) ?? 0) + p.seconds);
  const busy = [...sums.values()].reduce((a, b) => a + b, 0);
  if (busy < LEAST_SECONDS) return null;
  const [place, seconds] = [...sums].reduce((most, next) => (next[1] > most[1] ? next : most));
  const share = rounded(seconds / busy);
  const percent = `${Math.round(100 * share)} %`;
  const rest = timing.idleSeconds > busy && phase === null && threads > 1 ? IDLE : '';
  const whole = phase === null && own.some((p) => p.phase > 0) ? ', all phases together' : '';
  return { place, share, sentence: `${sentenceFor(place, `${percent} of the time at work${whole}`)}${rest}` };
}

const IDLE = ' Threads had nothing to do for more than half of the time: there were too few splits for all of them.';

function sentenceFor(place: string, part: string): string {
  if (place === 'read') return `Reading the input takes ${part}: it is the bottleneck.`;
  if (place === 'write') return `Writing takes ${part}: it is the bottleneck.`;
  return `Step ${place} takes ${part}: it is the bottleneck.`;
}
