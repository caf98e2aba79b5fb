import * as z from 'zod';
import { operator } from '../../operator.ts';
import { pieceOptions } from './piece-options.ts';
import { spanRules } from './span-rules.ts';

export const boilerplateOptions = pieceOptions.extend({
  /** What is compared: paragraphs (between blank lines) or lines. */
  unit: z.enum(['paragraphs', 'lines']).default('paragraphs'),
  /** Cut what stands in more documents of a domain than this. */
  moreThan: z.int().min(1).default(10),
  /** The first document in input order keeps it. */
  keepFirst: z.boolean().default(false),
});

/**
 * Removal of boilerplate, as a barrier: a paragraph that stands in more than `moreThan` documents of its domain
 * (navigation, consent and licence texts) is cut from all of them. Documents are counted, not copies: what one says
 * twice counts once. Domains are apart: what is usual in one may be content in another. By 128-bit hashes of paragraph
 * and domain: two are taken for one with a chance of 10^-17 among 10^11; no defence against forged texts. Cuts:
 * `boilerplate`. Drops: `boilerplate_nothing_left`, `boilerplate_min_words_left`. Never cut: pieces under `minBytes`.
 * Memory: what is given, in partitions. Disk: the text once and 32 bytes a paragraph; 36 more while deciding where they
 * do not fit the memory.
 */
export const boilerplate = operator({
  call: 'dedup.boilerplate()',
  name: 'boilerplate',
  stage: 'dedup/boilerplate',
  options: boilerplateOptions,
  versions: ['boilerplate@2'],
  effects: { rewrites: true, drops: 'copies', barrier: true },
  describe: ({ minWordsLeft }) => ({ rules: spanRules('boilerplate', minWordsLeft) }),
});
