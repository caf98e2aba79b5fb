import * as z from 'zod';
import { ConfigError } from '../../../errors.ts';
import { MOST_UNITS } from '../../../kernels/minhash.ts';
import { operator } from '../../operator.ts';
import { withIndexes } from '../earlier-indexes.ts';
import { onlineCopies } from '../online-copies.ts';
import { columnsOf } from '../priority.ts';
import { bandsAndRows, type MinhashOptions, minhashIndexOf } from './minhash-bands.ts';
import { nearRule, normalizedRule } from './near-rules.ts';

export const minhashOptions = z.strictObject({
  /** What a shingle is made of: `words`, or `characters` of the words with one space between them. */
  unit: z.enum(['words', 'characters']).default('words'),
  /** Units in a shingle. */
  size: z.int().min(1).max(MOST_UNITS).default(5),
  /** Default 14 (FineWeb), unless `permutations` is given. */
  bands: z.int().min(1).max(1024).nullable().default(null),
  /** Default 8 (FineWeb), unless `permutations` is given. */
  rows: z.int().min(1).max(256).nullable().default(null),
  /** Values in a signature from which bands and rows are chosen for `threshold`; instead of `bands` and `rows`. */
  permutations: z.int().min(1).max(1024).nullable().default(null),
  /** Least true Jaccard similarity of the shingle sets of a dropped document and the one that stands for it. */
  threshold: z.number().min(0).max(1).default(0.7),
  /**
   * False: candidates count as copies unchecked, and every component of them keeps one document, as other tools do it.
   */
  verify: z.boolean().default(true),
  /**
   * `datatrove`: its signatures (permutations modulo 2^61 - 1, parameters of numpy), bit for bit from the same words,
   * about 100 times slower; its own shingles of words are what `threshold` is about.
   */
  profile: z.enum(['sluice', 'datatrove']).default('sluice'),
  /** Of the profile `datatrove`: its default, or the start of SHA-1, as for FineWeb. */
  hash: z.enum(['xxh64', 'sha1']).default('xxh64'),
  /** `oph`: one permutation with optimal densification, faster, less accurate on short texts. */
  method: z.enum(['minhash', 'oph']).default('minhash'),
  /**
   * Column that decides who survives, a number or an ISO date, also `metadata.<field>`; null: the first in input order.
   */
  priority: z.string().nullable().default(null),
  prefer: z.enum(['highest', 'lowest']).default('highest'),
  /**
   * `global`: all documents are seen first (a barrier). `streaming`: the first in input order stays, among the last
   * `remembered` kept.
   */
  scope: z.enum(['global', 'streaming']).default('global'),
  /** Documents that a streaming step remembers, about 400 bytes each. */
  remembered: z.int().min(1).max(20_000_000).default(200_000),
  seed: z.int().min(0).default(1),
  /**
   * Leaves band keys, signatures and ids of the documents that stay in the run directory, `indexes/<step>.minhash`;
   * `scope: 'global'` only.
   */
  saveIndex: z.boolean().default(false),
  /**
   * Run directories or index files of earlier runs with the same shingles, bands, rows, seed and profile: what has a
   * twin there is dropped, whatever its priority. Earlier texts are gone, so similarity to them is ESTIMATED from
   * signatures (112 values: standard error 0.043 at 0.7), and `duplicate_of` is `earlier:<id>`. Equal normalised texts
   * are found without an estimate.
   */
  against: z.array(z.string().min(1)).default([]),
  /**
   * Domains whose texts are code: those too short for a shingle are copies only when nothing differs but white space at
   * line ends and blank lines.
   */
  code: z.array(z.string().min(1)).default(['code']),
  /**
   * What a generator made of a document, and that document, are kin: near copies of each other by their nature. `keep`:
   * neither is dropped for the other, unless their normalised texts are equal. `scope: 'global'` with `verify` only.
   */
  kin: z.enum(['keep', 'drop']).default('keep'),
});

/**
 * Near-duplicate removal by MinHash and locality-sensitive hashing (Broder 1997; Lee et al. 2022, "Deduplicating
 * Training Data Makes Language Models Better", appendix A; bands and rows of Penedo et al. 2024, FineWeb), as a barrier
 * over all documents. Words are runs of letters, marks, numbers and `_`, folded as in `dedup.normalized()`, each with
 * the operators before it. Documents that share a band key are candidates; from the best
 * rank down a document is dropped when its true Jaccard similarity to a survivor
 * is at least `threshold` (rule `near_duplicate`, with `duplicate_of` and `similarity`): nothing is dropped that is not
 * that similar to the document named, so chains do not swallow a cluster. Texts too short for a shingle are compared as
 * in `dedup.normalized()` (rule `exact_normalized_duplicate`). `scope: 'streaming'`: keep-first with an index
 * of `remembered` documents, online in a plain pipe; its disk holds the text once. Memory: 16 bytes a document and
 * passes that fit the budget; disk: the text and 8 bytes a band and document under `work/`.
 */
export const minhash = operator({
  call: 'dedup.minhash()',
  name: 'minhash_dedup',
  stage: 'dedup/minhash',
  options: minhashOptions,
  versions: ['near_duplicate@2', 'exact_normalized_duplicate@2'],
  effects: { drops: 'copies', barrier: true },
  describe(options, step) {
    check(options);
    return {
      options: withIndexes(options, minhashIndexOf(options), step),
      reads: columnsOf({ column: options.priority, prefer: options.prefer }),
      rules: [nearRule(options.verify ? options.threshold : 0), normalizedRule],
    };
  },
  pipe(descriptor) {
    if (descriptor.options.scope === 'global') return null;
    return onlineCopies(descriptor, async () => {
      const { barrier } = await import('./minhash-stage.ts');
      const made = await barrier(descriptor);
      return { barrier: made, copies: (paths) => made.streaming(paths) };
    });
  },
});

function check(options: MinhashOptions & { readonly against: readonly string[] }): void {
  bandsAndRows(options);
  if (options.profile === 'datatrove' && (options.unit !== 'words' || options.method !== 'minhash')) {
    throw new ConfigError({
      expected: "profile: 'datatrove' with unit: 'words' and method: 'minhash'",
      got: `unit ${options.unit}, method ${options.method}`,
      where: 'dedup.minhash()',
    });
  }
  if (options.scope === 'streaming' && options.priority !== null) {
    throw new ConfigError({
      expected: "scope: 'streaming' without a priority: it always keeps the first in input order",
      got: `priority ${options.priority}`,
      where: 'dedup.minhash()',
      fix: "Sort the input, or use scope: 'global'.",
    });
  }
  if (options.scope === 'streaming' && (options.saveIndex || options.against.length > 0)) {
    throw new ConfigError({
      expected: "scope: 'global' with saveIndex and against",
      got: "scope: 'streaming'",
      where: 'dedup.minhash()',
      fix: "Use scope: 'global', or dedup.bloom() for a stream.",
    });
  }
}
