import * as z from 'zod';
import { ConfigError } from '../../../errors.ts';
import { MOST_PERMUTATIONS, MOST_UNITS, openMinhashKernel } from '../../../kernels/minhash.ts';
import { parseOptions } from '../../../options.ts';
import type { DocumentBatch } from '../../../streams/batch/batch.ts';
import { type Column, utf8Column } from '../../../streams/batch/columns.ts';
import type { Rule } from '../../../streams/batch/outcome.ts';
import { positionLabel } from '../../../streams/batch/position.ts';
import type { Barrier, BarrierOutputs, BarrierSplit } from '../../../streams/flow/barrier.ts';
import { type Json, type Operator, rowsInScope, type Scope, type StepDescriptor } from '../../../streams/operator.ts';
import { makeBarrierOperator } from '../../operator.ts';
import { changedOption, dedupDescriptor, withIndexes } from '../dedup-step.ts';
import { columnsOf, ranksOf } from '../priority.ts';
import { decideStreaming, onlineCopies, StreamingCopies } from '../streaming.ts';
import type { IndexHeader, IndexReference } from '../tables/index-files.ts';
import { openDatatroveKernel } from './datatrove-minhash.ts';
import { bandsFor, curveText } from './minhash-curve.ts';
import { bandColumn, decideNear, OUT_OF_SCOPE } from './minhash-decide.ts';
import { openEarlier, saveMinhash, signatureBytes, signatureColumn } from './minhash-index.ts';
import { shingleSet } from './shingle-sets.ts';

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
});

type Options = z.output<typeof minhashOptions>;

export const nearRule = (threshold: number): Rule => ({
  name: 'near_duplicate',
  version: 1,
  column: 'similarity',
  comparison: '>=',
  threshold,
  onNull: 'pass',
  option: 'threshold',
});

export const normalizedRule: Rule = {
  name: 'exact_normalized_duplicate',
  version: 1,
  column: 'similarity',
  comparison: '>=',
  threshold: 1,
  onNull: 'pass',
  option: 'exact_normalized_duplicate',
};

/**
 * Near-duplicate removal by MinHash and locality-sensitive hashing (Broder 1997; Lee et al. 2022, "Deduplicating
 * Training Data Makes Language Models Better", appendix A; bands and rows of Penedo et al. 2024, FineWeb), as a barrier
 * over all documents. Words are runs of letters, numbers and `_`, case folded, without accents. Documents that share a
 * band key are candidates; from the best rank down a document is dropped when its true Jaccard similarity to a survivor
 * is at least `threshold` (rule `near_duplicate`, with `duplicate_of` and `similarity`): nothing is dropped that is not
 * that similar to the document named, so chains do not swallow a cluster. Texts too short for a shingle are compared by
 * their letters and numbers alone (rule `exact_normalized_duplicate`). `scope: 'streaming'`: keep-first with an index
 * of `remembered` documents, online in a plain pipe; its disk holds the text once. Memory: 16 bytes a document and
 * passes that fit the budget; disk: the text and 8 bytes a band and document under `work/`.
 */
export function minhash({
  step = 'minhash_dedup',
  where,
  ...rest
}: z.input<typeof minhashOptions> & { step?: string; where?: Scope } = {}): Operator {
  const options = parseOptions(minhashOptions, rest, 'dedup.minhash()');
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
  const descriptor = dedupDescriptor(options, {
    step,
    module: 'sluice:dedup-minhash',
    export: 'minhashBarrier',
    versions: ['near_duplicate@1', 'exact_normalized_duplicate@1'],
    options: withIndexes(options, indexOf(options), step),
    where,
    reads: columnsOf({ column: options.priority, prefer: options.prefer }),
    rules: [nearRule(options.verify ? options.threshold : 0), normalizedRule],
  });
  const set = (option: string, value: Json): Operator =>
    minhash({ ...changedOption(options, step, option, value), step, where });
  if (options.scope === 'global') return makeBarrierOperator(descriptor, set);
  const online = onlineCopies(descriptor, async () => {
    const barrier = await minhashBarrier(descriptor);
    return { barrier, copies: (paths) => barrier.streaming(paths) };
  });
  return Object.assign(online, { descriptor, set, bind: () => online });
}

/** What must be equal for two indexes of near copies to mean the same. */
function indexOf(options: Options): Pick<IndexHeader, 'kind' | 'version' | 'parameters'> {
  const { unit, size, method, seed, profile, hash } = options;
  return {
    kind: 'minhash',
    version: 1,
    parameters: {
      key: 'shingles',
      unit,
      size,
      ...bandsAndRows(options),
      method,
      seed,
      profile,
      hash: profile === 'datatrove' ? hash : null,
    },
  };
}

/** The bands and rows that options come to. */
export function bandsAndRows({ bands, rows, permutations, threshold }: Options): { bands: number; rows: number } {
  if (permutations !== null && (bands !== null || rows !== null)) {
    throw new ConfigError({
      expected: 'permutations, or bands and rows',
      got: 'both',
      where: 'dedup.minhash()',
      fix: 'Remove permutations, or remove bands and rows to have them chosen for the threshold.',
    });
  }
  const chosen = permutations === null ? { bands: bands ?? 14, rows: rows ?? 8 } : bandsFor(threshold, permutations);
  if (chosen.bands * chosen.rows > MOST_PERMUTATIONS) {
    throw new ConfigError({
      expected: `at most ${MOST_PERMUTATIONS} values in a signature`,
      got: `${chosen.bands} bands of ${chosen.rows} rows`,
      where: 'dedup.minhash()',
    });
  }
  return chosen;
}

