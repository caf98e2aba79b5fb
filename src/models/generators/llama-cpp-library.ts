import type { JsonSchema } from './generator.ts';

/** What is used of `node-llama-cpp`, which need not be installed. */
export interface Library {
  getLlama(options: {
    readonly gpu: false;
    readonly build: 'never';
    readonly skipDownload: boolean;
    readonly progressLogs: boolean;
  }): Promise<Llama>;
  readonly LlamaGrammarEvaluationState: new (of: { readonly model: LlamaModel; readonly grammar: object }) => object;
}

export interface Llama {
  logLevel: string;
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
  createGrammarForJsonSchema(schema: JsonSchema): Promise<object>;
  dispose(): Promise<void>;
}

export interface LlamaModel {
  /** Longest sequence, in tokens. */
  readonly trainContextSize: number;
  readonly fileInfo: { readonly metadata: { readonly tokenizer?: { readonly chat_template?: unknown } } };
  readonly tokens: {
    readonly bos: number | null;
    readonly bosString: string | null;
    readonly eosString: string | null;
    readonly shouldPrependBosToken: boolean;
  };
  tokenize(text: string, specialTokens: boolean): number[];
  detokenize(tokens: readonly number[]): string;
  /** Ends a text or a turn. */
  isEogToken(token: number): boolean;
  createContext(options: {
    readonly sequences: number;
    readonly contextSize: number;
    readonly threads: number;
  }): Promise<{ getSequence(): LlamaSequence; dispose(): Promise<void> }>;
  dispose(): Promise<void>;
}

export interface LlamaSequence {
  evaluate(
    tokens: readonly number[],
    options: {
      readonly temperature: number;
      readonly topP: number;
      readonly seed: number;
      readonly grammarEvaluationState: object | undefined;
      readonly yieldEogToken: boolean;
    },
  ): AsyncIterable<number>;
  clearHistory(): Promise<void>;
}
