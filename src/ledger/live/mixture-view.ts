import { join } from 'node:path';
import { readIfThere } from '../../files/whole.ts';
import { type LogLine, type ParsedLog, parseLog } from '../../mixture/log.ts';
import type { Curve } from './curves.ts';

/** Folders of a run, and names, in which a feed keeps its log. */
const PLACES = ['mixture.jsonl', join('feed', 'mixture.jsonl')];
const MOST_CHANGES = 40;

export interface MixtureState {
  readonly scheduler: string;
  readonly lag: number;
  /** Steps drawn, as far as the log says. */
  readonly step: number;
  readonly domains: readonly {
    readonly domain: string;
    readonly tokens: number | null;
    readonly weight: number;
    readonly epochs: number | null;
    readonly sequences: number | null;
    readonly loss: number | null;
  }[];
  /** The last changes of weights, the newest first, with what changed them. */
  readonly changes: readonly {
    readonly step: number;
    readonly weights: readonly number[];
    readonly because: string;
  }[];
}

export interface MixtureView {
  readonly state: MixtureState;
  /** `weight/<domain>`, `loss/<domain>`, `epochs/<domain>` over steps. */
  readonly curves: ReadonlyMap<string, Curve>;
}

/** The log of a feed in a folder; null where there is none. Errors: InputError for a damaged log. */
export async function readMixtureView(folder: string): Promise<MixtureView | null> {
  for (const place of PLACES) {
    const file = join(folder, place);
    const text = await readIfThere(file);
    const view = text === null ? null : mixtureView(parseLog(text, file));
    if (view) return view;
  }
  return null;
}

/** What a log says of the mixture. Null where its first line was not written whole. */
export function mixtureView({ header, lines }: ParsedLog): MixtureView | null {
  if (header === null) return null;
  const { domains } = header.facts;
  const points = new Points();
  const changes: { step: number; weights: readonly number[]; because: string }[] = [];
  const losses: number[] = [];
  let [step, lastSequences] = [0, null as readonly number[] | null];
  const takers: { readonly [T in LogLine['type']]: (line: Extract<LogLine, { type: T }>) => void } = {
    header: () => {},
    losses: (line) => {
      losses.push(line.step);
      line.losses.forEach((loss, d) => {
        if (loss !== null) points.add(`loss/${domains[d].name}`, line.step, loss);
      });
    },
    weights: (line) => {
      const cause = losses.findLast((s) => s + header.lag <= line.step);
      const because =
        changes.length === 0 && cause === undefined
          ? 'the beginning'
          : cause === undefined
            ? `the schedule of ${header.scheduler.name}`
            : `losses up to step ${cause}`;
      changes.push({ step: line.step, weights: line.weights, because });
      step = Math.max(step, line.step + 1);
      line.weights.forEach((w, d) => {
        points.add(`weight/${domains[d].name}`, line.step, w);
      });
    },
    counters: ({ state }) => {
      step = Math.max(step, state.step);
      lastSequences = state.drawn;
      state.drawn.forEach((drawn, d) => {
        const { sequences } = domains[d];
        if (sequences) points.add(`epochs/${domains[d].name}`, state.step, drawn / sequences);
      });
    },
    rewind: (line) => {
      step = line.step;
      points.cut(line.step);
      while (changes.length > 0 && changes[changes.length - 1].step >= line.step) changes.pop();
      while (losses.length > 0 && losses[losses.length - 1] >= line.step) losses.pop();
    },
  };
  for (const line of lines) takers[line.type](line as never);
  // A weight holds until the next change.
  for (const d of domains) points.hold(`weight/${d.name}`, Math.max(0, step - 1));
  return {
    state: {
      scheduler: header.scheduler.name,
      lag: header.lag,
      step,
      domains: domains.map((d, i) => ({
        domain: d.name,
        tokens: d.tokens,
        weight: changes.at(-1)?.weights[i] ?? 0,
        epochs: points.last(`epochs/${d.name}`),
        sequences: (lastSequences as readonly number[] | null)?.[i] ?? null,
        loss: points.last(`loss/${d.name}`),
      })),
      changes: changes.slice(-MOST_CHANGES).reverse(),
    },
    curves: points.curves(),
  };
}

/** Points by name, in steps that rise. */
class Points {
  #points = new Map<string, { x: number[]; y: number[] }>();

  add(name: string, x: number, y: number): void {
    const own = this.#points.get(name) ?? { x: [], y: [] };
    this.#points.set(name, own);
    // Losses that were posted again for a step.
    while (own.x.length > 0 && own.x[own.x.length - 1] >= x) {
      own.x.pop();
      own.y.pop();
    }
    own.x.push(x);
    own.y.push(y);
  }

  cut(from: number): void {
    for (const own of this.#points.values())
      while (own.x.length > 0 && own.x[own.x.length - 1] >= from) {
        own.x.pop();
        own.y.pop();
      }
  }

  hold(name: string, x: number): void {
    const own = this.#points.get(name);
    const y = own?.y.at(-1);
    if (own && y !== undefined && own.x[own.x.length - 1] < x) {
      own.x.push(x);
      own.y.push(y);
    }
  }

  last(name: string): number | null {
    return this.#points.get(name)?.y.at(-1) ?? null;
  }

  curves(): Map<string, Curve> {
    return new Map(
      [...this.#points].map(([name, { x, y }]) => [name, { x: Float64Array.from(x), y: Float64Array.from(y) }]),
    );
  }
}
