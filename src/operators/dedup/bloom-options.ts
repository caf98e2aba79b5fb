import * as z from 'zod';
import { urlOptions } from './url-options.ts';

export const bloomOptions = z.strictObject({
  /** What must be new: the whole text, the address, or each paragraph (a line). */
  key: z.enum(['text', 'url', 'paragraphs']).default('text'),
  /** Keys that the filter is made for, those of `against` included; more are an error. */
  expectedKeys: z.int().min(1).default(10_000_000),
  /** Share of new keys that may be taken for seen ones when the filter is full. */
  falsePositiveRate: z.number().min(1e-9).max(0.5).default(1e-6),
  /** Paragraphs of fewer bytes are left alone: `***` and `Share` repeat everywhere. */
  minParagraphBytes: z.int().min(0).default(13),
  /** Dotted path of the address in the metadata, or a utf8 column; for key `url`. */
  urlPath: z.string().min(1).default('url'),
  /** What addresses may differ in; for key `url`. */
  url: urlOptions.prefault({}),
  /** Leaves the filter in the run directory, `indexes/<step>.bloom`. */
  saveIndex: z.boolean().default(false),
  /** Run directories or index files of earlier runs: what stands there has been seen. */
  against: z.array(z.string().min(1)).default([]),
});

export type BloomOptions = z.infer<typeof bloomOptions>;
