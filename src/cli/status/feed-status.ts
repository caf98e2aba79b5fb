import { safeJson } from '../../safe-text.ts';
import { feedClient } from '../../sinks/feed/client.ts';
import type { RankStatus } from '../../sinks/feed/metrics.ts';
import type { FeedStatus } from '../../sinks/feed/source.ts';
import { headLines, statusLines } from '../feed/feed-view.ts';
import { standardOutput } from '../terminal/terminal.ts';

/** A feed that does not answer at once is not there. */
const TIMEOUT_MS = 3000;

/** The state of a feed by its address. Errors: InputError when none answers. */
export async function printFeedStatus(url: string, json: boolean): Promise<void> {
  const client = await feedClient(url, { token: process.env.SLUICE_FEED_TOKEN ?? null, timeoutMs: TIMEOUT_MS });
  const status = (await client.status()) as FeedStatus & { readonly ranks?: readonly RankStatus[] };
  const { out, style } = standardOutput();
  if (json) return out(safeJson(JSON.stringify({ ...client.facts, ...status }, null, 2)));
  for (const line of headLines(client.facts, status, style)) out(line);
  out();
  for (const line of statusLines(client.facts, status, status.ranks ?? [], style)) out(line);
}
