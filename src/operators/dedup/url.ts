import * as z from 'zod';
import { operator } from '../operator.ts';
import { copyRule, withIndexes } from './earlier-indexes.ts';
import { urlOptions } from './url-options.ts';
import { urlIndexOf } from './url-stage.ts';

export const urlDedupOptions = z.strictObject({
  /** Dotted path of the address in the metadata, or a utf8 column. */
  path: z.string().min(1).default('url'),
  ...urlOptions.shape,
  /** Leaves the hashes of all addresses in the run directory, `indexes/<step>.hashes`. */
  saveIndex: z.boolean().default(false),
  /** Run directories or index files of earlier runs: what stands there has been seen. */
  against: z.array(z.string().min(1)).default([]),
});

/**
 * Deduplication by address, as a barrier: the first document of each normal address stays (`url_normal` says what it
 * came to; the options what is made alike: scheme, www, defaultPort, trailingSlash, fragment, tracking, session,
 * sortQuery, percent). Compared by 128-bit hash. A document without an address, or with one that has no host, passes;
 * its `url_normal` is null. `saveIndex` and `against` as for `dedup.bloom()`, with hashes instead of a filter: exact,
 * 16 bytes an address. Drops: rule `url_duplicate`, with the first document's position in `duplicate_of` (null: in an
 * earlier run). Memory: 4 bytes a document, 12 for each that stands for others, and partitions that fit the budget.
 */
export const url = operator({
  call: 'dedup.url()',
  name: 'url_dedup',
  stage: 'dedup/url',
  options: urlDedupOptions,
  versions: ['url_duplicate@1'],
  effects: { annotates: true, drops: 'copies', barrier: true },
  describe: (options, step) => ({
    options: withIndexes(options, urlIndexOf(options), step),
    writes: [{ name: 'url_normal', type: 'utf8' }],
    rules: [copyRule('url_duplicate')],
  }),
});
