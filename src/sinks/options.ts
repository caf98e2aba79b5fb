import * as z from 'zod';
import type { TokenVocabulary } from '../streams/tokens/token-kind.ts';

export const jsonlOptions = z.strictObject({
  /**
   * zst: independent zstd frames (level 3) of about 4 MB of text; gz: one gzip member each, whose bytes are promised
   * per Node version only.
   */
  compression: z.enum(['zst', 'gz', 'none']).default('zst'),
  /** Columns to write, in that order; null = all. */
  columns: z.array(z.string()).min(1).nullable().default(null),
  /** Key of the text. */
  textField: z.string().min(1).default('text'),
});

export type JsonlOptions = z.infer<typeof jsonlOptions>;

export const parquetOptions = z.strictObject({
  /** snappy is faster to write, zstd a third smaller. */
  compression: z.enum(['zstd', 'snappy', 'none']).default('zstd'),
  /**
   * 1 (fast, default) to 19 (small); for zstd only. 3 makes files about a tenth smaller and takes half as long again.
   */
  level: z.int().min(1).max(19).default(1),
  /** Columns to write, in that order; null = all. */
  columns: z.array(z.string()).min(1).nullable().default(null),
});

export type ParquetOptions = z.infer<typeof parquetOptions>;

export const arrowOptions = z.strictObject({
  /** `file`: random access, `.arrow`; `stream`: `.arrows`. */
  format: z.enum(['file', 'stream']).default('file'),
  /** Columns to write, in that order; null = all. */
  columns: z.array(z.string()).min(1).nullable().default(null),
});

export type ArrowOptions = z.infer<typeof arrowOptions>;

export const tokensOptions = z.strictObject({
  /**
   * `bytes` (an id is a byte of UTF-8), or a `tokenizer.json` of Hugging Face or the folder that has one.
   */
  tokenizer: z.string().min(1),
  /**
   * Id put after every document. Default `auto`: what the tokenizer ends documents with, 256 for `bytes`; null: none.
   */
  endOfText: z
    .union([z.int().min(0), z.literal('auto')])
    .nullable()
    .default('auto'),
  /** Annotations to keep in the index, for curricula and groups. Default: none. */
  columns: z.array(z.string()).default([]),
});

export type TokensOptions = z.infer<typeof tokensOptions>;

export const sinkOptions = {
  parquet: parquetOptions,
  jsonl: jsonlOptions,
  arrow: arrowOptions,
  tokens: tokensOptions,
};

type Kinds = typeof sinkOptions;

/** A sink as plain data: it crosses threads, is hashed with the recipe and recorded. */
export type SinkDescriptor = {
  [K in keyof Kinds]: {
    readonly name: string;
    readonly kind: K;
    readonly options: Readonly<z.infer<Kinds[K]>>;
    /** Of a store of tokens: what its ids are. */
    readonly vocabulary?: TokenVocabulary;
    /** Options that only say where a file lies whose hash stands beside them. */
    readonly places?: readonly string[];
  };
}[keyof Kinds];

export type NamedOptions<K extends keyof Kinds> = z.input<Kinds[K]> & {
  /** Folder below `sinks/`; the first sink of a recipe is always `documents`. Default: the kind. */
  readonly name?: string;
};
