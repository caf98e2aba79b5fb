import type { FeedStatus, Pulled } from './source.ts';

/** How far a rank is. */
export interface RankStatus {
  readonly rank: number;
  readonly world: number;
  /** The next step that it will ask for. */
  readonly next: number;
  /** Seconds since it asked last. */
  readonly idle: number;
}

/** What was served, counted. */
export class FeedMetrics {
  #ranks = new Map<string, { rank: number; world: number; next: number; at: number }>();
  #tokens = 0;
  #sequences = 0;
  #requests = 0;
  #waits = 0;

  pulled(rank: number, world: number, { steps, waitsFor }: Pulled, contextLength: number): void {
    this.#requests++;
    if (waitsFor !== null) this.#waits++;
    const known = this.#ranks.get(`${rank}/${world}`);
    const next = (steps.at(-1)?.step ?? (known?.next ?? 0) - 1) + 1;
    this.#ranks.set(`${rank}/${world}`, { rank, world, next, at: performance.now() });
    for (const { sequences } of steps) {
      this.#sequences += sequences.length;
      this.#tokens += sequences.length * contextLength;
    }
  }

  /** Of the world that asked last, the slowest first. */
  ranks(): RankStatus[] {
    const all = [...this.#ranks.values()].sort((a, b) => b.at - a.at);
    return all
      .filter((r) => r.world === all[0].world)
      .sort((a, b) => a.next - b.next || a.rank - b.rank)
      .map(({ rank, world, next, at }) => ({ rank, world, next, idle: (performance.now() - at) / 1000 }));
  }

  /** Prometheus text. */
  text({ step, domains, stores, servers }: FeedStatus): string {
    const lines: string[] = [];
    const metric = (
      name: string,
      type: 'counter' | 'gauge',
      help: string,
      values: readonly [string, number][],
    ): void => {
      lines.push(`# HELP sluice_feed_${name} ${help}`, `# TYPE sluice_feed_${name} ${type}`);
      for (const [labels, value] of values) lines.push(`sluice_feed_${name}${labels} ${value}`);
    };
    const by = (of: (d: FeedStatus['domains'][number]) => number | null): [string, number][] =>
      domains.flatMap((d) => {
        const value = of(d);
        return value === null ? [] : [[`{domain="${label(d.domain)}"}`, value] as [string, number]];
      });
    metric('steps_drawn', 'gauge', 'Global steps drawn.', [['', step]]);
    metric('requests_total', 'counter', 'Requests for sequences.', [['', this.#requests]]);
    metric('waits_total', 'counter', 'Requests that had to wait longer than they may.', [['', this.#waits]]);
    metric('sequences_total', 'counter', 'Sequences served, over all ranks.', [['', this.#sequences]]);
    metric('tokens_total', 'counter', 'Tokens served, padding included.', [['', this.#tokens]]);
    metric('splits_committed', 'gauge', 'Splits of the stores that can be drawn.', [['', stores.committed]]);
    metric('splits_planned', 'gauge', 'Splits of the stores.', [['', stores.planned]]);
    metric(
      'weight',
      'gauge',
      'Weight in the last step.',
      by((d) => d.weight),
    );
    metric(
      'drawn_sequences',
      'gauge',
      'Sequences drawn.',
      by((d) => d.drawn),
    );
    metric(
      'epochs',
      'gauge',
      'Epochs drawn.',
      by((d) => d.epochs),
    );
    const ranks = this.ranks().map((r): [string, number] => [`{rank="${r.rank}",world="${r.world}"}`, r.next]);
    metric('rank_next_step', 'gauge', 'The next step of each rank.', ranks);
    if (servers !== undefined) {
      const own = servers.some((s) => s.self && s.writes);
      metric('writes', 'gauge', '1 where this server writes the log of the mixture.', [['', own ? 1 : 0]]);
      metric('servers', 'gauge', 'Servers of this feed.', [['', servers.length]]);
    }
    return `${lines.join('\n')}\n`;
  }
}

const label = (text: string): string => text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
