import { randomUUID } from 'node:crypto';
import { type Asked, type AsWriter, type FeedSource, type FeedStatus, SendAgain } from '../../../sinks/feed/source.ts';
import type { Feed } from '../local-feed.ts';
import { handOn } from './hand-on.ts';
import { oneByUrl, Servers } from './servers.ts';
import type { SharedLog } from './shared-log.ts';
import type { State } from './state-store.ts';

/** How often a server says that it is there, and after how long without that it is not. */
export interface ServerTimes {
  readonly beatMs: number;
  readonly patienceMs: number;
}

const TIMES: ServerTimes = { beatMs: 5000, patienceMs: 30_000 };
/** Writers that a request is handed on to, one after the other, before its client is told to send it again. */
const TRIES = 4;

export const newServerId = (): string => randomUUID();

type Losses = Readonly<Record<string, number | null>>;

/**
 * A feed that other servers serve too. Every one draws the same steps by the same log; losses and rewinds go to the one
 * that writes it. Where that one is gone, whoever has something to write takes over.
 */
export class SharedFeed implements FeedSource {
  readonly asWriter: AsWriter;
  #feed: Feed;
  #log: SharedLog;
  #servers: Servers;
  #id: string;
  #times: ServerTimes;
  #url: string | null = null;
  #token: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #working: Promise<unknown> = Promise.resolve();

  constructor(feed: Feed, log: SharedLog, state: State, id: string, times: Partial<ServerTimes> = {}) {
    [this.#feed, this.#log, this.#id] = [feed, log, id];
    this.#times = { ...TIMES, ...times };
    this.#servers = new Servers(state, id);
    const alone = <T>(work: () => Promise<T>): Promise<T> => this.#asWriter(work);
    this.asWriter = {
      id,
      post: (step, losses) => alone(() => this.#feed.post(step, losses)),
      rewind: (step) => alone(() => this.#feed.rewind(step)),
    };
  }

  get facts() {
    return this.#feed.facts;
  }

  /** Says where it is reached, so that others hand losses on to it, and takes over the log where nobody writes it. */
  async announce(url: string, token: string | null): Promise<void> {
    [this.#url, this.#token] = [url, token];
    await this.#upkeep();
    this.#timer = setInterval(() => {
      // What could not be read or written this time can be the next; a request that needs it says what is wrong.
      this.#working = this.#upkeep().catch(() => {});
    }, this.#times.beatMs);
    this.#timer.unref();
  }

  pull(asked: Asked, until: AbortSignal) {
    return this.#feed.pull(asked, until);
  }

  post(step: number, losses: Losses): Promise<void> {
    return this.#write('/losses', { step, losses }, () => this.#feed.post(step, losses));
  }

  rewind(step: number): Promise<void> {
    return this.#write('/rewind', { step }, () => this.#feed.rewind(step));
  }

  async status(): Promise<FeedStatus> {
    await this.#feed.drawing.look();
    const seen = await this.#servers.look();
    await this.#feed.drawing.advance(Math.max(0, ...seen.map((s) => s.step)));
    const status = await this.#feed.status();
    const servers = oneByUrl(seen, this.#id).map(({ id, url, step, silent }) => {
      const self = id === this.#id;
      return { id, url, writes: id === this.#log.writer, self, step: self ? status.step : step, silent };
    });
    return { ...status, servers, writers: this.#log.writers };
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#working;
    await this.#feed.close();
    // The next to write need not wait for a heartbeat that stands still.
    await this.#servers.leave();
  }

  async #upkeep(): Promise<void> {
    await this.#servers.beat(this.#url, (await this.#feed.status()).step);
    await this.#feed.drawing.look();
    const { writer } = this.#log;
    const servers = await this.#servers.look();
    if (writer === null || (await this.#servers.isGone(writer, this.#times.patienceMs))) await this.#log.claim();
    if (!this.#log.mine) return;
    await this.#feed.drawing.advance(Math.max(0, ...servers.map((s) => s.step)));
    await this.#log.flush();
  }

  async #asWriter<T>(work: () => Promise<T>): Promise<T> {
    await this.#feed.drawing.look();
    if (this.#log.mine) return work();
    throw this.#again('another server that writes it');
  }

  #again = (got: string): SendAgain =>
    new SendAgain({
      expected: 'to write the log of the mixture',
      got,
      where: this.#url ?? 'the feed',
      fix: 'Send the request again.',
    });

  async #write(path: string, body: unknown, own: () => Promise<void>): Promise<void> {
    for (let n = 0; n < TRIES; n++) {
      await this.#feed.drawing.look();
      if (this.#log.mine) return own();
      const { writer } = this.#log;
      const url = writer === null ? null : ((await this.#servers.note(writer))?.url ?? null);
      if (writer !== null && url !== null && (await handOn({ id: writer, url }, path, body, this.#token))) return;
      await this.#log.claim();
    }
    throw this.#again('other servers that began to write it');
  }
}
