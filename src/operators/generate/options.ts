import * as z from 'zod';
import { EXECUTORS } from '../../models/executors/executor.ts';
import { ownModelHash } from '../../models/generators/own-model.ts';
import { modelFolder } from '../perplexity/perplexity-stage.ts';

const price = z.number().min(0).default(0);
const limit = z.number().positive().nullable().default(null);

/** What every step with a generator takes. */
export const generatorOptions = z.strictObject({
  /**
   * Address of a server that speaks the API of OpenAI: vLLM, SGLang, llama.cpp, Ollama, a hosted service
   * (`http://127.0.0.1:8000/v1`). Default: a model in this process.
   */
  endpoint: z.string().nullable().default(null),
  /**
   * Name of the model at the endpoint; without one the folder of a model, as for perplexity(), or a `.gguf` file, which
   * llama.cpp runs in this process (optional package node-llama-cpp). Default: the small model that ships, which
   * continues prose and follows no instructions.
   */
  model: z.string().nullable().default(null),
  /**
   * `chat`: turns, which a model in this process is told by its chat template, where it has one. `completions` for
   * models that know no chat: the prompt is sent as it is. `batch`: requests are gathered into jobs of the batch API,
   * at half the price and with answers within a day.
   */
  api: z.enum(['chat', 'completions', 'batch']).default('chat'),
  /** Environment variable with the key. Default: SLUICE_API_KEY if it is set. A key is never an option. */
  keyFrom: z.string().nullable().default(null),
  /** Ask for answers in pieces: shows how long the server takes to begin. */
  stream: z.boolean().default(true),
  /** Longest answer, in tokens. */
  maxTokens: z.int().min(1).default(512),
  /** 0: the most likely token each time. */
  temperature: z.number().min(0).max(2).default(0.7),
  topP: z.number().gt(0).max(1).default(0.95),
  /** Of a model that draws. */
  seed: z.int().min(0).default(1),
  /** Requests at once, at most; fewer where the server begins to queue. */
  concurrency: z.int().min(1).max(4096).default(32),
  requestsPerMinute: limit,
  /** Of prompts and answers together. */
  tokensPerMinute: limit,
  /** Longest silence of the server. */
  timeoutSeconds: z.number().positive().default(120),
  /** Tries again after a failure that may pass. */
  retries: z.int().min(0).default(5),
  /** Tokens of prompts and answers that the step may use, all starts together. Then documents pass unasked. */
  budgetTokens: z.int().min(0).nullable().default(null),
  /** The same in money, by the prices. */
  budget: z.number().min(0).nullable().default(null),
  /** Of a million tokens of prompt. */
  promptPrice: price,
  /** Of a million tokens of answer. */
  answerPrice: price,
  /** Folder of answers that are paid for. Default: `answers` in the run directory. */
  answers: z.string().nullable().default(null),
  /**
   * Ask only about documents whose value in this column, which an earlier step wrote, lies between `bandMin` and
   * `bandMax`: cheap steps decide the clear cases. The others pass as they are.
   */
  bandColumn: z.string().nullable().default(null),
  bandMin: z.number().nullable().default(null),
  bandMax: z.number().nullable().default(null),
  /** What runs a model in this process. Default: the best that passes a self-check. */
  executor: z.enum(['auto', ...EXECUTORS]).default('auto'),
  /** Answers that a model in this process works on at once. */
  slots: z.int().min(1).max(256).default(16),
});

/** Options that decide how fast and where, and not what comes out: a run goes on with others. */
export const PLACES = [
  'endpoint',
  'keyFrom',
  'stream',
  'concurrency',
  'requestsPerMinute',
  'tokensPerMinute',
  'timeoutSeconds',
  'retries',
  'budgetTokens',
  'budget',
  'answers',
  'executor',
  'slots',
] as const;

/** Columns that a step reads beside the text. */
export const bandReads = ({ bandColumn }: { readonly bandColumn: string | null }): string[] =>
  bandColumn === null ? [] : [bandColumn];

/** Version of the model that writes, where it is in this process. */
export const modelVersion = (o: { readonly endpoint: string | null; readonly model: string | null }): string[] =>
  o.endpoint === null ? [`model ${ownModelHash(modelFolder(o.model))}`] : [];

/** An endpoint serves several models, so one must be named. */
export const modelUnset = (o: { readonly endpoint: string | null; readonly model: string | null }) =>
  o.endpoint !== null && o.model === null ? { unset: 'model', unsetHelp: 'Or with --model NAME.' } : {};