/** What a step with these options finds, in a line: bands, rows and the curve. */
export function minhashText(given: StepDescriptor['options']): string {
  const options = given as unknown as Options;
  const { bands, rows } = bandsAndRows(options);
  const shingle = `${options.size} ${options.unit}`;
  const check = options.verify
    ? `dropped from a true Jaccard similarity of ${options.threshold} on`
    : 'candidates are dropped unchecked';
  return `shingles of ${shingle}; ${curveText(bands, rows)}; ${check}`;
}

/** The barrier behind `dedup.minhash()`, and its bounded index for `scope: 'streaming'`. */
export async function minhashBarrier(
  descriptor: StepDescriptor,
): Promise<Barrier & { streaming(spills: readonly string[]): StreamingCopies }> {
  const options = descriptor.options as unknown as Options & { readonly indexes: readonly IndexReference[] };
  const { bands, rows } = bandsAndRows(options);
  const signed = options.saveIndex || options.indexes.length > 0;
  const { unit, size, method, seed } = options;
  const sizes = { unit, size, bands, rows, method, seed };
  const sluice = await openMinhashKernel(sizes);
  const kernel = options.profile === 'datatrove' ? await openDatatroveKernel(sluice, sizes, options.hash) : sluice;
  const empty = kernel.keys(new Uint8Array(0), new Int32Array(2), 1, null).normalized;
  const priority = { column: options.priority, prefer: options.prefer };
  const threshold = options.verify ? options.threshold : null;
  const shingles = (bytes: Uint8Array) => shingleSet(kernel.shingles(bytes));
  const streaming = (spills: readonly string[]): StreamingCopies =>
    new StreamingCopies({ bands, threshold, remembered: options.remembered, shingles, spills });
  return {
    streaming,
    keys(batch, spans) {
      const scope = rowsInScope(batch, descriptor.where);
      const text = batch.utf8('text');
      const made = kernel.keys(text.values, text.offsets, batch.rows, scope, signed);
      const columns: [string, Column][] = [];
      for (let b = 0; b < bands; b++)
        columns.push([bandColumn(b), int64(made.keys.slice(b * batch.rows, (b + 1) * batch.rows))]);
      if (signed) columns.push(['signature', signatureColumn(made, batch.rows, bands * rows)]);
      if (options.saveIndex) columns.push(['id', batch.utf8('id')]);
      return new Map([...columns, ...sideColumns(batch, spans, made, empty, ranksOf(batch, priority))]);
    },
    async *decide(splits: readonly BarrierSplit[], memoryBytes: number, outputs?: BarrierOutputs) {
      if (options.scope === 'streaming') {
        yield* decideStreaming(splits, streaming(splits.map((s) => s.spill)));
        return;
      }
      const earlier = await openEarlier(options.indexes);
      const bandKeys = Array.from({ length: bands }, (_, b) => bandColumn(b));
      const columns = [...bandKeys, 'signature', 'norm_hi', 'norm_lo', 'shingles', 'label'];
      const name = `${descriptor.step}.minhash`;
      yield* decideNear(splits, memoryBytes, {
        bands,
        threshold,
        ranked: options.priority !== null,
        shingles,
        earlier,
        signatureBytes: signatureBytes(bands * rows),
        ...(options.saveIndex &&
          outputs && { save: (kept) => saveMinhash(outputs, name, indexOf(options), earlier, splits, columns, kept) }),
      });
    },
  };
}

const int64 = (values: BigInt64Array): Column => ({ type: 'int64', values, valid: null });

/** What every decision by normalised text needs, beside the band keys. */
export function sideColumns(
  batch: DocumentBatch,
  spans: { readonly start: Float64Array; readonly bytes: Int32Array },
  made: { readonly normalized: BigInt64Array; readonly shingles: Int32Array },
  emptyText: BigInt64Array,
  rank: Float64Array,
): [string, Column][] {
  const [high, low] = [new BigInt64Array(batch.rows), new BigInt64Array(batch.rows)];
  const shingles = made.shingles.slice();
  const labels: string[] = [];
  for (let i = 0; i < batch.rows; i++) {
    high[i] = made.normalized[2 * i];
    low[i] = made.normalized[2 * i + 1];
    // Texts without a letter or number have nothing in common.
    if (high[i] === emptyText[0] && low[i] === emptyText[1]) shingles[i] = OUT_OF_SCOPE;
    labels.push(positionLabel(batch, i));
  }
  return [
    ['norm_hi', int64(high)],
    ['norm_lo', int64(low)],
    ['start', { type: 'float64', values: spans.start, valid: null }],
    ['rank', { type: 'float64', values: rank, valid: null }],
    ['shingles', { type: 'int32', values: shingles, valid: null }],
    ['bytes', { type: 'int32', values: spans.bytes, valid: null }],
    ['label', utf8Column(labels)],
  ];
}
