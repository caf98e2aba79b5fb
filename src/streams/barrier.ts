import { open } from 'node:fs/promises';
import { DocumentBatch } from './batch.ts';
import type { Column } from './columns.ts';
import { encodeFrame } from './spill.ts';
import { readSpill, SpillWriter } from './spill-file.ts';

/** What pass 1 left behind for one split. */
export interface BarrierSplit {
  readonly split: number;
  /** Spilled documents. */
  readonly spill: string;
  /** Side columns, one row per document of the spill, in the same order. */
  readonly keys: string;
}

/** Decision on the documents of one split, in spill order. */
export interface BarrierDecision {
  readonly split: number;
  readonly keep: Uint8Array;
  /** Position label of the document that stands for a dropped one. */
  readonly duplicateOf: (string | null)[];
  readonly similarity: Float64Array;
}

/**
 * A step that must see everything before it decides. Pass 1 computes side columns of each batch; `decide` sees those of all splits;
 * pass 2 applies the decisions. Must not depend on how documents fall into batches.
 */
export interface Barrier {
  /** Side columns for every row; `start` and `bytes` tell where the row's text lies in the spill file. */
  keys(batch: DocumentBatch, spans: { start: Float64Array; bytes: Int32Array }): Map<string, Column>;
  decide(splits: readonly BarrierSplit[], memoryBytes: number): AsyncIterable<BarrierDecision>;
}

/** Pass 1 of one split: documents and side columns go to two files. */
export class BarrierWriter {
  #barrier: Barrier;
  #documents: SpillWriter;
  #keys: SpillWriter;

  private constructor(barrier: Barrier, documents: SpillWriter, keys: SpillWriter) {
    this.#barrier = barrier;
    this.#documents = documents;
    this.#keys = keys;
  }

  static async open(barrier: Barrier, spill: string, keys: string): Promise<BarrierWriter> {
    return new BarrierWriter(barrier, await SpillWriter.open(spill), await SpillWriter.open(keys));
  }

  /** @param batch compact: only rows alive. */
  async write(batch: DocumentBatch): Promise<void> {
    if (batch.rows === 0) return;
    const spans = await this.#documents.write(batch);
    const columns = this.#barrier.keys(batch, spans);
    const { rows, split, sequence } = batch;
    await this.#keys.writeFrame(encodeFrame(new DocumentBatch({ rows, split, sequence, columns })));
  }

  async finish(): Promise<{ spillBytes: number; keyBytes: number }> {
    return { spillBytes: await this.#documents.finish(), keyBytes: await this.#keys.finish() };
  }

  async abort(): Promise<void> {
    await this.#documents.abort();
    await this.#keys.abort();
  }
}

/** A decision as one file: a keep bitmap, then a line of JSON for the twins of the dropped. */
export async function writeDecision(path: string, decision: BarrierDecision): Promise<void> {
  const twins: [number, string, number][] = [];
  decision.duplicateOf.forEach((label, i) => {
    if (label !== null) twins.push([i, label, decision.similarity[i]]);
  });
  const handle = await open(path, 'w');
  try {
    const head = new Uint8Array(4);
    new DataView(head.buffer).setUint32(0, decision.keep.length, true);
    await handle.writev([head, decision.keep, Buffer.from(JSON.stringify(twins))]);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function readDecision(path: string, split: number): Promise<BarrierDecision> {
  const handle = await open(path, 'r');
  try {
    const bytes = await handle.readFile();
    const rows = bytes.readUInt32LE(0);
    const duplicateOf: (string | null)[] = new Array(rows).fill(null);
    const similarity = new Float64Array(rows).fill(Number.NaN);
    for (const [i, label, s] of JSON.parse(bytes.toString('utf8', 4 + rows)) as [number, string, number][]) {
      duplicateOf[i] = label;
      similarity[i] = s;
    }
    return { split, keep: new Uint8Array(bytes.subarray(4, 4 + rows)), duplicateOf, similarity };
  } finally {
    await handle.close();
  }
}

/** Pass 2 of one split: the documents of its spill, each batch with its part of the decision. */
export async function* readDecided(
  spill: string,
  decision: BarrierDecision,
): AsyncGenerator<{ batch: DocumentBatch; decision: BarrierDecision }> {
  let at = 0;
  for await (const batch of readSpill(spill)) {
    const to = at + batch.rows;
    yield {
      batch,
      decision: {
        split: decision.split,
        keep: decision.keep.subarray(at, to),
        duplicateOf: decision.duplicateOf.slice(at, to),
        similarity: decision.similarity.subarray(at, to),
      },
    };
    at = to;
  }
}
