import { availableParallelism } from 'node:os';
import { SluiceError } from '../../errors.ts';
import { pickExecutor } from '../../models/executors/pick-executor.ts';
import { longestText } from '../../models/scorers/neural-scorer.ts';
import type { FreshRows } from '../../operators/perplexity/fresh-rows.ts';
import { scoringSpec } from '../../operators/perplexity/perplexity-stage.ts';
import { freshRowsOf, scoreHere } from '../../operators/perplexity/score-here.ts';
import { DocumentBatch } from '../../streams/batch/batch.ts';
import { takeRows, utf8Column } from '../../streams/batch/columns.ts';
import { rowsInScope, type StepDescriptor } from '../../streams/operator.ts';

/** What a step with a language model takes, tried on one thread. */
export interface ModelTrial {
  readonly step: string;
  /** Of what was tried: documents that the model was not trained on. */
  readonly documents: number;
  readonly textBytes: number;
  /** Text per second of one thread. */
  readonly bytesPerSecond: number;
  /**
   * Share of the text read that comes to the step, is in its scope, is not certainly too long and not what its model
   * was trained on.
   */
  readonly share: number;
  /** To open the model, which the model workers do at the same time. */
  readonly openSeconds: number;
}

/** Why a step cannot be tried: a run would refuse for the same reason. */
export interface ModelRefusal {
  readonly step: string;
  readonly refused: SluiceError['parts'];
}

/** Documents for one model step, collected while the other steps are tried. */
export interface ModelProbe {
  take(batch: DocumentBatch): Promise<void>;
  /** Scores documents of the batches taken, one batch after the other, for about 3 seconds after the first. */
  run(): Promise<ModelTrial | ModelRefusal>;
}

const LIMIT_MS = 3000;
const BATCHES = 64;
/** Text of one batch that is scored, of the last document its beginning: more of it says no more about the speed. */
const BATCH_BYTES = 8192;
/**
 * A second model worker gives about so much of itself: they share caches, and the memory of the weights is their own.
 */
const SECOND_WORKER = 0.95;

/** Model workers of a run. */
export interface ModelWorkers {
  readonly workers: number;
  /** Bytes that each holds at most. */
  readonly bytesEach: number;
}

/** Seconds that a step takes for so much text read. @param workers model workers; no more than cores work at once */
export const modelSeconds = (t: ModelTrial, textBytes: number, workers: number): number =>
  t.openSeconds +
  (textBytes * t.share) / (t.bytesPerSecond * (1 + (Math.min(workers, availableParallelism()) - 1) * SECOND_WORKER));

export function modelProbe(descriptor: StepDescriptor): ModelProbe {
  const taken: DocumentBatch[] = [];
  let [seen, wanted] = [0, 0];
  const spec = scoringSpec(descriptor);
  const longest = longestText(spec.maxTokens ?? Number.POSITIVE_INFINITY);
  let fresh: FreshRows | null = null;
  return {
    async take(batch) {
      fresh ??= await freshRowsOf(spec);
      const { offsets, values } = batch.utf8('text');
      const scope = fresh(batch, rowsInScope(batch, descriptor.where));
      const lengthOf = (i: number): number => offsets[i + 1] - offsets[i];
      const rows = [...scope.keys()].filter((i) => scope[i] === 1 && lengthOf(i) > 0 && lengthOf(i) <= longest);
      seen += offsets[batch.rows] - offsets[0];
      wanted += rows.reduce((n, i) => n + lengthOf(i), 0);
      if (rows.length === 0 || taken.length === BATCHES) return;
      // Not the first ones of every batch, which may be of one kind.
      const first = Math.floor((((taken.length * (Math.sqrt(5) - 1)) / 2) % 1) * rows.length);
      const chosen: number[] = [];
      const texts: string[] = [];
      for (let k = 0, room = BATCH_BYTES; k < rows.length && room > 0; k++) {
        const row = rows[(first + k) % rows.length];
        chosen.push(row);
        texts.push(beginning(values.subarray(offsets[row], offsets[row + 1]), room));
        room -= lengthOf(row);
      }
      const columns = new Map([
        ['text', utf8Column(texts)],
        ['metadata', takeRows(batch.utf8('metadata'), chosen)],
      ]);
      taken.push(new DocumentBatch({ rows: chosen.length, columns, split: 0, sequence: taken.length }));
    },
    async run() {
      const { step } = descriptor;
      const share = seen === 0 ? 0 : wanted / seen;
      try {
        const executor = (await pickExecutor(spec.executor, { threads: 1 })).executor.name;
        const sum = { documents: 0, bytes: 0, ms: 0 };
        const timed = async (batch: DocumentBatch): Promise<number> => {
          const began = performance.now();
          await scoreHere({ ...spec, executor }, batch, new Uint8Array(batch.rows).fill(1));
          return performance.now() - began;
        };
        const add = (batch: DocumentBatch, ms: number): void => {
          sum.documents += batch.rows;
          sum.bytes += batch.utf8('text').values.length;
          sum.ms += ms;
        };
        // The first time opens the model, and counts as scoring only where that took all the time there is.
        const opening = taken.length === 0 ? 0 : await timed(taken[0]);
        let openSeconds = 0;
        if (opening > LIMIT_MS) add(taken[0], opening);
        else
          for (const batch of taken) {
            const ms = await timed(batch);
            if (batch === taken[0]) openSeconds = Math.max(0, opening - ms) / 1000;
            add(batch, ms);
            if (sum.ms > LIMIT_MS) break;
          }
        const bytesPerSecond = sum.ms === 0 ? Number.POSITIVE_INFINITY : (1000 * sum.bytes) / sum.ms;
        return { step, documents: sum.documents, textBytes: sum.bytes, bytesPerSecond, share, openSeconds };
      } catch (error) {
        if (error instanceof SluiceError) return { step, refused: error.parts };
        throw error;
      }
    },
  };
}

/** At most so many bytes of a text, without a part of a character. */
const beginning = (utf8: Uint8Array, most: number): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(utf8.subarray(0, most), { stream: true });
