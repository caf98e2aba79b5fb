import { ConfigError } from '../../errors.ts';
import type { Tokenizer } from '../../models/tokenizers/tokenizer.ts';
import { blockOrder, blocksOfStep } from '../blocks.ts';
import type { TrainingSequence, TrainingSource } from '../sequences.ts';
import { type TokenFile, TokenWriter } from '../token-file.ts';
import type { PoolDocument } from './pool.ts';

/** The text that an arm is trained on, as token ids in a file. */
export interface Sample {
  readonly tokens: number;
  readonly documents: number;
  readonly bytes: number;
  /** Where documents begin; the first is 0. */
  readonly starts: readonly number[];
}

/** The tokenizer of the trained models, and the id that begins a document (null: none does). */
export interface Vocabulary {
  readonly tokenizer: Tokenizer;
  readonly start: number | null;
}

/** Writes ids of documents one after the other until there are enough. @param vocabulary ids of the model */
export async function writeSample(
  path: string,
  documents: readonly PoolDocument[],
  { tokenizer, start }: Vocabulary,
  { tokens: most, vocabulary }: { readonly tokens: number; readonly vocabulary: number },
): Promise<Sample> {
  const writer = await TokenWriter.open(path, vocabulary);
  const starts: number[] = [];
  let [tokens, bytes] = [0, 0];
  try {
    for (const { text } of documents) {
      if (tokens > most) break;
      const encoded = tokenizer.encode(text);
      const ids = start === null ? encoded : [start, ...encoded];
      if (ids.length === 0) continue;
      starts.push(tokens);
      await writer.write(ids);
      tokens += ids.length;
      bytes += text.length;
    }
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await writer.finish();
  return { tokens, documents: starts.length, bytes, starts };
}

/** How sequences are cut from a sample and drawn. */
export interface Cut {
  readonly rows: number;
  readonly context: number;
  readonly seed: number;
  readonly start: number | null;
}

/** Blocks that a sample has. Errors: ConfigError where it has none. @param where the arm, for the error */
export function blocksOf(tokens: number, context: number, where: string): number {
  const blocks = Math.floor((tokens - 1) / context);
  if (blocks >= 1) return blocks;
  throw new ConfigError({
    expected: `more than ${context} tokens to train on`,
    got: `${Math.max(0, tokens)}`,
    where,
    fix: 'Give more documents, or a smaller context.',
  });
}

/** Blocks of a sample, each once an epoch, in a seeded order. */
export function sampleSource(file: TokenFile, starts: readonly number[], cut: Cut, where: string): TrainingSource {
  const { rows, context, seed } = cut;
  const blocks = blocksOf(file.tokens, context, where);
  const order = blockOrder(blocks, seed);
  const sequence = async (index: number, epoch: number): Promise<TrainingSequence> => {
    const from = index * context;
    const ids = await file.read(from, context + 1);
    const inside = startsIn(starts, from, from + context + 1).map((at) => at - from);
    // Without a token that begins documents, nothing predicts the first of one.
    const next = inside.at(-1) === context && cut.start === null ? -1 : ids[context];
    const begins = [0, ...inside.filter((at) => at > 0 && at < context)];
    return {
      domain: 0,
      epoch,
      index,
      ids: ids.subarray(0, context),
      length: context,
      next,
      starts: begins,
      lossWeight: 1,
    };
  };
  return {
    domains: [where],
    contextLength: context,
    sequencesPerStep: rows,
    async pull(from, count) {
      const steps = Array.from({ length: count }, async (_, i) => {
        const step = from + i;
        const numbers = blocksOfStep(step, rows, blocks, order);
        const epochOf = (row: number): number => Math.floor((step * rows + row) / blocks);
        return { step, sequences: await Promise.all(numbers.map((n, row) => sequence(n, epochOf(row)))), weights: [1] };
      });
      return { steps: await Promise.all(steps), ended: null };
    },
  };
}

/** Those from `from` to before `to`, of a rising list. */
export function startsIn(starts: readonly number[], from: number, to: number): number[] {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] < from) low = middle + 1;
    else high = middle;
  }
  const found: number[] = [];
  for (let i = low; i < starts.length && starts[i] < to; i++) found.push(starts[i]);
  return found;
}
