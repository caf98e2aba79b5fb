import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Random, seededRandom } from '../../random.ts';
import type { ExecutorName, Session } from '../executors/executor.ts';
import { pickExecutor } from '../executors/pick-executor.ts';
import { openInThread, type ThreadExecutor } from '../executors/thread.ts';
import { jsonFields, readJson } from '../folders/json-fields.ts';
import type { LanguageModel } from '../language-model.ts';
import { loadScoringModel, modelFolderInfo } from '../scorers/scoring-model.ts';
import { intTensor } from '../tensor.ts';
import { checkVocabulary, type Tokenizer } from '../tokenizers/tokenizer.ts';
import { type CacheSize, cachedGraph, emptyCache } from './cached-graph.ts';
import { chatTemplateIn, joined, templated } from './chat-template.ts';
import { chooseToken } from './choose-token.ts';
import { type Finish, type Generation, type GenerationRequest, type Generator, GeneratorError } from './generator.ts';
import { cutAtStop } from './stop.ts';

export interface LocalOptions {
  /** Folder of a model, as for perplexity(). */
  readonly folder: string;
  /** `completions`: the messages are joined, although the model has a chat template. Default `chat`. */
  readonly api?: 'chat' | 'completions';
  /** Default: the best that passes a self-check. */
  readonly executor?: ExecutorName | 'auto';
  /** Texts that are written at once. Default 16. */
  readonly slots?: number;
}

/** Text in work. */
interface Writing {
  readonly request: GenerationRequest;
  /** Prompt, then what was written. */
  readonly ids: number[];
  readonly prompt: number;
  readonly most: number;
  readonly random: Random;
  /** Place of the token that is fed next. */
  at: number;
  readonly end: (generation: Generation) => void;
  readonly fail: (error: unknown) => void;
  readonly signal?: AbortSignal;
  readonly onFirstToken?: () => void;
}

const SHORTEST = 128;

/**
 * A model of a folder that writes in this process, in a thread of its own, on the same tensor graphs that score: one
 * token of up to `slots` texts at a time, with their keys and values kept, a new text in the place of one that has
 * ended. Messages are written as the chat template of the folder says; where there is none they are joined to one
 * prompt. A text ends with the end tokens of the model, or where another document would begin. Errors: ConfigError for
 * a folder without a model; `rejected` for a prompt that fills the context, and for turns that the template does not
 * take.
 */
export async function localGenerator(options: LocalOptions): Promise<Generator> {
  const { folder, api = 'chat', executor = 'auto', slots = 16 } = options;
  const info = modelFolderInfo(folder);
  const { model, tokenizer } = await loadScoringModel(info);
  checkVocabulary(tokenizer, model.config.vocabulary, folder);
  const template = api === 'chat' ? chatTemplateIn(folder) : null;
  const ends = new Set([...endsOf(model, tokenizer, info.start), ...(template ? turnEnds(folder) : [])]);
  const writers = new Map<number, Promise<Writer>>();
  let opened: Promise<ThreadExecutor> | null = null;
  const open = async (): Promise<ThreadExecutor> => {
    const picked = await pickExecutor(executor, { threads: 1 });
    return openInThread(picked.executor.name, { threads: Math.min(4, availableParallelism()) });
  };
  const thread = (): Promise<ThreadExecutor> => {
    opened ??= open();
    return opened;
  };
  const writerOf = (length: number): Promise<Writer> => {
    const found =
      writers.get(length) ?? thread().then((t) => openWriter(t, model, { rows: slots, length }, { tokenizer, ends }));
    writers.set(length, found);
    return found;
  };
  const { context } = model.config;
  return {
    model: templated(`${info.name}@${info.hash}`, template),
    slots,
    async generate(request, { signal, onFirstToken } = {}) {
      const text = template ? template.render(request.messages) : joined(request.messages);
      // A template writes the token that a text begins with.
      const start = info.start === null || template ? [] : [info.start];
      const ids = [...start, ...tokenizer.encode(Buffer.from(text))];
      if (ids.length === 0) ids.push(ends.values().next().value ?? 0);
      if (ids.length >= context)
        throw new GeneratorError('rejected', `a prompt of ${ids.length} tokens; the context has ${context}`);
      const most = Math.min(request.maxTokens, context - ids.length);
      let length = Math.min(SHORTEST, context);
      while (length < ids.length + most) length = Math.min(2 * length, context);
      const writer = await writerOf(length);
      const random = seededRandom((request.seed ?? 1) + (request.sample ?? 0), text);
      return new Promise<Generation>((end, fail) => {
        const work = { request, ids, prompt: ids.length, most, random, at: 0, end, fail, signal, onFirstToken };
        writer.take(work);
      });
    },
    async close() {
      for (const writer of writers.values()) await (await writer).close();
      await (await opened)?.close();
    },
  };
}

