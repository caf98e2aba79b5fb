import { ConfigError } from '../../errors.ts';
import type { Executor, ExecutorName } from '../executors/executor.ts';
import type { LanguageModel } from '../language-model.ts';
import { elementCount } from '../tensor.ts';
import { checkVocabulary, type Tokenizer } from '../tokenizers/tokenizer.ts';
import { cachedSum } from './document-cache.ts';
import { packCheapest, rowLengths, rowsOfRun, type Window, windowsOf } from './packing.ts';
import { pieceWalk } from './pieces.ts';
import { type Document, type ScoringSession, sumsOf } from './score-rows.ts';
import { bitsPerByteOf, emptyScores, type NotScored, type Scorer, type Scores, type Texts } from './scorer.ts';
import { scoringGraph } from './scoring-graph.ts';

export interface NeuralScorerOptions {
  readonly name: string;
  /** Hash of weights, shape and tokenizer. */
  readonly hash: string;
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Id that stands before the first token of a document; null: the first token is not predicted. */
  readonly start: number | null;
  readonly executor: Executor;
  /**
   * Sequences of the model's context in one run, or so many tokens in shorter ones. Default: 1,024 tokens on
   * onnxruntime-cpu, 2,048 elsewhere.
   */
  readonly rows?: number;
  /** Longest window, in tokens; attention costs its square in memory. Default: the model's context, 2,048 at most. */
  readonly context?: number;
  /**
   * Inputs that a window of a long document shares with the one before it, as context. Default: a quarter of the
   * context.
   */
  readonly overlap?: number;
  /** Documents of more tokens are not scored, nor those of more than 16 bytes for each of these. Default: all are. */
  readonly maxTokens?: number;
  /**
   * Bytes that the weights of all open sessions may take, each having its own copy; one may be open whatever it takes.
   * Default 128 MB.
   */
  readonly sessionBytes?: number;
}

/**
 * Places of a run. On a processor what its caches hold: of 2,048 each takes 2 to 7 % more time, of 8,192 up to 25 %.
 */
const runTokensOn = (executor: ExecutorName): number => (executor === 'onnxruntime-cpu' ? 1024 : 2048);

/** Models that read more at once are asked for so much: the attention of 32,768 tokens would be gigabytes. */
const MOST_CONTEXT = 2048;

/** Bytes that tokens have at most, on average over a text that people wrote. */
const MOST_BYTES = 16;

/** Texts of more bytes have too many tokens, and are not read to find out how many. */
export const longestText = (maxTokens: number): number => MOST_BYTES * maxTokens;

/**
 * Every length of a row has a session of its own, and a runtime packs the weights for each: only so many bytes of them
 * are open at once.
 */
const SESSION_BYTES = 128e6;

/** Opening a session copies the weights a few times, while a place of a run reads them once: about so many of these. */
const OPENING_PLACES = 1000;

const sessionsOf = (weightBytes: number, bytes = SESSION_BYTES): number => Math.max(1, Math.floor(bytes / weightBytes));

/** What a scorer holds at most for a model, in bytes. */
export interface ModelSize {
  /** Of the weights as float32. */
  readonly weightBytes: number;
  readonly vocabulary: number;
  readonly context: number;
}

/** Copies of the weights while a session is opened, beside its own: measured at 10 M and 124 M parameters. */
const COPIES = 2.5;

/**
 * Bytes that a scorer holds at most: the weights, their copies in sessions, and the logits of a run with their
 * exponentials. Within a fifth of what processes took that scored with 10 M, 124 M and 135 M parameters.
 */
export function scorerBytes({ weightBytes, vocabulary, context }: ModelSize): number {
  const longest = Math.min(context, MOST_CONTEXT);
  const sessions = Math.min(sessionsOf(weightBytes), rowLengths(longest).length);
  return Math.ceil(weightBytes * (COPIES + sessions) + 2 * 4 * Math.max(1024, longest) * vocabulary);
}

/**
 * A causal language model as a scorer. Windows of many documents share a row, each seeing only itself (prepacking: Zhao
 * et al. 2024), so that short documents cost no padding, and rows of short documents are shorter than the context; a
 * document longer than the context is scored whole, window by window. Sums differ from those of unpacked rows by
 * rounding alone (below 1e-5 of the value). Holds sessions; release them with `close`.
 */
