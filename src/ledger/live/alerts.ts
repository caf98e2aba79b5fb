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
  /** Positions: of the first document, and the file of the last one. */
  readonly from: string | null;
  readonly to: string | null;
  readonly documents: number;
  /** Documents dropped or set aside, of these. */
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
  since: { readonly from: string; readonly n: number; readonly hits: number; readonly z: number }[];
  alert: { index: number; usual: number; direction: number } | null;
}

/** Drifts of drop rates and bursts of quarantine, in the order of the input. @param phases windows of each phase */
export function alertsOf(phases: readonly (readonly DropWindow[])[]): Alert[] {
  const alerts: Alert[] = [];
  phases.forEach((windows, phase) => {
    const tracks = new Map<string, Track>();
    // A rule that drops nothing in a window says so by not being there.
    const rules = new Set(windows.flatMap((w) => Object.keys(w.dropped)));
    for (const window of windows) {
      const source = sourceOf(window.from);
      const n = window.documents;
      for (const rule of rules) judge(rule, source, window, n, window.dropped[rule] ?? 0);
      if (phase === 0) judge(QUARANTINE, source, window, n + window.quarantined, window.quarantined);
    }
    function judge(of: string, source: string, window: DropWindow, n: number, hits: number): void {
      if (n === 0) return;
      const key = `${of}\n${source}`;
      const track = tracks.get(key) ?? newTrack();
      tracks.set(key, track);
      step(track, { of, source, window, n, hits, phase }, alerts);
    }
  });
  return alerts;
}

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
      const old = alerts[track.alert.index];
      alerts[track.alert.index] = alertOf(seen, {
        from: old.from!,
        documents: old.documents + n,
        hits: old.hits + hits,
        usual: track.alert.usual,
      });
      return;
    }
    Object.assign(track, { alert: null, up: 0, down: 0, since: [] });
  }
  track.up = Math.max(0, track.up + z - CUSUM.slack);
  track.down = Math.max(0, track.down - z - CUSUM.slack);
  if (track.up === 0 && track.down === 0) track.since = [];
  else track.since.push({ from: window.from, n, hits, z });
  const direction = track.up > CUSUM.limit ? 1 : track.down > CUSUM.limit ? -1 : 0;
  // The sum may have begun to rise by chance: the drift begins with the first window that is out of line by itself.
  const first = direction === 0 ? -1 : track.since.findIndex((s) => s.z * direction > 2);
  if (first >= 0) {
    const since = track.since.slice(first);
    const [documents, dropped] = [since.reduce((sum, s) => sum + s.n, 0), since.reduce((sum, s) => sum + s.hits, 0)];
    if (Math.abs(dropped / documents - usual) > CUSUM.least) {
      track.alert = { index: alerts.length, usual, direction };
      alerts.push(alertOf(seen, { from: since[0].from, documents, hits: dropped, usual }));
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

function alertOf(
  { of, source, window, phase }: Seen,
  { from, documents, hits, usual }: { from: string; documents: number; hits: number; usual: number },
): Alert {
  const share = hits / documents;
  const file = fileOf(from);
  const place = file === window.to ? file : `${file} to ${window.to}`;
  const [now, before] = [share, usual].map((s) => `${Math.round(1000 * s) / 10} %`);
  const what =
    of === QUARANTINE
      ? `${now} of the records could not be read, ${before} before`
      : `${of} drops ${now} of the documents, ${before} before`;
  return {
    id: `${phase}/${of}/${from}`,
    type: of === QUARANTINE ? 'quarantine' : 'drift',
    of,
    source,
    from,
    to: window.to,
    documents,
    hits,
    share: Math.round(1e4 * share) / 1e4,
    usual: Math.round(1e4 * usual) / 1e4,
    sentence: `In ${place}, from ${from.slice(file.length + 1)} on, ${what}.`,
  };
}

const fileOf = (position: string): string => position.slice(0, Math.max(0, position.lastIndexOf('#')));

/** `crawl/part-00017.jsonl` and `crawl/part-00018.jsonl` are one source. */
const sourceOf = (position: string): string => fileOf(position).replace(/\d+/g, '#');
