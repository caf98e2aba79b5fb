import { tmpdir } from 'node:os';
import xxhash from 'xxhash-wasm';
import { ConfigError, InputError } from '../../errors.ts';
import { scratchIn } from '../../files/scratch.ts';
import { HashList } from '../folders/trained-on.ts';
import { adjustCounts, NgramCounter } from './count.ts';
import { estimate } from './estimate.ts';
import type { NgramModel } from './model.ts';
import { wordWalk } from './split.ts';
import { END, FIRST, Vocabulary } from './vocabulary.ts';

export interface TrainNgramOptions {
  /**
   * What the tokens are. Default `bytes`: there is no unknown word that makes noise look cheap. On a mixed corpus 98 %
   * of pairs of a noisy and a clean document come out right by bytes, 54 % by words (`scripts/bench/ngram.ts`).
   */
  readonly split?: 'words' | 'bytes';
  /** Words of the longest n-gram, 2 to 6. Default 6 for bytes, 5 for words. */
  readonly order?: number;
  /**
   * N-grams that occur at most so often are left out, by order; the last holds for all longer ones. Not decreasing.
   * Default [0, 0, 1].
   */
  readonly prune?: readonly number[];
  /** For the counts; more goes to disk. The vocabulary and the model itself are in memory beside it. Default 256 MB. */
  readonly memoryBytes?: number;
  /** Where the counts go that do not fit, in files without a name. Default: the system's folder for temporary files. */
  readonly scratch?: string;
  /** Default `ngram`. */
  readonly name?: string;
  /**
   * What the hashes that `add` is given are of: the field by which documents are grouped (`metadata.group`), or `text`.
   * The model keeps them (8 bytes each) and `ngramPerplexity()` does not score documents that have one. Default null:
   * it is not known what the model was trained on. `trainNgram` always keeps the hashes of its texts.
   */
  readonly groupBy?: string | null;
}

/** Documents as strings or as UTF-8. */
export type TrainingTexts = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/** Takes documents one by one; `finish` or `abort` must be called, which frees what was taken of the disk. */
export interface NgramTrainer {
  /**
   * @param document string or UTF-8, which may be changed after the call
   * @param hashes of its group and its text, as `groupBy` says
   */
  add(document: string | Uint8Array, hashes?: readonly bigint[]): void;
  finish(): NgramModel;
  abort(): void;
}

/**
 * Trains an n-gram model with interpolated modified Kneser-Ney smoothing (Chen & Goodman 1999; streamed as in Heafield
 * et al. 2013). Never score the documents it was trained on: they look better than they are. Errors: ConfigError for
 * options out of range, InputError for texts without a single token.
 */
export async function trainNgram(documents: TrainingTexts, options: TrainNgramOptions = {}): Promise<NgramModel> {
  const { h64Raw } = await xxhash();
  const trainer = ngramTrainer({ ...options, groupBy: 'text' });
  try {
    for await (const document of documents) {
      const bytes = typeof document === 'string' ? Buffer.from(document, 'utf8') : document;
      trainer.add(bytes, [h64Raw(bytes)]);
    }
    return trainer.finish();
  } finally {
    trainer.abort();
  }
}

/** `trainNgram` for documents that are pushed. */
export function ngramTrainer(options: TrainNgramOptions = {}): NgramTrainer {
  const { split = 'bytes', memoryBytes = 256e6, name = 'ngram', scratch = tmpdir(), groupBy = null } = options;
  const order = checkedOrder(options.order ?? (split === 'words' ? 5 : 6));
  const prune = checkedPrune(options.prune ?? [0, 0, 1], order);
  const disk = scratchIn(scratch);
  const vocabulary = split === 'bytes' ? Vocabulary.ofBytes() : Vocabulary.create();
  const counter = new NgramCounter(order, memoryBytes / 2, disk);
  const seen = { sequences: 0, tokens: 0, textBytes: 0 };
  const known = new HashList();
  let open = false;
  const add = (id: number): void => {
    if (!open) counter.begin();
    open = true;
    counter.add(id);
    seen.tokens++;
  };
  const end = (): void => {
    add(END);
    seen.sequences++;
    open = false;
  };
  const sink = {
    word: (bytes: Uint8Array, from: number, to: number) => add(vocabulary.add(bytes, from, to)),
    endLine: end,
  };
  const walk = split === 'words' ? wordWalk('words') : null;
  const abort = (): void => disk.clear();
  return {
    add(document, hashes = []) {
      for (const hash of hashes) known.add(hash);
      const bytes = typeof document === 'string' ? Buffer.from(document, 'utf8') : document;
      seen.textBytes += bytes.length;
      if (walk) walk(bytes, 0, bytes.length, sink);
      else if (bytes.length > 0) {
        for (let i = 0; i < bytes.length; i++) add(FIRST + bytes[i]);
        end();
      }
    },
    finish() {
      if (seen.tokens === 0)
        throw new InputError({
          expected: 'text to train on',
          got: 'none',
          fix: 'Check the input with: sluice inspect',
        });
      const counts = adjustCounts(counter.counted(), prune, memoryBytes / 2, disk);
      const { trie, ids, discounts } = estimate(counts, prune, vocabulary);
      abort();
      const origin = { name, ...seen, prune, discounts: discounts.map((d) => d.of) };
      const trainedOn = groupBy === null ? null : { groupBy, hashes: known.sorted() };
      return { split, vocabulary: keptWords(vocabulary, ids), trie, origin, trainedOn };
    },
    abort,
  };
}

/** The vocabulary without the words that were left out. */
function keptWords(vocabulary: Vocabulary, ids: Int32Array): Vocabulary {
  const { bytes, offsets } = vocabulary.parts();
  const kept = Vocabulary.create();
  for (let id = FIRST; id < ids.length; id++) if (ids[id] >= 0) kept.add(bytes, offsets[id], offsets[id + 1]);
  return kept;
}

function checkedOrder(order: number): number {
  if (Number.isInteger(order) && order >= 2 && order <= 6) return order;
  throw new ConfigError({ expected: 'an order from 2 to 6', got: String(order), where: 'trainNgram()' });
}

function checkedPrune(prune: readonly number[], order: number): number[] {
  const all = Array.from({ length: order }, (_, i) => prune[Math.min(i, prune.length - 1)] ?? 0);
  if (all.every((p, i) => Number.isInteger(p) && p >= 0 && (i === 0 || p >= all[i - 1]))) return all;
  throw new ConfigError({
    expected: 'whole numbers from 0 on, none less than the one before',
    got: `prune [${prune.join(', ')}]`,
    where: 'trainNgram()',
  });
}