export async function neuralScorer(options: NeuralScorerOptions): Promise<Scorer> {
  const { model, tokenizer, start, executor, maxTokens = Number.POSITIVE_INFINITY } = options;
  const { config } = model;
  const context = Math.min(config.context, options.context ?? MOST_CONTEXT);
  if (!(Number.isInteger(context) && context > 0))
    throw new ConfigError({
      expected: 'a context of at least one token',
      got: `${options.context}`,
      where: options.name,
    });
  const overlap = options.overlap ?? context >> 2;
  checkVocabulary(tokenizer, config.vocabulary, options.name);
  if (!(Number.isInteger(overlap) && overlap >= 0 && overlap < context))
    throw new ConfigError({
      expected: `an overlap of 0 to ${context - 1} tokens`,
      got: `${overlap}`,
      where: options.name,
      fix:
        `A window has ${context} tokens: give a smaller ` +
        `\`overlap\`${context < config.context ? ', or a longer `context`' : ''}.`,
    });
  if (start !== null && !(Number.isInteger(start) && start >= 0 && start < config.vocabulary))
    throw new ConfigError({
      expected: `a start token below ${config.vocabulary}`,
      got: `${start}`,
      where: options.name,
    });
  const runTokens = options.rows === undefined ? Math.max(runTokensOn(executor.name), context) : options.rows * context;
  const weightBytes = [...model.weights.values()].reduce((n, t) => n + 4 * elementCount(t.shape), 0);

  const lengths = rowLengths(context);
  const most = sessionsOf(weightBytes, options.sessionBytes);
  const opening = most < lengths.length ? OPENING_PLACES : 0;
  /** By length, the last used last. */
  const sessions = new Map<number, Promise<ScoringSession>>();
  const sessionOf = async (length: number): Promise<ScoringSession> => {
    const known = sessions.get(length);
    if (known) {
      sessions.delete(length);
      sessions.set(length, known);
      return known;
    }
    // None of them is in a run: whoever asks has the turn.
    for (const [other, old] of sessions) {
      if (sessions.size < most) break;
      sessions.delete(other);
      await (await old).session.release();
    }
    const rows = rowsOfRun(runTokens, length);
    const opened = executor
      .open(scoringGraph(config, { rows, length }), model.weights)
      .then((session) => ({ rows, length, session }));
    // Before it is open: who asks meanwhile gets the same one.
    sessions.set(length, opened);
    // Who asked gets the error; what could not be opened is tried again.
    opened.catch(() => sessions.delete(length));
    return opened;
  };
  // Whatever cannot be opened is said before the first document.
  await sessionOf(context);

  /** Ids of a document, the start token first; null with the reason when there is nothing to predict. */
  const idsOf = (text: Uint8Array): { ids: Int32Array } | { reason: NotScored } => {
    // What is far too long need not be cut into tokens first.
    if (text.length > longestText(maxTokens)) return { reason: 'too_long' };
    const tokens = tokenizer.encode(text);
    if (tokens.length === 0) return { reason: 'empty' };
    if (tokens.length > maxTokens) return { reason: 'too_long' };
    const unknown = tokens.reduce((n, id) => n + (id === tokenizer.unknown ? 1 : 0), 0);
    if (2 * unknown > tokens.length) return { reason: 'unknown_tokens' };
    if (start === null) return tokens.length === 1 ? { reason: 'one_token' } : { ids: tokens };
    const ids = new Int32Array(tokens.length + 1);
    ids[0] = start;
    ids.set(tokens, 1);
    return { ids };
  };

  /** A session has one run at a time, so what is asked meanwhile waits for its turn. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    // Whoever asked is told; the next has its turn all the same.
    turn = mine.catch(() => {});
    return mine;
  };
  const scoreNow = async (
    { offsets, values }: Texts,
    wanted?: Uint8Array,
    onProgress: (share: number) => void = () => {},
  ): Promise<Scores> => {
    const scores = emptyScores(offsets.length - 1);
    const cachedNllSum = scores.nllSum.slice();
    const documents = new Map<number, Document>();
    const windows: Window[] = [];
    let targets = 0;
    for (let i = 0; i + 1 < offsets.length; i++) {
      if (wanted && wanted[i] === 0) continue;
      const text = values.subarray(offsets[i], offsets[i + 1]);
      const found = idsOf(text);
      if ('reason' in found) {
        scores.reason[i] = found.reason;
        continue;
      }
      const { ids } = found;
      documents.set(i, { ids, at: targets });
      targets += ids.length - 1;
      for (const window of windowsOf(i, ids.length, context, overlap)) windows.push(window);
      scores.tokens[i] = ids.length - 1;
      // A first token may be spelt longer than the text: with a space before it, or by a normalizer.
      scores.bytes[i] = text.length - (start === null ? Math.min(tokenizer.byteLengths[ids[0]], text.length - 1) : 0);
    }
    const rows = packCheapest(
      windows.map((w) => w.length),
      lengths,
      { runTokens, width: config.width, opening },
    );
    /** Of every target of the batch, document after document. */
    const nlls = new Float32Array(targets);
    const sums = await sumsOf(sessionOf, rows, { documents, windows, nlls, onProgress });
    for (const i of documents.keys()) scores.nllSum[i] = 0;
    // Window after window, so that a document's sum does not depend on the rows its windows fell into.
    windows.forEach((w, k) => {
      scores.nllSum[w.document] += sums[k];
    });
    for (const [i, { ids, at }] of documents) {
      if (Number.isFinite(scores.nllSum[i])) {
        const nll = nlls.subarray(at, at + ids.length - 1);
        cachedNllSum[i] = cachedSum(ids, nll, tokenizer.vocabularySize);
        const bits = highestPiece(ids, nll, tokenizer.byteLengths);
        scores.bitsPerByteMax[i] = bits ?? bitsPerByteOf(scores.nllSum[i], scores.bytes[i]);
        continue;
      }
      scores.reason[i] = 'not_finite';
      scores.nllSum[i] = Number.NaN;
      scores.tokens[i] = 0;
    }
    return { ...scores, cachedNllSum };
  };
  return {
    name: options.name,
    hash: options.hash,
    memoryBytes: weightBytes,
    score: (...given) => inTurn(() => scoreNow(...given)),
    async close() {
      for (const opening of sessions.values()) await (await opening).session.release();
    },
  };
}

/** Bits per byte of the highest piece, null where there is one piece; `nlls[k]` is that of `ids[k + 1]`. */
function highestPiece(ids: Int32Array, nlls: Float32Array, byteLengths: Uint16Array): number | null {
  const pieces = pieceWalk();
  nlls.forEach((nll, k) => {
    pieces.add(nll, byteLengths[ids[k + 1]]);
  });
  return pieces.end();
}
