/** One turn of a conversation. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A JSON schema, as plain data. */
export type JsonSchema = { readonly [key: string]: unknown };

/** What is asked of a generator; all of it but `maxTokens` decides which answers are the same. */
export interface GenerationRequest {
  readonly messages: readonly Message[];
  /** The answer must be JSON of this schema; null: plain text. */
  readonly schema: JsonSchema | null;
  /** 0 = the most likely token each time. */
  readonly temperature: number;
  /** Share of probability that is drawn from; 1 = all. */
  readonly topP: number;
  /** Texts that end the answer, and are no part of it. */
  readonly stop: readonly string[];
  /** For generators that draw; null: they choose. */
  readonly seed: number | null;
  /** Longest answer, in tokens of the model. */
  readonly maxTokens: number;
  /** Number of the answer, where several to one prompt are wanted. Default 0. */
  readonly sample?: number;
}

/** Why an answer ended: by itself, at the limit, or because the generator would not answer. */
export type Finish = 'stop' | 'length' | 'refused';

/** What is billed. */
export interface Usage {
  readonly promptTokens: number;
  readonly tokens: number;
}

/** An answer. */
export interface Generation {
  readonly text: string;
  readonly finish: Finish;
  readonly usage: Usage;
  /** Sum of the log-probabilities of its tokens, where the generator says; else null. */
  readonly logprob: number | null;
}

export interface GenerateOptions {
  readonly signal?: AbortSignal;
  /** Called when the first piece of the answer is there. */
  readonly onFirstToken?: () => void;
}

/** What writes text: an endpoint, or a model in this process. It tries once; whoever asks decides on another try. */
export interface Generator {
  /** Name of the model; part of what makes two answers the same. */
  readonly model: string;
  /** Answers that it can work on at once, where it knows; null: as many as the pace allows. */
  readonly slots: number | null;
  /** Errors: GeneratorError; whatever else it throws ends the run. */
  generate(request: GenerationRequest, options?: GenerateOptions): Promise<Generation>;
  close(): Promise<void>;
}

/**
 * Why there is no answer. `rate_limited`, `overloaded`, `timeout`, `connection` and `bad_answer` may go away;
 * `rejected` is about this request; `key` and `setup` are about all of them.
 */
export type FailureReason =
  | 'rate_limited'
  | 'overloaded'
  | 'timeout'
  | 'connection'
  | 'bad_answer'
  | 'rejected'
  | 'key'
  | 'setup';

/** Reasons that another try may not meet. */
export const PASSING: ReadonlySet<FailureReason> = new Set([
  'rate_limited',
  'overloaded',
  'timeout',
  'connection',
  'bad_answer',
]);

/** Reasons that every request will meet. */
export const FATAL: ReadonlySet<FailureReason> = new Set(['key', 'setup']);

/** An attempt that came to nothing. Its message never holds a key. */
export class GeneratorError extends Error {
  readonly reason: FailureReason;
  /** How long the server wants to be left alone, in ms; null: it did not say. */
  readonly retryAfterMs: number | null;
  /** What it may have been billed, where the server said. */
  readonly usage: Usage | null;
  constructor(
    reason: FailureReason,
    message: string,
    more: { readonly retryAfterMs?: number | null; readonly usage?: Usage | null; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = 'GeneratorError';
    this.reason = reason;
    this.retryAfterMs = more.retryAfterMs ?? null;
    this.usage = more.usage ?? null;
  }
}

/** Tokens that a prompt has at most, as long as nobody has counted: a byte is no more than one. */
export const mostPromptTokens = (messages: readonly Message[]): number =>
  messages.reduce((n, { content }) => n + Buffer.byteLength(content) + 8, 8);

/** Tokens of a text where the server does not say: four bytes each. */
export const guessedTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4);
