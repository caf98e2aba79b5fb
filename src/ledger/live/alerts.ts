import type { DropWindow } from '../../streams/commits/windows.ts';

/** Something that changed in the middle of a run, with where it stands. */
export interface Alert {
  /** Unique in a run. */
  readonly id: string;
  readonly type: 'drift' | 'quarantine' | 'guard';
  /** `step.rule`, `quarantine`, or what a guard judged. */
  readonly of: string;
  /** Files whose names differ only in digits. */
  readonly source: string | null;
  /**
   * Positions. Of quarantine the first record that could not be read; of a drift the first document of the window
   * in which it begins, a thousand documents or so.
   */
  readonly from: string | null;
  /** Of a drift that begins somewhere within that window: the first document after it. Else null. */
  readonly until: string | null;
  /** File of the last document. */
  readonly to: string | null;
  readonly documents: number;
  /** Documents dropped or set aside, of these: without the window in which a drift begins, where it is a mixture. */
  readonly hits: number;
  readonly share: number;
  /** The share before, in the same source. */
  readonly usual: number | null;
  readonly sentence: string;
}

/**
 * Parameters of the cumulative sums: a window is compared with those of its source before it; `slack` standard
 * deviations are let pass, and an alert is raised when what is above them adds up to `limit`.
 */
export const CUSUM = {
  slack: 0.75,
  limit: 9,
  /** Documents of a source from which its usual share is known. */
  learn: 1000,
  /** Shares of windows are taken to vary by so much at least, beyond chance. */
  spread: 0.02,
  /** A share that moved by less is no news. */
  least: 0.05,
} as const;

const QUARANTINE = 'quarantine';

/** What one window says of a rule. */
interface Part {
  /** Its first document; of quarantine the first record that could not be read. */
  readonly from: string;
  readonly n: number;
  readonly hits: number;
  readonly z: number;
}

interface Track {
  documents: number;
  hits: number;
  windows: number;
  /** Of the shares of windows, for their variance. */
  mean: number;
  squares: number;
  up: number;
  down: number;
  /** Where the sum began to rise. */
  since: Part[];
  alert: { index: number; usual: number; direction: number; parts: Part[] } | null;
}

/** Drifts of drop rates and bursts of quarantine, in the order of the input. @param phases windows of each phase */
export const alertsOf = (phases: readonly (readonly DropWindow[])[]): Alert[] =>
  phases.flatMap((windows, phase) => {
    const drifts = new Drifts(phase);
    for (const window of windows) drifts.take(window);
    return drifts.alerts;
  });

/** The cumulative sums of one phase, by its windows in the order of the input. */
export class Drifts {
  readonly alerts: Alert[];
  #phase: number;
  /** What this one goes on from: it is only read. */
  #from: Drifts | null;
  /** Those that have dropped something, the first that did first. */
  #rules: Set<string>;
  /** Source -> documents and windows that came of it. */
  #sources = new Map<string, { documents: number; windows: number }>();
  /** Of rules that have dropped something of a source. */
  #tracks = new Map<string, Track>();

  constructor(phase: number, from: Drifts | null = null) {
    this.#phase = phase;
    this.#from = from;
    this.#rules = new Set(from === null ? [] : from.#rules);
    this.alerts = from === null ? [] : [...from.alerts];
  }

