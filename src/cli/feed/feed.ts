import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import { openFeed, openSharedFeed } from '../../run/feed/feed.ts';
import { type FeedServer, serveFeed } from '../../sinks/feed/server.ts';
import type { FeedSource } from '../../sinks/feed/source.ts';
import { isLoopback } from '../../sinks/http.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { EXIT } from '../failure.ts';
import { standardOutput } from '../terminal/terminal.ts';
import { feedOptionsFrom, feedSpecs } from './feed-options.ts';
import { headLines, statusLines } from './feed-view.ts';

const options = {
  ...feedSpecs,
  port: { value: 'N', help: 'Default 7077; 0: any that is free.' },
  host: { value: 'ADDRESS', help: 'Address to listen on. Default 127.0.0.1; elsewhere a token is needed.' },
  url: {
    value: 'URL',
    help: 'With --shared: where the other servers reach this one. Default: by the name of this host.',
  },
  every: { value: 'SECONDS', help: 'How often the table is printed. Default 10; 0: never.' },
  json: { help: 'JSON lines on standard output: facts, then status, instead of tables.' },
} as const satisfies OptionSpecs;

const DEFAULT_PORT = 7077;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('feed', args, options, ['run-dir...']);
  const host = values.host ?? '127.0.0.1';
  const token = isLoopback(host) ? null : (process.env.SLUICE_FEED_TOKEN ?? randomBytes(24).toString('base64url'));
  const port = wholeNumber(values.port, '--port', 0) ?? DEFAULT_PORT;
  if (port > 65_535) throw new ConfigError({ expected: 'a port up to 65535', got: `${port}`, where: '--port' });
  const every = 1000 * (wholeNumber(values.every, '--every', 0) ?? 10);
  const given = await feedOptionsFrom(positionals, values);
  const shared = values.shared || isUrl(given.state) ? await openSharedFeed(given) : null;
  if (shared === null && values.url !== undefined)
    throw new ConfigError({ expected: '--shared with --url', got: '--url alone', where: 'sluice feed' });
  const feed = shared ?? (await openFeed(given));
  let server: FeedServer;
  try {
    server = await serveFeed(feed, { host, port, token });
  } catch (error) {
    await feed.close();
    throw portError(error, port);
  }
  await shared?.announce(values.url ?? reachedBy(server, token), token);
  const report = values.json ? jsonReport(feed, server) : tableReport(feed, server, token);
  await report('start');
  const timer = every > 0 ? setInterval(() => void report('tick'), every) : null;
  await stopped();
  if (timer) clearInterval(timer);
  await report('end');
  await server.close();
  await feed.close();
  return EXIT.done;
}

function portError(error: unknown, port: number): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new ConfigError({
    expected: `port ${port} free`,
    got: 'another program that listens on it',
    where: '--port',
    fix: 'Name another with --port, or 0 for any that is free.',
  });
}

/** Until Ctrl-C, or a supervisor says so. */
const stopped = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });

/** Where other machines reach a server, or this one where it listens to no other. */
const reachedBy = ({ url, host }: FeedServer, token: string | null): string =>
  token === null ? url : url.replace(host, hostname());

type Report = (when: 'start' | 'tick' | 'end') => Promise<void>;

function tableReport(feed: FeedSource, server: FeedServer, token: string | null): Report {
  const { out, style } = standardOutput();
  let shown = '';
  return async (when) => {
    const status = await feed.status();
    if (when === 'start') {
      for (const line of headLines(feed.facts, status, style)) out(line);
      out();
      out(`${style.bold('Serving')}    ${style.cyan(server.url)}   (Ctrl-C to stop; a start goes on with it)`);
      if (token !== null) out(`${style.bold('Token')}      ${token}   (from SLUICE_FEED_TOKEN where it is set)`);
      const url = reachedBy(server, token);
      const given = token === null ? '' : ', token="..."';
      out(`  python: FeedDataset("${url}"${given})      metrics: ${join(server.url, 'metrics').replace(':/', '://')}`);
      return;
    }
    const lines = statusLines(feed.facts, status, server.metrics.ranks(), style);
    // Nothing new is nothing to say.
    if (when === 'tick' && lines[0] === shown) return;
    [shown] = lines;
    out();
    for (const line of lines) out(line);
  };
}

function jsonReport(feed: FeedSource, server: FeedServer): Report {
  const { out } = standardOutput();
  return async (when) => {
    if (when === 'start') out(JSON.stringify({ type: 'serving', url: server.url, ...feed.facts }));
    else out(JSON.stringify({ type: 'status', ...(await feed.status()), ranks: server.metrics.ranks() }));
  };
}

/** `sluice feed`: the sequences of token stores as a service to any trainer. */
export const feedCommand: Command = {
  help: {
    usage: '<run-dir>... [options]',
    about:
      'Serves the tokens of runs as training sequences over HTTP. Step s holds the same sequences after any ' +
      'restart and at any number of ranks; a run that is still working may be fed from.',
    options,
    examples: [
      ['sluice run quickstart --input data/ --tokens gpt2/tokenizer.json', 'curate, and write tokens'],
      ['sluice feed sluice-out/quickstart --context 2048 --batch 64', 'serve them, in proportion to their tokens'],
      ['sluice feed out --shared --state /shared/feed --port 7078', 'one of several servers of the same feed'],
      ['sluice feed out --weights web=0.7,code=0.3 --max-epochs 4', 'a mixture of your own'],
    ],
  },
  run,
};
