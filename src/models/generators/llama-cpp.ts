import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { importRuntime, RUNTIME_VERSIONS } from '../executors/missing.ts';
import { type ChatTemplate, chatTemplate, joined, templated } from './chat-template.ts';
import { type Finish, type GenerationRequest, type Generator, GeneratorError } from './generator.ts';
import type { Library, Llama, LlamaModel, LlamaSequence } from './llama-cpp-library.ts';
import { ownModelHash } from './own-model.ts';
import { fitsSchema } from './schema.ts';
import { cutAtStop } from './stop.ts';

export interface LlamaCppOptions {
  /** A model in GGUF. */
  readonly file: string;
  /** `completions`: the messages are joined, although the model has a chat template. Default `chat`. */
  readonly api?: 'chat' | 'completions';
  /** Texts that are written at once. Default 16; fewer where prompt and answer have more than 2,048 tokens. */
  readonly slots?: number;
  /** Default: half the cores, at most 4: its threads wait by spinning, and take what other work needs. */
  readonly threads?: number;
}

/** Ids of tokens that fit the slots in 2,048 places each. */
const SHORTEST = 1024;
const FULL = 2048;

const NAME = 'node-llama-cpp';
const INSTALL = `npm install ${NAME}@${RUNTIME_VERSIONS.nodeLlamaCpp}`;

/**
 * A GGUF model that llama.cpp runs in this process, through the optional package `node-llama-cpp`: its chat template is
 * applied, and a request with a schema is held to it by a grammar, token by token. No build and no download is ever
 * started. Errors: ConfigError for a file that is no model, or without the package; `rejected` for a prompt that fills
 * the context and for a schema that has no grammar.
 */
export async function llamaCppGenerator(options: LlamaCppOptions): Promise<Generator> {
  const { file, api = 'chat', slots = 16, threads = halfTheCores() } = options;
  // Not a constant of import(): the package need not be there when this is compiled.
  const module: string = NAME;
  const library = await importRuntime(NAME, () => import(module) as Promise<Library>, INSTALL);
  const llama = await library.getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false });
  llama.logLevel = 'error';
  const model = await modelOf(llama, file);
  const template = api === 'chat' ? templateOf(model, file) : null;
  const name = templated(`${basename(file)}@${ownModelHash(file)}`, template);
  const rooms = new Map<number, Promise<Room>>();
  const roomOf = (length: number): Promise<Room> => {
    const room = rooms.get(length) ?? openRoom(model, length, slots, threads);
    rooms.set(length, room);
    return room;
  };
  return {
    model: name,
    slots,
    async generate(request, { signal, onFirstToken } = {}) {
      const ids = promptIds(model, request, template);
      if (ids.length >= model.trainContextSize)
        throw new GeneratorError(
          'rejected',
          `a prompt of ${ids.length} tokens; the context has ${model.trainContextSize}`,
        );
      const most = Math.min(request.maxTokens, model.trainContextSize - ids.length);
      let length = Math.min(SHORTEST, model.trainContextSize);
      while (length < ids.length + most) length = Math.min(2 * length, model.trainContextSize);
      const room = await roomOf(length);
      const grammar = await grammarOf(library, llama, model, request);
      return room.within(async (sequence) => {
        signal?.throwIfAborted();
        const tokens: number[] = [];
        let finish: Finish = 'length';
        const drawing = {
          temperature: request.temperature,
          topP: request.topP,
          seed: ((request.seed ?? 1) + (request.sample ?? 0)) % 2 ** 31,
          grammarEvaluationState: grammar,
          yieldEogToken: true,
        };
        for await (const token of sequence.evaluate(ids, drawing)) {
          signal?.throwIfAborted();
          if (tokens.length === 0) onFirstToken?.();
          if (model.isEogToken(token)) finish = 'stop';
          else tokens.push(token);
          if (isOver(request, () => model.detokenize(tokens))) finish = 'stop';
          if (finish === 'stop' || tokens.length >= most) break;
        }
        const usage = { promptTokens: ids.length, tokens: tokens.length };
        return { text: cutAtStop(model.detokenize(tokens), request.stop), finish, usage, logprob: null };
      });
    },
    async close() {
      for (const room of rooms.values()) await (await room).close();
      await model.dispose();
      await llama.dispose();
    },
  };
}

const halfTheCores = (): number => Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));

async function modelOf(llama: Llama, file: string): Promise<LlamaModel> {
  try {
    return await llama.loadModel({ modelPath: file });
  } catch (cause) {
    throw new ConfigError({
      expected: 'a model in GGUF of an architecture that llama.cpp knows',
      got: (cause as Error).message.split('\n')[0],
      where: file,
      fix: 'Give another file with --model FILE.gguf, or the folder of a Hugging Face model.',
      cause,
    });
  }
}

function templateOf(model: LlamaModel, file: string): ChatTemplate | null {
  const source = model.fileInfo.metadata.tokenizer?.chat_template;
  if (typeof source !== 'string') return null;
  const { bosString, eosString } = model.tokens;
  return chatTemplate(source, { bos_token: bosString ?? '', eos_token: eosString ?? '' }, file);
}

/** Marks of turns are tokens in a conversation; in a text that is continued they are letters. */
function promptIds(model: LlamaModel, { messages }: GenerationRequest, template: ChatTemplate | null): number[] {
  if (template) return model.tokenize(template.render(messages), true);
  const { bos, shouldPrependBosToken } = model.tokens;
  const start = shouldPrependBosToken && bos !== null ? [bos] : [];
  const ids = [...start, ...model.tokenize(joined(messages), false)];
  return ids.length > 0 ? ids : [bos ?? 0];
}

/** A stop text is written, or a whole JSON, behind which the grammar would let white space go on. */
function isOver({ stop, schema }: GenerationRequest, written: () => string): boolean {
  if (stop.length === 0 && schema === null) return false;
  const text = written();
  return stop.some((s) => text.includes(s)) || (schema !== null && /[}\]]\s*$/.test(text) && fitsSchema(text, schema));
}

async function grammarOf(library: Library, llama: Llama, model: LlamaModel, { schema }: GenerationRequest) {
  if (schema === null) return undefined;
  try {
    const grammar = await llama.createGrammarForJsonSchema(schema);
    return new library.LlamaGrammarEvaluationState({ model, grammar });
  } catch (cause) {
    throw new GeneratorError('rejected', `no grammar for the schema: ${(cause as Error).message}`, { cause });
  }
}

/** Texts of one length class, each in a sequence of its own; whoever comes when all are taken waits. */
interface Room {
  within<T>(work: (sequence: LlamaSequence) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

async function openRoom(model: LlamaModel, length: number, slots: number, threads: number): Promise<Room> {
  const sequences = Math.max(1, Math.min(slots, Math.floor((slots * FULL) / length)));
  const context = await model.createContext({ sequences, contextSize: length, threads });
  const free = Array.from({ length: sequences }, () => context.getSequence());
  const waiting: ((sequence: LlamaSequence) => void)[] = [];
  return {
    async within(work) {
      const sequence = free.pop() ?? (await new Promise<LlamaSequence>((resolve) => waiting.push(resolve)));
      try {
        return await work(sequence);
      } finally {
        await sequence.clearHistory();
        const next = waiting.shift();
        if (next) next(sequence);
        else free.push(sequence);
      }
    },
    close: () => context.dispose(),
  };
}
