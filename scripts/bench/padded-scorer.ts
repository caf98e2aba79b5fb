// The other side of scripts/bench/scoring.ts: windows as they come, padded to the longest of their batch.
import type { Executor, Session } from '../../src/models/executors/executor.ts';
import type { LanguageModel } from '../../src/models/language-model.ts';
import { windowsOf } from '../../src/models/scorers/packing.ts';
import { NO_TARGET, PADDING_SEGMENT, scoringGraph } from '../../src/models/scorers/scoring-graph.ts';
import { intTensor, type Tensor } from '../../src/models/tensor.ts';
import type { Tokenizer } from '../../src/models/tokenizers/tokenizer.ts';

/** Rows of one run. */
const ROWS = 8;

/** What windows share of a context: the default of `neuralScorer`, so that both sides score the same windows. */
export const overlapOf = (context: number): number => context >> 2;

export interface PaddedModel {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Id before the first token. */
  readonly start: number;
}

/** Lengths are rounded up to a 32nd of the context; the last batch has as many rows as it has. Release with `close`. */
export function paddedScorer({ model: scored, tokenizer, start }: PaddedModel, executor: Executor) {
  const { context } = scored.config;
  const unit = context / 32;
  const sessions = new Map<string, Session>();
  const sessionOf = async (rows: number, length: number): Promise<Session> => {
    const open = sessions.get(`${rows} ${length}`);
    if (open) return open;
    const opened = await executor.open(scoringGraph(scored.config, { rows, length }), scored.weights);
    sessions.set(`${rows} ${length}`, opened);
    return opened;
  };
  return {
    /** @returns tokens that were scored */
    async score(texts: readonly Uint8Array[], batch: number): Promise<number> {
      const ids = texts.map((text) => Int32Array.of(start, ...tokenizer.encode(text)));
      const windows = ids.flatMap((d, i) => windowsOf(i, d.length, context, overlapOf(context)));
      const lengths = windows.map((_, i) => {
        const first = i - (i % batch);
        return Math.ceil(Math.max(...windows.slice(first, first + batch).map((w) => w.length)) / unit) * unit;
      });
      let tokens = 0;
      for (let at = 0; at < windows.length; at += ROWS) {
        const part = windows.slice(at, at + ROWS);
        const length = lengths[at];
        const rows = part.length;
        const size = rows * length;
        const feeds = {
          tokens: new Int32Array(size),
          positions: new Int32Array(size),
          segments: new Int32Array(size).fill(PADDING_SEGMENT),
          targets: new Int32Array(size).fill(NO_TARGET),
        };
        part.forEach((w, r) => {
          for (let i = 0; i < w.length; i++) {
            const place = r * length + i;
            feeds.tokens[place] = ids[w.document][w.from + i];
            feeds.positions[place] = i;
            feeds.segments[place] = 0;
            feeds.targets[place] = ids[w.document][w.from + i + 1];
          }
          tokens += w.length - w.firstScored;
        });
        const tensors = Object.entries(feeds).map(([name, data]) => [name, intTensor([rows, length], data)] as const);
        await (await sessionOf(rows, length)).run(new Map<string, Tensor>(tensors));
      }
      return tokens;
    },
    async close() {
      for (const s of sessions.values()) await s.release();
    },
  };
}
