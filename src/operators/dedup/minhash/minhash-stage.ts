import { openMinhashKernel } from '../../../kernels/minhash.ts';
import type { DocumentBatch } from '../../../streams/batch/batch.ts';
import type { Column, Utf8Column } from '../../../streams/batch/columns.ts';
import { positionLabels } from '../../../streams/batch/position.ts';
import type { Barrier, BarrierOutputs, BarrierSplit, RoundWork } from '../../../streams/flow/barrier.ts';
import { rowsInScope, type StepDescriptor } from '../../../streams/operator.ts';
import { ranksOf } from '../priority.ts';
import { decideStreaming, StreamingCopies } from '../streaming-copies.ts';
import { partsByHash } from '../tables/hash-columns.ts';
import type { IndexReference } from '../tables/index-files.ts';
import { OUT_OF_SCOPE } from '../tables/scope.ts';
import { openDatatroveKernel } from './datatrove-minhash.ts';
import { KIN, kinColumn } from './kin.ts';
import { bandsAndRows, type MinhashOptions, minhashIndexOf } from './minhash-bands.ts';
import { bandColumn, decideNear } from './minhash-decide.ts';
import { openEarlier, saveMinhash, signatureBytes, signatureColumn } from './minhash-index.ts';
import { candidateTexts } from './near-components.ts';
import { nearRounds } from './near-rounds.ts';
import { shingleSet } from './shingle-sets.ts';

/** The barrier behind `dedup.minhash()`, and its bounded index for `scope: 'streaming'`. */
export async function barrier(
  descriptor: StepDescriptor,
): Promise<Barrier & { streaming(spills: readonly string[]): StreamingCopies }> {
  const options = descriptor.options as unknown as MinhashOptions & { readonly indexes: readonly IndexReference[] };
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
  const near = { bands, threshold, ranked: options.priority !== null, shingles, kin: options.kin === 'keep' };
  const streaming = (spills: readonly string[]): StreamingCopies =>
    new StreamingCopies({ bands, threshold, remembered: options.remembered, shingles, spills });
  return {
    streaming,
    keys(batch, spans) {
      const scope = rowsInScope(batch, descriptor.where);
      const text = batch.utf8('text');
      const code = rowsInScope(batch, { domain: options.code });
      const made = kernel.keys(text.values, text.offsets, batch.rows, scope, signed, code);
      const columns: [string, Column][] = [];
      for (let b = 0; b < bands; b++)
        columns.push([bandColumn(b), int64(made.keys.slice(b * batch.rows, (b + 1) * batch.rows))]);
      if (signed) columns.push(['signature', signatureColumn(made, batch.rows, bands * rows)]);
      if (options.saveIndex) columns.push(['id', batch.utf8('id')]);
      const side = new Map(sideColumns(batch, spans, made, empty, ranksOf(batch, priority)));
      if (options.scope === 'global') side.set(KIN, kinColumn(batch, side.get('label') as Utf8Column));
      return new Map([...columns, ...side]);
    },
    ...(options.scope === 'global' &&
      !signed && {
        parts: (columns: DocumentBatch) => partsByHash(columns, 'norm_lo'),
        rounds: nearRounds(near),
        textsRead: (work: RoundWork) => candidateTexts(near, work),
      }),
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
        ...near,
        earlier,
        signatureBytes: signatureBytes(bands * rows),
        ...(options.saveIndex &&
          outputs && {
            save: (kept) => saveMinhash(outputs, name, minhashIndexOf(options), earlier, splits, columns, kept),
          }),
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
  for (let i = 0; i < batch.rows; i++) {
    high[i] = made.normalized[2 * i];
    low[i] = made.normalized[2 * i + 1];
    // Texts without a letter or number have nothing in common.
    if (high[i] === emptyText[0] && low[i] === emptyText[1]) shingles[i] = OUT_OF_SCOPE;
  }
  return [
    ['norm_hi', int64(high)],
    ['norm_lo', int64(low)],
    ['start', { type: 'float64', values: spans.start, valid: null }],
    ['rank', { type: 'float64', values: rank, valid: null }],
    ['shingles', { type: 'int32', values: shingles, valid: null }],
    ['bytes', { type: 'int32', values: spans.bytes, valid: null }],
    ['label', positionLabels(batch)],
  ];
}
