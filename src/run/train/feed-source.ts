import type { Json } from '../../streams/operator.ts';
import type { HeldOutDocument } from '../../streams/tokens/hold-out.ts';
import { TokenFiles } from '../../streams/tokens/token-files.ts';
import { type TokenVocabulary, tokenArray } from '../../streams/tokens/token-kind.ts';
import type { HeldOut } from '../../training/measure.ts';
import { sequencesOf } from '../../training/prepare.ts';
import type { TrainingSequence, TrainingSource } from '../../training/sequences.ts';
import type { Snapshot } from '../feed/drawing.ts';
import type { Feed } from '../feed/local-feed.ts';

/** A feed as what the loop trains on; losses are posted only where its scheduler reads them. */
export function feedSource(feed: Feed): TrainingSource {
  const { domains, contextLength, sequencesPerStep, needsLosses } = feed.facts;
  return {
    domains,
    contextLength,
    sequencesPerStep,
    async pull(from, count, until) {
      const { steps, ended } = await feed.pull({ from, count, stride: 1, rank: 0, world: 1 }, until);
      return { steps, ended };
    },
    ...(needsLosses && { post: (step: number, losses) => feed.post(step, losses) }),
    snapshot: async (step) => (await feed.snapshot(step)) as unknown as Json,
  } satisfies TrainingSource;
}

/** Brings a feed to where a training stands, whatever was drawn or posted after it. */
export const restoreFeed = (feed: Feed, snapshot: Json): Promise<void> =>
  snapshot === null ? feed.rewind(0) : feed.restore(snapshot as unknown as Snapshot);

/**
 * Held-out documents as sequences, by domain, each after the id that begins a document. Errors: InputError for files
 * that are not as they were committed.
 */
export function heldOutSequences(
  documents: readonly HeldOutDocument[],
  vocabulary: TokenVocabulary,
  start: number | null,
  contextLength: number,
): HeldOut {
  const files = new TokenFiles();
  const byDomain = new Map<string, TrainingSequence[]>();
  try {
    for (const { bin, domain, begin, length } of documents) {
      const ids = new (tokenArray(vocabulary))(length);
      files.read(bin, begin, ids);
      // The token behind a document is no text.
      const own = vocabulary.endOfText !== null && ids.at(-1) === vocabulary.endOfText ? ids.subarray(0, -1) : ids;
      const rows = sequencesOf([...(start === null ? [] : [start]), ...own], contextLength);
      const known = byDomain.get(domain) ?? [];
      byDomain.set(domain, known);
      for (const row of rows)
        known.push({
          domain: 0,
          epoch: 0,
          index: 0,
          ids: row,
          length: Math.min(contextLength, row.length),
          next: row[contextLength] ?? -1,
          starts: [0],
          lossWeight: 1,
        });
    }
  } finally {
    files.close();
  }
  return Object.fromEntries(byDomain);
}