  /** Goes on from here, and leaves this one as it is. */
  fork(): Drifts {
    return new Drifts(this.#phase, this);
  }

  take(window: DropWindow): void {
    const source = sourceOf(window.from);
    const { documents: n, quarantined } = window;
    for (const rule of Object.keys(window.dropped)) this.#rules.add(rule);
    // A rule that drops nothing in a window says so by not being there.
    if (n > 0) for (const rule of this.#rules) this.#judge(rule, source, window, n, window.dropped[rule] ?? 0);
    if (this.#phase === 0 && n + quarantined > 0) this.#judge(QUARANTINE, source, window, n + quarantined, quarantined);
    if (n === 0) return;
    const before = this.#before(source);
    this.#sources.set(source, { documents: before.documents + n, windows: before.windows + 1 });
  }

  #judge(of: string, source: string, window: DropWindow, n: number, hits: number): void {
    const key = `${of}\n${source}`;
    const track = this.#tracks.get(key) ?? this.#trackOf(key, source, hits > 0);
    if (track === null) return;
    this.#tracks.set(key, track);
    step(track, { of, source, window, n, hits, phase: this.#phase }, this.alerts);
  }

  /** Null where nothing was ever dropped: such windows add up to documents, and to no sum. */
  #trackOf(key: string, source: string, begins: boolean): Track | null {
    const before = this.#from === null ? undefined : this.#from.#tracks.get(key);
    if (before) return copied(before);
    return begins ? { ...newTrack(), ...this.#before(source) } : null;
  }

  #before(source: string): { readonly documents: number; readonly windows: number } {
    const own = this.#sources.get(source);
    if (own) return own;
    return this.#from === null ? NOTHING : this.#from.#before(source);
  }
}

const NOTHING = { documents: 0, windows: 0 } as const;

const copied = (track: Track): Track => ({
  ...track,
  since: [...track.since],
  alert: track.alert && { ...track.alert, parts: [...track.alert.parts] },
});

interface Seen {
  readonly of: string;
  readonly source: string;
  readonly window: DropWindow;
  readonly n: number;
  readonly hits: number;
  readonly phase: number;
}

const newTrack = (): Track => ({
  documents: 0,
  hits: 0,
  windows: 0,
  mean: 0,
  squares: 0,
  up: 0,
  down: 0,
  since: [],
  alert: null,
});

function step(track: Track, seen: Seen, alerts: Alert[]): void {
  const { n, hits, window } = seen;
  const share = hits / n;
  if (track.documents < CUSUM.learn) {
    learn(track, n, hits);
    return;
  }
  const usual = track.hits / track.documents;
  const between = track.windows > 3 ? track.squares / (track.windows - 1) : 0;
  const spread = Math.max(CUSUM.spread, Math.sqrt(between));
  const chance = Math.max(usual * (1 - usual), 1 / track.documents) / n;
  const z = (share - usual) / Math.sqrt(chance + spread ** 2);
  if (track.alert !== null) {
    // The same drift goes on.
    if (track.alert.direction * (share - track.alert.usual) > CUSUM.least) {
      const { parts } = track.alert;
      // The first window, what came after it, and where that began.
      if (parts.length < 2) parts.push({ from: window.from, n, hits, z });
      else parts[1] = { ...parts[1], n: parts[1].n + n, hits: parts[1].hits + hits };
      alerts[track.alert.index] = alertOf(seen, track.alert);
      return;
    }
    Object.assign(track, { alert: null, up: 0, down: 0, since: [] });
  }
  track.up = Math.max(0, track.up + z - CUSUM.slack);
  track.down = Math.max(0, track.down - z - CUSUM.slack);
  if (track.up === 0 && track.down === 0) track.since = [];
  else track.since.push({ from: beginOf(seen), n, hits, z });
  const direction = track.up > CUSUM.limit ? 1 : track.down > CUSUM.limit ? -1 : 0;
  // The sum may have begun to rise by chance: the drift begins with the first window that is out of line by itself.
  const first = direction === 0 ? -1 : track.since.findIndex((s) => s.z * direction > 2);
  if (first >= 0) {
    const [begin, ...rest] = track.since.slice(first);
    const parts = rest.length === 0 ? [begin] : [begin, rest.reduce(sum)];
    const all = parts.reduce(sum);
    if (Math.abs(all.hits / all.n - usual) > CUSUM.least) {
      track.alert = { index: alerts.length, usual, direction, parts };
      alerts.push(alertOf(seen, track.alert));
      return;
    }
  }
  if (Math.abs(z) < 3) learn(track, n, hits);
}

function learn(track: Track, n: number, hits: number): void {
  track.documents += n;
  track.hits += hits;
  track.windows++;
  const delta = hits / n - track.mean;
  track.mean += delta / track.windows;
  track.squares += delta * (hits / n - track.mean);
}

const sum = (a: Part, b: Part): Part => ({ ...a, n: a.n + b.n, hits: a.hits + b.hits });

const beginOf = ({ of, window }: Seen): string =>
  (of === QUARANTINE ? window.firstQuarantined : undefined) ?? window.from;

/** Whether a drift begins in the middle of its first window: that is nearer to the usual share than chance explains. */
function isMixed([begin, rest]: readonly Part[], direction: number): boolean {
  if (!rest) return false;
  const share = rest.hits / rest.n;
  const chance = Math.sqrt((share * (1 - share)) / begin.n + CUSUM.spread ** 2);
  return direction * (share - begin.hits / begin.n) > 2 * chance;
}

function alertOf({ of, source, window, phase }: Seen, { usual, direction, parts }: NonNullable<Track['alert']>): Alert {
  const mixed = of !== QUARANTINE && isMixed(parts, direction);
  const { from } = parts[0];
  const until = mixed ? parts[1].from : null;
  const { n: documents, hits } = mixed ? parts[1] : parts.reduce(sum);
  const share = hits / documents;
  const file = fileOf(from);
  const place = file === window.to ? file : `${file} to ${window.to}`;
  const [now, before] = [share, usual].map((s) => `${Math.round(1000 * s) / 10} %`);
  const offset = (position: string): string => (fileOf(position) === file ? position.slice(file.length + 1) : position);
  const begin = until === null ? offset(from) : `somewhere between ${offset(from)} and ${offset(until)}`;
  // How many, not which share: of the documents of the first window nobody knows how many stand before the first.
  const what =
    of === QUARANTINE
      ? `${hits.toLocaleString('en-US')} records could not be read, ${before} before`
      : `${of} drops ${now} of the documents, ${before} before`;
  return {
    id: `${phase}/${of}/${from}`,
    type: of === QUARANTINE ? 'quarantine' : 'drift',
    of,
    source,
    from,
    until,
    to: window.to,
    documents,
    hits,
    share: Math.round(1e4 * share) / 1e4,
    usual: Math.round(1e4 * usual) / 1e4,
    sentence: `In ${place}, from ${begin} on, ${what}.`,
  };
}

const fileOf = (position: string): string => position.slice(0, Math.max(0, position.lastIndexOf('#')));

/** `crawl/part-00017.jsonl` and `crawl/part-00018.jsonl` are one source. */
const sourceOf = (position: string): string => fileOf(position).replace(/\d+/g, '#');