/** Ids after which a text is over. */
function endsOf({ config }: LanguageModel, tokenizer: Tokenizer, start: number | null): Set<number> {
  const ids = [config.eosToken, tokenizer.endOfText].filter((id): id is number => id !== null);
  return new Set(ids.length > 0 ? ids : [start ?? config.bosToken].filter((id): id is number => id !== null));
}

/** Ids that end a turn where the settings of `generate()` stand in the folder; config.json may name fewer. */
function turnEnds(folder: string): number[] {
  const path = join(folder, 'generation_config.json');
  if (!existsSync(path)) return [];
  const value = jsonFields(readJson(path), path).value('eos_token_id');
  return (Array.isArray(value) ? value : [value]).filter((id): id is number => typeof id === 'number');
}

/** Texts of one length class. */
interface Writer {
  take(work: Writing): void;
  close(): Promise<void>;
}

interface Reading {
  readonly tokenizer: Tokenizer;
  readonly ends: ReadonlySet<number>;
}

async function openWriter(
  thread: ThreadExecutor,
  model: LanguageModel,
  size: CacheSize,
  { tokenizer, ends }: Reading,
): Promise<Writer> {
  const { config } = model;
  const values = new Map([...model.weights, ...emptyCache(config, size)]);
  const session: Session = await thread.open(cachedGraph(config, size), values);
  const rows: (Writing | null)[] = Array.from({ length: size.rows }, () => null);
  const waiting: Writing[] = [];
  let running: Promise<void> | null = null;
  const over = (work: Writing, ids: readonly number[], finish: Finish): void => {
    const text = cutAtStop(tokenizer.decode(ids), work.request.stop);
    work.end({ text, finish, usage: { promptTokens: work.prompt, tokens: ids.length }, logprob: null });
  };
  /** The text goes on with a token; true when that was its end. */
  const goOn = (work: Writing, id: number): boolean => {
    if (work.ids.length === work.prompt) work.onFirstToken?.();
    const written = work.ids.slice(work.prompt);
    if (ends.has(id)) {
      over(work, written, 'stop');
      return true;
    }
    work.ids.push(id);
    written.push(id);
    const { stop } = work.request;
    const stopped = stop.length > 0 && stop.some((s) => tokenizer.decode(written).includes(s));
    if (!stopped && written.length < work.most) return false;
    over(work, written, stopped ? 'stop' : 'length');
    return true;
  };
  const step = async (): Promise<void> => {
    const feed = (of: (work: Writing) => number) =>
      intTensor(
        [size.rows, 1],
        Int32Array.from(rows, (work) => (work ? of(work) : 0)),
      );
    const feeds = new Map([
      ['tokens', feed((w) => w.ids[w.at])],
      ['positions', feed((w) => w.at)],
    ]);
    const logits = (await session.run(feeds)).get('logits')!.data as Float32Array;
    rows.forEach((work, row) => {
      if (!work) return;
      if (work.signal?.aborted) {
        work.fail(work.signal.reason);
        rows[row] = null;
        return;
      }
      if (++work.at < work.ids.length) return;
      const own = logits.subarray(row * config.vocabulary, (row + 1) * config.vocabulary);
      if (goOn(work, chooseToken(own, work.request, work.random))) rows[row] = null;
    });
  };
  const run = async (): Promise<void> => {
    try {
      for (;;) {
        for (let row = 0; row < rows.length && waiting.length > 0; row++) rows[row] ??= waiting.shift()!;
        if (rows.every((work) => work === null)) break;
        await step();
      }
    } catch (error) {
      for (const work of [...rows, ...waiting.splice(0)]) work?.fail(error);
      rows.fill(null);
    }
    running = null;
  };
  return {
    take(work) {
      waiting.push(work);
      running ??= run();
    },
    async close() {
      await running;
      await session.release();
    },
  };
}
