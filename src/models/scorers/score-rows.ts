import type { Session } from '../executors/executor.ts';
import { intTensor, type Tensor } from '../tensor.ts';
import type { Row, Window } from './packing.ts';
import { NO_TARGET, PADDING_SEGMENT } from './scoring-graph.ts';

/** A document as a model reads it. */
export interface Document {
  /** The first is only read; every other one is a target. */
  readonly ids: Int32Array;
  /** Place of its first target among those of the batch. */
  readonly at: number;
}

/** Runs of one shape. */
export interface ScoringSession {
  readonly rows: number;
  readonly length: number;
  readonly session: Session;
}

/** What rows are made of, and where their scores go. */
export interface RowsToScore {
  readonly documents: ReadonlyMap<number, Document>;
  readonly windows: readonly Window[];
  /** Takes the negative log-likelihood of every target. */
  readonly nlls: Float32Array;
  readonly onProgress: (share: number) => void;
}

/** Sum of the negative log-likelihoods that each window scores. */
export async function sumsOf(
  sessionOf: (length: number) => Promise<ScoringSession>,
  rows: readonly Row[],
  { documents, windows, nlls, onProgress }: RowsToScore,
): Promise<Float64Array> {
  const places = rows.reduce((n, row) => n + row.length, 0);
  let done = 0;
  const sums = new Float64Array(windows.length);
  for (const length of new Set(rows.map((row) => row.length))) {
    const rowsOfLength = rows.filter((row) => row.length === length);
    const shape = await sessionOf(length);
    for (let at = 0; at < rowsOfLength.length; at += shape.rows) {
      const part = rowsOfLength.slice(at, at + shape.rows);
      const nll = (await shape.session.run(feedsOf(part, windows, documents, shape))).get('nll')!.data;
      part.forEach((row, r) => {
        let place = r * length;
        for (const k of row.windows) {
          const { document, from, firstScored, length: inputs } = windows[k];
          const at = documents.get(document)!.at + from;
          let sum = 0;
          for (let i = firstScored; i < inputs; i++) {
            nlls[at + i] = nll[place + i];
            sum += nll[place + i];
          }
          sums[k] = sum;
          place += inputs;
        }
      });
      done += part.length * length;
      onProgress(done / places);
    }
  }
  return sums;
}

function feedsOf(
  part: readonly Row[],
  windows: readonly Window[],
  documents: ReadonlyMap<number, Document>,
  { rows, length }: ScoringSession,
): Map<string, Tensor> {
  const size = rows * length;
  const tokens = new Int32Array(size);
  const positions = new Int32Array(size);
  const segments = new Int32Array(size).fill(PADDING_SEGMENT);
  const targets = new Int32Array(size).fill(NO_TARGET);
  part.forEach((row, r) => {
    let at = r * length;
    row.windows.forEach((k, segment) => {
      const window = windows[k];
      const { ids } = documents.get(window.document)!;
      for (let i = 0; i < window.length; i++, at++) {
        tokens[at] = ids[window.from + i];
        positions[at] = i;
        segments[at] = segment;
        targets[at] = ids[window.from + i + 1];
      }
    });
  });
  const shape = [rows, length];
  return new Map([
    ['tokens', intTensor(shape, tokens)],
    ['positions', intTensor(shape, positions)],
    ['segments', intTensor(shape, segments)],
    ['targets', intTensor(shape, targets)],
  ]);
}
